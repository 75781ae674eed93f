"""A timetable as a first guess: minutes-leads on the first day, with honest intervals, until real days are known."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.forecast.alongside import along
from geofence.forecast.learn import learn
from geofence.forecast.library import Day
from geofence.forecast.profile import Profile, encode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.timetable import PACES, WIDE, Plan, PlannedStop, planned, timetable_of
from geofence.forecaster import Forecaster
from geofence.geometry import stretch
from gomikuru import places
from gomikuru.city_files.routes_geojson import read_routes
from gomikuru.plans import plans_of, stretch_of
from tests.support.rounds import CITY, LAT, Drive, home, minutes_before, routes_document, told, weekdays

STREET = [(300.0 * k, 0.0) for k in range(1, 13)]
TIMES = [f"{8 + (30 + 2 * k) // 60:02d}:{(30 + 2 * k) % 60:02d}" for k in range(12)]
"""Three hundred metres and two minutes from stop to stop, from half past eight on."""
TODAY = date(2026, 11, 9)


def drawn(times: list[str] = TIMES, name: str = "A", **line: object) -> list[Plan]:
    """The street as a planned route."""
    stops = [(x, y, time) for (x, y), time in zip(STREET, times, strict=True)]
    routes, problems = read_routes(routes_document({name: stops}, **line))
    assert problems == []
    return plans_of(routes, stretch_of(routes))


def usual(day: date, seconds: float = 70.0, truck: str = "17") -> Drive:
    return Drive(day, "08:29", truck).serve(STREET, seconds).to(-1500.0, 0.0)


def seen(count: int, truck: str = "17") -> list[Day]:
    """Days that were really driven."""
    recording = Recording(CITY)
    for day in weekdays(count):
        recording.add(usual(day, truck=truck).pings)
    return recording.days(stretch(LAT))


@lru_cache(maxsize=1)
def day_one() -> Profile:
    """What is known before the first ping."""
    return learn([], stretch(LAT), plans=drawn())


def test_on_the_first_day_homes_are_told_from_the_timetable_alone() -> None:
    """With no past day at all, a home of the route is told between half and twice its lead before the truck comes."""
    today = usual(TODAY)
    spots = [STREET[7], STREET[11]]
    alerts = told(encode_profile(day_one()), [home(k, spot) for k, spot in enumerate(spots, start=1)], today)
    for k, spot in enumerate(spots, start=1):
        (alert,) = alerts[f"s{k}"]
        assert 5.0 <= minutes_before(alert, today.reached[spot]) <= 20.0
        assert alert.route == "A"


def test_an_interval_from_a_timetable_is_wider_than_one_from_days_that_were_seen() -> None:
    """Whoever reads the alert sees that less is known."""
    today = usual(TODAY)
    widths = []
    for profile in (day_one(), learn(seen(6), stretch(LAT))):
        ((alert,),) = told(encode_profile(profile), [home(1, STREET[11])], today).values()
        assert alert.eta_low_ms is not None
        assert alert.eta_high_ms is not None
        widths.append(alert.eta_high_ms - alert.eta_low_ms)
    assert widths[0] > 1.5 * widths[1]


def test_intervals_are_stretched_on_days_that_were_planned_and_not_on_days_that_were_seen() -> None:
    """A truck that seems to be on a planned day has the wide intervals, on a seen one those of the rehearsals."""
    profile = learn(seen(1), stretch(LAT), plans=drawn())
    forecaster = Forecaster(profile, "v")
    found = [forecaster.calibration(day) is WIDE for day in range(len(profile.days))]
    assert found == [planned(day) for day in profile.days] == [True, True, True, False]


@pytest.mark.parametrize(("days", "left"), [(0, len(PACES)), (1, len(PACES) - 2), (2, len(PACES) - 4), (3, 0)])
def test_planned_days_give_way_to_days_that_were_seen(days: int, left: int) -> None:
    """Each day seen on the route takes the place of two planned ones; after three none is left."""
    found = timetable_of(drawn(), seen(days))
    assert len(found.days) == left
    assert {day.vehicle for day in found.days} <= {"17" if days else "route:A"}
    assert found.crews == (("A", "17" if days else "route:A"),)


def test_days_of_another_round_leave_the_timetable_as_it_is() -> None:
    """Another weekday's day, and one that only passed the stops, have not driven the route."""
    recording = Recording(CITY)
    recording.add(Drive(TODAY, "08:29").to(4000.0, 0.0, mps=8.0).to(0.0, 0.0, mps=8.0).pings)
    (passed,) = recording.days(stretch(LAT))
    assert len(timetable_of(drawn(), [passed]).days) == len(PACES)
    assert len(timetable_of(drawn(weekdays="sun"), seen(3)).days) == len(PACES)


def test_what_was_learned_promises_nothing_when_it_is_learned_again() -> None:
    """A route that pings taught makes no planned days, so that learning twice gives the same profile."""
    assert timetable_of(drawn(learned=True), []).days == ()
    once, again = (learn(seen(1), stretch(LAT), plans=plans) for plans in ([], drawn(learned=True)))
    assert [day.ordinal for day in once.days] == [day.ordinal for day in again.days]


def test_a_planned_day_stands_at_each_stop_from_its_time_on() -> None:
    """At the timetable's own pace the truck reaches each stop within twenty seconds of its time, and stands there."""
    trace = timetable_of(drawn(), []).days[0].trace
    for plan in drawn():
        for stop in plan.stops:
            here = (np.hypot(trace.x - stop.x, trace.y - stop.y) < 25.0) & (trace.out_s - trace.in_s >= 20.0)
            assert here.any()
            assert abs(float(trace.in_s[here].min()) - (stop.at_s or 0.0)) <= 20.0


def test_a_long_pause_in_the_timetable_is_no_place_to_load() -> None:
    """A break of half an hour between two stops makes no place beside the stops."""
    times = [*TIMES[:6], *(f"09:{10 + 2 * k}" for k in range(6))]
    profile = learn([], stretch(LAT), plans=drawn(times))
    assert profile.stops == len(STREET)


def test_stops_without_a_time_are_passed_in_between() -> None:
    """Where every third stop has a time, the others are reached in order and evenly."""
    times = [time if k % 3 == 0 else "" for k, time in enumerate(TIMES)]
    profile = learn([], stretch(LAT), plans=drawn(times))
    assert profile.stops == len(STREET)
    today = usual(TODAY)
    ((alert,),) = told(encode_profile(profile), [home(1, STREET[10])], today).values()
    assert 5.0 <= minutes_before(alert, today.reached[STREET[10]]) <= 20.0


@given(st.lists(st.integers(0, 40), min_size=2, max_size=12), st.booleans())
def test_stops_keep_their_order_along_a_line_that_comes_back(steps: list[int], back: bool) -> None:
    """Whatever the stops, the metres driven never fall, and stops on a line lie where they were put."""
    put = np.sort(np.array(steps, dtype=np.float64)) * 25.0
    x, y = np.array([0.0, 1000.0, 0.0 if back else 2000.0]), np.zeros(3)
    found = along(x, y, [(float(each), 0.0) for each in put])
    assert (np.diff(found) >= 0.0).all()
    assert np.abs(np.interp(found, [0.0, 1000.0, 2000.0], x) - put).max() <= 5.0


def test_the_second_side_of_a_street_is_served_on_the_way_back() -> None:
    """Where the order says so, a stop near the beginning lies on the second pass."""
    x, y = np.array([0.0, 1000.0, 0.0]), np.array([0.0, 0.0, 10.0])
    there, turn, back = along(x, y, [(200.0, 0.0), (900.0, 0.0), (300.0, 7.0)]).tolist()
    assert (there, turn) == (200.0, 900.0)
    assert abs(back - 1700.0) <= 6.0


def test_the_sample_city_can_be_learned_from_its_timetable() -> None:
    """All twelve routes of the template give days, at places where nearly all of their stops are."""
    routes, _ = read_routes((places.sample_cities() / "sample" / "routes.geojson").read_bytes())
    plans = plans_of(routes[:2], stretch_of(routes))
    profile = learn([], stretch_of(routes), plans=plans)
    assert all(planned(day) for day in profile.days)
    assert {day.vehicle for day in profile.days} == {"route:burn-1", "route:burn-2"}
    for plan in plans:
        spots = np.array([(stop.x, stop.y) for stop in plan.stops])
        away = [np.hypot(profile.place_x - x, profile.place_y - y).min() for x, y in spots]
        assert float(np.mean(np.array(away) <= 40.0)) >= 0.95


def test_stops_that_share_a_minute_are_spread_over_it() -> None:
    """Two stops with one time are reached one after the other, and the plan with a single time makes no day."""
    stop = [PlannedStop(100.0 * k, 0.0, 60.0 * (k // 2)) for k in range(6)]
    plan = Plan("B", (0,), np.array([0.0, 500.0]), np.zeros(2), tuple(stop))
    trace = timetable_of([plan], []).days[0].trace
    reached = [float(trace.in_s[np.hypot(trace.x - each.x, trace.y) < 15.0].min()) for each in stop]
    assert (np.diff(reached) > 0.0).all()
    alone = Plan("C", (), plan.x, plan.y, (stop[0], PlannedStop(500.0, 0.0)))
    assert timetable_of([alone], []).days == ()
