"""Places that trucks serve at noon and again in the evening, and are told twice: each of them is made two. Pure.

Past days show it: most of them came on both sides of an hour at which none came.
"""

from __future__ import annotations

import numpy as np

from geofence.forecast.hours import Hours, all_day
from geofence.forecast.sides import nearest_place
from geofence.forecast.stands import Stands
from geofence.forecast.walk import Floats, Ints

APART_S = 2_700.0
"""For so long about the moment that parts them no past day arrived: else one day's late service is another's next."""
MOST_DAYS = 0.5
LEAST_DAYS = 2


def by_hours(stands: Stands, date: Ints, x: Floats, y: Floats) -> tuple[Floats, Floats, Hours]:
    """Make of each place as many as there are times of day at which most days came to it; the new ones stand last.

    `date`: of each day, a number; days of one date are one.
    """
    nearest = nearest_place(stands, x, y)
    order = np.argsort(nearest, kind="stable")
    low, high = np.searchsorted(nearest[order], (np.arange(len(x)), np.arange(len(x)) + 1))
    hours = all_day(len(x))
    more: list[tuple[int, float, float]] = []
    for place in range(len(x)):
        rows = order[low[place] : high[place]]
        edges = np.concatenate(([-np.inf], hours_between(date[stands.day[rows]], stands.in_s[rows]), [np.inf]))
        hours.until_s[place] = edges[1]
        more += [(place, float(edges[k]), float(edges[k + 1])) for k in range(1, len(edges) - 1)]
    table = np.array(more).reshape(-1, 3)
    again = table[:, 0].astype(np.int64)
    from_s, until_s = (np.concatenate(pair) for pair in ((hours.from_s, table[:, 1]), (hours.until_s, table[:, 2])))
    return np.concatenate((x, x[again])), np.concatenate((y, y[again])), Hours(from_s, until_s)


def hours_between(day: Ints, at_s: Floats) -> list[float]:
    """Tell the moments, in rising order, that part the times at which days came to a place."""
    order = np.argsort(at_s, kind="stable")
    day, at_s = day[order], at_s[order]
    days = len(np.unique(day))
    best, parted = -1, 0
    for k in np.flatnonzero(np.diff(at_s) >= APART_S).tolist():
        both = len(np.intersect1d(day[: k + 1], day[k + 1 :]))
        if both > parted:
            best, parted = k, both
    if parted < max(MOST_DAYS * days, min(LEAST_DAYS, days), 1):
        return []
    before = hours_between(day[: best + 1], at_s[: best + 1])
    after = hours_between(day[best + 1 :], at_s[best + 1 :])
    return [*before, float(at_s[best] + at_s[best + 1]) / 2.0, *after]
