"""One truck's fixes put in order: what is repeated, too old, too coarse, or impossible, and which legs were driven.

Order of the gates: late, repeated, accuracy, order, jump, gap. A place that no truck could have reached is believed
after a few fixes that agree with each other; until then it decides nothing.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from math import hypot

import msgspec

from geofence.limits import Limits

MOST = 32
"""How many fine fixes, and how many coarse ones, are remembered of a truck that sends many a second."""

Spot = tuple[float, float]
Leg = tuple[float, float, float, float]


class Verdict(StrEnum):
    """What the engine did with one ping."""

    MATCHED = "matched"
    REORDERED = "reordered"
    REACQUIRED = "reacquired"
    COARSE = "coarse"
    LATE = "late"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    INACCURATE = "inaccurate"
    JUMP = "jump"


class Fix(msgspec.Struct, frozen=True, array_like=True):
    """Where a truck was, on the plane; a coarse fix is remembered for its time only."""

    at_ms: int
    x: float
    y: float
    fine: bool = True


class Track(msgspec.Struct, frozen=True, array_like=True):
    """What must be remembered of a truck's fixes: the last few, those not yet believed, and the path behind it."""

    fixes: tuple[Fix, ...] = ()
    suspects: tuple[Fix, ...] = ()
    path: tuple[Spot, ...] = ()

    @property
    def last(self) -> Fix | None:
        """The newest fine fix."""
        return next((fix for fix in reversed(self.fixes) if fix.fine), None)


class Move(msgspec.Struct, frozen=True):
    """What one fix adds: legs to sweep, in order, the last one ending where the truck is now.

    `fresh` says that nothing before the place is known; `again`, that the place itself was weighed before and only the
    way to it is new. `metres` and `ms` are those of the newest leg; a coarse move decides only for fences at least
    `accuracy_m` wide.
    """

    legs: tuple[Leg, ...]
    fresh: bool
    metres: float
    ms: int
    accuracy_m: float = 0.0
    again: bool = False


def follow(
    track: Track, fix: Fix, accuracy_m: float | None, plane_per_m: float, limits: Limits
) -> tuple[Track, Move | None, Verdict]:
    """Take one fix into a track; a Move comes back when it may decide something."""
    last = track.last
    coarse = accuracy_m is not None and accuracy_m > limits.fine_m
    if any(seen.at_ms == fix.at_ms for seen in (*track.fixes, *track.suspects)):
        return track, None, Verdict.DUPLICATE
    if accuracy_m is not None and accuracy_m > limits.coarse_m:
        return track, None, Verdict.INACCURATE
    if accuracy_m is not None and coarse:
        return _coarse(track, last, fix, accuracy_m, plane_per_m, limits)
    if last is not None and fix.at_ms < last.at_ms:
        return _insert(track, last, fix, plane_per_m, limits)
    if last is not None and not _drivable(last, fix, plane_per_m, limits):
        return _doubt(track, fix, plane_per_m, limits)
    return _onward(track, last, fix, plane_per_m, limits)


def _onward(
    track: Track, last: Fix | None, fix: Fix, plane_per_m: float, limits: Limits
) -> tuple[Track, Move, Verdict]:
    """Take a good newer fix: a leg from the last one, or a fresh start after too long a silence."""
    fixes = _recent((*track.fixes, fix), limits)
    if last is None or fix.at_ms - last.at_ms > limits.gap_ms:
        return Track(fixes, (), ((fix.x, fix.y),)), _arrival(fix), Verdict.MATCHED
    metres = hypot(fix.x - last.x, fix.y - last.y) / plane_per_m
    move = Move(((last.x, last.y, fix.x, fix.y),), False, metres, fix.at_ms - last.at_ms)
    return Track(fixes, (), _trail(track.path, fix, plane_per_m)), move, Verdict.MATCHED


def _arrival(fix: Fix) -> Move:
    return Move(((fix.x, fix.y, fix.x, fix.y),), True, 0.0, 0)


def _coarse(
    track: Track, last: Fix | None, fix: Fix, accuracy_m: float, plane_per_m: float, limits: Limits
) -> tuple[Track, Move | None, Verdict]:
    """A coarse fix moves nothing; where a truck could be there, it may still decide for wide fences."""
    if last is not None and fix.at_ms < last.at_ms:
        return track, None, Verdict.OUT_OF_ORDER
    if last is not None and not _drivable(last, fix, plane_per_m, limits, slack_m=accuracy_m):
        return track, None, Verdict.JUMP
    seen = Track(_recent((*track.fixes, msgspec.structs.replace(fix, fine=False)), limits), track.suspects, track.path)
    if last is None or fix.at_ms - last.at_ms > limits.gap_ms:
        return seen, None, Verdict.COARSE
    return seen, Move(((last.x, last.y, fix.x, fix.y),), False, 0.0, 0, accuracy_m), Verdict.COARSE


def _insert(
    track: Track, last: Fix, fix: Fix, plane_per_m: float, limits: Limits
) -> tuple[Track, Move | None, Verdict]:
    """Put a fix that is a few seconds late where it belongs, and sweep the way round it."""
    fine = [seen for seen in track.fixes if seen.fine]
    before = [seen for seen in fine if seen.at_ms < fix.at_ms]
    after = [seen for seen in fine if seen.at_ms > fix.at_ms]
    if last.at_ms - fix.at_ms > limits.reorder_ms or not before:
        return track, None, Verdict.OUT_OF_ORDER
    one, two = before[-1], after[0]
    if not (_drivable(one, fix, plane_per_m, limits) and _drivable(fix, two, plane_per_m, limits)):
        return track, None, Verdict.JUMP
    way = (one, fix, *after)
    legs = tuple((a.x, a.y, b.x, b.y) for a, b in pairwise(way))
    kept = Track(_recent((*track.fixes, fix), limits), track.suspects, track.path)
    return kept, Move(legs, False, 0.0, 0, again=True), Verdict.REORDERED


def _doubt(track: Track, fix: Fix, plane_per_m: float, limits: Limits) -> tuple[Track, Move | None, Verdict]:
    """Keep an impossible place in mind; believe it once enough fixes agree with each other."""
    agree = track.suspects and fix.at_ms > track.suspects[-1].at_ms
    agree = agree and _drivable(track.suspects[-1], fix, plane_per_m, limits)
    suspects = (*track.suspects, fix) if agree else (fix,)
    if len(suspects) < limits.believe_after:
        return Track(track.fixes, suspects, track.path), None, Verdict.JUMP
    return Track(suspects[-2:], (), ((fix.x, fix.y),)), _arrival(fix), Verdict.REACQUIRED


def _drivable(one: Fix, two: Fix, plane_per_m: float, limits: Limits, slack_m: float = 0.0) -> bool:
    """Tell whether a truck could drive from one place to within `slack_m` of another in that time."""
    metres = max(0.0, hypot(two.x - one.x, two.y - one.y) / plane_per_m - slack_m)
    if metres <= limits.jump_floor_m:
        return metres * 1000.0 <= limits.top_speed_mps * max(two.at_ms - one.at_ms, 3000)
    return metres * 1000.0 <= limits.top_speed_mps * (two.at_ms - one.at_ms)


def _recent(fixes: tuple[Fix, ...], limits: Limits) -> tuple[Fix, ...]:
    """Put in order, and forget what is too old to matter for it, but never the two newest fine fixes."""
    ordered = sorted(fixes, key=lambda fix: fix.at_ms)
    keep_from = ordered[-1].at_ms - limits.reorder_ms
    fine = [fix for fix in ordered if fix.fine][-MOST:]
    coarse = [fix for fix in ordered if not fix.fine and fix.at_ms >= keep_from][-MOST:]
    fine = [fix for fix in fine[:-2] if fix.at_ms >= keep_from] + fine[-2:]
    return tuple(sorted((*fine, *coarse), key=lambda fix: fix.at_ms)) if coarse else tuple(fine)


def _trail(path: tuple[Spot, ...], fix: Fix, plane_per_m: float) -> tuple[Spot, ...]:
    """Remember the way behind: points some 30 m apart over the last 100 m, the truck's place at the end."""
    *corners, here = path
    start = corners[-1] if corners else here
    if not corners or hypot(here[0] - start[0], here[1] - start[1]) >= 30.0 * plane_per_m:
        corners.append(here)
    corners = corners[-4:]
    return (*corners, (fix.x, fix.y))
