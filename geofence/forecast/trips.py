"""Trips away from a round: to tip, to rest, home for a while. When past days left, and which service they came back to.

A day is on a trip between two services of telling places if it stood long in between without serving anybody. Pure.
"""

from __future__ import annotations

import numpy as np

from geofence.forecast.services import Services
from geofence.forecast.walk import Bools, Floats, Ints

STOOD_LONG_S = 300.0
_DAY_S = 1e6


class Trips:
    """The trips of all days. `lasted_s`: from the service before a trip to the one after it, in rising order."""

    def __init__(self, told: Services, day: Ints, in_s: Floats, out_s: Floats) -> None:
        self._told = told
        self._left_s = _left_s(told)
        self._ends = _ends(told, day, in_s, out_s)
        ends = np.flatnonzero(self._ends)
        self.lasted_s = np.sort(told.in_s[ends] - told.in_s[ends - 1])

    def ending(self, day: Ints, at_s: Floats) -> Ints:
        """Tell for moments of past days the row of the service that ended the trip the truck was on, else -1."""
        if not len(self._ends):
            return np.full(len(day), -1, dtype=np.int64)
        row = self._told.reached(day, at_s)
        known = np.minimum(row, len(self._ends) - 1)
        away = self._ends[known] & (row == known) & (self._told.day[known] == day) & (at_s > self._left_s[known])
        ending: Ints = np.where(away, row, -1)
        return ending


def _left_s(told: Services) -> Floats:
    """Tell for each service when the ones before it on that day were over; zero for a day's first."""
    over = np.maximum.accumulate(told.day * _DAY_S + told.out_s)
    left_s = np.zeros(len(told))
    left_s[1:] = np.where(told.day[1:] == told.day[:-1], over[:-1] - told.day[1:] * _DAY_S, 0.0)
    return left_s


def _ends(told: Services, day: Ints, in_s: Floats, out_s: Floats) -> Bools:
    """Mark the services before which a truck that had begun to serve stood long and served nobody."""
    ends = np.zeros(len(told), dtype=bool)
    long = np.flatnonzero(out_s - in_s >= STOOD_LONG_S)
    row = np.searchsorted(told.day * _DAY_S + told.in_s, day[long] * _DAY_S + in_s[long] + 1.0)
    between = (row > 0) & (row < len(told))
    row, long = row[between], long[between]
    left_s = _left_s(told)[row]
    ends[row[(told.day[row] == day[long]) & (left_s > 0.0) & (left_s < in_s[long])]] = True
    return ends
