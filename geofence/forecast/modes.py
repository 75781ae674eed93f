"""Which points of past days a truck may now be at, and how much each of these days says about today. Pure.

The matcher's belief is gathered into points; each counts by how well what was served until then fits today, and by how
much its day is like this one.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.library import Library
from geofence.forecast.places import STOP_S
from geofence.forecast.progress import Progress, beam


class Manner(msgspec.Struct, frozen=True):
    """How samples are weighted and blurred; the figures are argued in docs/prediction.md."""

    load_share: float = 0.25
    load_floor: float = 0.15
    kin: float = 4.0
    blur_s: float = 15.0
    blur_share: float = 0.22
    least_mode: float = 0.004
    even: float = 0.7
    doubt: float = 0.3
    seldom: float = 0.3
    clock_s: float = 900.0
    clock_floor: float = 0.05
    shown: float = 4.0
    shown_after: int = 5
    order: float = 6.0
    order_s: float = 9000.0
    amiss: float = 1.5
    recent: float = 5.0
    astray: float = 0.3
    foreign: float = 0.01


class Today(msgspec.Struct, frozen=True):
    """What is known of a truck's day so far: `at_s` now, `stood_s` at its present place, `served` by place.

    `since_s`: since when it has been seen without a break; `crews`: whose days are its own, if known.
    """

    at_s: float
    since_s: float
    stood_s: float
    load_s: float
    weekday: int
    served: npt.NDArray[np.bool_]
    x: float
    y: float
    crews: tuple[str, ...] = ()


class Mode(msgspec.Struct, frozen=True):
    """A point of a past day where the truck may now be: the time of that day, and its weight.

    `fits`: the belief in the point by the way that led there, what was served on it, and the time of day; `blank`: what
    that would be for a truck that is elsewhere.
    """

    day: int
    knot: int
    at_s: float
    weight: float
    fits: float
    blank: float


def modes_of(library: Library, progress: Progress, today: Today, manner: Manner) -> list[Mode]:
    """Gather the beam into points of past days, and weigh each day by how much it is like today."""
    if not progress.knots:
        return []
    knots, belief = beam(progress)
    day = library.day[knots]
    new = np.ones(len(knots), dtype=bool)
    new[1:] = (np.diff(knots) > 6) | (day[1:] != day[:-1])
    first = np.flatnonzero(new)
    mass = np.add.reduceat(belief, first)
    bounds = np.append(first, len(knots))
    modes = []
    for k in np.flatnonzero(mass >= manner.least_mode).tolist():
        part = slice(int(bounds[k]), int(bounds[k + 1]))
        knot = int(knots[part][int(np.argmax(belief[part]))])
        modes.append(_mode(library, knot, float(mass[k]), progress, today, manner))
    return modes


def _mode(library: Library, knot: int, mass: float, progress: Progress, today: Today, manner: Manner) -> Mode:
    day = int(library.day[knot])
    if progress.lost_m > 0.0:
        at_s = float(library.in_s[knot]) + today.at_s - progress.matched_s
    else:
        at_s = _moment(library, day, knot, today.stood_s)
    fits, blank = _in_order(library, day, at_s, today, manner)
    late = (today.at_s - at_s) / manner.clock_s
    fits *= mass * (manner.clock_floor + (1.0 - manner.clock_floor) * float(np.exp(-0.5 * late * late)))
    if today.crews and library.vehicle[day] not in today.crews:
        fits *= manner.foreign
    weight = fits * _likeness(library, day, knot, today, manner)
    return Mode(day, knot, at_s, weight, fits, mass * blank * manner.astray)


def _moment(library: Library, day: int, knot: int, stood_s: float) -> float:
    """Tell the time of a past day at which the truck had stood at a knot as long as it has now."""
    if stood_s >= STOP_S:
        low, high = max(knot - 2, 0), min(knot + 3, len(library.x))
        near = np.arange(low, high)[library.day[low:high] == day]
        longest = int(near[int(np.argmax(library.out_s[near] - library.in_s[near]))])
        if library.out_s[longest] - library.in_s[longest] >= STOP_S:
            knot = longest
    return float(library.in_s[knot] + min(stood_s, library.out_s[knot] - library.in_s[knot]))


def _in_order(library: Library, day: int, at_s: float, today: Today, manner: Manner) -> tuple[float, float]:
    """Tell how well today fits the order of a past day around a moment: one over a power of the places amiss, and one.

    Amiss is what that day had served shortly before and today has not, while it was seen, and what today has served
    though that day was yet to; the more places of that day lie in between, the less. So a truck that comes along a
    street for the second time is not taken for the first, and one that takes blocks in another order is found again.
    The second figure is for a truck that is elsewhere: some of what that day had served is amiss.
    """
    seen_s = min(manner.order_s, today.at_s - today.since_s)
    low, now, high = library.reached(day, (at_s - seen_s, at_s, at_s + manner.order_s))
    place, before = library.visit_place[low:high], library.visit_before[low:high]
    lately = place[: now - low][(before[: now - low] < low) & (library.visit_out[low:now] <= at_s)]
    coming = place[now - low :][before[now - low :] < 0]
    lately, coming = lately[library.telling[lately]], coming[library.telling[coming]]
    amiss = _faded(~today.served[lately[::-1]], manner) + _faded(today.served[coming], manner)
    return float((1.0 + amiss) ** -manner.order), float((1.0 + min(manner.amiss, len(lately))) ** -manner.order)


def _faded(marked: npt.NDArray[np.bool_], manner: Manner) -> float:
    """Count what is marked in a row of places, the nearest first, each a little less than the one before."""
    return float(np.exp(np.flatnonzero(marked) / -manner.recent).sum())


def _likeness(library: Library, day: int, knot: int, today: Today, manner: Manner) -> float:
    """Weigh a day: as full as now, like others of this weekday."""
    off = (float(library.load[knot]) - today.load_s) / (manner.load_share * max(library.full_s, 60.0))
    full = manner.load_floor + (1.0 - manner.load_floor) * float(np.exp(-0.5 * off * off))
    return full * float(np.exp(manner.kin * (library.kin[today.weekday, day] - 1.0)))
