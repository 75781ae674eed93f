"""What the GPS box of a truck makes of its true path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.yards.crews import Receiver
from benchmarks.yards.settings import Box
from benchmarks.yards.track import Floats, Track

STILL_M = 0.3  # a truck that moves less between two fixes stands


@dataclass(frozen=True)
class Fixes:
    """A truck-day's fixes; seconds from local midnight, plane metres. Doubled ones stand at the end."""

    t: Floats
    xy: Floats


def logged(track: Track, receiver: Receiver, box: Box, rng: np.random.Generator) -> Fixes:
    """The fixes of a day."""
    t = _moments(track, box, rng)
    place = track.at(t)
    xy = place[:, :2] + _noise(place, receiver, box, rng)
    if receiver.holds:
        _hold(xy, place, box, rng)
    jumps = rng.random(len(t)) < box.jumps
    for axis in (0, 1):
        xy[jumps, axis] += rng.normal(0, box.jump_m, jumps.sum())
    kept = _awake(t, xy, track, box, rng)
    kept &= _received(t, box, rng)
    kept &= rng.random(len(t)) > box.lost
    t, xy = t[kept], xy[kept]
    doubled = rng.random(len(t)) < box.doubled
    return Fixes(np.concatenate([t, t[doubled]]), np.vstack([xy, xy[doubled]]))


def _moments(track: Track, box: Box, rng: np.random.Generator) -> Floats:
    start, end = track.span
    first = math.ceil(start / box.period_s) * box.period_s + int(rng.integers(box.period_s))
    return np.arange(first, min(end, box.latest_h * 3600), float(box.period_s))


def _noise(place: Floats, receiver: Receiver, box: Box, rng: np.random.Generator) -> Floats:
    """Errors that wander quickly and slowly, wider between walls, and the grain of each fix."""
    blur_m = (box.blur_m + box.walls * place[:, 2:3]) * receiver.blur
    quick = _wandering(len(place), 45, box, rng) * blur_m
    slow = _wandering(len(place), 240, box, rng) * (box.drift * place[:, 3:4])
    return np.asarray(quick + slow + rng.normal(0, box.grain_m, (len(place), 2)))


def _wandering(count: int, memory_s: float, box: Box, rng: np.random.Generator) -> Floats:
    """An error of unit size that forgets itself within that time."""
    steps, error = rng.normal(0, 1, (count, 2)), np.zeros((count, 2))
    stays = math.exp(-box.period_s / memory_s)
    fresh, last = math.sqrt(1 - stays * stays), rng.normal(0, 1, 2)
    for k in range(count):
        last = stays * last + fresh * steps[k]
        error[k] = last
    return error


def _hold(xy: Floats, place: Floats, box: Box, rng: np.random.Generator) -> None:
    """While the truck stands, most fixes repeat the one before."""
    moved_m = np.hypot(*np.diff(place[:, :2], axis=0).T)
    for k in range(1, len(xy)):
        if moved_m[k - 1] < STILL_M and rng.random() < box.holds:
            xy[k] = xy[k - 1]


def _awake(t: Floats, xy: Floats, track: Track, box: Box, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which fixes were taken with the ignition on; the first after it lie anywhere."""
    awake = np.ones(len(t), dtype=bool)
    _begin_cold(xy, 0, box, rng)
    for off, on in track.off:
        again = on + rng.uniform(5, 45)
        awake &= ~((t > off) & (t < again))
        _begin_cold(xy, int(np.searchsorted(t, again)), box, rng)
    return awake


def _begin_cold(xy: Floats, first: int, box: Box, rng: np.random.Generator) -> None:
    """Some fixes from one on lie off in one direction, less and less."""
    if first < len(xy) and rng.random() < box.cold:
        count = int(rng.integers(1, 9))
        off_m = rng.choice(box.cold_m, p=box.cold_shares) * rng.exponential(1)
        angle = rng.uniform(0, 6.28)
        for k in range(first, min(len(xy), first + count)):
            left_m = off_m * (1 - (k - first) / count)
            xy[k] += left_m * math.cos(angle), left_m * math.sin(angle)


def _received(t: Floats, box: Box, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which fixes fall into no gap."""
    received = np.ones(len(t), dtype=bool)
    for _ in range(rng.poisson(box.gaps)):
        start = rng.uniform(t[0], t[-1])
        received &= ~((t > start) & (t < start + box.shortest_gap_s + rng.exponential(box.gap_s)))
    return received
