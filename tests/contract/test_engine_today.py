"""Today for one home, read from what the engine has committed."""

from __future__ import annotations

import pytest

from geofence.limits import Limits
from gomikuru.today import EnginesToday, EngineToday
from model.subscription import AtPoint, InZone, Pin, Subscription
from residents.today import State, Today
from streams.ports import Store
from tests.contract.test_geofence_worker import Drawer, offered, work_off
from tests.contract.test_minutes_worker import STREET, TODAY, profile, worker
from tests.support.rounds import CITY, Drive, place


def pin(spot: tuple[float, float]) -> Pin:
    return Pin(*place(*spot))


def test_a_home_sees_its_window_its_truck_and_what_has_passed(store: Store) -> None:
    """With four stops served, the sixth has a window and its truck; the first has passed; afar is nothing."""
    drive = Drive(TODAY).serve(STREET[:4])
    one = worker(store, "one", Drawer(profile()))
    one.turn()
    offered(store, drive.pings)
    work_off(store, one)
    now_ms = drive.pings[-1].received_ms
    today = EngineToday(CITY, store)
    ahead, behind = today.at(pin(STREET[5]), now_ms), today.at(pin(STREET[0]), now_ms)
    assert ahead is not None
    assert behind is not None
    assert (ahead.state, behind.state) == (State.WINDOW, State.PASSED)
    assert ahead.window is not None
    assert ahead.window.low_ms <= ahead.window.mid_ms <= ahead.window.high_ms
    assert [(round(near.lat, 4), round(near.lon, 4)) for near in ahead.trucks] == [
        tuple(round(each, 4) for each in place(*STREET[3]))
    ]
    assert behind.trucks == ()
    assert today.at(pin((9000.0, 9000.0)), now_ms) is None
    assert today.at(InZone("nowhere"), now_ms) is None


def test_a_silent_truck_is_said_to_be_silent(store: Store) -> None:
    """When the truck has not been heard, the page says since when, and shows no old position."""
    drive = Drive(TODAY).serve(STREET[:4])
    one = worker(store, "one", Drawer(profile()))
    one.turn()
    offered(store, drive.pings)
    work_off(store, one)
    seen = EngineToday(CITY, store).at(pin(STREET[5]), drive.pings[-1].received_ms + Limits().silence_ms + 1)
    assert seen is not None
    assert (seen.state, seen.heard_ms, seen.trucks) == (State.NO_SIGNAL, drive.pings[-1].fix_ms, ())


def test_a_city_without_a_profile_says_nothing(store: Store) -> None:
    """Where nothing was learned yet, somebody else must say what today brings."""
    assert EngineToday(CITY, store).at(pin(STREET[0]), 0) is None


class Behind:
    """What another source says of every home."""

    def __init__(self, told: Today) -> None:
        self.told = told

    def today(self, city: str, subscription: Subscription, now_ms: int) -> Today:
        return self.told

    def at_point(self, city: str, point: AtPoint, zone: str | None, now_ms: int) -> Today:
        return self.told


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (Today(state=State.NOT_STARTED), State.WINDOW),
        (Today(state=State.UNKNOWN), State.WINDOW),
        (Today(state=State.NO_COLLECTION), State.NO_COLLECTION),
    ],
)
def test_the_engine_knows_better_but_on_a_day_without_a_collection(store: Store, told: Today, shown: State) -> None:
    """A truck that serves others on a home's free day is not announced to it."""
    drive = Drive(TODAY).serve(STREET[:4])
    one = worker(store, "one", Drawer(profile()))
    one.turn()
    offered(store, drive.pings)
    work_off(store, one)
    both = EnginesToday({CITY.id: EngineToday(CITY, store)}, Behind(told))
    lat, lon = place(*STREET[5])
    assert both.at_point(CITY.id, AtPoint("P", lat, lon), None, drive.pings[-1].received_ms).state is shown
