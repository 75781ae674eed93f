"""When a truck came to a place and served it: passes within 50 m that took longer than driving by would.

A pass is a stay within `ARRIVAL_M` of a place. Its excess is the time that it took beyond what a truck that only drives
needs for the same way; from `need_s` on it served the place (a red light is seldom so long, a bag is seldom so quick).
"""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.cells import Cells
from geofence.forecast.walk import Floats, Ints, Trace

ARRIVAL_M = 50.0
PASS_GAP_S = 90.0
FREE_MPS = 7.0
NEED_S = (12.0, 30.0)
NEED_SHARE = 0.3


class Passes(msgspec.Struct, frozen=True):
    """Passes as columns, in order of place and time: excess over driving by, in seconds."""

    place: Ints
    in_s: Floats
    out_s: Floats
    excess_s: Floats


def passes_of(trace: Trace, places: Cells) -> Passes:
    """Find every pass of a day's walk by each place."""
    rows: list[tuple[int, int]] = []
    for k, (x, y) in enumerate(zip(trace.x.tolist(), trace.y.tolist(), strict=True)):
        found, _ = places.near(x, y, ARRIVAL_M)
        rows.extend((place, k) for place in found.tolist())
    if not rows:
        return Passes(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
    table = np.array(sorted(rows), dtype=np.int64)
    place, knot = table[:, 0], table[:, 1]
    step = _steps(trace)
    into, out = trace.in_s[knot], trace.out_s[knot]
    new = np.ones(len(place), dtype=bool)
    new[1:] = (place[1:] != place[:-1]) | (into[1:] - out[:-1] > PASS_GAP_S)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(place)) - 1
    metres = np.add.reduceat(np.where(new, 0.0, step[knot]), first)
    took = out[last] - into[first]
    return Passes(place[first], into[first], out[last], took - metres / FREE_MPS)


def _steps(trace: Trace) -> Floats:
    """Tell the metres from the knot before to each knot."""
    step = np.zeros(len(trace))
    step[1:] = np.hypot(np.diff(trace.x), np.diff(trace.y))
    return step


def needs_of(passes: list[Passes], places: int) -> Floats:
    """Learn for each place from which excess on a pass served it."""
    low, high = NEED_S
    place = np.concatenate([each.place for each in passes]) if passes else np.zeros(0, dtype=np.int64)
    excess = np.concatenate([each.excess_s for each in passes]) if passes else np.zeros(0)
    need = np.full(places, low)
    order = np.lexsort((excess, place))
    place, excess = place[order], excess[order]
    long = excess >= low
    place, excess = place[long], excess[long]
    starts = np.searchsorted(place, np.arange(places), side="left")
    counts = np.searchsorted(place, np.arange(places), side="right") - starts
    known = counts > 0
    at = starts[known] + (0.75 * (counts[known] - 1)).astype(np.int64)
    need[known] = np.clip(NEED_SHARE * excess[at], low, high)
    return need
