"""Where trucks serve: routine stops, and the streets that they work along. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.cells import Cells
from geofence.forecast.hours import Hours, all_day
from geofence.forecast.sides import both_sides
from geofence.forecast.stands import stands_of
from geofence.forecast.turns import by_hours
from geofence.forecast.walk import Floats, Ints, Trace

LONG_S = 240.0
LONGEST_S = 900.0
AMONG_M = 800.0
"""Blocks of flats take up to LONGEST_S to serve: a stay of LONG_S is no tip where other stops are so near."""
MERGE_M = 25.0
ALONG_M = 45.0
CRAWL_MPS = 3.0


class Places(msgspec.Struct, frozen=True):
    """Where trucks serve, in ground metres, and at which hours; the first `stops` are stops, the others streets."""

    x: Floats
    y: Floats
    hours: Hours
    stops: int


def places_of(traces: Sequence[Trace], date: Sequence[int]) -> Places:
    """Find the places of past days; a stop that is served twice a day, hours apart, is two.

    `date`: of each day, a number; what days of one date serve is served on one day.
    """
    x, y, stops = stops_of(traces)
    stop_x, stop_y, hours = by_hours(stands_of(traces), np.array(date, dtype=np.int64), x[:stops], y[:stops])
    streets = all_day(len(x) - stops)
    return Places(
        np.concatenate((stop_x, x[stops:])),
        np.concatenate((stop_y, y[stops:])),
        Hours(np.concatenate((hours.from_s, streets.from_s)), np.concatenate((hours.until_s, streets.until_s))),
        len(stop_x),
    )


def stops_of(traces: Sequence[Trace]) -> tuple[Floats, Floats, int]:
    """Find the places where trucks stop to load, then (after so many) the streets served at a crawl."""
    stands = stands_of(traces)
    loading = stands.stood_s < LONGEST_S
    x, y, stood_s, day = stands.x[loading], stands.y[loading], stands.stood_s[loading], stands.day[loading]
    need = 2 if len(traces) > 1 else 1
    short = stood_s < LONG_S
    known_x, known_y = _gathered(x[short], y[short], day[short], MERGE_M, need)
    here = short | ~_apart(x, y, known_x, known_y, AMONG_M)
    stop_x, stop_y = both_sides(stands, *_gathered(x[here], y[here], day[here], MERGE_M, need))
    crawl_x, crawl_y, crawl_day = _crawled(traces)
    free = _apart(crawl_x, crawl_y, stop_x, stop_y, ALONG_M)
    more_x, more_y = _gathered(crawl_x[free], crawl_y[free], crawl_day[free], ALONG_M, need=1)
    return np.concatenate((stop_x, more_x)), np.concatenate((stop_y, more_y)), len(stop_x)


def _crawled(traces: Sequence[Trace]) -> tuple[Floats, Floats, Ints]:
    """Tell the knots at which a truck moved so slowly that it served along the way."""
    x, y, day = [], [], []
    for number, trace in enumerate(traces):
        if len(trace) < 2:
            continue
        took = np.maximum(np.diff(trace.in_s), 1.0)
        metres = np.hypot(np.diff(trace.x), np.diff(trace.y))
        slow = np.append((metres / took <= CRAWL_MPS) & (took < LONG_S) & (metres < 200.0), False)
        x.append(trace.x[slow])
        y.append(trace.y[slow])
        day.append(np.full(int(slow.sum()), number, dtype=np.int64))
    return _joined(x), _joined(y), np.concatenate(day) if day else np.zeros(0, dtype=np.int64)


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _gathered(x: Floats, y: Floats, day: Ints, radius_m: float, need: int) -> tuple[Floats, Floats]:
    """Gather points into places: the point with most days around it first, the mean of what it gathers."""
    if not len(x):
        return np.zeros(0), np.zeros(0)
    cells = Cells(x, y, radius_m)
    near = [cells.near(a, b, radius_m)[0] for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    days = np.array([len(np.unique(day[found])) for found in near])
    taken = np.zeros(len(x), dtype=bool)
    places = []
    for k in np.lexsort((np.arange(len(x)), -np.array([len(found) for found in near]), -days)).tolist():
        if taken[k]:
            continue
        group = near[k][~taken[near[k]]]
        taken[near[k]] = True
        if days[k] >= need:
            places.append((float(x[group].mean()), float(y[group].mean())))
    table = np.array(places).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def _apart(x: Floats, y: Floats, from_x: Floats, from_y: Floats, metres: float) -> npt.NDArray[np.bool_]:
    if not len(from_x):
        return np.ones(len(x), dtype=bool)
    cells = Cells(from_x, from_y, metres)
    return np.array([not len(cells.near(a, b, metres)[0]) for a, b in zip(x.tolist(), y.tolist(), strict=True)], bool)
