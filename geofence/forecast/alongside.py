"""Where along a line its stops lie, in their order: a line may pass the same place twice. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geofence.forecast.walk import Floats, Ints

STEP_M = 5.0
NEAR_M = 60.0
SIGMA_M = 10.0
BACK_STEPS = 6
"""How far a stop may lie before the one that precedes it: those on two sides of a street."""


def along(x: Floats, y: Floats, stops: Sequence[tuple[float, float]]) -> Floats:
    """Tell for each stop the metres driven when the truck is at it; they never fall.

    Of the passes by each stop those are taken that together lie closest, and of equal ones the earliest.
    """
    line_m = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    sample_m = np.union1d(line_m, np.arange(0.0, line_m[-1], STEP_M))
    at_x, at_y = np.interp(sample_m, line_m, x), np.interp(sample_m, line_m, y)
    costs: list[Floats] = []
    passes: list[Ints] = []
    came: list[Ints] = []
    for stop_x, stop_y in stops:
        away = np.hypot(at_x - stop_x, at_y - stop_y)
        here = _passes(away)
        cost = np.square(away[here] / SIGMA_M)
        if passes:
            before, total = passes[-1], costs[-1]
            reach = np.where(before[None, :] <= here[:, None] + BACK_STEPS, total[None, :], np.inf)
            best = np.argmin(reach, axis=1)
            came.append(best)
            cost = cost + reach[np.arange(len(here)), best]
        passes.append(here)
        costs.append(cost)
    metres: Floats = np.maximum.accumulate(sample_m[_traced(passes, costs, came)])
    return metres


def _passes(away: Floats) -> Ints:
    """Tell the samples at which the line comes closest to a place, pass by pass, and its end, so that one is left."""
    lower = np.append(True, away[1:] < away[:-1]) & np.append(away[:-1] <= away[1:], True)
    near = np.flatnonzero(lower & (away <= max(NEAR_M, float(away.min()))))
    return np.union1d(near, [len(away) - 1])


def _traced(passes: list[Ints], costs: list[Floats], came: list[Ints]) -> Ints:
    """Go back from the best pass of the last stop."""
    found = np.zeros(len(passes), dtype=np.int64)
    k = int(np.argmin(costs[-1]))
    for stop in range(len(passes) - 1, -1, -1):
        found[stop] = passes[stop][k]
        if stop:
            k = int(came[stop - 1][k])
    return found
