"""Stops so near one another that a truck at one seems to be at the other: the two sides of a street, served by turns.

A truck that serves one side and comes back for the other stands twice a day at places some 20 m apart. Where past days
show that, there are two places, rivals: only the nearer of them is served by a stand. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geofence.forecast.cells import Cells
from geofence.forecast.stands import Stands, stands_of
from geofence.forecast.visits import AT_M
from geofence.forecast.walk import Bools, Floats, Ints, Trace

RIVALS_M = 45.0
"""Farther apart, a stand at one is hardly taken for one at the other."""
COME_BACK_S = 60.0
APART_M = 12.0
LEAST_DAYS = 3.0
MOST_DAYS = 0.6
SOME_DAYS = 0.3
RIGHT_SIDE = 0.8
SPLINTER = 0.3
"""A place with a smaller share of the days of another that is so near is a splinter of it."""


def nearest_place(stands: Stands, x: Floats, y: Floats) -> Ints:
    """Tell for each stand the nearest place that it may serve, -1 where there is none."""
    place = np.full(len(stands.x), -1, dtype=np.int64)
    row, found, away = Cells(x, y, AT_M).near_many(stands.x, stands.y, AT_M)
    order = np.lexsort((-away, row))
    place[row[order]] = found[order]
    return place


def both_sides(stands: Stands, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Make two places of each to which trucks come back within the day to stand a little farther along."""
    nearest = nearest_place(stands, x, y)
    found_x, found_y = x.copy(), y.copy()
    more: list[tuple[float, float]] = []
    for place in np.flatnonzero(np.bincount(nearest[nearest >= 0], minlength=len(x)) > 1).tolist():
        sides = _sides(stands, np.flatnonzero(nearest == place))
        if sides is not None:
            (found_x[place], found_y[place]), other = sides
            more.append(other)
    table = np.array(more).reshape(-1, 2)
    found_x, found_y = np.concatenate((found_x, table[:, 0])), np.concatenate((found_y, table[:, 1]))
    kept = ~_splinters(stands, found_x, found_y)
    return found_x[kept], found_y[kept]


def _splinters(stands: Stands, x: Floats, y: Floats) -> Bools:
    """Mark places at which a few of the trucks stood that else stand at another close by."""
    nearest = nearest_place(stands, x, y)
    pairs = np.unique(np.column_stack((nearest, stands.day))[nearest >= 0], axis=0)
    days = np.bincount(pairs[:, 0], minlength=len(x))
    one, other, _ = Cells(x, y, AT_M).near_many(x, y, AT_M)
    splinters = np.zeros(len(x), dtype=bool)
    splinters[one[days[one] < SPLINTER * days[other]]] = True
    return splinters


def _sides(stands: Stands, rows: Ints) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Tell where trucks stand at a place when they come first and when they come last, if these are two places."""
    first, last, days = _first_and_last(stands, rows)
    if len(first) < max(LEAST_DAYS, MOST_DAYS * days):
        return None
    one, other = np.median(first, axis=0), np.median(last, axis=0)
    if float(np.hypot(*(other - one))) < APART_M:
        return None
    middle, way = (one + other) / 2.0, other - one
    right = ((first - middle) @ way < 0.0) & ((last - middle) @ way > 0.0)
    if float(right.mean()) < RIGHT_SIDE:
        return None
    return (float(one[0]), float(one[1])), (float(other[0]), float(other[1]))


def _first_and_last(stands: Stands, rows: Ints) -> tuple[Floats, Floats, int]:
    """Tell where each day's first and last visit stood, for days with two or more; and the number of all days."""
    begin = np.flatnonzero(_comes(stands, rows))
    stood_s = stands.stood_s[rows]
    sums = (np.add.reduceat(stood_s * column[rows], begin) for column in (stands.x, stands.y))
    where = np.column_stack(tuple(sums)) / np.add.reduceat(stood_s, begin)[:, None]
    day = stands.day[rows][begin]
    new = np.flatnonzero(np.diff(day, prepend=-1))
    end = np.append(new[1:], len(day)) - 1
    more = end > new
    return where[new[more]], where[end[more]], len(new)


def _comes(stands: Stands, rows: Ints) -> Bools:
    """Mark with which stands a visit begins: the truck was gone for a while before."""
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (stands.day[rows[1:]] != stands.day[rows[:-1]]) | (
        stands.in_s[rows[1:]] - stands.out_s[rows[:-1]] > COME_BACK_S
    )
    return new


def rivals_of(traces: Sequence[Trace], place_x: Floats, place_y: Floats) -> Ints:
    """Tell for each place its rivals, a column each, -1 for none: near ones that most days served at another time."""
    one, other, away = Cells(place_x, place_y, RIVALS_M).near_many(place_x, place_y, RIVALS_M)
    pairs = np.flatnonzero((one < other) & (away > 0.0))
    stands = stands_of(traces)
    nearest = nearest_place(stands, place_x, place_y)
    found: list[list[int]] = [[] for _ in range(len(place_x))]
    for a, b in zip(one[pairs].tolist(), other[pairs].tolist(), strict=True):
        if _by_turns(stands, nearest, a, b):
            found[a].append(b)
            found[b].append(a)
    table = np.full((len(found), max(map(len, found), default=0)), -1, dtype=np.int64)
    for place, each in enumerate(found):
        table[place, : len(each)] = each
    return table


def _by_turns(stands: Stands, nearest: Ints, one: int, other: int) -> bool:
    """Tell whether most days that came more than once stood at both, and enough of all days (some only wait there)."""
    rows = np.flatnonzero((nearest == one) | (nearest == other))
    days, day = np.unique(stands.day[rows], return_inverse=True)
    visits = np.bincount(day, _comes(stands, rows), minlength=len(days))
    stood = [np.bincount(day, nearest[rows] == place, minlength=len(days)) > 0 for place in (one, other)]
    again = visits > 1
    by_turns = stood[0] & stood[1] & again
    return bool(by_turns.sum() >= max(LEAST_DAYS, MOST_DAYS * float(again.sum()), SOME_DAYS * len(days)))
