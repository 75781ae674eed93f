"""The rounds that past days show: for each vehicle and each set of weekdays that resemble one another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec
import numpy as np
import shapely

from geofence.forecast.library import Library, in_common
from geofence.forecast.timetable import FIRST_SEEN, PlannedStop
from geofence.forecast.visits import ARRIVAL_M, FREE_MPS
from geofence.forecast.walk import Floats, Ints

ALIKE = 0.4
"""From how much in common on (the share of all places that both served) weekdays are of one round."""
ROUTINE_SHARE = 0.6
PRECISE_M = 4.0
OFF_LINE_M = 45.0
LEAST_STOPS = 2
LEAD_IN_S = 60.0


class LearnedRound(msgspec.Struct, frozen=True):
    """A vehicle's round: the line and the stops of its typical day in ground metres, from when until when it serves."""

    vehicle: str
    weekdays: tuple[int, ...]
    x: Floats
    y: Floats
    stops: tuple[PlannedStop, ...]
    begin_s: float
    end_s: float


def rounds_of(library: Library, stops: int) -> Iterator[LearnedRound]:
    """Find the rounds of all vehicles, in order; `stops`: how many of the places are regular ones."""
    for vehicle in sorted({day.vehicle for day in library.days}):
        seen = [k for k, day in enumerate(library.days) if day.vehicle == vehicle and day.ordinal >= FIRST_SEEN]
        for days in patterns(library, seen):
            found = _round(library, days, stops)
            if found is not None:
                yield found


def patterns(library: Library, days: list[int]) -> list[list[int]]:
    """Group days by their weekdays, joining the two groups that are most alike as long as they are alike enough."""
    groups = [found for each in range(7) if (found := [day for day in days if library.weekday[day] == each])]
    while len(groups) > 1:
        alike, one, other = max(
            (_alike(library, groups[a], groups[b]), -a, -b) for a, b in combinations(range(len(groups)), 2)
        )
        if alike < ALIKE:
            break
        groups[-one] = sorted(groups[-one] + groups.pop(-other))
    return groups


def _alike(library: Library, one: list[int], other: list[int]) -> float:
    """Tell how much days of two groups have in common, in the middle."""
    return float(np.median(in_common(library.served[one], library.served[other])))


def _round(library: Library, days: list[int], stops: int) -> LearnedRound | None:
    arrived, left = _visits(library, days)
    served = np.isfinite(arrived[:, :stops])
    routine = np.flatnonzero(served.mean(axis=0) >= ROUTINE_SHARE)
    typical = _typical(library, days, served[:, routine])
    if len(routine) < LEAST_STOPS or not np.isfinite(arrived[typical, routine]).any():
        return None
    begin_s, end_s = float(np.nanmin(arrived[typical, routine])), float(np.nanmax(left[typical, routine]))
    x, y = _line(library, days[typical], begin_s - LEAD_IN_S, end_s)
    if len(x) < 2:
        return None
    placed = _near(library, routine, x, y)
    if len(placed) < LEAST_STOPS:
        return None
    firsts, lasts = np.nanmin(arrived[:, placed], axis=1), np.nanmax(left[:, placed], axis=1)
    day = library.days[days[0]]
    weekdays = tuple(sorted({int(library.weekday[each]) for each in days}))
    window = float(np.nanmedian(firsts)), float(np.nanmedian(lasts))
    return LearnedRound(day.vehicle, weekdays, x, y, _stops(library, placed, arrived, left), *window)


def _visits(library: Library, days: list[int]) -> tuple[Floats, Floats]:
    """Tell for each day and place when it was first come to, and when it was left then; NaN where it was not served."""
    arrived = np.full((len(days), len(library.place_x)), np.nan)
    left = arrived.copy()
    for row, day in enumerate(days):
        services, first = library.services, library.services.firsts(day)
        place = services.place[first]
        arrived[row, place], left[row, place] = services.in_s[first], services.out_s[first]
    return arrived, left


def _typical(library: Library, days: list[int], served: np.ndarray) -> int:
    """Tell which day served most of the routine stops, and of several the one that is most like the others."""
    like = [_alike(library, [day], days) for day in days]
    return max(range(len(days)), key=lambda k: (int(served[k].sum()), like[k], -k))


def _line(library: Library, day: int, begin_s: float, end_s: float) -> tuple[Floats, Floats]:
    trace = library.days[day].trace
    part = (trace.out_s >= begin_s) & (trace.in_s <= end_s)
    points = np.column_stack((trace.x[part], trace.y[part]))
    if len(points) < 2:
        return points[:, 0], points[:, 1]
    x, y = shapely.get_coordinates(shapely.simplify(shapely.linestrings(points), PRECISE_M)).T
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def _near(library: Library, places: Ints, x: Floats, y: Floats) -> Ints:
    points = shapely.points(library.place_x[places], library.place_y[places])
    near: Ints = places[shapely.distance(shapely.linestrings(x, y), points) <= OFF_LINE_M]
    return near


def _stops(library: Library, places: Ints, arrived: Floats, left: Floats) -> tuple[PlannedStop, ...]:
    """Order the stops by the middle of their times."""
    at_s = np.nanmedian(arrived[:, places], axis=0)
    stood_s = np.maximum(np.nanmedian(left[:, places] - arrived[:, places], axis=0) - 2 * ARRIVAL_M / FREE_MPS, 0.0)
    return tuple(
        PlannedStop(
            float(library.place_x[places[k]]), float(library.place_y[places[k]]), float(at_s[k]), float(stood_s[k])
        )
        for k in np.lexsort((places, at_s)).tolist()
    )
