"""Where a truck goes on that has left its round to tip, to rest, or on an errand. Pure.

What was served today says how far the round is done, by the order of each past day of it: there the truck will go on,
wherever it is now, and wherever past days left the round. How long it will be away is told by the trips of past days
that were here too, else by how long such trips last and by the way back.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np

from geofence.forecast.library import Library
from geofence.forecast.modes import Manner, Modes, Today, effective
from geofence.forecast.walk import Bools, Floats, Ints

HORIZON_S = 4320.0
RETURN_MPS = 8.0
"""What a way back longer or shorter than that of a past day takes."""
BACK_S, BACK_MPS = 30.0, 5.0
"""What a way back takes that no past day drove, as the crow flies."""
FASTEST_MPS = 14.0
LEAST_SHARE, MOST_POINTS = 0.03, 16
LEAST_TRIP, MOST_TRIPS = 0.002, 8
LEAST_ELSEWHERE = 0.01
FEW_TRIPS = 3
TRUCKS = 256
"""Of so many trucks that work at once is kept what was found after their last service: some 60 kB each."""
LASTING = (0.1, 0.3, 0.5, 0.7, 0.9)


class Samples(msgspec.Struct, frozen=True):
    """Times to arrival as columns: at which place, in how many seconds, with what weight."""

    place: Ints
    after: Floats
    weight: Floats


NO_SAMPLES = Samples(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


class Points(msgspec.Struct, frozen=True):
    """Where on past days the round may have been broken off: the row of the telling service to come, and its weight.

    The weights sum to the chance that anything is left to serve, times how much can be built on so few days. `fit`: how
    well what was served today fits the best point, one for perfectly; `back`: whether the round is driven backwards
    from there.
    """

    row: Ints
    weight: Floats
    fit: float
    back: Bools


def resumed(
    library: Library, modes: Modes, points: Points, weight: Floats, elsewhere: float, today: Today, manner: Manner
) -> Samples:
    """Tell when the truck will be where for the modes that are on a trip, and for a truck that is elsewhere."""
    trip = np.flatnonzero((modes.ends >= 0) & (weight > LEAST_TRIP))
    trip = trip[np.argsort(-weight[trip], kind="stable")[:MOST_TRIPS]]
    if not len(trip) and elsewhere <= LEAST_ELSEWHERE:
        return NO_SAMPLES
    told = library.telling_services
    end = modes.ends[trip]
    away_m = library.away_m(today.x, today.y)
    next_m = away_m[told.place[points.row]]
    longer_m = next_m[None, :] - away_m[told.place[end]][:, None]
    along_s = (told.in_s[end] - modes.at_s[trip])[:, None] + longer_m / RETURN_MPS
    lasts_s, chance = _lasting(library, today, manner)
    astray_s = np.maximum(lasts_s[:, None], (BACK_S + next_m / BACK_MPS)[None, :])
    back_s = np.maximum(np.concatenate((along_s, astray_s)), next_m / FASTEST_MPS)
    likely = np.concatenate((weight[trip], elsewhere * chance))
    back_s, likely = back_s[likely > LEAST_TRIP], likely[likely > LEAST_TRIP]
    place, after, point = _following(library, points, today)
    at_s = back_s[:, point] + after
    return Samples(np.tile(place, len(likely)), at_s.ravel(), np.outer(likely, points.weight[point]).ravel())


class Orders(msgspec.Struct, frozen=True):
    """How well what was served today fits the order of each past day, as a row a day and a column a point.

    In the left half of the columns rounds go on as that day did, in the right half they go back. `row`: the telling
    service that comes next, -1 at the end of a day; `place`: where that is; `owed`: whether it is yet to be served;
    `weight`: how likely the round is gone on with there, all else equal; `fit` as of `Points`.
    """

    row: Ints
    place: Ints
    owed: Bools
    weight: Floats
    fit: float


def points_of(library: Library, today: Today, manner: Manner) -> Points:
    """Find where on the past days of its round a truck is that has served these places, by their order and where it is.

    Few points are kept, the likeliest.
    """
    orders = _orders(library, today.served.tobytes(), today.lately, today.crews, today.weekday, manner)
    weight = orders.weight * np.tile(_near(library, orders.place, orders.owed, today, manner), 2)
    weight = (weight / weight.sum()) ** manner.even_points
    weight = weight / weight.sum()
    days = effective(weight.sum(axis=1))
    flat, row = weight.ravel(), np.tile(orders.row, 2).ravel()
    kept = np.flatnonzero(flat > LEAST_SHARE * flat.max())
    kept = kept[np.argsort(-flat[kept], kind="stable")[:MOST_POINTS]]
    certain = days / (days + manner.doubt) / float(flat[kept].sum())
    kept = kept[row[kept] >= 0]
    points = orders.row.shape[1]
    return Points(row[kept], flat[kept] * certain, orders.fit, kept % (2 * points) >= points)


@lru_cache(maxsize=TRUCKS)
def _orders(
    library: Library, served: bytes, lately: tuple[int, ...], crews: tuple[str, ...], weekday: int, manner: Manner
) -> Orders:
    """Hold what was served today (a byte a place) against the order of each past day of its round.

    Amiss is what a day had served before a point and today has not, and what today has served beyond it, the less the
    more of that day's places lie in between; as in `modes`, but for each point of each day. Kept, since a truck is
    asked for its outlook many times between two services.
    """
    told = library.telling_services
    own = np.flatnonzero(library.driven_by(crews))
    table = library.rounds[own]
    points = table.shape[1]
    there = table >= 0
    place = np.where(there, told.place[np.maximum(table, 0)], -1) if len(told) else table
    done = there & np.frombuffer(served, dtype=bool)[np.maximum(place, 0)]
    owed = there & ~done
    behind, ahead = _fading(points, manner.recent)
    amiss = np.hstack((owed @ behind + done @ ahead, owed @ behind.T + done @ ahead.T))
    ends = np.arange(points)[None, :] == there.sum(axis=1)[:, None]
    due = np.hstack((owed | ends, owed))
    likely = (1.0 + _strayed(place, lately)) ** -manner.strayed
    likely[:, points:] *= manner.back
    fit = float((likely * (1.0 + amiss) ** -manner.order)[due].max())
    kin = np.exp(manner.kin * library.kin[weekday, own])[:, None]
    return Orders(table, place, owed, np.where(due, likely * (1.0 + amiss) ** -manner.point * kin, 0.0), fit)


def _strayed(place: Ints, lately: tuple[int, ...]) -> Floats:
    """Tell for each point, on and back, how many of the last services in a row lie beyond it: it explains none of them.

    One may be a stop taken in passing; after some, the truck is not where it broke off, but where it serves.
    """
    points = np.arange(place.shape[1])
    at = place[:, :, None] == np.array(lately, dtype=np.int64)
    known, column = at.any(axis=1), at.argmax(axis=1)
    lowest = np.minimum.accumulate(np.where(known, column, len(points)), axis=1)
    highest = np.maximum.accumulate(np.where(known, column, -1), axis=1)
    on = (lowest[:, None, :] >= points[:, None]) & known[:, None, :]
    back = (highest[:, None, :] <= points[:, None]) & known[:, None, :]
    strayed: Floats = np.hstack((on.sum(axis=2), back.sum(axis=2))).astype(np.float64)
    return strayed


def _near(library: Library, place: Ints, owed: Bools, today: Today, manner: Manner) -> Floats:
    """Tell how likely a truck that has just served goes on at each point, by how much farther than the nearest it is.

    The longer ago it served, the less that says: from the tip every way back is long.
    """
    if not owed.any():
        return np.ones(place.shape)
    away_m = library.away_m(today.x, today.y)[np.maximum(place, 0)]
    farther_m = np.maximum(away_m - away_m[owed].min(), 0.0)
    lasts = np.exp((today.worked_s - today.at_s) / manner.near_s)
    near: Floats = 1.0 - lasts * (1.0 - manner.near_floor) * (1.0 - np.exp(-farther_m / manner.near_m))
    return near


@lru_cache(maxsize=8)
def _fading(points: int, recent: float) -> tuple[Floats, Floats]:
    """Tell how much each place (a row) counts at each point (a column) before it is due, and from then on."""
    rank = np.arange(points)
    apart = rank[None, :] - rank[:, None]
    behind = np.where(apart > 0, np.exp((1.0 - np.abs(apart)) / recent), 0.0)
    return behind, np.where(apart <= 0, np.exp(-np.abs(apart) / recent), 0.0)


def _lasting(library: Library, today: Today, manner: Manner) -> tuple[Floats, Floats]:
    """Tell how much longer a truck on no known way may stay away, and how likely each is: zero for a short detour."""
    lasted_s, away_s = library.trips.lasted_s, today.at_s - today.worked_s
    longer = lasted_s[np.searchsorted(lasted_s, away_s) :] - away_s
    if len(longer) < FEW_TRIPS:
        return np.zeros(1), np.ones(1)
    short = manner.short * float(np.exp(-away_s / manner.short_s))
    long = (1.0 - manner.short) * len(longer) / len(lasted_s)
    chance = np.append(short, np.full(len(LASTING), long / len(LASTING))) / (short + long)
    at = np.array(LASTING) * (len(longer) - 1)
    return np.append(0.0, np.interp(at, np.arange(len(longer)), longer)), chance


def _following(library: Library, points: Points, today: Today) -> tuple[Ints, Floats, Ints]:
    """Gather what was served from each point on, or back: the place, how long after the first of it, of which point."""
    services, told = library.services, library.telling_services
    day, from_s, until_s = told.day[points.row], told.in_s[points.row], told.out_s[points.row]
    here = services.reached(day, from_s)
    first = np.where(points.back, services.reached(day, from_s - HORIZON_S), here)
    after = np.where(points.back, here + 1, services.reached(day, from_s + HORIZON_S))
    row, point = services.ahead(first, after, today.served)
    on_s, back_s = services.in_s[row] - from_s[point], np.maximum(until_s[point] - services.out_s[row], 0.0)
    return services.place[row], np.where(points.back[point], back_s, on_s), point
