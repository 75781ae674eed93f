"""A past day played as if it were today, with a library that has not seen it: what would have been foretold. Pure.

Its rows are what calibration and the choice of the firing rule learn from: each says what was foretold of one place at
one moment, and how long it really took.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.guess import best_guess
from geofence.forecast.library import Library
from geofence.forecast.modes import Manner
from geofence.forecast.outlook import Outlook, outlook
from geofence.forecast.today import Guide
from geofence.forecast.walk import NEVER_SILENT, Floats, Ints, Trace

EVERY_S = 15.0
GRID_S = tuple(
    60.0 * minutes
    for minutes in (
        1,
        1.5,
        2,
        2.5,
        3,
        3.5,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13.5,
        15,
        18,
        21,
        24,
        27,
        30,
        35,
        40,
        45,
        52,
        60,
    )
)
"""The times within which the chance of arrival is noted."""


class Moment(msgspec.Struct, frozen=True):
    """What was foretold at one moment."""

    at_s: float
    outlook: Outlook


class Rows(msgspec.Struct, frozen=True):
    """Rows in order of place and time. `within[:, k]`: the chance within GRID_S[k]; `actual_s`: infinite for never.

    `guess_s`: the best guess; `held`: how likely its limits hold the truth.
    """

    run: Ints
    place: Ints
    at_s: Floats
    actual_s: Floats
    within: npt.NDArray[np.float32]
    low_s: Floats
    middle_s: Floats
    high_s: Floats
    guess_s: Floats
    held: npt.NDArray[np.float32]


def moments(
    guide: Guide,
    fixes: tuple[Floats, Floats, Floats],
    vehicle: str,
    weekday: int,
    manner: Manner,
    every_s: float = EVERY_S,
) -> Iterator[Moment]:
    """Play a walk's fixes (seconds of the day, ground metres) and look ahead every so many seconds, or a bit later."""
    so_far = None
    due_s = -1.0
    for at_s, x, y in zip(*(column.tolist() for column in fixes), strict=True):
        if so_far is None:
            so_far = guide.begin("", at_s, x, y, vehicle, NEVER_SILENT)
        else:
            so_far, _ = guide.follow(so_far, at_s, x, y, vehicle)
        if at_s >= due_s:
            due_s = at_s + every_s
            yield Moment(at_s, outlook(guide.library, so_far.progress, guide.until(so_far, at_s, weekday), manner))


def arrivals_of(library: Library, day: int) -> tuple[Ints, Floats]:
    """Tell when a day first served each place that it served."""
    first = library.services.firsts(day)
    return library.services.place[first], library.services.in_s[first]


def rehearse(library: Library, day: int, manner: Manner) -> Rows:
    """Play a day of the library against the others; keep the rows of regular places until they are served."""
    kept = library.days[day]
    guide = Guide(library.without(day))
    arrived = np.full(len(library.place_x), np.inf)
    place, at = arrivals_of(library, day)
    arrived[place] = at
    fixes = fixes_of(kept.trace)
    parts = []
    for moment in moments(guide, fixes, kept.vehicle, (kept.ordinal + 6) % 7, manner):
        ahead = moment.outlook
        wanted = library.regular[ahead.place] & (arrived[ahead.place] > moment.at_s)
        if wanted.any():
            parts.append(_rows(day, moment.at_s, ahead.place[wanted], ahead.chance[wanted], arrived))
    return joined(parts)


def fixes_of(trace: Trace) -> tuple[Floats, Floats, Floats]:
    """Turn knots back into fixes: the arrival at each, then one every quarter of a minute while the truck stands."""
    at, which = [], []
    for k, (into, out) in enumerate(zip(trace.in_s.tolist(), trace.out_s.tolist(), strict=True)):
        times = np.append(np.arange(into, out, EVERY_S), out) if out > into else np.array([into])
        at.append(times)
        which.append(np.full(len(times), k))
    index = np.concatenate(which).astype(np.int64)
    return np.concatenate(at), trace.x[index], trace.y[index]


def _rows(day: int, at_s: float, place: Ints, chance: Floats, arrived: Floats) -> Rows:
    ahead = Outlook(place, chance)
    within = np.column_stack([ahead.within(seconds) for seconds in GRID_S]).astype(np.float32)
    low, middle, high = ahead.quantiles((0.1, 0.5, 0.9))
    size = len(place)
    guess, held = best_guess(chance)
    run, at, left = np.full(size, day), np.full(size, at_s), arrived[place] - at_s
    return Rows(run, place, at, left, within, low, middle, high, guess, held.astype(np.float32))


def joined(parts: list[Rows]) -> Rows:
    """Join rows, in order of run, place and time."""
    if not parts:
        nothing = np.zeros(0)
        none = np.zeros(0, dtype=np.int64)
        within = np.zeros((0, len(GRID_S)), np.float32)
        held = np.zeros(0, np.float32)
        return Rows(none, none, nothing, nothing, within, nothing, nothing, nothing, nothing, held)
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__struct_fields__]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return Rows(*(column[order] for column in columns))
