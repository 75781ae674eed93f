"""Halts: how long a truck has been where it is, though its stand drifts, or it loads at two bays of one yard."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from geofence.forecast.halts import HALT_M, Halt, halted_s, halts_of, onward
from geofence.forecast.library import Day, Library
from geofence.forecast.outlook import Outlook
from geofence.forecast.rehearsal import fixes_of
from geofence.forecast.walk import Trace, Walk, trace_of
from tests.unit.test_forecast_outlook import ahead

YARD_M, NEXT_M = 900.0, 2400.0
DRIFTS = ((0.0, 0.0), (32.0, 6.0), (4.0, 31.0))


def trace(*knots: tuple[float, float, float, float]) -> Trace:
    """Walk along knots given as (x, y, in_s, out_s)."""
    return Trace(*(np.array(column) for column in zip(*knots, strict=True)))


def day(begin_s: float, yard_s: float, drifts: tuple[tuple[float, float], ...], until_m: float = 2600.0) -> Trace:
    """Drive east, stand in a yard for so long, its fixes drifting from spot to spot, and at the next stop a minute."""
    at_s, x, fixes = begin_s, 0.0, []
    while x <= until_m:
        for _ in range(12 if x == NEXT_M else 1):
            fixes.append((at_s, x, 0.0))
            at_s += 5.0
        if x == YARD_M:
            for drift_x, drift_y in drifts:
                for _ in range(round(yard_s / len(drifts) / 5.0)):
                    fixes.append((at_s, x + drift_x, drift_y))
                    at_s += 5.0
        x += 30.0
    return trace_of(*np.array(fixes).T)


def test_a_stand_that_drifts_is_one_halt() -> None:
    """Three stands within tens of metres, and the way between them: each knot knows when the first began."""
    found = halts_of(
        trace(
            (0, 0, 0, 3),
            (100, 0, 10, 60),
            (130, 10, 65, 68),
            (110, 35, 70, 200),
            (108, 2, 205, 290),
            (400, 0, 320, 322),
        )
    )
    assert found.in_s.tolist() == [0, 10, 10, 10, 10, 320]
    assert found.out_s.tolist() == [3, 290, 290, 290, 290, 322]


def test_the_way_out_is_none_of_the_halt() -> None:
    """What is driven after the last stand, though near it, is not standing."""
    found = halts_of(trace((0, 0, 0, 60), (30, 0, 70, 70), (60, 0, 75, 75), (90, 0, 80, 80)))
    assert found.in_s.tolist() == [0, 70, 75, 80]
    assert found.out_s.tolist() == [60, 70, 75, 80]


def test_the_next_stop_is_another_halt() -> None:
    """Beyond the reach of the first stand a halt begins anew."""
    found = halts_of(trace((0, 0, 0, 60), (HALT_M + 1.0, 0, 80, 140)))
    assert found.in_s.tolist() == [0, 80]
    assert found.out_s.tolist() == [60, 140]


def test_a_truck_under_way_is_heard_as_past_days_were() -> None:
    """Knot by knot: how long it has halted at the end of each stand is what the whole day says of it."""
    whole = day(0.0, 720.0, DRIFTS)
    halts = halts_of(whole)
    knots = list(whole.knots())
    stands = [k for k, knot in enumerate(knots) if knot.out_s - knot.in_s >= 15.0]
    assert len(stands) >= len(DRIFTS) + 1
    for k in stands:
        knot = knots[k]
        before: Halt | None = reduce(onward, knots[:k], None)
        walk = Walk(knot.x, knot.y, knot.in_s, knot.out_s, knot.x, knot.y)
        assert halted_s(before, walk, knot.out_s) == knot.out_s - halts.in_s[k]


def seen_from_the_yard(days: list[Trace], stood_s: float, drifts: tuple[tuple[float, float], ...]) -> Outlook:
    """Look ahead when a truck has stood in the yard for so long."""
    past = Library(
        [Day("17", 739_000 + k, each) for k, each in enumerate(days)], np.array([YARD_M, NEXT_M]), np.zeros(2)
    )
    now = fixes_of(day(30.0, stood_s, drifts, until_m=YARD_M))
    return ahead(past, zip(*(column.tolist() for column in now), strict=True))


def left_s(found: Outlook) -> float:
    """Tell the middle of the time to the next stop."""
    return float(found.quantiles((0.5,))[0][found.place.tolist().index(1)])


@pytest.mark.parametrize("drifts", [DRIFTS[:1], DRIFTS])
def test_a_stand_that_drifts_is_not_begun_anew(drifts: tuple[tuple[float, float], ...]) -> None:
    """Past days stood in the yard for twelve minutes; after ten of them two are left, however the fixes wander."""
    days = [day(60.0 * k, 720.0, DRIFTS[: 1 + k % 3]) for k in range(5)]
    way_s = (NEXT_M - YARD_M) / 6.0
    assert left_s(seen_from_the_yard(days, 600.0, drifts)) - way_s == pytest.approx(120.0, abs=60.0)


def test_days_that_had_left_by_now_say_less_of_how_long_it_stays() -> None:
    """Three days stood for three minutes, three for a quarter of an hour; after six it is like the long ones."""
    days = [day(60.0 * k, 900.0 if k % 2 else 180.0, DRIFTS[:1]) for k in range(6)]
    way_s = (NEXT_M - YARD_M) / 6.0
    assert left_s(seen_from_the_yard(days, 360.0, DRIFTS[:1])) - way_s > 300.0


def test_a_truck_that_outstayed_every_day_stays_on_a_while() -> None:
    """Past days stood for four minutes; after twenty it rests or is broken down, and need not leave at once."""
    days = [day(60.0 * k, 240.0, DRIFTS[:1]) for k in range(5)]
    way_s = (NEXT_M - YARD_M) / 6.0
    assert left_s(seen_from_the_yard(days, 1_200.0, DRIFTS[:1])) - way_s > 90.0
