"""What a place may expect today, as the resident's page asks it."""

from __future__ import annotations

import numpy as np

from geofence.batch import run_batch
from geofence.book import Book
from geofence.expecting import Expected, Stage, expected, soonest
from geofence.forecast.profile import decode_profile
from geofence.forecaster import Forecaster
from geofence.limits import Limits
from geofence.serving import places_serving
from geofence.state import State
from model.event import ProfileChanged
from tests.support.rounds import CITY, Drive, place
from tests.unit.test_minutes_kinds import NORTH, PAST, SOUTH, TODAY, profile, usual

FORECASTER = Forecaster(decode_profile(profile()), "v")
LIMITS = Limits()


def at(spot: tuple[float, float]) -> int:
    lat, lon = place(*spot)
    return int(places_serving(np.array([lat]), np.array([lon]), FORECASTER.profile)[0])


def after(drive: Drive, minutes: float = 0.0) -> Expected:
    """Play a drive, and ask so many minutes after its last ping."""
    state, book = State(), Book(CITY, LIMITS)
    events = [ProfileChanged(drive.pings[0].received_ms, "v"), *drive.pings]
    run_batch(state, book, events, {"v": profile()})
    at_ms = drive.pings[-1].received_ms + round(60_000 * minutes)
    return expected(state.trucks, FORECASTER, CITY, LIMITS.manner, at_ms, LIMITS.silence_ms)


def test_a_place_ahead_has_a_window_that_holds_when_the_truck_really_comes() -> None:
    """The interval at a stop four minutes ahead holds the time at which the same drive reaches it."""
    found = after(Drive(TODAY).serve(SOUTH[:4]))
    row = at(SOUTH[6])
    whole = usual(TODAY)
    assert found.stage[row] == Stage.WINDOW
    assert found.low_ms[row] <= whole.reached[SOUTH[6]] <= found.high_ms[row]
    assert found.trucks[found.truck[row]] == "17"


def test_what_was_served_is_served_and_stays_so() -> None:
    """The stops behind the truck are served, also while it is silent."""
    drive = Drive(TODAY).serve(SOUTH[:4])
    for minutes in (0.0, 30.0):
        found = after(drive, minutes)
        assert [found.stage[at(spot)] for spot in SOUTH[:3]] == [Stage.SERVED] * 3


def test_a_silent_truck_gives_no_window() -> None:
    """When the truck has not been heard for long, what is ahead of it is silent, with the time of its last fix."""
    drive = Drive(TODAY).serve(SOUTH[:4])
    found = after(drive, LIMITS.silence_ms / 60_000 + 1)
    assert found.stage[at(SOUTH[6])] == Stage.SILENT
    assert found.heard_ms[found.truck[at(SOUTH[6])]] == drive.pings[-1].fix_ms


def test_nothing_is_known_of_a_day_on_which_no_truck_has_set_out() -> None:
    """Yesterday's state says nothing about today."""
    drive = usual(PAST[-1])
    found = after(drive, 24 * 60.0)
    assert set(found.stage.tolist()) == {Stage.NOTHING}


def test_while_the_truck_stands_still_the_window_moves_on_with_the_clock() -> None:
    """A minute without progress makes the early edge no earlier than it was."""
    drive = Drive(TODAY).serve(SOUTH[:4])
    row = at(NORTH[0])
    first, later = after(drive), after(drive, 1.0)
    assert first.stage[row] == Stage.WINDOW
    assert later.low_ms[row] >= first.low_ms[row]


def test_a_zone_waits_for_the_soonest_of_its_places_that_is_still_to_come() -> None:
    """With one stop served and two ahead, the nearer of the two is what the zone waits for."""
    found = after(Drive(TODAY).serve(SOUTH[:4]))
    rows = np.array([at(SOUTH[8]), at(SOUTH[0]), at(SOUTH[6])])
    assert soonest(found, rows) == at(SOUTH[6])
    assert soonest(found, np.array([at(SOUTH[0])])) == at(SOUTH[0])
    assert soonest(found, np.zeros(0, dtype=np.int64)) is None
