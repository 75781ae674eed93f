"""What a city's workers promise, on every store: the alerts of a single one, whatever fails between."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from geofence.aside import events_aside
from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.pace import Pace
from geofence.state import State
from geofence.worker import CityWorker
from model.alert import Alert, decode_alert
from model.event import Event, HomesChanged, ZonesChanged, decode_event, encode_event
from model.subscription import Home, InZone, MetresLead, Pin, ZoneLead
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Commit, Entry, Fence, LeaseLost, Loaded, Store, StoreUnavailable
from tests.support.truckline import CITY, START_MS, Truckline, place, zone, zones_file
from tests.support.waiting import wait_until

EVENTS, ALERTS = keys.events("minami"), keys.alerts("minami")
ZONES = zones_file(zone("west", -300, -300, 300, 300), zone("east", 360, -300, 900, 300))
PACE = Pace(batch=16, block_ms=1, lease_ms=20_000, retry_ms=1, tick_ms=10**12, trim_ms=0, keep_ms=0)


class Clock:
    """A service clock that stands."""

    def now_ms(self) -> int:
        return START_MS


class Meter:
    """Remembers counts."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Ignore it."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Ignore it."""


class Drawer:
    """A zones.geojson that a test saves."""

    def __init__(self, data: bytes | None = None) -> None:
        self._data = data
        self._changed = True

    def save(self, data: bytes | None) -> None:
        self._data, self._changed = data, True

    def changed(self) -> bool:
        return self._changed

    def read(self) -> bytes | None:
        self._changed = False
        return self._data


class Machine:
    """The machine's time, driven by the test."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def worker(
    store: Any, owner: str, drawer: Drawer | None = None, pace: Pace = PACE, machine: Callable[[], int] | None = None
) -> CityWorker:
    return CityWorker(
        CITY, store, drawer or Drawer(), Clock(), machine or _machine_ms, Meter(), owner, limits=Limits(), pace=pace
    )


def homes() -> HomesChanged:
    put = [
        Home(n, f"s{n}", Pin(*place(40.0 * n - 300, 25.0 * (n % 5))), MetresLead(100.0 + 50 * (n % 4)))
        for n in range(1, 40)
    ]
    return HomesChanged(
        START_MS, (*put, Home(50, "s50", InZone("west"), ZoneLead()), Home(51, "s51", InZone("east"), ZoneLead()))
    )


def day() -> list[Event]:
    """Two trucks at work, 17 and 30, some fixes twice."""
    pings = [
        *Truckline("17").collect(east=900).pings(),
        *Truckline("30", east=900, north=60).collect(east=-900).pings(),
    ]
    pings.sort(key=lambda ping: ping.received_ms)
    return [homes(), *(ping for k, ping in enumerate(pings) for ping in ([ping, ping] if k % 11 == 0 else [ping]))]


def expected(events: Sequence[Event], zones: bytes | None = ZONES) -> list[Alert]:
    """Tell what one engine without a store says."""
    first = [ZonesChanged(START_MS, "v")] if zones else []
    return run_batch(State(), Book(CITY, Limits()), [*first, *events], {"v": zones or b""}).alerts


def offered(store: Store, events: Sequence[Event]) -> None:
    store.append(EVENTS, [encode_event(event) for event in events])


def told(store: Store) -> list[Alert]:
    return [decode_alert(entry.data) for entry in store.read(ALERTS, "0-0", 100_000, 0)]


def left(store: Store) -> list[Entry]:
    return store.read(EVENTS, store.load("minami").cursor, 100_000, 0)


def work_off(store: Store, *workers: CityWorker) -> None:
    """Give each worker turns until everything is done."""
    for _ in range(500):
        for each in workers:
            each.turn()
        if not left(store):
            return
    raise AssertionError(f"{len(left(store))} events are left")


@contextmanager
def running(each: CityWorker) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=each.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def test_a_worker_commits_what_the_engine_says(store: Store) -> None:
    """State, alerts and cursor stand in the store, and the alerts are those of the pure engine."""
    one = worker(store, "one", Drawer(ZONES))
    one.turn()
    offered(store, day())
    work_off(store, one)
    alerts = told(store)
    assert alerts == expected(day())
    assert {"s50", "s51"} <= {alert.subscription for alert in alerts}
    assert len(alerts) > 40
    loaded = store.load("minami")
    assert {"truck/17", "truck/30", "homes/0", "zones"} <= loaded.fields.keys()
    assert one.health().holds_lease


def test_only_the_holder_of_the_lease_works(store: Store) -> None:
    """The second worker waits and writes nothing while the first holds the lease."""
    pace = Pace(batch=16, block_ms=1, lease_ms=60, tick_ms=10**12)
    one, two = worker(store, "one", Drawer(ZONES), Pace(block_ms=1, lease_ms=60_000)), worker(store, "two", pace=pace)
    one.turn()
    offered(store, day())
    two.turn()
    assert not two.health().holds_lease
    assert told(store) == []
    work_off(store, one)
    assert told(store) == expected(day())


def test_a_hand_over_in_the_middle_of_the_stream_gives_the_alerts_of_one(store: Store) -> None:
    """Workers that come and go, in order or by losing the lease, tell what a single one tells."""
    zero = worker(store, "zero", Drawer(ZONES))
    zero.turn()
    leave(zero)
    offered(store, day())
    for number in range(500):
        name = f"w{number}"
        each = worker(store, name, Drawer(ZONES))
        each.turn()
        if not left(store):
            break
        if number % 2:
            leave(each)
        else:
            stolen = store.acquire(keys.lease("minami"), name, 60_000)
            assert stolen is not None
            with pytest.raises(LeaseLost):
                each.turn()
            store.release(stolen)
    assert told(store) == expected(day())


def leave(each: CityWorker) -> None:
    """Let a worker end in order."""
    stop = threading.Event()
    stop.set()
    each.run(stop)


class Wrapped:
    """A store some of whose calls fail, before or after they are done."""

    def __init__(self, store: Store, fails: Callable[[str], str]) -> None:
        self._store = store
        self._fails = fails
        self.failures = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            when = self._fails(name)
            if when == "before":
                self.failures += 1
                raise StoreUnavailable(f"{name}: no answer")
            answer = real(*args, **kwargs)
            if when == "after":
                self.failures += 1
                raise StoreUnavailable(f"{name}: the answer was lost")
            return answer

        return call


def test_a_commit_whose_answer_was_lost_is_not_written_twice(store: Store) -> None:
    """Every commit is done and its answer lost, once: the alerts are those of one engine."""
    answered: set[str] = set()

    class LostOnce(Wrapped):
        def commit(self, city: str, fence: Fence, commit: Commit) -> None:
            store.commit(city, fence, commit)
            if commit.cursor not in answered:
                answered.add(commit.cursor)
                raise StoreUnavailable("the answer was lost")

    one = worker(LostOnce(store, lambda name: ""), "one", Drawer(ZONES))
    one.turn()
    offered(store, day())
    work_off(store, one)
    assert len(answered) > 10
    assert told(store) == expected(day())


@pytest.mark.parametrize("seed", range(6))
def test_a_store_that_fails_everywhere_at_random_changes_no_alert(store: Store, seed: int) -> None:
    """Calls fail before or after they are done, one in four; two workers still tell what one tells."""
    chance = random.Random(seed)
    wrapped = Wrapped(
        store, lambda name: "" if name in ("newest", "fields") else chance.choice(["before", "after", *[""] * 6])
    )
    offered_zones = Drawer(ZONES)
    first = worker(store, "first", offered_zones)
    first.turn()
    work_off(store, first)
    leave(first)
    offered(store, day())
    pace = Pace(batch=5, block_ms=1, lease_ms=150, retry_ms=1, tick_ms=10**12, trim_ms=0, keep_ms=0)
    one, two = (worker(wrapped, name, Drawer(ZONES), pace, _machine_ms) for name in ("one", "two"))
    with running(one), running(two):
        wait_until(lambda: not left(store), 60, "the events to be worked off")
    assert wrapped.failures > 20
    assert told(store) == expected(day())


def _machine_ms() -> int:
    import time

    return time.monotonic_ns() // 1_000_000


def test_what_is_no_event_is_set_aside_and_the_line_goes_on(store: Store) -> None:
    """Garbage among the events goes to the stream aside, with why; everything else is worked off."""
    one = worker(store, "one", Drawer(ZONES))
    one.turn()
    events = day()
    offered(store, events[:40])
    garbage = [
        b"",
        b"garbage",
        b"\xff" * 30,
        b"\x93\xa4ping\xa3\xff\xfe\xfd\x01",
        b"\x92\xa4tick\xc0",
        b"\x92\xa4ti6\xaf\x01",
    ]
    store.append(EVENTS, garbage)
    offered(store, events[40:])
    work_off(store, one)
    assert told(store) == expected(events)
    kept = list(events_aside(store, "minami"))
    assert [each.data for each in kept[-len(garbage) :]] == garbage
    assert all(each.why.startswith("no event: ") for each in kept)
    assert one._meter.counts == {**one._meter.counts, "events_set_aside": len(kept)}
    assert "dead_letters" not in one._meter.counts


def test_an_event_on_which_the_engine_fails_is_set_aside_alone(store: Store) -> None:
    """A ping that breaks the engine does not take its neighbours with it, and the worker goes on."""
    one = worker(store, "one", Drawer(ZONES))
    one.turn()
    events = day()
    broken = encode_event(events[10]).replace(b"\xa217", b"\xa266")
    poisoned = decode_event(broken)
    nowhere = encode_event(type(poisoned)(**{**_fields(poisoned), "lat": float("nan")}))
    offered(store, events[:60])
    store.append(EVENTS, [nowhere])
    offered(store, events[60:])
    for _ in range(500):
        one.turn()
        if not left(store):
            break
    assert told(store) == expected(events)
    aside = store.read(keys.key("aside", "minami"), "0-0", 100, 0)
    assert len(aside) == 1
    assert nowhere in aside[0].data


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_a_saved_set_of_zones_takes_force_whole_and_at_once(store: Store) -> None:
    """The next turn after a save works with the new zones; the bytes of the old ones are forgotten."""
    drawer = Drawer(zones_file(zone("elsewhere", 5000, 5000, 6000, 6000)))
    one = worker(store, "one", drawer)
    one.turn()
    work_off(store, one)
    before = store.load("minami").fields["zones"].decode()
    drawer.save(ZONES)
    one.turn()
    offered(store, day())
    work_off(store, one)
    assert told(store) == expected(day())
    after = store.load("minami").fields["zones"].decode()
    assert store.get("minami", f"zones-{before}") is None
    assert store.get("minami", f"zones-{after}") == ZONES


def test_a_broken_set_of_zones_leaves_the_last_good_one_in_force(store: Store) -> None:
    """A typing error stops nothing, and health says where it is, until a good file is saved."""
    drawer = Drawer(ZONES)
    one = worker(store, "one", drawer)
    one.turn()
    work_off(store, one)
    drawer.save(ZONES.replace(b'"east"', b'""', 1))
    one.turn()
    assert any("zones.geojson: feature 2" in problem for problem in one.health().zones_problems)
    offered(store, day())
    work_off(store, one)
    assert told(store) == expected(day())
    drawer.save(None)
    one.turn()
    assert any("is gone" in problem for problem in one.health().zones_problems)
    drawer.save(ZONES)
    one.turn()
    assert one.health().zones_problems == ()


def test_zones_whose_announcement_crashed_are_announced_again(store: Store) -> None:
    """The bytes were kept and the event not: the next worker announces, and one event suffices."""
    failing = Wrapped(store, lambda name: "before" if name == "append" else "")
    with pytest.raises(StoreUnavailable):
        worker(failing, "one", Drawer(ZONES)).turn()
    fence = store.acquire(keys.lease("minami"), "one", 1)
    assert fence is not None
    store.release(fence)
    two = worker(store, "two", Drawer(ZONES))
    two.turn()
    offered(store, day())
    work_off(store, two)
    assert told(store) == expected(day())


def test_zones_saved_back_and_forth_during_a_backlog_end_as_saved_last(store: Store) -> None:
    """While old events are still worked off, A, B and A again are saved: A is in force in the end."""
    other = zones_file(zone("other", 0, 0, 100, 100))
    drawer = Drawer(ZONES)
    one = worker(store, "one", drawer)
    one.turn()
    work_off(store, one)
    offered(store, day())
    drawer.save(other)
    one.turn()
    offered(store, day()[:60])
    drawer.save(ZONES)
    one.turn()
    work_off(store, one)
    one.turn()
    version = store.load("minami").fields["zones"].decode()
    assert store.get("minami", f"zones-{version}") == ZONES


def test_a_worker_that_takes_the_city_back_looks_at_the_file_again(store: Store) -> None:
    """Its own announcement still unworked when it lost the lease, a file saved back takes force all the same."""
    other = zones_file(zone("other", 0, 0, 100, 100))
    drawer = Drawer(ZONES)
    one = worker(store, "one", drawer)
    one.turn()
    work_off(store, one)
    offered(store, day())
    drawer.save(other)
    one.turn()
    leave(one)
    one.turn()
    work_off(store, one)
    drawer.save(ZONES)
    one.turn()
    work_off(store, one)
    version = store.load("minami").fields["zones"].decode()
    assert store.get("minami", f"zones-{version}") == ZONES


def test_trimming_never_drops_what_is_unprocessed(store: Store) -> None:
    """At every moment the stream still holds all events after the committed cursor."""
    one = worker(store, "one", Drawer(ZONES))
    one.turn()
    events = [encode_event(event) for event in day()]
    ids = store.append(EVENTS, events)
    for _ in range(500):
        one.turn()
        cursor = store.load("minami").cursor
        rest = ids[ids.index(cursor) + 1 :] if cursor in ids else ids
        assert [entry.id for entry in left(store) if entry.id in set(ids)] == rest
        if not rest:
            break
    one.turn()
    assert store.length(EVENTS) < 40, "what was passed is trimmed"
    assert told(store) == expected(day())


def test_time_passes_in_the_stream_itself(store: Store) -> None:
    """A tick enters the ordered stream, so that a replay sees the same time pass."""
    pace = Pace(batch=16, block_ms=1, lease_ms=5000, tick_ms=30_000)
    worker(store, "one", pace=pace).turn()
    kinds = [type(decode_event(entry.data)).__name__ for entry in store.read(EVENTS, "0-0", 10, 0)]
    assert kinds == ["Tick"]


def test_a_lease_is_renewed_while_there_is_nothing_to_do() -> None:
    """An idle worker keeps its city for as long as it turns; when it stops, another takes it."""
    machine = Machine()
    store = MemoryStore(machine)
    short = Pace(block_ms=1, lease_ms=600, tick_ms=10**12)
    one, two = (worker(store, name, pace=short, machine=machine) for name in ("one", "two"))
    leave(two)
    one.turn()
    for _ in range(20):
        machine.now += 250
        one.turn()
        two.turn()
        assert one.health().holds_lease
        assert not two.health().holds_lease
    machine.now += 700
    two.turn()
    assert two.health().holds_lease
    with pytest.raises(LeaseLost):
        one.turn()


def test_a_city_that_takes_longer_to_load_than_a_lease_lasts_is_worked_all_the_same() -> None:
    """Loading for many times the lease does not lose it; afterwards the lease is short again."""
    machine = Machine()
    memory = MemoryStore(machine)
    short = Pace(block_ms=1, lease_ms=600, tick_ms=10**12)

    class Slow(Wrapped):
        def load(self, city: str) -> Loaded:
            machine.now += 5000
            return memory.load(city)

    one, two = (
        worker(Slow(memory, lambda name: ""), "one", Drawer(ZONES), short, machine),
        worker(memory, "two", None, short, machine),
    )
    leave(two)
    offered(memory, day())
    work_off(memory, one)
    assert len(told(memory)) > 30
    machine.now += 601
    two.turn()
    assert two.health().holds_lease


def test_a_step_that_outlasts_the_lease_is_done_in_the_end() -> None:
    """On a starved machine a worker alone does not lose its own lease for ever: it asks for a longer one."""
    machine = Machine()
    memory = MemoryStore(machine)
    short = Pace(block_ms=1, lease_ms=600, retry_ms=1, tick_ms=10**12)

    class Starved(Wrapped):
        def commit(self, city: str, fence: Fence, commit: Commit) -> None:
            machine.now += 5000
            memory.commit(city, fence, commit)

    one = worker(Starved(memory, lambda name: ""), "one", Drawer(ZONES), short, machine)
    offered(memory, day())
    stop = threading.Event()
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: memory.load("minami").cursor == memory.newest(EVENTS, 1)[0].id, 20, "the day to be worked")
    finally:
        stop.set()
        thread.join()
    assert len(told(memory)) > 30


def test_a_lease_lost_while_loading_is_not_worked_with() -> None:
    """When another took the city during a load that never ended, nothing that was loaded is used."""
    machine = Machine()
    memory = MemoryStore(machine)
    short = Pace(block_ms=1, lease_ms=600, load_ms=1000, tick_ms=10**12)

    class Overtaken(Wrapped):
        def load(self, city: str) -> Loaded:
            loaded = memory.load(city)
            machine.now += 1001
            assert memory.acquire(keys.lease(city), "two", 60_000) is not None
            return loaded

    one = worker(Overtaken(memory, lambda name: ""), "one", Drawer(ZONES), short, machine)
    with pytest.raises(LeaseLost):
        one.turn()
    assert not one.health().holds_lease
    assert memory.length(EVENTS) == 0
