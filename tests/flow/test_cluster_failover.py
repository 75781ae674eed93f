"""A cluster whose masters fail over while a day is worked: what was confirmed is kept, and workers find the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from streams import keys
from streams.ports import StoreUnavailable
from streams.redis_streams import RedisStore
from tests.support.brokers import CITY
from tests.support.fcm_server import FcmServer
from tests.support.fleet import Feeder, Fleet, Member, owner_of
from tests.support.replicas import ReplicatedCluster
from tests.support.stores import emptied
from tests.support.waiting import wait_until
from tests.support.working_day import RECLAIM_S, WorkingDay

EVENTS, LEASE = keys.events(CITY), keys.lease(CITY)
LOADED_MS = 16_000
"""Under load_ms, over the two seconds of these tests that a worker in trouble may have doubled a few times."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicatedCluster]:
    """Three masters with a replica each."""
    servers = ReplicatedCluster(tmp_path_factory.mktemp("replicated"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def working_day(tmp_path: Path) -> WorkingDay:
    """Three busy hours of the recorded day, and homes along what the trucks served."""
    return WorkingDay(tmp_path)


def holder_at_work(day: WorkingDay, fleet: Fleet) -> Member:
    """Tell who holds the city and has loaded it: who dies or freezes while it loads keeps it for Pace.load_ms."""
    wait_until(lambda: 0 < lease_left_ms(day.store) <= LOADED_MS, 60, "the city to be taken and loaded")
    return day.holder(fleet)


def lease_left_ms(store: RedisStore) -> int:
    """Tell for how long the city is still held; nothing while the store is between two masters."""
    with suppress(redis.RedisError):
        return int(store.client.pttl(LEASE))
    return 0


@contextmanager
def frozen_past_its_lease(day: WorkingDay, fleet: Fleet) -> Iterator[None]:
    """Freeze who holds the city; let it go on when it has lost it, and wait until it has seen that."""
    holder = holder_at_work(day, fleet)
    holder.freeze()
    yield
    wait_until(lambda: lost_by(holder, day.store), 30, "the frozen worker's lease to be over")
    holder.thaw()
    holder.await_logged("lease_lost")


def lost_by(member: Member, store: RedisStore) -> bool:
    """Tell whether a process holds the city no longer; a store that is between two masters does not say."""
    with suppress(redis.RedisError):
        return f"-{member.pid}-" not in owner_of(store, LEASE)
    return False


@contextmanager
def frozen_past_its_reclaim(notifier: Member) -> Iterator[None]:
    """Freeze a notifier with what it has in hand until others may have taken it; then let it go on."""
    notifier.freeze()
    past_s = time.monotonic() + 1.5 * RECLAIM_S
    yield
    wait_until(lambda: time.monotonic() > past_s, 2 * RECLAIM_S, "its alerts to be others'")
    notifier.thaw()


def storms(cluster: ReplicatedCluster, day: WorkingDay, fleet: Fleet, feeder: Feeder, last: str) -> None:
    """Take the city's master away three times: overruled, given up by its replica, and killed or frozen for a while.

    Whoever holds the city and one of the notifiers are frozen meanwhile, each past its time; the stream goes on.
    """
    feeder.reach(0.2)
    with frozen_past_its_reclaim(fleet.members[-1]):
        with frozen_past_its_lease(day, fleet):
            feeder.let(0.45)
            cluster.take_over(EVENTS, "TAKEOVER")
            feeder.reach(0.45)
            cluster.await_replicas()
        feeder.let(0.7)
        cluster.take_over(EVENTS, "FORCE")
        feeder.reach(0.7)
        cluster.await_replicas()
    master, heir = cluster.master_of(EVENTS), cluster.replica_of(EVENTS)
    feeder.let(1.0)
    if last == "killed":
        master.kill9()
    else:
        master.pause()
    cluster.await_master(EVENTS, heir)
    if last == "killed":
        master.start()
    else:
        master.resume()
    cluster.await_replicas()


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("workers", "last"), [(1, "killed"), (2, "frozen"), (5, "frozen")])
def test_through_failovers_all_workers_decide_what_one_decides(
    workers: int, last: str, working_day: WorkingDay, cluster: ReplicatedCluster, fcm_server: FcmServer
) -> None:
    """With a replica to wait for, three failovers and workers frozen in them lose nothing and add nothing."""
    with working_day.on(cluster, fcm_server, GOMIKURU_STORE__WAIT_REPLICAS="1") as (fleet, feeder):
        fleet.start(*["geofence"] * workers, *["notifier"] * 3)
        feeder.let(0.2)
        with feeder:
            storms(cluster, working_day, fleet, feeder, last)
            if workers > 1:
                holder_at_work(working_day, fleet).kill9()
            feeder.reach(1.0)
        working_day.finish()
        assert feeder.doubts, "a failover that nobody noticed proves nothing"
    working_day.check(fcm_server)


def offered(store: RedisStore, stream: str, count: int) -> int:
    """Append one by one as long as the store says that it has them; tell how many it has confirmed."""
    for number in range(count):
        try:
            store.append(stream, [str(number).encode()])
        except StoreUnavailable:
            return number
    return count


@pytest.mark.parametrize(("wait_replicas", "confirmed", "lost"), [(0, 200, 200), (1, 0, 0)])
def test_what_a_replica_that_lags_costs_at_a_failover(
    wait_replicas: int, confirmed: int, lost: int, cluster: ReplicatedCluster
) -> None:
    """Without WAIT everything that the replica has not read is lost though it was confirmed; with it nothing is."""
    emptied(cluster)
    cluster.await_replicas()
    store = RedisStore.at(cluster.url, wait_replicas=wait_replicas, wait_ms=300, socket_timeout_s=3)
    wait_until(lambda: offered(store, EVENTS, 1), 20, "the nodes to agree after what was done to them before")
    assert offered(store, EVENTS, 100) == 100
    before = store.length(EVENTS)
    master, heir = cluster.master_of(EVENTS), cluster.replica_of(EVENTS)
    wait_until(lambda: cluster.has_read_all(EVENTS), 20, "the replica to have read all")
    heir.kill9()
    assert offered(store, EVENTS, 200) == confirmed
    master.kill9()
    heir.start()
    cluster.promote(EVENTS, heir)
    wait_until(lambda: answers(store), 20, "the client to find the new master")
    assert before + confirmed - store.length(EVENTS) == lost
    master.start()
    cluster.await_replicas()
    assert before + confirmed - store.length(EVENTS) == lost, "the old master comes back as a replica, and forgets"
    store.close()


def answers(store: RedisStore) -> bool:
    """Tell whether the city can be read again."""
    try:
        store.length(EVENTS)
    except StoreUnavailable:
        return False
    return True
