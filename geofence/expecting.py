"""What each place may expect of today: for pages that residents open, not for deciding whom to tell. Pure.

It reads the committed state of the trucks, and looks as the minutes lead looks, but at the present moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.correcting import CORRECT_CHANCE
from geofence.forecast.modes import Manner
from geofence.forecast.recorded import day_ordinal, second_of
from geofence.forecast.today import served_places
from geofence.forecast.walk import Floats, Ints
from geofence.forecaster import Forecaster
from geofence.state import Truck
from model.city import City

HABIT = 0.3
"""A truck is on its way to a place that so large a share of its round's past days served."""


class Stage(IntEnum):
    """How far today's service of a place has come; of several trucks the one furthest on counts."""

    NOTHING = 0
    SILENT = 1
    ON_ITS_WAY = 2
    WINDOW = 3
    SERVED = 4


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One row a place: its stage, by which truck (-1 for none), and with WINDOW the interval in ms UTC.

    `heard_ms`: when each of `trucks` was last heard.
    """

    stage: npt.NDArray[np.int8]
    truck: Ints
    low_ms: Ints
    mid_ms: Ints
    high_ms: Ints
    trucks: tuple[str, ...]
    heard_ms: tuple[int, ...]


class _Seen(msgspec.Struct, frozen=True):
    """What one truck means for the places: a stage a row, and times (low, middle, high) for those with a window."""

    heard_ms: int
    stage: npt.NDArray[np.int8]
    window: npt.NDArray[np.int64]


def expected(
    trucks: Mapping[str, Truck], forecaster: Forecaster, city: City, manner: Manner, at_ms: int, silent_ms: int
) -> Expected:
    """Weigh all trucks that are at work today at `at_ms`; after `silent_ms` without a fix one counts as silent."""
    places = len(forecaster.guide.library.place_x)
    names, seen = [], []
    for name in sorted(trucks):
        one = _seen(trucks[name], forecaster, city, manner, at_ms, silent_ms)
        if one is not None:
            names.append(name)
            seen.append(one)
    stage, by = np.zeros(places, dtype=np.int8), np.full(places, -1, dtype=np.int64)
    times = np.zeros((3, places), dtype=np.int64)
    for k, one in enumerate(seen):
        sooner = (one.stage == Stage.WINDOW) & (stage == Stage.WINDOW) & (one.window[1] < times[1])
        better = (one.stage > stage) | sooner
        stage[better], by[better] = one.stage[better], k
        times[:, better] = one.window[:, better]
    heard = tuple(one.heard_ms for one in seen)
    return Expected(
        stage=stage, truck=by, low_ms=times[0], mid_ms=times[1], high_ms=times[2], trucks=tuple(names), heard_ms=heard
    )


def _seen(truck: Truck, forecaster: Forecaster, city: City, manner: Manner, at_ms: int, silent_ms: int) -> _Seen | None:
    """Look at one truck; None where it has not been followed today."""
    so_far, last = truck.so_far, truck.track.last
    ordinal = day_ordinal(at_ms, city)
    if so_far is None or last is None or not so_far.is_of(forecaster.version, ordinal):
        return None
    places = len(forecaster.guide.library.place_x)
    silent = at_ms - last.at_ms > silent_ms
    look_ms = last.at_ms if silent else max(at_ms, last.at_ms)
    ahead = forecaster.look(so_far, second_of(look_ms, ordinal, city.timezone), ordinal, manner)
    stage, window = np.zeros(places, dtype=np.int8), np.zeros((3, places), dtype=np.int64)
    stage[_habit(forecaster, ahead.day) >= HABIT] = Stage.ON_ITS_WAY
    near = ahead.outlook.within(1e9) >= CORRECT_CHANCE if len(ahead.outlook.place) else np.zeros(0, dtype=bool)
    rows = ahead.outlook.place[near]
    stage[rows] = Stage.WINDOW
    times = ahead.times(np.flatnonzero(near))
    for k, seconds in enumerate((times.low_s, ahead.middle_s[near], times.high_s)):
        window[k, rows] = look_ms + (1000 * seconds).astype(np.int64)
    over = forecaster.guide.library.hours.until_s <= second_of(at_ms, ordinal, city.timezone)
    stage[over] = Stage.NOTHING
    if silent:
        stage[stage > Stage.NOTHING] = Stage.SILENT
    stage[served_places(so_far.served, places)] = Stage.SERVED
    return _Seen(last.at_ms, stage, window)


def _habit(forecaster: Forecaster, day: int | None) -> Floats:
    """Tell for each place the share of the round's past days that served it; none while the round is not known."""
    library = forecaster.guide.library
    if day is None:
        return np.zeros(len(library.place_x))
    habit: Floats = library.served[library.vehicle == library.vehicle[day]].mean(axis=0)
    return habit


def soonest(expected: Expected, places: Ints) -> int | None:
    """Tell by which of several places a household is served that is known by its zone only; None for no places.

    What is still to come counts more than what is done: the soonest window first, then the other stages.
    """
    if not len(places):
        return None
    rank = np.array([_ORDER[stage] for stage in expected.stage[places].tolist()])
    return int(places[np.lexsort((places, expected.mid_ms[places], rank))[0]])


_ORDER = {Stage.WINDOW: 0, Stage.ON_ITS_WAY: 1, Stage.SILENT: 2, Stage.SERVED: 3, Stage.NOTHING: 4}
