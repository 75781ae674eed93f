"""What only a real store can get wrong: lost answers, forgotten scripts, full memory, replicas, wrong kinds of keys."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from streams import keys
from streams.ports import START, Commit, Fence, Loaded, StoreFault, StoreUnavailable
from streams.redis_streams import RedisStore
from tests.support.stores import DURABLE, RedisClusterServers, StoreServer, ValkeyServer, emptied
from tests.support.waiting import wait_until
from tests.support.wires import Wire

EVENTS = keys.events("minami")
ALERTS = keys.alerts("minami")
LEASE = keys.lease("minami")
WRITES = Commit("0-0", "5-0", {"truck": b"17"}, (), {ALERTS: [b"alert"]})


@pytest.fixture(params=["valkey_server", "redis7_server"])
def server(request: pytest.FixtureRequest) -> StoreServer:
    found: StoreServer = request.getfixturevalue(request.param)
    emptied(found)
    return found


@pytest.fixture
def real(server: StoreServer) -> Iterator[RedisStore]:
    store = RedisStore.at(server.url)
    yield store
    store.close()


@pytest.fixture
def wire(server: StoreServer) -> Iterator[Wire]:
    with Wire(server.port) as line:
        yield line


@pytest.fixture
def wired(wire: Wire) -> Iterator[RedisStore]:
    store = RedisStore.at(f"redis://127.0.0.1:{wire.port}")
    yield store
    store.close()


def contents(client: redis.Redis) -> dict[bytes, bytes | None]:
    return {key: client.dump(key) for key in client.scan_iter()}


def held(store: RedisStore) -> Fence:
    fence = store.acquire(LEASE, "one", 60_000)
    assert fence is not None
    return fence


@pytest.mark.parametrize("batch", [1, 50])
def test_a_lost_answer_to_an_append_is_told_and_nothing_is_written_twice(
    real: RedisStore, wired: RedisStore, wire: Wire, batch: int
) -> None:
    """The caller learns that the outcome is unknown; the store never repeats an append by itself."""
    wired.append(EVENTS, [b"before"] * batch)
    wire.cut_next_answer.set()
    with pytest.raises(StoreUnavailable, match="ask again"):
        wired.append(EVENTS, [b"unsure"] * batch)
    wired.append(EVENTS, [b"after"] * batch)
    found = [e.data for e in real.read(EVENTS, START, 999, 0)]
    assert found == [b"before"] * batch + [b"unsure"] * batch + [b"after"] * batch


def test_a_commit_whose_answer_was_lost_is_repeated_without_harm(
    real: RedisStore, wired: RedisStore, wire: Wire
) -> None:
    """The repeat finds the cursor at its own end and succeeds; the alerts stand once."""
    fence = held(wired)
    wired.commit("minami", fence, WRITES)
    wire.cut_next_answer.set()
    following = Commit("5-0", "9-0", {"truck": b"18"}, (), {ALERTS: [b"second"]})
    with pytest.raises(StoreUnavailable):
        wired.commit("minami", fence, following)
    wired.commit("minami", fence, following)
    assert [e.data for e in real.read(ALERTS, START, 9, 0)] == [b"alert", b"second"]
    assert real.load("minami") == Loaded("9-0", {"truck": b"18"})


@pytest.mark.parametrize("batch", [1, 50])
def test_a_cluster_does_not_repeat_an_append_either(
    redis_cluster: RedisClusterServers, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """A lost answer from a cluster's node is told, and the append stands once."""
    emptied(redis_cluster)
    with contextlib.ExitStack() as stack:
        wires = {node.port: stack.enter_context(Wire(node.port)) for node in redis_cluster.nodes}

        def through_wires(address: tuple[str, int]) -> tuple[str, int]:
            return "127.0.0.1", wires[address[1]].port

        monkeypatch.setattr("streams.connect.RedisCluster", partial(RedisCluster, address_remap=through_wires))
        store = RedisStore.at(redis_cluster.url)
        store.append(EVENTS, [b"before"] * batch)
        assert isinstance(store.client, RedisCluster)
        node: Any = store.client.get_node_from_key(EVENTS)  # type: ignore[no-untyped-call]
        next(wire for wire in wires.values() if wire.port == node.port).cut_next_answer.set()
        with pytest.raises(StoreUnavailable):
            store.append(EVENTS, [b"unsure"] * batch)
        found = [e.data for e in store.read(EVENTS, START, 999, 0)]
        store.close()
    assert found == [b"before"] * batch + [b"unsure"] * batch


def test_scripts_survive_a_flush(real: RedisStore, server: StoreServer) -> None:
    """A server that forgot the scripts (a restart, a failover, SCRIPT FLUSH) is taught them again, in passing."""
    fence = held(real)
    real.join(ALERTS, "g")
    for number in (0, 1):
        with server.client() as client:
            client.script_flush()
        real.commit("minami", fence, Commit(f"{number}-0", f"{number + 1}-0", {"a": b"1"}, (), {ALERTS: [b"x", b"y"]}))
        real.append(EVENTS, [b"a", b"b"])
        assert real.transact("minami", "homes", {"a": b"1"}, [], {})
        assert real.load("minami") == Loaded(f"{number + 1}-0", {"a": b"1"})
        assert real.backlog(ALERTS, "g") == 2 * (number + 1)
    assert real.length(EVENTS) == 4


@pytest.mark.parametrize("spoilt", [keys.state("minami"), keys.cursor("minami"), ALERTS, keys.dead("minami")])
def test_a_commit_that_cannot_be_written_whole_writes_nothing(
    real: RedisStore, server: StoreServer, spoilt: str
) -> None:
    """A key of the wrong kind is a fault, found before anything is written."""
    fence = held(real)
    with server.client() as client:
        client.lpush(spoilt, "not yours")
        before = contents(client)
        commit = Commit("0-0", "5-0", {"a": b"1"}, ["b"], {ALERTS: [b"x"], keys.dead("minami"): [b"y"]})
        with pytest.raises(StoreFault, match="WRONGTYPE"):
            real.commit("minami", fence, commit)
        assert contents(client) == before


@pytest.mark.parametrize("spoilt", [keys.key("homes", "minami"), EVENTS])
def test_a_transaction_that_cannot_be_written_whole_writes_nothing(
    real: RedisStore, server: StoreServer, spoilt: str
) -> None:
    """A key of the wrong kind is a fault, found before anything is written."""
    with server.client() as client:
        client.set(spoilt, "not yours")
        with pytest.raises(StoreFault, match="WRONGTYPE"):
            real.transact("minami", "homes", {"a": b"1"}, [], {ALERTS: [b"x"], EVENTS: [b"x"]})
        assert client.keys() == [spoilt.encode()]


def test_a_full_store_refuses_whole_and_says_so(real: RedisStore, server: StoreServer) -> None:
    """At the memory limit appends and commits are refused as unavailable, and nothing is half written."""
    fence = held(real)
    real.commit("minami", fence, WRITES)
    real.transact("minami", "homes", {"a": b"1"}, [], {})
    with server.client() as client:
        client.config_set("maxmemory", "1")
        try:
            with pytest.raises(StoreUnavailable):
                real.append(EVENTS, [b"x"])
            with pytest.raises(StoreUnavailable):
                real.append(EVENTS, [b"x", b"y"])
            with pytest.raises(StoreUnavailable):
                real.commit("minami", fence, Commit("5-0", "9-0", {"truck": b"18"}, (), {ALERTS: [b"x"]}))
            with pytest.raises(StoreUnavailable):
                real.transact("minami", "homes", {"a": b"2"}, [], {EVENTS: [b"x"]})
            assert real.load("minami") == Loaded("5-0", {"truck": b"17"})
        finally:
            client.config_set("maxmemory", "0")
    assert real.length(EVENTS) == 0
    assert real.length(ALERTS) == 1
    assert real.fields("minami", "homes") == {"a": b"1"}


def test_a_server_that_hangs_is_unavailable_after_the_timeout(server: StoreServer) -> None:
    """A frozen server costs its caller one timeout, and works again when it thaws."""
    store = RedisStore.at(server.url, socket_timeout_s=0.5)
    store.append(EVENTS, [b"a"])
    server.pause()
    try:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.append(EVENTS, [b"b"])
        assert time.monotonic() - began < 5
    finally:
        server.resume()
    assert store.read(EVENTS, START, 1, 0)[0].data == b"a"
    store.close()


def test_a_wait_may_be_longer_than_the_sockets_timeout(server: StoreServer) -> None:
    """A read waits as long as it was told, in pieces, and hears of news in the last of them."""
    store = RedisStore.at(server.url, socket_timeout_s=0.4)
    began = time.monotonic()
    assert store.read(EVENTS, START, 9, 1000) == []
    assert 0.95 < time.monotonic() - began < 4
    store.join(ALERTS, "g")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.take, ALERTS, "g", "w", 9, 20_000)
        assert store.take(ALERTS, "g", "other", 9, 900) == []
        store.append(ALERTS, [b"news", b"more"])
        assert [d.data for d in waiting.result(10)] == [b"news", b"more"]
    store.close()


def test_an_unknown_password_or_a_missing_right_is_a_fault_not_an_outage(real: RedisStore, server: StoreServer) -> None:
    """Asking again would not help: the error says to look at user, password and rights, and shows no password."""
    with server.client() as client:
        client.acl_setuser(
            "reader", enabled=True, passwords=["+s3cret"], keys=["*"], commands=["+@read", "+@connection"]
        )
        try:
            reader = RedisStore.at(f"redis://reader:s3cret@127.0.0.1:{server.port}")
            assert reader.length(EVENTS) == 0
            with pytest.raises(StoreFault, match="rights"):
                reader.append(EVENTS, [b"x"])
            reader.close()
            wrong = RedisStore.at(f"redis://reader:wr0ng@127.0.0.1:{server.port}")
            with pytest.raises(StoreFault, match="password") as caught:
                wrong.append(EVENTS, [b"x"])
            assert "wr0ng" not in repr(caught.value) + repr(wrong) + repr(caught.value.__cause__)
            wrong.close()
        finally:
            client.acl_deluser("reader")


def test_a_node_of_a_cluster_named_as_a_single_server_is_a_fault_with_its_remedy(
    redis_cluster: RedisClusterServers,
) -> None:
    """Whoever forgot +cluster in the URL is told so."""
    stores = [RedisStore.at(node.url) for node in redis_cluster.nodes]
    messages = []
    for store in stores:
        try:
            store.append(EVENTS, [b"x"])
        except StoreFault as fault:
            messages.append(str(fault))
        store.close()
    assert len(messages) == 2
    assert all("redis+cluster://" in message for message in messages)


def test_nobody_at_the_address_is_unavailable() -> None:
    """A refused connection says where, for one server and for a cluster."""
    store = RedisStore.at("redis://127.0.0.1:1", socket_timeout_s=1)
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1"):
        store.append(EVENTS, [b"x"])
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1"):
        RedisStore.at("redis+cluster://:s3cret@127.0.0.1:1", socket_timeout_s=1)


def test_every_answered_append_survives_kill_9(tmp_path: Path) -> None:
    """With appendfsync always what was answered is there after a crash, in order, and ids still grow."""
    server = ValkeyServer(tmp_path)
    server.start()
    store = RedisStore.at(server.url)
    answered: list[tuple[str, bytes]] = []

    def write() -> None:
        for number in range(1_000_000):
            items = [b"%d/%d" % (number, i) for i in range(1 + number % 7)]
            try:
                ids = store.append(EVENTS, items)
            except StoreUnavailable:
                return
            answered.extend(zip(ids, items, strict=True))

    try:
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            wait_until(lambda: len(answered) > 2000, what="some appends")
            server.kill9()
            writing.result(20)
        server.start()
        found = [(entry.id, entry.data) for entry in store.read(EVENTS, START, 1_000_000, 0)]
        assert found[: len(answered)] == answered
        assert len(found) - len(answered) <= 7
        last = found[-1][0]
        store.append(EVENTS, [b"later"])
        assert [e.data for e in store.read(EVENTS, last, 9, 0)] == [b"later"]
    finally:
        store.close()
        server.stop()


def test_a_lease_and_its_fence_survive_a_restart(tmp_path: Path) -> None:
    """After a crash of the store the holder goes on, and no number is given twice."""
    server = ValkeyServer(tmp_path)
    server.start()
    store = RedisStore.at(server.url)
    try:
        fence = held(store)
        store.commit("minami", fence, WRITES)
        server.kill9()
        with pytest.raises(StoreUnavailable):
            store.load("minami")
        server.start()
        assert store.load("minami") == Loaded("5-0", {"truck": b"17"})
        store.commit("minami", fence, Commit("5-0", "6-0"))
        store.release(fence)
        assert held(store).number == fence.number + 1
    finally:
        store.close()
        server.stop()


def test_with_wait_replicas_an_answer_means_that_a_replica_has_it(tmp_path: Path) -> None:
    """Without a replica nothing is answered as kept; with one an answered append survives the loss of the primary."""
    primary = ValkeyServer(tmp_path / "primary", (*DURABLE, "--repl-diskless-sync-delay", "0"))
    replica = ValkeyServer(tmp_path / "replica")
    primary.start()
    replica.start()
    store = RedisStore.at(primary.url, wait_replicas=1, wait_ms=200)
    try:
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            store.append(EVENTS, [b"lonely"])
        with replica.client() as client:
            client.replicaof("127.0.0.1", primary.port)
            wait_until(lambda: client.info("replication")["master_link_status"] == "up", what="the replica")
        fence = held(store)
        store.append(EVENTS, [b"kept"])
        store.append(EVENTS, [b"kept", b"too"])
        store.commit("minami", fence, WRITES)
        store.commit("minami", fence, WRITES)
        assert store.transact("minami", "homes", {"a": b"1"}, [], {})
        store.put("minami", "zones", b"z")
        replica.pause()
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            store.commit("minami", fence, WRITES)
        replica.resume()
        primary.kill9()
        with replica.client() as client:
            client.replicaof("NO", "ONE")
        other = RedisStore.at(replica.url)
        assert [e.data for e in other.read(EVENTS, START, 9, 0)] == [b"lonely", b"kept", b"kept", b"too"]
        assert other.load("minami") == Loaded("5-0", {"truck": b"17"})
        assert other.get("minami", "zones") == b"z"
        other.close()
    finally:
        store.close()
        primary.stop()
        replica.stop()


def test_a_slot_that_moved_is_followed(redis_cluster: RedisClusterServers) -> None:
    """When a city's slot goes to another node the store finds it there, with and without waiting for replicas."""
    emptied(redis_cluster)
    store = RedisStore.at(redis_cluster.url)
    waiting = RedisStore.at(redis_cluster.url, wait_replicas=1, wait_ms=50)
    clients = [node.client() for node in redis_cluster.nodes]

    def ask(client: redis.Redis, command: str, *arguments: object) -> Any:
        return client.execute_command(command, *arguments)  # type: ignore[no-untyped-call]

    slot = ask(clients[0], "CLUSTER KEYSLOT", EVENTS)
    names = [ask(client, "CLUSTER MYID").decode() for client in clients]
    try:
        store.append(EVENTS, [b"x"])
        owner = next(i for i, client in enumerate(clients) if ask(client, "CLUSTER COUNTKEYSINSLOT", slot))
        heir = (owner + 1) % 3
        clients[owner].delete(EVENTS)
        for client in (clients[heir], *clients):
            ask(client, "CLUSTER SETSLOT", slot, "NODE", names[heir])
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            waiting.append(EVENTS, [b"a"])
        store.append(EVENTS, [b"b", b"c"])
        assert [e.data for e in store.read(EVENTS, START, 9, 0)] == [b"a", b"b", b"c"]
        assert clients[heir].xlen(EVENTS) == 3
    finally:
        for client in clients:
            client.close()
        store.close()
        waiting.close()


def test_a_node_that_died_and_came_back_serves_again(tmp_path: Path) -> None:
    """While a city's node is down its calls are unavailable; afterwards they work without a new client."""
    cluster = RedisClusterServers(tmp_path)
    try:
        cluster.start()
        store = RedisStore.at(cluster.url, socket_timeout_s=2)
        cities = [f"city-{i}" for i in range(12)]
        for city in cities:
            store.append(keys.events(city), [b"a"])
        cluster.nodes[1].kill9()
        down = 0
        for city in cities:
            try:
                store.append(keys.events(city), [b"b"])
            except StoreUnavailable:
                down += 1
        assert down > 0
        cluster.nodes[1].start()

        def all_serve() -> bool:
            try:
                return all(store.length(keys.events(city)) >= 0 for city in cities)
            except StoreUnavailable:
                return False

        wait_until(all_serve, 20, "the cluster to heal")
        store.close()
    finally:
        cluster.stop()
