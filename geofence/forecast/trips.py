"""Trips away from a round: to tip, to rest, home for a while. When past days left, and which service they came back to.

A day is on a trip between two services of telling places if it stood long in between without serving anybody. Pure.
"""

from __future__ import annotations

import numpy as np

from geofence.forecast.services import DAY_S, Services
from geofence.forecast.walk import Bools, Floats, Ints

STOOD_LONG_S = 300.0


class Trips:
    """The trips of all days. `lasted_s`: from the service before a trip to the one after it, in rising order."""

    def __init__(self, told: Services, day: Ints, in_s: Floats, out_s: Floats) -> None:
        self._told = told
        self._left_s = _left_s(told)
        long = np.flatnonzero(out_s - in_s >= STOOD_LONG_S)
        day, in_s = day[long], in_s[long]
        row = told.reached(day, in_s + 1.0)
        self._ends = np.zeros(len(told), dtype=bool)
        self._ends[row[self._between(row, day, in_s)]] = True
        ends = np.flatnonzero(self._ends)
        self.lasted_s = np.sort(told.in_s[ends] - told.in_s[ends - 1])

    def ending(self, day: Ints, at_s: Floats) -> Ints:
        """Tell for moments of past days the row of the service that ended the trip the truck was on, else -1."""
        row = self._told.reached(day, at_s)
        away = self._between(row, day, at_s)
        away[away] = self._ends[row[away]]
        ending: Ints = np.where(away, row, -1)
        return ending

    def _between(self, row: Ints, day: Ints, at_s: Floats) -> Bools:
        """Tell whether a day was between services before that of a row: it had served, and was to serve again."""
        known = np.flatnonzero(row < len(self._told))
        between = np.zeros(len(row), dtype=bool)
        next_, left_s = row[known], self._left_s[row[known]]
        between[known] = (self._told.day[next_] == day[known]) & (left_s > 0.0) & (left_s < at_s[known])
        return between


def _left_s(told: Services) -> Floats:
    """Tell for each service when the ones before it on that day were over; zero for a day's first."""
    over = np.maximum.accumulate(told.day * DAY_S + told.out_s)
    left_s = np.zeros(len(told))
    left_s[1:] = np.where(told.day[1:] == told.day[:-1], over[:-1] - told.day[1:] * DAY_S, 0.0)
    return left_s
