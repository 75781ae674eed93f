"""The engine as a function of its events: batches, cuts, and the store change nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.batch import run_batch
from geofence.book import Book, zones_version
from geofence.files import read_zones
from geofence.limits import Limits
from geofence.state import State, state_of
from geofence.step import step
from model.alert import Alert, encode_alert
from model.event import Event, HomesChanged, decode_event, encode_event
from model.ping import Ping
from tests.support.strategies import days
from tests.support.truckline import CITY

Day = tuple[list[Event], dict[str, bytes]]


class Stored:
    """The fields of a city as commits leave them, and an engine that can be built from them anew."""

    def __init__(self) -> None:
        self.fields: dict[str, bytes] = {}
        self.state, self.book = State(), Book(CITY, Limits())

    def run(self, events: Sequence[Event], documents: dict[str, bytes]) -> list[Alert]:
        outcome = run_batch(self.state, self.book, events, documents)
        for name in outcome.deletes:
            self.fields.pop(name, None)
        self.fields |= outcome.puts
        return outcome.alerts

    def crash(self, documents: dict[str, bytes]) -> None:
        self.state, self.book = state_of(self.fields), Book(CITY, Limits())
        version = zones_version(self.fields)
        if version:
            self.book.take_zones(read_zones(documents[version])[0], version)
        self.book.load(self.fields)


def in_one_go(day: Day) -> list[Alert]:
    return Stored().run(*day)


@settings(max_examples=25, deadline=None)
@given(days(), st.integers(1, 400))
def test_the_size_of_a_batch_changes_no_alert(day: Day, size: int) -> None:
    """Batches of any size give identical alerts."""
    events, documents = day
    stored = Stored()
    alerts = [alert for k in range(0, len(events), size) for alert in stored.run(events[k : k + size], documents)]
    assert alerts == in_one_go(day)


@settings(max_examples=25, deadline=None)
@given(days(), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_a_crash_at_any_commit_changes_no_alert(day: Day, cuts: list[float]) -> None:
    """State and book rebuilt from what was committed go on as if nothing had happened, at every cut."""
    events, documents = day
    stored = Stored()
    alerts: list[Alert] = []
    places = sorted({0, *(int(cut * len(events)) for cut in cuts), len(events)})
    for first, last in pairwise(places):
        alerts += stored.run(events[first:last], documents)
        stored.crash(documents)
    assert alerts == in_one_go(day)


@settings(max_examples=25, deadline=None)
@given(days())
def test_nobody_is_told_twice_on_one_run(day: Day) -> None:
    """No two alerts share an id, and none a (subscription, run), unless the subscription was removed between."""
    alerts = in_one_go(day)
    assert len({alert.id for alert in alerts}) == len({(a.subscription, a.service_day, a.run, a.kind) for a in alerts})
    gone = {number for event in day[0] if isinstance(event, HomesChanged) for number in event.gone}
    counts = Counter(alert.id for alert in alerts if int(alert.subscription[1:]) not in gone)
    assert set(counts.values()) <= {1}


@settings(max_examples=15, deadline=None)
@given(days())
def test_the_same_events_give_the_same_bytes(day: Day) -> None:
    """Run twice, also through the wire form of the events, the encoded alerts are equal byte by byte."""
    events, documents = day
    again = [decode_event(encode_event(event)) for event in events]
    first = [encode_alert(alert) for alert in in_one_go((events, documents))]
    assert first == [encode_alert(alert) for alert in in_one_go((again, documents))]


@settings(max_examples=15, deadline=None)
@given(days())
def test_every_alert_is_of_a_live_ping_of_a_subscriber(day: Day) -> None:
    """Nobody is told who did not subscribe, by a late ping, or for nought minutes."""
    events, _ = day
    live = {event.id for event in events if isinstance(event, Ping) and not event.late}
    ever = {home.subscription for event in events if isinstance(event, HomesChanged) for home in event.put}
    for alert in in_one_go(day):
        assert alert.ping in live
        assert alert.subscription in ever
        assert 180_000 <= alert.useful_until_ms - alert.fired_ms <= 900_000


def test_days_of_the_strategy_do_tell_people() -> None:
    """The property tests above are about something: most drawn days hold alerts of both leads."""
    sizes: list[tuple[int, int]] = []

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(days())
    def look(day: Day) -> None:
        alerts = in_one_go(day)
        sizes.append((len(alerts), sum(alert.zone is not None for alert in alerts)))

    look()
    assert sum(size > 5 for size, _ in sizes) > len(sizes) / 2
    assert sum(zones > 0 for _, zones in sizes) > len(sizes) / 4


def test_a_commit_holds_only_what_changed() -> None:
    """One ping of one truck writes one truck; a second call writes nothing."""
    stored = Stored()
    ping = Ping("minami", "17", 1_000_000_000_000, 1_000_000_000_000, 34.8, 135.4)
    outcome = run_batch(stored.state, stored.book, [ping], {})
    assert sorted(outcome.puts) == ["truck/17"]
    assert run_batch(stored.state, stored.book, [], {}).puts == {}
    stored.state.told_on("2026-11-24/route:A/1").tell(5000)
    assert sorted(run_batch(stored.state, stored.book, [], {}).puts) == ["told/2026-11-24/route:A/1/4"]
    assert run_batch(stored.state, stored.book, [], {}).puts == {}


def test_a_stranger_among_the_events_is_an_error() -> None:
    """The engine does not pass over what it does not know."""
    with pytest.raises(TypeError, match="no such event"):
        step(State(), msgspec.structs.replace(Stranger(0)), Book(CITY, Limits()), {})  # type: ignore[arg-type]


class Stranger(msgspec.Struct):
    at_ms: int


def test_fields_of_another_kind_are_passed_over() -> None:
    """What a later version stores beside does not disturb this one."""
    state = state_of({"truck/17": b"\x90", "future/thing": b"?", "homes/0": b"\x90", "zones": b"v"})
    assert list(state.trucks) == ["17"]
