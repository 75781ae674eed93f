"""Two sides of a street, served by turns: two places, though a truck at one is within reach of the other."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from geofence.forecast.library import Day, Library
from geofence.forecast.places import stops_of
from geofence.forecast.walk import Trace
from tests.support.rounds import MONDAY, Drive, home, minutes_before, profile_of, told, weekdays
from tests.unit.test_forecast_outlook import fixes, today_after, trace

EAST = [(300.0 * k, 0.0) for k in range(1, 7)]
ONE, OTHER = (900.0, 0.0), (900.0, 22.0)
WEST = [(300.0 * k, 700.0) for k in range(6, 0, -1)]


def sided(day: date, k: int = 0, *, other: bool = True, off_m: float = 0.0) -> Drive:
    """East along the street by one side, then back to the other side of its middle, then home by another street."""
    drive = Drive(day, f"08:{30 + k}").serve([(x, y + (off_m if k % 2 else 0.0)) for x, y in EAST], 60.0)
    drive.to(1800.0, 300.0).to(900.0, 300.0)
    return (drive.serve([OTHER], 60.0) if other else drive).to(900.0, 300.0).serve(WEST, 60.0)


def traces(*drives: Drive) -> list[Trace]:
    """Walk the days."""
    return [trace(drive.pings) for drive in drives]


def near(x: np.ndarray, y: np.ndarray, spot: tuple[float, float], metres: float = 8.0) -> list[int]:
    """The places near a spot."""
    return np.flatnonzero(np.hypot(x - spot[0], y - spot[1]) <= metres).tolist()


def days(count: int = 6) -> list[Trace]:
    return traces(*(sided(MONDAY + timedelta(days=k), k) for k in range(count)))


def test_a_place_to_which_trucks_come_back_a_little_farther_along_is_two() -> None:
    """Gathered within 25 m they would be one, in the middle."""
    x, y, _ = stops_of(days())
    assert len(near(x, y, ONE)) == 1
    assert len(near(x, y, OTHER)) == 1
    assert len(near(x, y, (900.0, 11.0), 40.0)) == 2


@pytest.mark.parametrize("off_m", [0.0, 20.0])
def test_a_place_that_is_served_once_a_day_stays_one(off_m: float) -> None:
    """Though crews stop 20 metres farther along every second day."""
    drives = (sided(MONDAY + timedelta(days=k), k, other=False, off_m=off_m) for k in range(6))
    x, y, _ = stops_of(traces(*drives))
    assert len(near(x, y, ONE, 40.0)) == 1


def test_where_trucks_stood_elsewhere_close_by_now_and_then_is_no_place_of_its_own() -> None:
    """One day of six they stood 30 m on, too far to be gathered: whoever lives there is served by the stop."""
    moved = [(x, y + 30.0) if (x, y) == ONE else (x, y) for x, y in EAST]
    usual = [Drive(MONDAY + timedelta(days=k), "08:30").serve(EAST, 60.0) for k in range(8)]
    odd = [Drive(MONDAY + timedelta(days=8 + k), "08:30").serve(moved, 60.0) for k in range(2)]
    x, y, _ = stops_of(traces(*usual, *odd))
    assert len(near(x, y, ONE, 40.0)) == 1


def test_a_truck_on_one_side_has_not_served_the_other() -> None:
    """The day so far, and past days too, count a stand at the nearer of the two only."""
    learned = days()
    x, y, _ = stops_of(learned)
    library = Library([Day("17", 739_000 + k, each) for k, each in enumerate(learned)], x, y)
    (one,), (other,) = near(x, y, ONE), near(x, y, OTHER)
    assert library.rivals[one].tolist() == [other]
    assert library.rivals[other].tolist() == [one]
    services = library.services
    rows = [np.flatnonzero((services.day == 3) & (services.place == place)) for place in (one, other)]
    assert [len(each) for each in rows] == [1, 1]
    assert services.in_s[rows[1][0]] - services.out_s[rows[0][0]] > 300.0
    served = today_after(library, fixes(Drive(MONDAY, "08:33").serve(EAST, 60.0).pings))[1].served
    assert (bool(served[one]), bool(served[other])) == (True, False)


def test_days_that_only_wait_there_once_leave_the_sides_apart() -> None:
    """Another truck that stops at a light there each day says nothing of who serves which side."""
    learned = days()
    waits = traces(*(Drive(MONDAY + timedelta(days=k), "11:00").to(900.0, 0.0).stand(30.0) for k in range(5)))
    x, y, _ = stops_of(learned)
    library = Library([Day("17", 739_000 + k, each) for k, each in enumerate((*learned, *waits))], x, y)
    (one,), (other,) = near(x, y, ONE), near(x, y, OTHER)
    assert library.rivals[one].tolist() == [other]


def test_each_side_is_told_of_its_own_service() -> None:
    """A home on either side hears in time before the truck comes for it."""
    learned = profile_of(sided(day, k) for k, day in enumerate(weekdays(8)))
    today = sided(weekdays(9)[-1], 4)
    alerts = told(learned, [home(1, (900.0, -8.0), 5.0), home(2, (900.0, 31.0), 5.0)], today)
    for name, spot in (("s1", ONE), ("s2", OTHER)):
        (alert,) = alerts[name]
        assert 2.5 <= minutes_before(alert, today.reached[spot]) <= 8.0, name
