"""A truck's fixes as a walk of knots some 30 m apart: where it was, from when until when. Pure.

The same walk is made of past days (learning) and of today, whatever the interval between fixes: long legs get knots
in between, noise while standing gets none. Metres are ground metres on the city's plane, seconds count from the
local midnight with which the service day begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot, inf

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HOP_M = 25.0
SPACING_M = 30.0
TOP_SPEED_MPS = 35.0
BELIEVE_AFTER = 3
STOOD_S = 10.0
SILENT_S, SILENT_FIXES, PARKED_MPS, PARKED_M = 20.0, 2.5, 1.0, (12.0, 60.0)
"""Many trackers are silent while a truck stands. After a silence so long, so slow and so near, it stood, then drove."""
ONWARD_MPS = 5.0
NEVER_SILENT = inf
GAP_S = 1_800.0
"""A silence after which the way in between is not drawn."""


class Walk(msgspec.Struct, frozen=True, array_like=True):
    """The open knot: where and when it was reached, when the truck was last seen at it, where it stood on average.

    `every_s`: after how long the fix came that left the knot before, as a tracker speaks of a driving truck; zero for
    not yet known, NEVER_SILENT where no fix is missing.
    """

    x: float
    y: float
    in_s: float
    near_s: float
    mean_x: float
    mean_y: float
    every_s: float = 0.0

    def closed(self) -> Knot:
        """The knot as it is left: a truck that stood a while was where it stood, not where it slowed down."""
        if self.near_s - self.in_s < STOOD_S:
            return Knot(self.x, self.y, self.in_s, self.near_s)
        return Knot(self.mean_x, self.mean_y, self.in_s, self.near_s)


class Knot(msgspec.Struct, frozen=True, array_like=True):
    """A place of the walk: reached at `in_s`, left after `out_s`."""

    x: float
    y: float
    in_s: float
    out_s: float


def begin(at_s: float, x: float, y: float, every_s: float = 0.0) -> Walk:
    """Open a knot."""
    return Walk(x, y, at_s, at_s, x, y, every_s)


def onward(walk: Walk, at_s: float, x: float, y: float) -> tuple[Walk, tuple[Knot, ...]]:
    """Take the next fix: the knots that it closes, the last of them being the way to the new open one."""
    away = hypot(x - walk.x, y - walk.y)
    parked = _parked(walk, at_s, away)
    every_s = walk.every_s if parked or walk.every_s == NEVER_SILENT else at_s - walk.near_s
    if parked:
        walk = msgspec.structs.replace(walk, near_s=at_s - away / ONWARD_MPS)
    if away < HOP_M:
        share = (at_s - walk.near_s) / max(at_s - walk.in_s, 1e-9)
        mean_x, mean_y = walk.mean_x + (x - walk.mean_x) * share, walk.mean_y + (y - walk.mean_y) * share
        return Walk(walk.x, walk.y, walk.in_s, at_s, mean_x, mean_y, walk.every_s), ()
    closed = [walk.closed()]
    if at_s - walk.near_s <= GAP_S:
        pieces = max(1, round(away / SPACING_M))
        for k in range(1, pieces):
            share = k / pieces
            when = walk.near_s + (at_s - walk.near_s) * share
            closed.append(Knot(walk.x + (x - walk.x) * share, walk.y + (y - walk.y) * share, when, when))
    return begin(at_s, x, y, every_s), tuple(closed)


def _parked(walk: Walk, at_s: float, away: float) -> bool:
    """Tell whether a truck stood at the open knot, not heard of for longer than while it drives."""
    silent_s = at_s - walk.near_s
    if not walk.every_s or silent_s < max(SILENT_S, SILENT_FIXES * walk.every_s):
        return False
    nearest, farthest = PARKED_M
    return nearest <= away <= min(farthest, PARKED_MPS * silent_s)


class Trace(msgspec.Struct, frozen=True):
    """A day of one vehicle as columns of knots, in order."""

    x: Floats
    y: Floats
    in_s: Floats
    out_s: Floats

    def __len__(self) -> int:
        return len(self.x)

    def knots(self) -> Iterator[Knot]:
        """Tell its knots one by one."""
        return map(Knot, self.x.tolist(), self.y.tolist(), self.in_s.tolist(), self.out_s.tolist())


def trace_of(at_s: Floats, x: Floats, y: Floats) -> Trace:
    """Walk a day's fixes (in order of time); places that no truck could have reached are passed over."""
    knots: list[Knot] = []
    walk: Walk | None = None
    last: tuple[float, float, float] | None = None
    doubted: list[tuple[float, float, float]] = []
    for fix in zip(at_s.tolist(), x.tolist(), y.tolist(), strict=True):
        if last is not None and fix[0] <= last[0]:
            continue
        if last is not None and not _drivable(last, fix):
            doubted = [*doubted, fix] if doubted and _drivable(doubted[-1], fix) else [fix]
            if len(doubted) < BELIEVE_AFTER:
                continue
            if walk is not None:
                knots.append(walk.closed())
            walk = None
        last, doubted = fix, []
        if walk is None:
            walk = begin(*fix)
            continue
        walk, closed = onward(walk, *fix)
        knots.extend(closed)
    if walk is not None:
        knots.append(walk.closed())
    table = np.array([(knot.x, knot.y, knot.in_s, knot.out_s) for knot in knots]).reshape(-1, 4)
    return Trace(*(np.ascontiguousarray(column) for column in table.T))


def _drivable(one: tuple[float, float, float], two: tuple[float, float, float]) -> bool:
    metres = hypot(two[1] - one[1], two[2] - one[2])
    return metres <= 100.0 or metres <= TOP_SPEED_MPS * (two[0] - one[0])
