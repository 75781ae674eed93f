"""What past days served when, as columns that stand by day and in order of arrival. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geofence.forecast.visits import Passes, served_by
from geofence.forecast.walk import Bools, Floats, Ints

DAY_S = 1e6
"""Days stand so far apart where a moment of any day is one number."""


class Services:
    """Services of all days; `before`: the row of the same day's last service of the same place, -1 for the first."""

    def __init__(self, day: Ints, place: Ints, in_s: Floats, out_s: Floats, days: int) -> None:
        self.day, self.place, self.in_s, self.out_s = day, place, in_s, out_s
        self.before = _before(day, place)
        self._days = days
        self._starts = np.searchsorted(day, np.arange(days + 1))
        self._rising = day * DAY_S + in_s

    def __len__(self) -> int:
        return len(self.day)

    def of(self, day: int) -> slice:
        """Tell where a day's services stand."""
        return slice(int(self._starts[day]), int(self._starts[day + 1]))

    def firsts(self, day: int) -> Ints:
        """Tell the rows of a day's first service of each place, in order of arrival."""
        part = self.of(day)
        rows: Ints = part.start + np.flatnonzero(self.before[part] < 0)
        return rows

    def reached(self, day: Ints, at_s: Floats) -> Ints:
        """Tell for days and a moment of each the row of the first service that began then or later."""
        row = np.searchsorted(self._rising, day * DAY_S + at_s)
        rows: Ints = np.minimum(np.maximum(row, self._starts[day]), self._starts[day + 1])
        return rows

    def between(self, first: Ints, after: Ints) -> tuple[Ints, Ints]:
        """Tell the rows of several spans one after another, and of which span each is."""
        count = after - first
        span = np.repeat(np.arange(len(first)), count)
        return np.arange(len(span)) + np.repeat(first - (np.cumsum(count) - count), count), span

    def rounds(self) -> Ints:
        """Tell for each day the rows of its first services in order, and -1 from its end on, at least once."""
        rows = [self.firsts(day) for day in range(self._days)]
        table = np.full((self._days, 1 + max(map(len, rows), default=0)), -1, dtype=np.int64)
        for day, row in enumerate(rows):
            table[day, : len(row)] = row
        return table

    def ahead(self, first: Ints, after: Ints, served: Bools) -> tuple[Ints, Ints]:
        """As `between`, but only the first service of each place in a span, and none of a place that was served."""
        row, span = self.between(first, after)
        kept = (self.before[row] < first[span]) & ~served[self.place[row]]
        return row[kept], span[kept]

    def only(self, place: Bools) -> Services:
        """The services of some places."""
        kept = place[self.place]
        return Services(self.day[kept], self.place[kept], self.in_s[kept], self.out_s[kept], self._days)


def services_of(passes: Sequence[Passes], need_s: Floats) -> Services:
    """Tell from each day's passes what it served."""
    parts = []
    for k, each in enumerate(passes):
        kept = np.flatnonzero(served_by(each, need_s))
        kept = kept[np.argsort(each.in_s[kept], kind="stable")]
        parts.append((np.full(len(kept), k), each.place[kept], each.in_s[kept], each.out_s[kept]))
    nowhere, never = np.zeros(0, dtype=np.int64), np.zeros(0)
    columns = zip(*parts, strict=True) if parts else ((nowhere,), (nowhere,), (never,), (never,))
    day, place, in_s, out_s = (np.concatenate(column) for column in columns)
    return Services(day, place, in_s, out_s, len(passes))


def _before(day: Ints, place: Ints) -> Ints:
    order = np.lexsort((np.arange(len(place)), place, day))
    same = (day[order][1:] == day[order][:-1]) & (place[order][1:] == place[order][:-1])
    before = np.full(len(place), -1, dtype=np.int64)
    before[order[1:]] = np.where(same, order[:-1], -1)
    return before
