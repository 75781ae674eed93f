"""Walks: knots some 30 m apart whatever the interval, none from noise, no jump that a truck could not drive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.forecast.walk import BELIEVE_AFTER, HOP_M, SPACING_M, Floats, Knot, Trace, begin, onward, trace_of

Fix = tuple[float, float, float]


def trace(fixes: list[Fix]) -> Trace:
    """Walk fixes given as (at_s, x, y)."""
    at_s, x, y = np.array(fixes).reshape(-1, 3).T
    return trace_of(at_s, x, y)


def hops(walk: Trace) -> Floats:
    return np.hypot(np.diff(walk.x), np.diff(walk.y))


@pytest.mark.parametrize("every_s", [1, 2, 5, 10, 15, 30, 60])
def test_knots_are_some_thirty_metres_apart_whatever_the_interval(every_s: int) -> None:
    """On a straight drive at 7 m/s neighbours are 25 to 45 m apart, and their number is the same within a quarter."""
    walk = trace([(float(t), 7.0 * t, 0.0) for t in range(0, 601, every_s)])
    assert hops(walk).min() >= HOP_M - 1e-9
    assert hops(walk).max() <= 1.5 * SPACING_M + 1e-9
    assert len(walk) == pytest.approx(4200.0 / SPACING_M, rel=0.25)


@pytest.mark.parametrize("every_s", [5, 20, 60])
def test_a_knot_between_two_fixes_has_the_time_in_between(every_s: int) -> None:
    """What is drawn on a long leg was reached in proportion to the way."""
    walk = trace([(float(t), 7.0 * t, 0.0) for t in range(0, 601, every_s)])
    assert np.abs(walk.in_s - walk.x / 7.0).max() < 1e-6


def test_noise_while_standing_makes_no_knots() -> None:
    """Ten minutes at one spot with a noise of 4 m are a single knot near it, but for one time in fifty at most."""
    apart = 0
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(0.0, 4.0, (120, 2))
        walk = trace([(5.0 * k, x, y) for k, (x, y) in enumerate(noise.tolist())])
        apart += len(walk) > 1
        longest = int(np.argmax(walk.out_s - walk.in_s))
        assert np.hypot(walk.x[longest], walk.y[longest]) < 3.0
    assert apart <= 2


@given(st.lists(st.tuples(st.floats(0, 12.0), st.floats(0, 6.28)), min_size=1, max_size=60))
def test_jitter_of_less_than_half_a_hop_never_makes_a_knot(polar: list[tuple[float, float]]) -> None:
    """As long as all fixes lie within 12 m of one spot, the truck has not moved."""
    fixes = [(float(k), r * np.cos(a), r * np.sin(a)) for k, (r, a) in enumerate(polar)]
    assert len(trace(fixes)) == 1


def test_a_jump_that_no_truck_could_drive_is_passed_over() -> None:
    """One fix five kilometres away leaves no mark on the walk."""
    clean = [(5.0 * k, 35.0 * k, 0.0) for k in range(40)]
    jumped = [*clean[:20], (97.0, 5000.0, 5000.0), *clean[20:]]
    assert np.array_equal(trace(jumped).x, trace(clean).x)
    assert np.array_equal(trace(jumped).in_s, trace(clean).in_s)


def test_a_new_place_is_believed_after_three_consistent_fixes() -> None:
    """Two fixes at the far place are doubted; with the third the walk goes on there, and nothing is drawn between."""
    here = [(5.0 * k, 35.0 * k, 0.0) for k in range(10)]
    there = [(50.0 + 5.0 * k, 9000.0 + 35.0 * k, 0.0) for k in range(BELIEVE_AFTER)]
    assert BELIEVE_AFTER == 3
    assert trace([*here, *there[:2]]).x.max() < 1000.0
    believed = trace([*here, *there])
    assert believed.x.max() >= 9000.0
    assert not ((believed.x > 1000.0) & (believed.x < 8900.0)).any()


def test_two_fixes_that_jump_to_different_places_prove_nothing() -> None:
    """Doubted fixes count only while each could be driven from the one before."""
    here = [(5.0 * k, 0.0, 0.0) for k in range(10)]
    wild = [(50.0 + 5.0 * k, 9000.0 * (-1) ** k, 9000.0) for k in range(6)]
    assert len(trace([*here, *wild])) == 1


def test_a_knot_of_a_truck_that_stood_is_where_it_stood() -> None:
    """A truck that rolls to its stop is at the mean of its fixes, not where the knot was opened."""
    fixes = [(0.0, 0.0, 0.0), (5.0, 30.0, 0.0), *((10.0 + 5.0 * k, 48.0, 0.0) for k in range(12))]
    walk = trace([*fixes, (75.0, 120.0, 0.0)])
    stood = int(np.argmax(walk.out_s - walk.in_s))
    assert walk.in_s[stood] == 5.0
    assert abs(walk.x[stood] - 48.0) < 3.0


def test_a_truck_whose_tracker_is_silent_while_it_stands_stood_where_it_fell_silent() -> None:
    """Two minutes of silence and then a fix 40 m on: it stood for nearly all of them, and then drove there."""
    driving = [(5.0 * k, 35.0 * k, 0.0) for k in range(5)]
    walk = trace([*driving, (140.0, 180.0, 0.0), (145.0, 215.0, 0.0)])
    stood = int(np.argmax(walk.out_s - walk.in_s))
    assert (walk.x[stood], walk.in_s[stood]) == (140.0, 20.0)
    assert 110.0 <= walk.out_s[stood] - walk.in_s[stood] < 120.0


def test_a_tracker_that_speaks_when_it_has_moved_a_little_does_not_move_the_stop() -> None:
    """The first fix after the silence lies 20 m on, within the same knot: the stop stays where the truck stood."""
    driving = [(5.0 * k, 35.0 * k, 0.0) for k in range(5)]
    walk = trace([*driving, (140.0, 160.0, 0.0), (145.0, 195.0, 0.0)])
    stood = int(np.argmax(walk.out_s - walk.in_s))
    assert walk.out_s[stood] - walk.in_s[stood] > 110.0
    assert abs(walk.x[stood] - 140.0) < 2.0


def test_a_truck_that_comes_out_of_a_hole_in_the_network_did_not_stand_before_it() -> None:
    """After two minutes 300 m on, it drove all the while, as far as anybody knows."""
    walk = trace([(0.0, 0.0, 0.0), (5.0, 35.0, 0.0), (125.0, 335.0, 0.0), (130.0, 370.0, 0.0)])
    assert (walk.out_s - walk.in_s).max() == 0.0


def test_a_tracker_that_seldom_speaks_is_not_taken_for_silent() -> None:
    """A fix a minute, 50 m on: no longer than this tracker is silent anyway, so the truck may have crept."""
    walk = trace([*((60.0 * k, 300.0 * k, 0.0) for k in range(5)), (300.0, 1250.0, 0.0), (360.0, 1550.0, 0.0)])
    assert (walk.out_s - walk.in_s).max() == 0.0


steps = st.lists(
    st.tuples(st.floats(-2.0, 400.0), st.floats(-6000.0, 6000.0), st.floats(-6000.0, 6000.0)), min_size=1, max_size=50
)


@given(steps)
def test_the_times_of_a_walk_never_go_back(moves: list[tuple[float, float, float]]) -> None:
    """Whatever fixes come, in whatever order, each knot is left after it was reached, and before the next one is."""
    at_s, fixes = 0.0, []
    for later_s, x, y in moves:
        at_s += later_s
        fixes.append((at_s, x, y))
    walk = trace(fixes)
    assert len(walk) >= 1
    assert (walk.in_s <= walk.out_s).all()
    assert (walk.out_s[:-1] <= walk.in_s[1:]).all()


@given(steps)
def test_the_walk_fix_by_fix_is_the_walk_of_the_day(moves: list[tuple[float, float, float]]) -> None:
    """What `onward` closes one fix after the other is, for a truck that can be believed, the trace of the whole."""
    at_s, fixes, x, y = 0.0, [], 0.0, 0.0
    for later_s, east, north in moves:
        at_s += abs(later_s) + 1.0
        x, y = x + east / 200.0, y + north / 200.0
        fixes.append((at_s, x, y))
    walk = begin(*fixes[0])
    knots: list[Knot] = []
    for fix in fixes[1:]:
        walk, closed = onward(walk, *fix)
        knots.extend(closed)
    knots.append(walk.closed())
    assert [(k.x, k.y, k.in_s, k.out_s) for k in knots] == list(
        zip(*(c.tolist() for c in (trace(fixes).x, trace(fixes).y, trace(fixes).in_s, trace(fixes).out_s)), strict=True)
    )
