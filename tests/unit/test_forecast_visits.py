"""Passes and services: who stopped at a place, who only drove by, and when the truck arrived."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.forecast.cells import Cells
from geofence.forecast.library import Day, Library
from geofence.forecast.visits import ARRIVAL_M, AT_M, FREE_MPS, PASS_GAP_S, Passes, passes_of
from geofence.forecast.walk import Trace, trace_of


def drive(*parts: tuple[float, float, float], every_s: float = 5.0) -> Trace:
    """Walk a truck along the x axis: parts are (to x, m/s, then stand so many seconds)."""
    at_s, x, fixes = 0.0, 0.0, [(0.0, 0.0)]
    for to, mps, stand_s in parts:
        start, began_s = x, at_s
        took_s = abs(to - x) / mps
        while at_s < began_s + took_s:
            at_s = min(at_s + every_s, began_s + took_s)
            x = start + (to - start) * (at_s - began_s) / took_s
            fixes.append((at_s, x))
        end_s = at_s + stand_s
        while at_s < end_s:
            at_s = min(at_s + every_s, end_s)
            fixes.append((at_s, x))
    table = np.array(fixes)
    return trace_of(table[:, 0], table[:, 1], np.zeros(len(table)))


def visits(trace: Trace, x: float, y: float = 0.0) -> list[tuple[float, float]]:
    """Tell arrival and leaving of each service of a place."""
    library = Library([Day("17", 739_000, trace)], np.array([x]), np.array([y]))
    return list(zip(library.services.in_s.tolist(), library.services.out_s.tolist(), strict=True))


def test_a_stop_of_a_minute_is_a_visit() -> None:
    """A truck that stands at the place for sixty seconds has served it, once."""
    assert len(visits(drive((1000.0, 7.0, 60.0), (2000.0, 7.0, 0.0)), 1000.0)) == 1


def test_a_stop_that_took_long_on_some_days_is_served_on_the_quick_ones_too() -> None:
    """Twenty seconds serve it on nine days, though on four it took four minutes."""
    took_s = [20.0] * 9 + [240.0] * 4
    days = [Day("17", 739_000 + k, drive((1000.0, 7.0, each), (2000.0, 7.0, 0.0))) for k, each in enumerate(took_s)]
    library = Library(days, np.array([1000.0]), np.zeros(1))
    assert library.services.day.tolist() == list(range(13))


@pytest.mark.parametrize("every_s", [1.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("mps", [7.0, 10.0, 14.0])
def test_a_drive_by_is_no_visit(mps: float, every_s: float) -> None:
    """A truck that passes at seven metres a second or more, whatever its interval, has served nobody."""
    assert visits(drive((2000.0, mps, 0.0), every_s=every_s), 1000.0) == []


def test_a_red_light_at_the_next_corner_is_no_visit() -> None:
    """A minute of standing between 35 and 50 m from the place does not serve it."""
    assert AT_M < 45.0 < ARRIVAL_M
    assert visits(drive((1000.0, 7.0, 60.0), (2000.0, 7.0, 0.0)), 1000.0, 45.0) == []


@pytest.mark.parametrize("every_s", [1.0, 5.0, 10.0, 30.0])
def test_the_first_moment_within_fifty_metres_is_the_arrival(every_s: float) -> None:
    """The arrival is told to within a knot's way: never before the truck is within 50 m, at most a hop later."""
    ((into, out),) = visits(drive((1000.0, 7.0, 60.0), (2000.0, 7.0, 0.0), every_s=every_s), 1000.0)
    within_s = (1000.0 - ARRIVAL_M) / 7.0
    assert within_s <= into <= within_s + 45.0 / 7.0
    assert into < 1000.0 / 7.0 + 60.0 <= out + 5.0


def test_two_passes_with_an_hour_between_are_two_visits() -> None:
    """A truck that comes back later in the day has been there twice."""
    there = [(1000.0, 7.0, 60.0), (9000.0, 7.0, 60.0), (1000.0, 7.0, 60.0), (0.0, 7.0, 0.0)]
    found = visits(drive(*there), 1000.0)
    assert len(found) == 2
    assert found[0][1] < found[1][0]


def test_a_walk_far_from_every_place_has_no_passes() -> None:
    """Nothing near gives empty columns."""
    assert len(passes_of(drive((500.0, 7.0, 0.0)), Cells(np.array([9e4]), np.array([0.0]), ARRIVAL_M)).place) == 0


class One(NamedTuple):
    """One pass as the oracle finds it."""

    place: int
    in_s: float
    out_s: float
    excess_s: float


def brute_force(trace: Trace, x: list[float], y: list[float]) -> list[One]:
    """Find every pass by looking at every knot for every place."""
    found: list[One] = []
    for place, (px, py) in enumerate(zip(x, y, strict=True)):
        open_: One | None = None
        for k in range(len(trace)):
            metres = float(np.hypot(px - trace.x[k], py - trace.y[k]))
            if metres > ARRIVAL_M:
                continue
            into, out = float(trace.in_s[k]), float(trace.out_s[k])
            excess_s = out - into
            if k:
                hop = float(np.hypot(trace.x[k] - trace.x[k - 1], trace.y[k] - trace.y[k - 1]))
                excess_s += min(max(into - float(trace.out_s[k - 1]) - hop / FREE_MPS, 0.0), PASS_GAP_S)
            counted_s = excess_s if metres <= AT_M else 0.0
            if open_ is not None and into - open_.out_s <= PASS_GAP_S:
                open_ = One(place, open_.in_s, out, open_.excess_s + counted_s)
                continue
            if open_ is not None:
                found.append(open_)
            open_ = One(place, into, out, counted_s)
        if open_ is not None:
            found.append(open_)
    return found


def rows(passes: Passes) -> list[One]:
    columns = (passes.place, passes.in_s, passes.out_s, passes.excess_s)
    return [One(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


moves = st.lists(
    st.tuples(st.floats(0.0, 120.0), st.floats(0.0, 120.0), st.floats(-60.0, 60.0), st.floats(-60.0, 60.0)),
    min_size=1,
    max_size=60,
)
spots = st.lists(st.tuples(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0)), min_size=1, max_size=12)


@settings(max_examples=150)
@given(moves, spots)
def test_passes_are_those_that_brute_force_finds(
    steps: list[tuple[float, float, float, float]], places: list[tuple[float, float]]
) -> None:
    """On random walks past random places the cells find each pass, its times and its excess."""
    at_s, x, y, knots = 0.0, 0.0, 0.0, []
    for way_s, stand_s, east, north in steps:
        x, y, into = x + east, y + north, at_s + way_s
        at_s = into + stand_s
        knots.append((x, y, into, at_s))
    trace = Trace(*np.array(knots).T.copy())
    px, py = [spot[0] for spot in places], [spot[1] for spot in places]
    found, oracle = rows(passes_of(trace, Cells(np.array(px), np.array(py), ARRIVAL_M))), brute_force(trace, px, py)
    assert [one[:3] for one in found] == [one[:3] for one in oracle]
    assert [one.excess_s for one in found] == pytest.approx([one.excess_s for one in oracle], abs=1e-6)
