"""The plain methods that a better one must beat, on the same pings: a radius, and distance over speed. Pure.

They know no routes, no categories and no tipping; each fires once a resident and service day. docs/evaluation.md has
them in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gomikuru.evaluation.alert_scores import Alerts
from gomikuru.evaluation.eta_scores import Predictions
from gomikuru.evaluation.recording import FRESH_MS, Fixes, Homes
from gomikuru.evaluation.timeline import NONE_MS, Floats, Ints

Singles = npt.NDArray[np.float32]

ARRIVAL_M = 50.0
DETOUR = 1.4
TICK_MS = 30_000
HORIZON_S = 1800.0
MOVING_MPS = (1.0, 30.0)
MOVING_AT_LEAST_S = 60.0

NEVER_MS = np.iinfo(np.int64).max


class Said(NamedTuple):
    """What distance over speed says of some homes on a day: its alerts, and a row a prediction."""

    alerts: Alerts
    predictions: Predictions


def radius_alerts(days: Iterable[Fixes], homes: Homes, metres: float) -> Alerts:
    """Fire when any truck is first within a distance on the day."""
    wanted = homes.only(~np.isnan(homes.lead_min))
    parts = []
    for fixes in days:
        for some in wanted.portions(len(fixes.at_ms)):
            first_ms = first_within(fixes, some, metres)
            fired = first_ms < NEVER_MS
            parts.append(alerts_at(some.resident[fired], first_ms[fired], some.lead_min[fired]))
    return joined_alerts(parts)


def first_within(fixes: Fixes, homes: Homes, metres: float) -> Ints:
    """Tell when a truck was first heard within a distance of each home; NEVER_MS where none was."""
    if not len(fixes.at_ms):
        return np.full(len(homes.resident), NEVER_MS, dtype=np.int64)
    within = _squares(fixes.x, fixes.y, homes) <= metres * metres
    first = within.argmax(axis=0)
    return np.where(within[first, np.arange(len(homes.resident))], fixes.at_ms[first], NEVER_MS)


def distance_over_speed(days: Iterable[Fixes], homes: Homes) -> Iterator[Said]:
    """Foresee every half minute: straight distance times 1.4 over the truck's mean moving speed of the day so far."""
    for fixes in days:
        for some in homes.portions(len(fixes.at_ms)):
            yield _said(fixes, some)


def _said(fixes: Fixes, homes: Homes) -> Said:
    ticks = np.arange(-(-fixes.at_ms[0] // TICK_MS), fixes.at_ms[-1] // TICK_MS + 1) * TICK_MS
    ahead_s = np.full((len(ticks), len(homes.resident)), np.inf, dtype=np.float32)
    for vehicle in np.unique(fixes.vehicle):
        _foresee(fixes.only(fixes.vehicle == vehicle), homes, ticks, ahead_s)
    ahead_s[ticks[:, None] >= first_within(fixes, homes, ARRIVAL_M)[None, :]] = np.inf
    due = ahead_s <= np.nan_to_num(homes.lead_min * 60, nan=-1.0)[None, :]
    fired = due.any(axis=0)
    first_ms = ticks[due.argmax(axis=0)[fired]] if len(ticks) else np.zeros(0, dtype=np.int64)
    tick, home = np.nonzero(ahead_s <= HORIZON_S)
    made_ms = ticks[tick]
    eta_ms = made_ms + (ahead_s[tick, home] * 1000).astype(np.int64)
    none_ms = np.full(len(made_ms), NONE_MS, dtype=np.int64)
    return Said(
        alerts_at(homes.resident[fired], first_ms, homes.lead_min[fired]),
        Predictions(homes.resident[home], made_ms, eta_ms, none_ms, none_ms),
    )


def _foresee(own: Fixes, homes: Homes, ticks: Ints, ahead_s: Singles) -> None:
    """Note what one vehicle would take to each home at each tick, where that is sooner than what stands there."""
    last = np.searchsorted(own.at_ms, ticks, side="right") - 1
    speed_mps = moving_speed(own)[np.maximum(last, 0)]
    heard = (last >= 0) & (ticks - own.at_ms[np.maximum(last, 0)] <= FRESH_MS) & ~np.isnan(speed_mps)
    at = last[heard]
    metres = np.sqrt(_squares(own.x[at], own.y[at], homes))
    ahead_s[heard] = np.minimum(ahead_s[heard], metres * (DETOUR / speed_mps[heard]).astype(np.float32)[:, None])


def moving_speed(own: Fixes) -> Floats:
    """Tell one vehicle's mean speed while moving, from the day's first fix up to each; NaN before a minute of it."""
    seconds = np.diff(own.at_ms, prepend=own.at_ms[:1]) / 1000
    metres = np.hypot(np.diff(own.x, prepend=own.x[:1]), np.diff(own.y, prepend=own.y[:1]))
    speed = np.divide(metres, seconds, out=np.zeros_like(metres), where=seconds > 0)
    moving = (speed >= MOVING_MPS[0]) & (speed <= MOVING_MPS[1]) & (seconds <= FRESH_MS / 1000)
    driven_s = np.cumsum(np.where(moving, seconds, 0.0))
    driven_m = np.cumsum(np.where(moving, metres, 0.0))
    found = np.full(len(metres), np.nan)
    np.divide(driven_m, driven_s, out=found, where=driven_s >= MOVING_AT_LEAST_S)
    return found


def alerts_at(resident: Ints, fired_ms: Ints, lead_min: Floats) -> Alerts:
    """Make alerts of a method that corrects nothing."""
    empty = np.zeros(0, dtype=np.int64)
    return Alerts(resident, fired_ms, lead_min, empty, empty)


def joined_alerts(parts: Iterable[Alerts]) -> Alerts:
    """Put alerts together."""
    empty = np.zeros(0, dtype=np.int64)
    none = Alerts(empty, empty, np.zeros(0), empty, empty)
    return Alerts(*(np.concatenate(columns) for columns in zip(none, *parts, strict=True)))


def _squares(x: Floats, y: Floats, homes: Homes) -> Singles:
    """Give squared distances, a row a place and a column a home; near zero, so that single precision is fine."""
    if not len(homes.resident):
        return np.zeros((len(x), 0), dtype=np.float32)
    east, north = float(homes.x[0]), float(homes.y[0])
    dx = (x - east).astype(np.float32)[:, None] - (homes.x - east).astype(np.float32)[None, :]
    dy = (y - north).astype(np.float32)[:, None] - (homes.y - north).astype(np.float32)[None, :]
    dx *= dx
    dy *= dy
    dx += dy
    return dx
