"""What a truck is doing: collecting, driving, or resting, from position and time alone.

The path is cut into hops of at least `hop_m`. Three figures fade with the distance driven: the speed while moving, the
mean speed with its stops, and the number of stops. Fading by distance, not by time, keeps a red light from looking
like work; what the noise of a parked truck adds up to is no evidence (docs/decisions/0004-collecting.md).
"""

from __future__ import annotations

from enum import IntEnum
from math import exp, hypot

import msgspec

from geofence.limits import Limits


class Phase(IntEnum):
    """What a truck is doing."""

    UNKNOWN = 0
    COLLECTING = 1
    DRIVING = 2
    RESTING = 3


class Motion(msgspec.Struct, frozen=True, array_like=True):
    """The memory of one truck's movement, on the plane; figures fade with distance.

    (x, y) is where the last hop ended, `origin` where the evidence begins, `anchor` the middle of where it roams.
    """

    x: float
    y: float
    arrived_ms: int
    near_ms: int
    origin: tuple[float, float]
    anchor: tuple[float, float]
    anchored_ms: int
    near_m: float = 0.0
    metres: float = 0.0
    seconds: float = 0.0
    weight: float = 0.0
    speed: float = 0.0
    stops: float = 0.0
    since_stop_m: float = 1000.0
    evidence_m: float = 0.0
    phase: Phase = Phase.UNKNOWN


def begin(x: float, y: float, at_ms: int) -> Motion:
    """Start at a first fix, knowing nothing."""
    return Motion(x, y, at_ms, at_ms, (x, y), (x, y), at_ms)


def moved(motion: Motion, x: float, y: float, at_ms: int, plane_per_m: float, limits: Limits) -> Motion:
    """Take the next fix (plane metres, ms) and tell what the truck is doing now."""
    resting = motion.phase is Phase.RESTING
    if hypot(x - motion.anchor[0], y - motion.anchor[1]) >= limits.roam_m * plane_per_m:
        motion = msgspec.structs.replace(motion, anchor=(x, y), anchored_ms=at_ms)
    elif at_ms - motion.anchored_ms >= limits.rest_ms and not resting:
        place = motion.anchor
        return Motion(*place, at_ms, at_ms, place, place, motion.anchored_ms, phase=Phase.RESTING)
    away = hypot(x - motion.x, y - motion.y) / plane_per_m
    if away >= (limits.roam_m if resting else limits.hop_m):
        return _hop(motion, x, y, at_ms, away, plane_per_m, limits)
    return msgspec.structs.replace(motion, near_ms=at_ms, near_m=away)


def _hop(motion: Motion, x: float, y: float, at_ms: int, away: float, plane_per_m: float, limits: Limits) -> Motion:
    moving_ms = max(at_ms - motion.near_ms, 1)
    stood_ms = motion.near_ms - motion.arrived_ms
    speed = max(away - motion.near_m, 0.0) * 1000.0 / moving_ms
    resting = motion.phase is Phase.RESTING
    fade = exp(-away / limits.memory_m)
    short = exp(-away / (limits.memory_m / 2.0))
    since_stop_m = motion.since_stop_m + away
    stopped = stood_ms >= limits.stop_ms and not resting and moving_ms < limits.sparse_ms
    stopped = stopped and since_stop_m >= limits.stop_apart_m
    from_origin = hypot(x - motion.origin[0], y - motion.origin[1]) / plane_per_m
    next_motion = Motion(
        x=x,
        y=y,
        arrived_ms=at_ms,
        near_ms=at_ms,
        origin=motion.origin,
        anchor=motion.anchor,
        anchored_ms=motion.anchored_ms,
        metres=motion.metres * fade + away,
        seconds=motion.seconds * fade + (moving_ms + (0 if resting else stood_ms)) / 1000.0,
        weight=motion.weight * short + (1.0 - short),
        speed=motion.speed * short + speed * (1.0 - short),
        stops=motion.stops * fade + (1.0 if stopped else 0.0),
        since_stop_m=0.0 if stopped else since_stop_m,
        evidence_m=max(motion.evidence_m, from_origin),
        phase=Phase.UNKNOWN if resting else motion.phase,
    )
    return msgspec.structs.replace(next_motion, phase=_phase(next_motion, limits))


def _phase(motion: Motion, limits: Limits) -> Phase:
    """Judge the figures; between the bounds the last judgement stands."""
    if motion.evidence_m < limits.evidence_m:
        return motion.phase
    moving = motion.speed / motion.weight
    mean = motion.metres / motion.seconds
    if moving <= limits.crawl_mps:
        return Phase.COLLECTING
    if motion.stops >= limits.collecting_stops and mean <= limits.collecting_mean_mps:
        return Phase.COLLECTING
    if moving >= limits.cruise_mps:
        return Phase.DRIVING
    return motion.phase
