"""What the engine says of itself: how far it is behind, its newest ping, and whether whoever holds a city gets on."""

from __future__ import annotations

import threading

from geofence.limits import Limits
from geofence.pace import Pace
from geofence.worker import CityWorker
from gomikuru.metrics import MemoryMeter
from gomikuru.standing import Bounds, judge_geofence
from model.event import Tick, encode_event
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Commit, StoreUnavailable
from tests.support.truckline import CITY, START_MS, fix
from tests.support.waiting import wait_until

EVENTS = keys.events("minami")
PACE = Pace(batch=10, block_ms=1, lease_ms=1500, load_ms=2000, tick_ms=10**12, measure_ms=0, retry_ms=1)


class Machine:
    """The machine's time, driven by the test."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


class Clock:
    """A service clock that stands."""

    def now_ms(self) -> int:
        return START_MS


class NoZones:
    """A city without zones."""

    def changed(self) -> bool:
        return False

    def read(self) -> bytes | None:
        return None


class Saved(NoZones):
    """A file that was saved once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes | None:
        return self._data


class Bench:
    """One worker over a store in memory."""

    def __init__(self, store: MemoryStore, machine: Machine, owner: str = "one") -> None:
        self.meter = MemoryMeter()
        self.worker = CityWorker(
            CITY, store, NoZones(), Clock(), machine, self.meter, owner, limits=Limits(), pace=PACE
        )

    def gauge(self, name: str) -> float:
        return self.meter.gauges[name, (("city", "minami"),)]


def test_what_is_left_to_decide_is_counted_without_what_was_decided() -> None:
    """Events that are kept for the page are no backlog; the oldest that waits says how long."""
    machine = Machine()
    store = MemoryStore(machine)
    bench = Bench(store, machine)
    store.append(EVENTS, [encode_event(fix(at_s, 10 * at_s)) for at_s in range(25)])
    machine.now += 7000
    bench.worker.turn()
    assert bench.worker.health().backlog == bench.gauge("events_backlog") == 16, "a tick came on top"
    assert bench.worker.health().behind_ms == 7000
    assert bench.gauge("events_behind_seconds") == 7.0
    for _ in range(3):
        bench.worker.turn()
    assert store.length(EVENTS) == 26, "all is kept"
    health = bench.worker.health()
    assert (health.backlog, health.behind_ms, bench.gauge("events_backlog")) == (0, 0, 0)


def test_the_newest_ping_is_known_to_whoever_works_the_city_and_outlives_a_restart() -> None:
    """The next worker goes on from the committed state; a tick is no ping; a standby knows nothing."""
    machine = Machine()
    store = MemoryStore(machine)
    one, two = Bench(store, machine), Bench(store, machine, "two")
    store.append(EVENTS, [encode_event(fix(1, 0)), encode_event(fix(30, 20)), encode_event(Tick(START_MS + 999_000))])
    assert one.worker.health().last_ping_ms is None
    one.worker.turn()
    assert one.worker.health().last_ping_ms == START_MS + 30_400, "when it was received"
    machine.now += 5000
    two.worker.turn()
    assert two.worker.health().last_ping_ms == START_MS + 30_000, "the newest fix of the committed state"


def test_a_standby_sees_whether_the_holder_gets_on() -> None:
    """A cursor that stands still while events wait is told after a minute's patience, and no longer when it moves."""
    machine = Machine()
    store = MemoryStore(machine)
    fence = store.acquire(keys.lease("minami"), "another", 10**9)
    assert fence is not None
    standby = Bench(store, machine).worker
    standby._stop.set()
    ids = store.append(EVENTS, [encode_event(fix(1, 0)), encode_event(fix(2, 10))])
    standby.turn()
    machine.now += 4400
    standby.turn()
    assert not standby.health().held_up
    machine.now += 200
    standby.turn()
    assert standby.health().held_up
    store.commit("minami", fence, Commit("0-0", ids[0]))
    standby.turn()
    assert not standby.health().held_up
    store.commit("minami", fence, Commit(ids[0], ids[1]))
    machine.now += 10_000
    standby.turn()
    machine.now += 10_000
    standby.turn()
    assert not standby.health().held_up, "nothing waits"


def test_a_store_that_goes_and_comes_is_told_at_once_and_a_loop_that_stands_is_seen() -> None:
    """Health follows the store within a turn; the idle time grows while the loop does not turn."""
    machine = Machine()
    away = threading.Event()

    class Moody(MemoryStore):
        def cursor(self, city: str) -> str:
            if away.is_set():
                raise StoreUnavailable("away")
            return super().cursor(city)

    store = Moody(machine)
    assert store.acquire(keys.lease("minami"), "another", 10**9)
    bench = Bench(store, machine)
    stop = threading.Event()
    thread = threading.Thread(target=bench.worker.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: bench.worker.health().store_ok, what="the first turn")
        away.set()
        wait_until(lambda: not bench.worker.health().store_ok, what="the store to be told away")
        away.clear()
        wait_until(lambda: bench.worker.health().store_ok, what="the store to be told back")
    finally:
        stop.set()
        thread.join(10)
    machine.now += 60_000
    assert bench.worker.health().idle_ms >= 60_000


def test_a_broken_profile_is_told_as_a_profile_and_not_as_zones() -> None:
    """Whoever is called looks at the right file, and is told what stays in force."""
    machine = Machine()
    store = MemoryStore(machine)
    worker = CityWorker(
        *(CITY, store, NoZones(), Clock(), machine, MemoryMeter(), "one"), pace=PACE, profile=Saved(b"broken")
    )
    worker.turn()
    health = worker.health()
    assert health.zones_problems == ()
    (problem,) = health.profile_problems
    assert problem.startswith("profile.bin: ")
    (trouble,) = judge_geofence({"minami": health}, (), Bounds()).troubles
    assert trouble.what == f"profile_refused minami {problem}"
    assert "learned days" in trouble.text
    assert "zones" not in trouble.text
