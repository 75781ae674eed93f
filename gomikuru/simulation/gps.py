"""The GPS model: what a tracker believes. Errors that wander, jumps between high walls, fixes that never came."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gomikuru.simulation.driver import Track
from gomikuru.simulation.plane import Floats


class Receiver(msgspec.Struct, frozen=True):
    """How well a tracker hears the sky. `jumps_per_h`, `jump_m` and `jump_s` are multipath."""

    interval_s: float = 5.0
    wander_m: float = 2.5
    wander_s: float = 90.0
    jitter_m: float = 0.7
    lost_chance: float = 0.01
    jumps_per_h: float = 1.5
    jump_m: tuple[float, float] = (20.0, 70.0)
    jump_s: tuple[float, float] = (4.0, 20.0)
    jump_known: float = 0.7


class Fixes(msgspec.Struct, frozen=True, eq=False):
    """A tracker's fixes of one day in order of time; a heading is NaN where the truck stands."""

    t_ms: NDArray[np.int64]
    xy: Floats
    speed_mps: Floats
    heading_deg: Floats
    accuracy_m: Floats
    true_xy: Floats


def fixes(track: Track, receiver: Receiver, rng: Generator) -> Fixes:
    """Take fixes along a track."""
    begin, end = int(track.t_ms[0]), int(track.t_ms[-1])
    step = round(receiver.interval_s * 1000)
    t = np.arange(begin + int(rng.integers(0, step)), end + 1, step, dtype=np.int64)
    t = t[rng.random(len(t)) >= receiver.lost_chance]
    true_xy = np.column_stack([np.interp(t, track.t_ms, track.xy[:, axis]) for axis in (0, 1)])
    wander = _wander(t, receiver, rng)
    jump, known = _jumps(t, receiver, rng)
    speed = np.interp(t, track.t_ms, track.speed_mps)
    heard = np.clip(speed + rng.normal(0.0, 0.25, len(t)) * (speed > 0.2), 0.0, None)
    base = 3.0 + np.hypot(*wander.T) + rng.gamma(2.0, 0.6, len(t))
    accuracy = base + known * np.hypot(*jump.T) * rng.uniform(0.5, 1.2, len(t))
    xy = true_xy + wander + jump + rng.normal(0.0, receiver.jitter_m, (len(t), 2))
    heading = np.where(speed > 0.8, (_headings(track, t) + rng.normal(0.0, 4.0, len(t))) % 360.0, np.nan)
    return Fixes(t, xy, heard.round(2), heading.round(1), accuracy.round(1), true_xy)


def _wander(t: NDArray[np.int64], receiver: Receiver, rng: Generator) -> Floats:
    """Draw an error that wanders slowly around nought (a Gauss-Markov process)."""
    kicks = rng.normal(0.0, receiver.wander_m, (len(t), 2))
    keep = np.exp(-np.diff(t, prepend=t[:1]) / 1000.0 / receiver.wander_s)
    found = np.empty_like(kicks)
    last = kicks[0] if len(t) else np.zeros(2)
    for k, share in enumerate(keep):
        last = share * last + math.sqrt(max(0.0, 1 - share * share)) * kicks[k]
        found[k] = last
    return found


def _jumps(t: NDArray[np.int64], receiver: Receiver, rng: Generator) -> tuple[Floats, Floats]:
    """Draw the jumps of the day: an offset for each fix, and whether the tracker knows of it."""
    offset, known = np.zeros((len(t), 2)), np.zeros(len(t))
    if not len(t):
        return offset, known
    hours = float(t[-1] - t[0]) / 3_600_000
    for _ in range(int(rng.poisson(receiver.jumps_per_h * hours))):
        begin = rng.uniform(float(t[0]), float(t[-1]))
        within = (t >= begin) & (t < begin + 1000 * rng.uniform(*receiver.jump_s))
        angle, metres = rng.uniform(0.0, 2 * math.pi), rng.uniform(*receiver.jump_m)
        offset[within] = (metres * math.cos(angle), metres * math.sin(angle))
        known[within] = float(rng.random() < receiver.jump_known)
    return offset, known


def _headings(track: Track, t: NDArray[np.int64]) -> Floats:
    """Tell where the truck points: along its last second, clockwise from north."""
    step = np.diff(track.xy, axis=0, prepend=track.xy[:1])
    degrees = np.degrees(np.arctan2(step[:, 0], step[:, 1])) % 360.0
    at = np.clip(np.searchsorted(track.t_ms, t), 0, len(track.t_ms) - 1)
    return np.asarray(degrees[at], dtype=np.float64)
