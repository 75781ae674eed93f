"""Which places are served regularly, and which are lights or depots, where trucks stand and load nothing. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geofence.forecast.services import Services
from geofence.forecast.walk import Bools, Floats, Ints

POWER = 4
LEAST = 1.5
WEEKDAY = 10.0
"""So much more does a day of the same weekday say."""
SHARE = 0.7
"""Of the days on which a place was expected to be served, the share on which it was; at a light it is about a half."""
END_S = 10.0
END_SHARE = 0.5
"""A place at which the truck stands as its day begins or ends, on so many of its days, is a depot."""
SHARED_SHARE = 0.25
"""A place at which several trucks stand on one date, on so many of its dates, is a light that they all pass."""


def regular_of(served: Floats, alike: Floats, vehicle: npt.NDArray[np.str_], weekday: Ints) -> Bools:
    """Tell the places that are served whenever days like it let expect that; at a light only some of these days wait.

    `served`: days by places, 1.0 where a day served a place; `alike`: what each pair of days has in common, NaN for a
    day and itself. Each day is foretold from the others of its round, weighed by what they have in common with it, and
    by the weekday: a stop may be served every other day, whatever else these days have in common.
    """
    weight = np.where(vehicle[:, None] == vehicle[None, :], np.nan_to_num(alike) ** POWER, 0.0)
    weight = np.where(weekday[:, None] == weekday[None, :], WEEKDAY * weight, weight)
    expected = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12) @ served
    often = expected.sum(axis=0)
    kept = (expected * served).sum(axis=0)
    regular: Bools = (often >= LEAST) & (kept >= SHARE * often)
    return regular


def without_lights(regular: Bools, served: Floats, date: Ints) -> Bools:
    """Leave out the lights that several trucks pass; where most places are shared, trucks serve the same stops.

    `date`: of each day, as a number.
    """
    at = np.unique(date, return_inverse=True)[1]
    trucks = np.zeros((len(date), served.shape[1]))
    np.add.at(trucks, at, served)
    shared = (trucks >= 2.0).sum(axis=0) > SHARED_SHARE * (trucks >= 1.0).sum(axis=0)
    own: Bools = regular & ~shared
    return own if 2 * own.sum() >= regular.sum() else regular


def depots_of(services: Services, served: Floats, begins_s: Floats, ends_s: Floats) -> Bools:
    """Tell the places at which days begin or end; `begins_s`, `ends_s`: of each day."""
    first = services.in_s - begins_s[services.day] < END_S
    last = ends_s[services.day] - services.out_s < END_S
    ended = np.zeros_like(served)
    ended[services.day[first | last], services.place[first | last]] = 1.0
    depots: Bools = ended.sum(axis=0) > END_SHARE * served.sum(axis=0)
    return depots
