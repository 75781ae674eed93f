"""Which points of past days a truck may now be at, and how much each of these days says about today. Pure.

The matcher's belief is gathered into points; each counts by how well what was served until then fits today, and by how
much its day is like this one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.library import Library
from geofence.forecast.progress import Progress, beam
from geofence.forecast.stands import STOP_S
from geofence.forecast.visits import firsts
from geofence.forecast.walk import Bools, Floats, Ints

NEAREST = np.arange(64)
"""So many services before and after a point are looked at; what lies beyond hardly counts."""
NEAR_KNOTS = np.arange(-2, 3)


class Manner(msgspec.Struct, frozen=True):
    """How samples are weighted and blurred; the figures are argued in docs/prediction.md."""

    kin: float = 8.0
    weekday: float = 4.0
    blur_s: float = 15.0
    blur_share: float = 0.16
    least_mode: float = 0.004
    even: float = 0.4
    even_points: float = 0.6
    doubt: float = 0.3
    seldom: float = 0.3
    habit: float = 6.0
    outstayed: float = 0.2
    outstayed_s: float = 60.0
    lingers: float = 0.15
    clock_s: float = 900.0
    clock_floor: float = 0.05
    order: float = 5.0
    order_unbegun: float = 6.0
    order_s: float = 9000.0
    amiss: float = 1.5
    recent: float = 4.5
    astray: float = 0.3
    foreign: float = 0.01
    resume: bool = True
    point: float = 4.0
    astray_round: float = 0.003
    away: float = 0.002
    short: float = 0.7
    short_s: float = 180.0
    back: float = 0.05
    strayed: float = 1.5
    near_m: float = 500.0
    near_floor: float = 0.1
    near_s: float = 1200.0


class Today(msgspec.Struct, frozen=True):
    """What is known of a truck's day so far: `at_s` now, `stood_s` at its present halt, `served` by place.

    `since_s`: since when it has been seen without a break; `crews`: whose days are its own, if known; `worked_s`: when
    it began to serve a telling place last, zero for not yet; `lately`: the telling places served last, newest first.
    """

    at_s: float
    since_s: float
    stood_s: float
    weekday: int
    served: Bools
    x: float
    y: float
    crews: tuple[str, ...] = ()
    worked_s: float = 0.0
    lately: tuple[int, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether it is known whose round it is, and the truck has begun it."""
        return bool(self.crews) and self.worked_s > 0.0


class Modes(msgspec.Struct, frozen=True):
    """Points of past days where the truck may now be, as columns: the time of that day, and its weight.

    `fits`: the belief in the point by the way that led there, what was served on it, and the time of day; `blank`: what
    that would be for a truck that is elsewhere; `ends`: the row of the service that ended the trip away from its round
    on which that day was, -1 for none.
    """

    day: Ints
    knot: Ints
    at_s: Floats
    weight: Floats
    fits: Floats
    blank: Floats
    ends: Ints

    def __len__(self) -> int:
        return len(self.day)


_NONE, _NOWHERE = np.zeros(0), np.zeros(0, dtype=np.int64)
NO_MODES = Modes(_NOWHERE, _NOWHERE, _NONE, _NONE, _NONE, _NONE, _NOWHERE)


def modes_of(library: Library, progress: Progress, today: Today, manner: Manner) -> Modes:
    """Gather the beam into points of past days, and weigh each day by how much it is like today."""
    if not progress.knots:
        return NO_MODES
    knots, belief = beam(progress)
    day = library.day[knots]
    new = np.ones(len(knots), dtype=bool)
    new[1:] = (np.diff(knots) > 6) | (day[1:] != day[:-1])
    first = np.flatnonzero(new)
    mass = np.add.reduceat(belief, first)
    point = np.cumsum(new) - 1
    best = belief == np.maximum.reduceat(belief, first)[point]
    knot = knots[best][firsts(point[best])]
    kept = mass >= manner.least_mode
    return _weighed(library, knot[kept], mass[kept], progress, today, manner)


def _weighed(library: Library, knot: Ints, mass: Floats, progress: Progress, today: Today, manner: Manner) -> Modes:
    day = library.day[knot]
    if progress.lost_m > 0.0:
        at_s = library.in_s[knot] + (today.at_s - progress.matched_s)
    else:
        at_s, outstayed = _moments(library, day, knot, today.stood_s, manner)
        mass = np.where(outstayed, manner.outstayed * mass, mass)
    fits, blank = _in_order(library, day, at_s, today, manner)
    ends = library.trips.ending(day, at_s) if resumes(today, manner) else np.full(len(day), -1)
    late = (today.at_s - at_s) / manner.clock_s
    fits = mass * fits * (manner.clock_floor + (1.0 - manner.clock_floor) * np.exp(-0.5 * late * late))
    if today.crews:
        fits = np.where(library.driven_by(today.crews)[day], fits, manner.foreign * fits)
    weight = fits * np.exp(manner.kin * library.kin[today.weekday, day])
    return Modes(day, knot, at_s, weight, fits, mass * blank * manner.astray, ends)


def resumes(today: Today, manner: Manner) -> bool:
    """Whether a round is gone on with after a trip."""
    return manner.resume and today.begun


def effective(weight: Floats) -> float:
    """Tell how many alike weights, that sum to one, say as much as these (Kish 1965)."""
    return 1.0 / float(np.square(weight).sum())


def _moments(library: Library, day: Ints, knot: Ints, stood_s: float, manner: Manner) -> tuple[Floats, Bools]:
    """Tell the times of past days at which the truck had halted at a knot as long as it has now.

    Tell also which of them had left by then: they say less of how much longer it will stay, which is the longer, the
    longer it has stood.
    """
    if stood_s < STOP_S:
        return np.minimum(library.in_s[knot] + stood_s, library.out_s[knot]), np.zeros(len(knot), dtype=bool)
    near = np.clip(knot[:, None] + NEAR_KNOTS, 0, len(library.x) - 1)
    halt_s = library.halt_out_s[near] - library.halt_in_s[near]
    halt_s = np.where(library.day[near] == day[:, None], halt_s, -1.0)
    longest = np.take_along_axis(near, halt_s.argmax(axis=1)[:, None], axis=1)[:, 0]
    lasted_s = halt_s.max(axis=1)
    knot = np.where(lasted_s >= STOP_S, longest, knot)
    moments = np.minimum(library.halt_in_s[knot] + stood_s, library.halt_out_s[knot])
    outstayed = stood_s > lasted_s + manner.outstayed_s
    lingers_s = np.where(outstayed, manner.lingers * stood_s, 0.0)
    return np.maximum(moments - lingers_s, library.halt_in_s[knot]), outstayed


def _in_order(library: Library, day: Ints, at_s: Floats, today: Today, manner: Manner) -> tuple[Floats, Floats]:
    """Tell how well today fits the order of past days around a moment: one over a power of the places amiss, and one.

    Amiss is what that day had served shortly before and today has not, while it was seen, and what today has served
    though that day was yet to; the more places of that day lie in between, the less. So a truck that comes along a
    street for the second time is not taken for the first, and one that takes blocks in another order is found again.
    The second figure is for a truck that is elsewhere: some of what that day had served is amiss.
    """
    told, served = library.telling_services, today.served
    if not len(told):
        return np.ones(len(day)), np.ones(len(day))
    seen_s = min(manner.order_s, today.at_s - today.since_s)
    low, now, high = (told.reached(day, at_s + off)[:, None] for off in (-seen_s, 0.0, manner.order_s))
    row = np.maximum(now - 1 - NEAREST, 0)
    lately = (now - 1 - NEAREST >= low) & (told.before[row] < low) & (told.out_s[row] <= at_s[:, None])
    amiss = _faded(lately, ~served[told.place[row]], manner)
    row = np.minimum(now + NEAREST, len(told) - 1)
    coming = (now + NEAREST < high) & (told.before[row] < 0)
    amiss += _faded(coming, served[told.place[row]], manner)
    usual = np.minimum(manner.amiss, np.count_nonzero(lately, axis=1))
    order = manner.order if today.begun else manner.order_unbegun
    return (1.0 + amiss) ** -order, (1.0 + usual) ** -order


def _faded(counted: Bools, marked: Bools, manner: Manner) -> Floats:
    """Count what is marked in rows of places, the nearest first, each a little less than the one before."""
    rank = np.cumsum(counted, axis=1) - 1
    faded: Floats = np.where(counted & marked, np.exp(rank / -manner.recent), 0.0).sum(axis=1)
    return faded
