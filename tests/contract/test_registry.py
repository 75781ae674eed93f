"""The registry of residents over each store: records and the engine's events change together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from model.alert import Alert, Kind, encode_alert
from model.event import HomesChanged, Tick, decode_event, encode_event
from model.subscription import Home, InZone, MetresLead, Pin, Target, TargetKind, ZoneLead, home_of
from residents.adapters.redis_registry import RedisRegistry
from residents.ports import RegistryBusy
from residents.registry import RecordUnreadable
from residents.wish import Wish, WishRefused
from streams import keys
from streams.memory import MemoryStore
from streams.ports import START, Store, StoreUnavailable

CITY = "minami"
PHONE = Target(TargetKind.FCM_TOKEN, "phone-1")
SECOND = Target(TargetKind.FCM_FID, "phone-2")


class Clock:
    """A service clock that stands where the test sets it."""

    now = 1_000

    def now_ms(self) -> int:
        return self.now


def wish(name: str | None = "r1", metres: float = 300.0, targets: tuple[Target, ...] | None = (PHONE,)) -> Wish:
    return Wish(id=name, place=Pin(34.83, 135.47), lead=MetresLead(metres), targets=targets)


def told(store: Store, city: str = CITY) -> list[HomesChanged]:
    events = [decode_event(entry.data) for entry in store.read(keys.events(city), START, 10_000, 0)]
    return [event for event in events if isinstance(event, HomesChanged)]


def engine_view(store: Store) -> dict[int, Home]:
    homes: dict[int, Home] = {}
    for event in told(store):
        for number in event.gone:
            del homes[number]
        homes |= {home.number: home for home in event.put}
    return homes


def alert_of(sub_id: str) -> bytes:
    return encode_alert(
        Alert(
            id="a1",
            city=CITY,
            subscription=sub_id,
            kind=Kind.APPROACHING,
            service_day="2026-11-23",
            run="a",
            ordinal=0,
            vehicle="17",
            fired_ms=1,
            useful_until_ms=2,
            lead=ZoneLead(),
            ping="17@1",
        )
    )


@pytest.fixture
def registry(store: Store) -> RedisRegistry:
    return RedisRegistry(store, Clock())


def test_a_wish_is_kept_and_the_engine_hears_of_it(store: Store, registry: RedisRegistry) -> None:
    """One put gives a record and one event with the service clock's time."""
    kept = registry.put(CITY, wish())
    assert registry.get(CITY, "r1") == kept
    assert told(store) == [HomesChanged(at_ms=1_000, put=(home_of(kept),))]
    assert (kept.number, kept.version, registry.count(CITY)) == (0, 1, 1)


def test_a_wish_without_a_name_gets_one_that_nobody_can_guess(registry: RedisRegistry) -> None:
    """Random ids differ and are long."""
    ids = {registry.put(CITY, wish(None)).id for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 20


def test_a_refused_wish_changes_nothing(store: Store, registry: RedisRegistry) -> None:
    """A bad wish raises, alone or among good ones, and leaves no trace."""
    with pytest.raises(WishRefused, match="metres"):
        registry.put(CITY, wish(metres=5.0))
    with pytest.raises(WishRefused, match="r2: lead"):
        registry.import_many(CITY, [wish("r1"), wish("r2", metres=5.0)])
    with pytest.raises(WishRefused, match="r1: the same id twice"):
        registry.import_many(CITY, [wish("r1"), wish("r1")])
    assert (registry.count(CITY), told(store)) == (0, [])


def test_the_same_wish_again_is_no_change(store: Store, registry: RedisRegistry) -> None:
    """Asking again after a lost answer writes nothing twice."""
    first = registry.put(CITY, wish())
    assert registry.put(CITY, wish()) == first
    assert len(told(store)) == 1


def test_a_change_keeps_the_number_and_reaches_the_engine(store: Store, registry: RedisRegistry) -> None:
    """A nearer lead is an event; a device more is none."""
    number = registry.put(CITY, wish()).number
    registry.put(CITY, wish("other"))
    after = registry.put(CITY, wish(metres=200.0))
    assert (after.number, after.version) == (number, 2)
    assert registry.add_target(CITY, "r1", SECOND) is not None
    assert engine_view(store)[number].lead == MetresLead(200.0)
    assert len(told(store)) == 3


def test_a_number_is_never_used_again(store: Store, registry: RedisRegistry) -> None:
    """Even when the city has been emptied, a newcomer gets a new number."""
    for name in ("r1", "r2"):
        registry.put(CITY, wish(name))
    assert registry.remove_many(CITY, ["r1", "r2"]) == 2
    assert registry.put(CITY, wish("r1")).number == 2
    assert list(engine_view(store)) == [2]


def test_cities_do_not_see_each_other(store: Store, registry: RedisRegistry) -> None:
    """The same id in two cities is two homes, each with its own numbers and events."""
    registry.put(CITY, wish())
    registry.put("kita", wish(metres=500.0))
    assert registry.remove("kita", "r1")
    assert registry.get(CITY, "r1") is not None
    assert [len(told(store, city)) for city in (CITY, "kita")] == [1, 2]


def test_removing_removes_everything_about_it(store: Store, registry: RedisRegistry) -> None:
    """Record, home and dead letters of who leaves are gone; those of others stay."""
    number = registry.put(CITY, wish()).number
    registry.put(CITY, wish("r10"))
    letters = [msgspec.msgpack.encode(["no answer", 5, alert_of(name)]) for name in ("r1", "r10", "r1")]
    store.append(keys.dead(CITY), [*letters, b"\xc1 unreadable"])
    assert registry.remove(CITY, "r1")
    assert registry.get(CITY, "r1") is None
    assert told(store)[-1] == HomesChanged(at_ms=1_000, gone=(number,))
    left = [entry.data for entry in store.read(keys.dead(CITY), START, 10, 0)]
    assert left == [letters[1], b"\xc1 unreadable"]
    assert not registry.remove(CITY, "r1")
    assert len(told(store)) == 3


def test_events_that_were_set_aside_forget_who_leaves(store: Store, registry: RedisRegistry) -> None:
    """An event that the engine could not take holds homes: it goes with the first home of it that leaves."""
    registry.put(CITY, wish("r1"))
    registry.put(CITY, wish("r2"))
    kept = [
        msgspec.msgpack.encode(["bad", entry.id, entry.data]) for entry in store.read(keys.events(CITY), START, 10, 0)
    ]
    tick = msgspec.msgpack.encode(["bad", "1-1", encode_event(Tick(at_ms=1))])
    store.append(keys.key("aside", CITY), [*kept, tick, b"junk"])
    registry.remove(CITY, "r1")
    assert [entry.data for entry in store.read(keys.key("aside", CITY), START, 10, 0)] == [kept[1], tick, b"junk"]


def test_a_removal_that_was_cut_short_is_finished_by_the_next(store: Store, registry: RedisRegistry) -> None:
    """Dead letters are cleared even when the record is gone already."""
    store.append(keys.dead(CITY), [msgspec.msgpack.encode(["no answer", 5, alert_of("r1")])])
    assert not registry.remove(CITY, "r1")
    assert store.length(keys.dead(CITY)) == 0


def test_many_are_imported_in_events_of_at_most_five_hundred(store: Store, registry: RedisRegistry) -> None:
    """An import gives every home one number, in batches that the engine can take."""
    wishes = [wish(f"r{i}", 100.0 + i % 7, None) for i in range(1201)]
    assert registry.import_many(CITY, wishes) == (1201, 0, 0)
    assert [len(event.put) for event in told(store)] == [500, 500, 201]
    assert sorted(engine_view(store)) == list(range(1201))
    assert registry.count(CITY) == 1201
    assert sorted(each.id for each in registry.list(CITY)) == sorted(each.id or "" for each in wishes)


def test_an_import_again_tells_what_is_new_and_changed(store: Store, registry: RedisRegistry) -> None:
    """A second import writes the differences only, and leaves the devices that came in between."""
    registry.import_many(CITY, [wish("r1", targets=None), wish("r2", targets=None)])
    registry.add_target(CITY, "r1", PHONE)
    again = [wish("r1", targets=None), wish("r2", 400.0, None), wish("r3", targets=None)]
    assert registry.import_many(CITY, again) == (1, 1, 1)
    assert [home.subscription for home in told(store)[-1].put] == ["r2", "r3"]
    kept = registry.get(CITY, "r1")
    assert kept is not None
    assert kept.targets == (PHONE,)


def test_devices_come_and_go_without_the_engine(store: Store, registry: RedisRegistry) -> None:
    """One home has several devices, one device several homes; no event tells of them."""
    registry.put(CITY, wish("r1"))
    registry.put(CITY, wish("r2"))
    assert registry.add_target(CITY, "r1", SECOND) is not None
    assert registry.add_target(CITY, "nobody", SECOND) is None
    assert registry.drop_target(CITY, "r1", PHONE)
    assert not registry.drop_target(CITY, "r1", PHONE)
    homes = registry.get_many(CITY, ["r1", "r2", "nobody"])
    assert {name: home.targets for name, home in homes.items()} == {"r1": (SECOND,), "r2": (PHONE,)}
    assert len(told(store)) == 2


def test_a_barred_device_is_not_used_and_can_be_taken_back(registry: RedisRegistry) -> None:
    """Barring takes a device from what senders see; unbarring gives it back."""
    registry.put(CITY, wish("r1"))
    assert registry.bar_target(CITY, "r1", PHONE)
    assert not registry.bar_target(CITY, "r1", PHONE)
    assert [home.targets for home in registry.list(CITY)] == [()]
    assert registry.unbar_targets(CITY, ["r1", "nobody"]) == 1
    assert [home.targets for home in registry.list(CITY)] == [(PHONE,)]


def test_the_counter_is_no_resident(registry: RedisRegistry) -> None:
    """The registry's own field can be neither read, listed, counted nor removed."""
    registry.put(CITY, wish())
    assert registry.get(CITY, "#next") is None
    assert [home.id for home in registry.list(CITY)] == ["r1"]
    assert not registry.remove(CITY, "#next")
    assert registry.put(CITY, wish("r2")).number == 1


def test_writers_at_once_never_share_a_number(store: Store) -> None:
    """Eight writers that put and remove at once leave the engine with exactly the homes of the records."""

    def work(worker: int) -> None:
        registry = RedisRegistry(store, Clock())
        for i in range(12):
            registry.put(CITY, wish(f"w{worker}-{i}"))
            registry.put(CITY, wish("shared", 100.0 + worker * 12 + i))
            if i % 3 == 0:
                registry.remove(CITY, f"w{worker}-{i}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    registry = RedisRegistry(store, Clock())
    numbers = [home.number for event in told(store) for home in event.put if home.subscription != "shared"]
    assert len(set(numbers)) == len(numbers) == 96
    assert engine_view(store) == {each.number: home_of(each) for each in registry.list(CITY)}
    assert registry.count(CITY) == 65


def test_a_home_known_by_its_zone_is_kept(store: Store, registry: RedisRegistry) -> None:
    """A zone as place reaches the engine as such."""
    registry.put(CITY, Wish(id="r1", place=InZone("sakura-1"), lead=ZoneLead()))
    assert engine_view(store)[0].place == InZone("sakura-1")


def test_a_damaged_record_is_told_and_not_guessed(store: Store, registry: RedisRegistry) -> None:
    """A record that cannot be read raises, so that nobody silently stays without alerts."""
    store.transact(CITY, "subs", {"r1": b"junk"}, (), {})
    with pytest.raises(RecordUnreadable):
        registry.get(CITY, "r1")


class Contested(MemoryStore):
    """A store in which somebody else is always quicker."""

    def transact(
        self,
        city: str,
        hash_name: str,
        puts: Mapping[str, bytes],
        deletes: Sequence[str],
        appends: Mapping[str, Sequence[bytes]],
        expect: Mapping[str, bytes | None] = {},
    ) -> bool:
        return False


def test_endless_contention_ends_in_a_clear_error() -> None:
    """A writer that never gets through says so instead of spinning for ever."""
    with pytest.raises(RegistryBusy, match="minami"):
        RedisRegistry(Contested(), Clock()).put(CITY, wish())


def test_a_change_that_others_overtook_is_not_announced() -> None:
    """The engine hears of a home in the very transaction that keeps it, or not at all."""
    store = Contested()
    with pytest.raises(RegistryBusy):
        RedisRegistry(store, Clock()).put(CITY, wish())
    assert told(store) == []


class LosesAnswers(MemoryStore):
    """A store whose first answer is lost after it has written."""

    lost = False

    def transact(
        self,
        city: str,
        hash_name: str,
        puts: Mapping[str, bytes],
        deletes: Sequence[str],
        appends: Mapping[str, Sequence[bytes]],
        expect: Mapping[str, bytes | None] = {},
    ) -> bool:
        done = super().transact(city, hash_name, puts, deletes, appends, expect)
        if not self.lost:
            self.lost = True
            raise StoreUnavailable("the answer was lost")
        return done


def test_a_lost_answer_is_asked_again_without_a_second_home() -> None:
    """Repeating a put or an import after a lost answer leaves one home and one event."""
    store = LosesAnswers()
    registry = RedisRegistry(store, Clock())
    with pytest.raises(StoreUnavailable):
        registry.import_many(CITY, [wish("r1"), wish("r2")])
    assert registry.import_many(CITY, [wish("r1"), wish("r2")]) == (0, 0, 2)
    assert sorted(engine_view(store)) == [0, 1]
    assert len(told(store)) == 1
