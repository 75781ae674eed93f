"""When a truck came to a place and served it: passes within 50 m that took longer than driving by would.

A pass is a stay within `ARRIVAL_M` of a place. Its excess is the time spent at the place itself, within `AT_M`, beyond
what a truck that only drives needs for the same way; from `need_s` on it served the place. So a red light at the next
corner is no service, and a bag is seldom so quick.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.cells import Cells
from geofence.forecast.hours import Hours
from geofence.forecast.walk import Bools, Floats, Ints, Trace

ARRIVAL_M = 50.0
AT_M = 40.0
"""Crews stop now here, now there: within 25 m three services of a hundred were lost."""
PASS_GAP_S = 90.0
FREE_MPS = 7.0
NEED_S = (12.0, 60.0)
NEED_SHARE = 0.3
SHARE_WHERE_ONE_WAITS = 0.4
WAITS = 1.15
USUAL = 0.6
"""Of what a service takes, the quantile that is usual: now and then somebody chats, or the light is red as well."""
LONGEST_SHARE = 0.25
MOST_S = 150.0


class Passes(msgspec.Struct, frozen=True):
    """Passes as columns, in order of place and time: excess over driving by, in seconds."""

    place: Ints
    in_s: Floats
    out_s: Floats
    excess_s: Floats


def passes_of(trace: Trace, places: Cells, rivals: Ints | None = None, hours: Hours | None = None) -> Passes:
    """Find every pass of a day's walk by a place in its hours; where a rival is nearer, a truck is not at it."""
    knot, place, away = places.near_many(trace.x, trace.y, ARRIVAL_M)
    if hours is not None:
        kept = hours.covers(place, trace.in_s[knot])
        knot, place, away = knot[kept], place[kept], away[kept]
    if not len(place):
        return Passes(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
    order = np.lexsort((knot, place))
    place, knot, away = place[order], knot[order], away[order]
    at = away <= AT_M
    if rivals is not None:
        at &= nearest_of(places, rivals, place, away, trace.x[knot], trace.y[knot])
    into, out = trace.in_s[knot], trace.out_s[knot]
    new = np.ones(len(place), dtype=bool)
    new[1:] = (place[1:] != place[:-1]) | (into[1:] - out[:-1] > PASS_GAP_S)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(place)) - 1
    excess = np.add.reduceat(np.where(at, _excess(trace)[knot], 0.0), first)
    return Passes(place[first], into[first], out[last], excess)


def nearest_of(places: Cells, rivals: Ints, place: Ints, away: Floats, x: Floats, y: Floats) -> Bools:
    """Tell for a spot of each place, so far away from it, whether none of its rivals is nearer."""
    best = np.ones(len(place), dtype=bool)
    for column in rivals.T:
        known = np.flatnonzero(column[place] >= 0)
        rival = column[place[known]]
        best[known] &= np.hypot(places.x[rival] - x[known], places.y[rival] - y[known]) >= away[known]
    return best


def _excess(trace: Trace) -> Floats:
    """Tell at each knot the seconds beyond driving through: those of standing, and of the way into it."""
    stood = trace.out_s - trace.in_s
    way = np.zeros(len(trace))
    way[1:] = trace.in_s[1:] - trace.out_s[:-1] - np.hypot(np.diff(trace.x), np.diff(trace.y)) / FREE_MPS
    excess: Floats = stood + np.clip(way, 0.0, PASS_GAP_S)
    return excess


def longest_of(passes: Passes) -> Floats:
    """Tell for each pass the longest excess of any pass by the same place on that day."""
    if not len(passes.place):
        return np.zeros(0)
    first = np.flatnonzero(firsts(passes.place))
    counts = np.diff(np.append(first, len(passes.place)))
    longest: Floats = np.repeat(np.maximum.reduceat(passes.excess_s, first), counts)
    return longest


def strength_of(passes: Sequence[Passes], places: int) -> Floats:
    """Tell how much loading there is at each place: the longest excess of each day, capped, over all days."""
    total = np.zeros(places)
    for each in passes:
        place, first = np.unique(each.place, return_index=True)
        total[place] += np.minimum(longest_of(each)[first], MOST_S)
    return total


def needs_of(passes: Sequence[Passes], places: int) -> Floats:
    """Learn for each place from which excess on a pass served it: a share of what the longest pass of a day takes.

    Where a day often has several passes that take a while, there is a light, or a queue: there the share is larger.
    """
    low, high = NEED_S
    need = np.full(places, low)
    place = _joined([each.place for each in passes])
    excess = np.concatenate([each.excess_s for each in passes] or [np.zeros(0)])
    longest = np.concatenate([longest_of(each) for each in passes] or [np.zeros(0)])
    once = np.concatenate([firsts(each.place) for each in passes] or [np.zeros(0, bool)])
    took = np.bincount(place[excess >= low], minlength=places)
    kept = once & (longest >= low)
    days = np.bincount(place[kept], minlength=places)
    share = np.where(took > WAITS * days, SHARE_WHERE_ONE_WAITS, NEED_SHARE)
    place, longest = place[kept], longest[kept]
    order = np.lexsort((longest, place))
    starts = np.cumsum(days) - days
    known = np.flatnonzero(days)
    usual = longest[order][starts[known] + (USUAL * (days[known] - 1)).astype(np.int64)]
    need[known] = np.clip(share[known] * usual, low, high)
    return need


def firsts(place: Ints) -> npt.NDArray[np.bool_]:
    """Tell which passes are the first of their place on a day."""
    return np.append(True, place[1:] != place[:-1])[: len(place)]


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def served_by(passes: Passes, need_s: Floats) -> npt.NDArray[np.bool_]:
    """Tell which passes of a day served: long enough for the place, and no mere fraction of the day's longest there."""
    served: npt.NDArray[np.bool_] = (passes.excess_s >= need_s[passes.place]) & (
        passes.excess_s >= LONGEST_SHARE * longest_of(passes)
    )
    return served
