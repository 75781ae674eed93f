"""Whether a stop has weekdays of its own: two explanations of the days that served it, weighed by their evidence. Pure.

Either every day serves it with one chance, or each weekday has a chance of its own, near none or near one. The evidence
is that of the beta-binomial distribution (Gelman et al., Bayesian Data Analysis, 2013, 2.4 and 7.4).
"""

from __future__ import annotations

from math import lgamma, log
from typing import NamedTuple

import numpy as np

from geofence.forecast.walk import Bools, Floats, Ints

ALL_DAYS = 0.5
ONE_WEEKDAY = 0.2
"""Beta(a, a) of a chance that all days share, and of one of a weekday's own."""
RARE = 0.2
"""So many places may have weekdays of their own, before anything is known."""
WEEKDAYS = 7
LEAST_DAYS = 2


class Weekly(NamedTuple):
    """Of one crew's days, by place: how likely it has weekdays of its own, and bounds of being served, by weekday.

    A weekday that served it on some days only has no bounds: days of other weekdays may tell as well.
    """

    apart: Floats
    least: Floats
    most: Floats


def weekly_of(served: Floats, own: Bools, weekday: Ints) -> Weekly:
    """Weigh both explanations of each place. `served`: days by places, 1.0 where one served; `own`: a crew's days."""
    on = (weekday[own][None, :] == np.arange(WEEKDAYS)[:, None]).astype(np.float64)
    days, times = on.sum(axis=1).astype(np.int64)[:, None], (on @ served[own]).astype(np.int64)
    apart = sum(_evidence(int(days[k, 0]), ONE_WEEKDAY)[times[k]] for k in range(WEEKDAYS))
    together = _evidence(int(days.sum()), ALL_DAYS)[times.sum(axis=0)]
    odds = np.clip(apart - together + log(RARE / (1.0 - RARE)), -30.0, 30.0)
    likely = 1.0 / (1.0 + np.exp(-odds))
    sure = likely * np.where(days >= LEAST_DAYS, days / (days + ONE_WEEKDAY), 0.0)
    return Weekly(likely, np.where(times == days, sure, 0.0), np.where(times == 0, 1.0 - sure, 1.0))


def _evidence(days: int, prior: float) -> Floats:
    """Tell the log of the chance that just these days of so many serve, by how many do."""
    times = range(days + 1)
    total = lgamma(days + 2.0 * prior) + 2.0 * lgamma(prior) - lgamma(2.0 * prior)
    return np.array([lgamma(k + prior) + lgamma(days - k + prior) - total for k in times])
