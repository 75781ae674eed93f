"""The books of the crash matrix find what they are for: each kind of fault, put in by hand, is booked as such."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from gomikuru.city_files import load_city
from gomikuru.replay import homes_of
from ingest.adapters.mqtt import MqttBroker
from ingest.adapters.mqtt_link import MqttLink
from ingest.directory import Directory
from model.city import City
from model.event import HomesChanged, Tick, ZonesChanged
from model.ping import Ping
from notifier.adapters.fcm import FcmChannel
from streams.memory import MemoryStore
from streams.ports import START, Store
from tests.chaos import days, ledger
from tests.chaos.days import Day, in_slices, phone
from tests.chaos.ledger import Found, Push
from tests.chaos.plan import focused, strikes
from tests.chaos.points import STORE_CALLS, Order, Trap, TrappedStore

Played = tuple[ledger.Account, City, bytes, Found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the city is."""
    return tmp_path_factory.mktemp("day") / "city"


@pytest.fixture(scope="module")
def day(folder: Path) -> Day:
    """Twenty minutes of the sample city."""
    return days.sample_day(folder, Random(3), minutes=20)


@pytest.fixture(scope="module")
def played(folder: Path, day: Day) -> Played:
    """The day as it should be, and as a run without any fault leaves it behind."""
    city, _ = load_city(folder)
    assert city is not None
    zones = (folder / "zones.geojson").read_bytes()
    directory, first_ms = Directory.of([city]), day.said[0].at_ms
    events = [HomesChanged(first_ms, tuple(homes_of(day.wishes))), ZonesChanged(first_ms, "v"), Tick(first_ms)]
    refused: dict[bytes, str] = {}
    for one in day.said:
        pings, no_pings = ledger.read(one, directory)
        events.extend(pings)
        refused |= no_pings
    wanted = ledger.undisturbed(day, city, zones)
    alerts = wanted.alerts
    pushes = [Push(phone(alert.subscription), alert.id, frozenset({alert.id})) for alert in alerts]
    return wanted, city, zones, Found(events, refused, alerts, [], pushes)


def test_books_of_an_undisturbed_day_are_even(played: Played, day: Day) -> None:
    """Repeats and bad payloads, which every day has, weigh nothing; the figures are those of the day."""
    books = ledger.balance(*played)

    assert books.why == []
    assert books.even
    assert books.pings > 500
    assert books.alerts == books.pushes > 10
    assert books.repeats == 0
    assert any(one.repeat for one in day.said)
    assert len(played[3].refused) > 20


def first(found: Found, kind: type) -> object:
    return next(event for event in found.events if isinstance(event, kind))


FAULTS: dict[str, tuple[str, Callable[[Found], Found]]] = {
    "a ping that is not in the stream": (
        "lost",
        lambda found: replace(found, events=[e for e in found.events if e is not first(found, Ping)]),
    ),
    "a refusal that is not in quarantine": (
        "lost",
        lambda found: replace(found, refused=dict(list(found.refused.items())[1:])),
    ),
    "a refusal for another reason": (
        "lost",
        lambda found: replace(found, refused=dict.fromkeys(found.refused, "retained")),
    ),
    "a ping that nobody sent": (
        "added",
        lambda found: replace(found, events=[*found.events, replace(first(found, Ping), truck="ghost")]),
    ),
    "an alert that is missing": ("lost", lambda found: replace(found, alerts=found.alerts[1:])),
    "an alert appended twice": ("added", lambda found: replace(found, alerts=[*found.alerts, found.alerts[-1]])),
    "an alert of another vehicle": (
        "lost",
        lambda found: replace(found, alerts=[replace(found.alerts[0], vehicle="9"), *found.alerts[1:]]),
    ),
    "an alert fired at another instant": (
        "added",
        lambda found: replace(found, alerts=[replace(found.alerts[0], fired_ms=1), *found.alerts[1:]]),
    ),
    "alerts out of order": ("added", lambda found: replace(found, alerts=found.alerts[::-1])),
    "an alert that no phone got": ("lost", lambda found: replace(found, pushes=found.pushes[1:])),
    "an alert that was buried": ("lost", lambda found: replace(found, buried=[found.alerts[0].id])),
    "a push to another household": (
        "added",
        lambda found: replace(found, pushes=[*found.pushes, replace(found.pushes[0], target="phone-of-nobody")]),
    ),
    "a push of no alert": (
        "added",
        lambda found: replace(found, pushes=[*found.pushes, Push("phone-of-home-1", "x", frozenset({"x"}))]),
    ),
    "a repeat under another tag": (
        "untagged",
        lambda found: replace(found, pushes=[*found.pushes, replace(found.pushes[0], tags=frozenset({"other"}))]),
    ),
    "a push without one of its tags": (
        "untagged",
        lambda found: replace(
            found, pushes=[*found.pushes, replace(found.pushes[0], tags=found.pushes[0].tags | {""})]
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_books_find(played: Played, fault: str) -> None:
    """One fault put in by hand is booked in its column, with a reason in words."""
    wanted, city, zones, found = played
    column, put_in = FAULTS[fault]

    books = ledger.balance(wanted, city, zones, put_in(found))

    assert getattr(books, column) > 0
    assert any(why.startswith(column) for why in books.why)
    assert not books.even


def test_a_repeat_with_the_same_tag_is_a_repeat_and_no_fault(played: Played) -> None:
    """Delivery is at least once: a second push of an alert to the same device is counted, not booked."""
    wanted, city, zones, found = played

    books = ledger.balance(wanted, city, zones, replace(found, pushes=[*found.pushes, found.pushes[0]]))

    assert (books.repeats, books.even) == (1, True)


def test_the_same_seed_plans_the_same_strikes() -> None:
    """What is struck, where, when and how follows from the seed alone, and another seed strikes elsewhere."""
    assert strikes(Random("7/0"), 30, 40) == strikes(Random("7/0"), 30, 40)
    assert strikes(Random("7/0"), 30, 40) != strikes(Random("7/1"), 30, 40)
    assert sum(map(len, strikes(Random("7/0"), 30, 40))) == 40


def test_slices_hold_the_whole_day_in_order(day: Day) -> None:
    """Cutting a day into slices loses no message and keeps their order."""
    assert [one for slice_ in in_slices(day, 17) for one in slice_] == list(day.said)


def test_every_point_stands_about_a_call_that_there_is() -> None:
    """A renamed call would leave its point where nobody passes."""
    for calls in STORE_CALLS.values():
        assert [call for call in calls if not hasattr(Store, call)] == []
    assert all(hasattr(MqttBroker, call) for call in ("take", "done"))
    assert hasattr(MqttLink, "acknowledge")
    assert hasattr(FcmChannel, "send")


def test_a_trap_springs_at_the_nth_passing_of_its_point_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other points do not count; what polls and brings nothing passes no `after`; an order is for one death."""
    told: list[Order] = []
    struck: list[int] = []
    monkeypatch.setattr("tests.chaos.points.os.kill", lambda _pid, number: struck.append(number))
    trap = Trap(told.append)
    store = TrappedStore(MemoryStore(), "geofence", trap)
    order = Order("read.after", 2, "stop")
    trap.set(order)
    store.read("events:{x}", START, 10, 0)
    store.append("events:{x}", [b"1"])
    store.read("events:{x}", START, 10, 0)
    assert (told, struck) == ([], [])
    store.read("events:{x}", START, 10, 0)
    store.read("events:{x}", START, 10, 0)
    assert (told, struck) == ([order], [signal.SIGSTOP])


def test_a_strike_at_one_point_only_names_a_point_that_there_is() -> None:
    """`--at` takes every point, killed or stopped, and tells the points where it is given another."""
    assert focused(Random(1), "geofence.commit.before.stop").order == Order("commit.before", 1, "stop")
    with pytest.raises(ValueError, match=r"notifier\.send\.during"):
        focused(Random(1), "geofence.nowhere")
