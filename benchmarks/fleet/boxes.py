"""What the GPS box of a truck makes of its true path: fixes with their moments of arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.driving import Floats, Track
from benchmarks.fleet.settings import Box


@dataclass(frozen=True)
class Fixes:
    """A truck-day's fixes, by time; seconds from local midnight, plane metres."""

    t: Floats
    xy: Floats
    arrived: Floats


class Canyon:
    """The offsets that walls give, the same at the same spot every day."""

    def __init__(self, core_m: float, size_m: float, rng: np.random.Generator) -> None:
        self._core_m = core_m
        self._waves = rng.uniform(1 / 160, 1 / 60, (2, 6, 2)) * rng.choice([-1, 1], (2, 6, 2))
        self._phases = rng.uniform(0, 2 * np.pi, (2, 6))
        self._size_m = size_m

    def at(self, xy: Floats) -> Floats:
        """Offsets at places, in the old centre above all."""
        arcs = 2 * np.pi * np.einsum("nd,akd->nak", xy, self._waves) + self._phases
        walls = np.exp(-((np.hypot(xy[:, 0], xy[:, 1]) / (1.3 * self._core_m)) ** 4)) + 0.15
        swings = np.sin(arcs).sum(axis=2) / np.sqrt(3)
        offsets: Floats = (self._size_m * swings * walls[:, None]).astype(np.float64)
        return offsets


def logged(track: Track, box: Box, canyon: Canyon, rng: np.random.Generator) -> Fixes:
    """The fixes of a day."""
    t = _moments(track, box, rng)
    true = track.at(t)
    moving = np.hypot(*(track.at(t + 2.0) - track.at(t - 2.0)).T) > 3.0
    xy = true + canyon.at(true) + _noise(t, moving, box, rng)
    if box.freezes:
        xy = _frozen(xy, moving)
    xy = _cold(xy, t, track, box, rng)
    t, xy = _doubled(t, xy, box, rng)
    kept, arrived = _outages(t, track, box, rng)
    return Fixes(np.round(t[kept], 3), xy[kept], arrived[kept])


def _moments(track: Track, box: Box, rng: np.random.Generator) -> Floats:
    start, end = track.span
    count = int((end - start) / box.period_s * 1.2) + 10
    steps = box.period_s + box.jitter_s * rng.uniform(-1, 1, count)
    t = np.round(start + np.cumsum(np.maximum(steps, 1.0)))  # stamps are whole seconds
    keep = t < end
    if rng.random() < box.fails:
        keep &= t < rng.uniform(start, end)
    for first, last in track.off:
        asleep = (t > first + box.sleeps_after_s) & (t < last)
        beat = np.floor((t - first) / box.heartbeat_s)
        keep &= ~asleep | np.concatenate([[False], np.diff(beat) > 0])
    for first, last in track.covered:
        keep &= ~((t > first) & (t < last + 6.0))
    kept: Floats = t[keep].astype(np.float64)
    return kept


def _noise(t: Floats, moving: NDArray[np.bool_], box: Box, rng: np.random.Generator) -> Floats:
    """Slowly wandering error; wider while standing in boxes that do not hold still."""
    steps = rng.standard_normal((len(t), 2))
    memory = np.exp(-np.diff(t, prepend=t[0]) / 40.0)
    error = np.zeros_like(steps)
    for i in range(1, len(t)):
        error[i] = memory[i] * error[i - 1] + np.sqrt(1 - memory[i] ** 2) * steps[i]
    size = np.where(moving | box.freezes, box.noise_m, box.wander_m)
    return np.asarray(error * size[:, None] + 0.8 * rng.standard_normal((len(t), 2)))


def _frozen(xy: Floats, moving: NDArray[np.bool_]) -> Floats:
    """Standing, the box repeats its last fix until the truck has moved away from it."""
    held = xy.copy()
    for i in range(1, len(held)):
        if not moving[i] and np.hypot(*(held[i] - held[i - 1])) < 25.0:
            held[i] = held[i - 1]
    return held


def _cold(xy: Floats, t: Floats, track: Track, box: Box, rng: np.random.Generator) -> Floats:
    """After the ignition the first fixes lie anywhere."""
    for moment in [track.span[0], *(last for _, last in track.off)]:
        first = int(np.searchsorted(t, moment))
        for i in range(first, min(first + int(rng.integers(0, box.cold_fixes + 1)), len(t))):
            xy[i] += rng.standard_normal(2) * box.cold_m
    return xy


def _doubled(t: Floats, xy: Floats, box: Box, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Some fixes are stamped like the one before."""
    twice = np.flatnonzero(rng.random(len(t)) < box.doubled)
    return np.insert(t, twice, t[twice]), np.insert(xy, twice, xy[twice] + rng.normal(0, 1.5, (len(twice), 2)), axis=0)


def _outages(t: Floats, track: Track, box: Box, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Floats]:
    """Which fixes survive, and when they arrive: an outage's come thinned and all at once when it is over."""
    kept, arrived = np.ones(len(t), dtype=bool), t.copy()
    for _ in range(int(rng.poisson(box.outages))):
        start = float(rng.uniform(*track.span))
        end = start + box.outage_s * float(rng.uniform(0.3, 2.0))
        gone = (t >= start) & (t < end)
        slot = np.floor(t / box.stored_every_s)
        kept &= ~gone | np.concatenate([[True], np.diff(slot) > 0])
        arrived[gone] = end
    return kept, arrived
