"""The outlook: which past days say how long it will take."""

from __future__ import annotations

import numpy as np
import pytest

from geofence.forecast.library import Day, Library
from geofence.forecast.outlook import Manner, outlook
from geofence.forecast.today import Guide
from geofence.forecast.walk import Trace, trace_of

NINE, ELEVEN = 9 * 3600.0, 11 * 3600.0
STOPS = np.arange(500.0, 4001.0, 500.0)
REST_AT_M = 2250.0


def day(begin_s: float, rest_s: float = 0.0, until_m: float = 4200.0, seed: int = 0) -> Trace:
    """Drive east, a minute at every stop, and perhaps a rest between two of them."""
    chance = np.random.default_rng(seed)
    at_s, x, fixes = begin_s, 0.0, []
    stays = dict.fromkeys(STOPS.tolist(), 60.0) | {REST_AT_M: rest_s}
    while x <= until_m:
        for _ in range(1 + int(stays.get(x, 0.0) // 5)):
            fixes.append((at_s, x + chance.normal(0.0, 2.0), chance.normal(0.0, 2.0)))
            at_s += 5.0
        x += 25.0
    return trace_of(*np.array(fixes).T)


def foretold_s(past: Library, today: Trace, stop_m: float) -> float:
    """Follow a day to its end; tell the middle of the time to a stop."""
    guide = Guide(past)
    so_far = guide.begin("today", float(today.in_s[0]), float(today.x[0]), float(today.y[0]), "17")
    for at_s, x, y in zip(today.in_s.tolist(), today.x.tolist(), today.y.tolist(), strict=True):
        so_far, _ = guide.follow(so_far, at_s, x, y, "17")
    ahead = outlook(past, so_far.progress, guide.until(so_far, float(today.in_s[-1]), 0), Manner())
    place = int(np.argmin(np.abs(past.place_x - stop_m)))
    return float(ahead.quantiles((0.5,))[0][ahead.place.tolist().index(place)])


@pytest.mark.parametrize(("begin_s", "rests"), [(ELEVEN, True), (NINE, False)])
def test_a_rest_that_keeps_to_the_clock_is_foretold_by_the_clock(begin_s: float, rests: bool) -> None:
    """Days that were here at eleven rested before the next stop, days that were here at nine did not."""
    days = [day(NINE, seed=1), day(ELEVEN, 1800.0, seed=2), day(NINE + 120, seed=3), day(ELEVEN + 60, 1800.0, seed=4)]
    past = Library([Day("17", 739_000 + k, trace) for k, trace in enumerate(days)], STOPS, np.zeros(len(STOPS)))
    left_s = foretold_s(past, day(begin_s + 90, until_m=2100.0, seed=9), 3000.0)
    assert (left_s > 1500.0) is rests
