"""What the tracker says of a true track: errors that wander, multipath, lost fixes, dead zones, a clock that drifts."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gomikuru.simulation.bed.plan import Tracking
from gomikuru.simulation.bed.track import Track
from gomikuru.simulation.plane import Floats

Disk = tuple[float, float, float]


class Heard(msgspec.Struct, frozen=True, eq=False):
    """A vehicle's fixes in the order of their arrival; ms from local midnight, metres on the plane."""

    vehicle: str
    fix_ms: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    xy: Floats


def dead_zones(places: Floats, tracking: Tracking, rng: Generator) -> list[Disk]:
    """Lay the town's holes in the network."""
    chosen = rng.choice(len(places), size=min(tracking.dead_zones, len(places)), replace=False)
    return [(float(places[k, 0]), float(places[k, 1]), float(rng.uniform(*tracking.dead_radius_m))) for k in chosen]


def heard(track: Track, tracking: Tracking, zones: list[Disk], rng: Generator) -> Heard:
    """Take a day's fixes and send them."""
    begin, end = float(track.t_s[0]), float(track.t_s[-1])
    t = np.arange(begin + rng.uniform(0.0, tracking.interval_s), end, tracking.interval_s)
    t = t[rng.random(len(t)) >= tracking.lost_share]
    true_xy = track.at(t)
    xy = true_xy + _wander(t, tracking, rng) + rng.normal(0.0, tracking.jitter_m, (len(t), 2))
    xy += _bursts(t, tracking, rng)
    clock_s = float(rng.normal(0.0, tracking.clock_sd_s)) + (t - begin) / 36_000 * float(
        rng.normal(0.0, tracking.clock_sd_s)
    )
    fix_ms = (1000 * np.round(t + np.clip(clock_s, -2.0, 2.0))).astype(np.int64)
    received = np.round(1000 * _received(t, true_xy, tracking, zones, rng)).astype(np.int64)
    said = _said(t, xy, tracking)
    return Heard(track.vehicle, fix_ms[said], received[said], xy[said])


def _said(t: Floats, xy: Floats, tracking: Tracking) -> list[int]:
    """Tell which fixes a tracker sends at all: one that is silent while it stands, only where it has moved."""
    if not tracking.parked_s:
        return list(range(len(t)))
    kept: list[int] = []
    for k, (at_s, place) in enumerate(zip(t.tolist(), xy.tolist(), strict=True)):
        moved = not kept or math.dist(xy[kept[-1]], place) >= tracking.parked_m
        if moved or at_s - t[kept[-1]] >= tracking.parked_s:
            kept.append(k)
    return kept


def _wander(t: Floats, tracking: Tracking, rng: Generator) -> Floats:
    keep = math.exp(-tracking.interval_s / tracking.wander_s)
    kicks = (rng.normal(0.0, tracking.wander_m, (len(t), 2)) * math.sqrt(1 - keep * keep)).tolist()
    found, x, y = [], float(rng.normal(0.0, tracking.wander_m)), float(rng.normal(0.0, tracking.wander_m))
    for dx, dy in kicks:
        x, y = keep * x + dx, keep * y + dy
        found.append((x, y))
    return np.array(found).reshape(-1, 2)


def _bursts(t: Floats, tracking: Tracking, rng: Generator) -> Floats:
    offset = np.zeros((len(t), 2))
    if len(t):
        for _ in range(int(rng.poisson(tracking.bursts_per_h * (t[-1] - t[0]) / 3600))):
            begin = rng.uniform(t[0], t[-1])
            within = (t >= begin) & (t < begin + rng.uniform(*tracking.burst_s))
            angle, metres = rng.uniform(0.0, 2 * math.pi), rng.uniform(*tracking.burst_m)
            offset[within] = (metres * math.cos(angle), metres * math.sin(angle))
    return offset


def _received(t: Floats, xy: Floats, tracking: Tracking, zones: list[Disk], rng: Generator) -> Floats:
    """Tell when each fix arrives: at once, or with the first message after a silence, all at one moment."""
    quiet = np.zeros(len(t), np.bool_)
    for x, y, radius in zones:
        quiet |= np.hypot(xy[:, 0] - x, xy[:, 1] - y) < radius
    for _ in range(int(rng.poisson(tracking.outages_per_h * len(t) * tracking.interval_s / 3600))):
        begin = rng.uniform(t[0], t[-1])
        quiet |= (t >= begin) & (t < begin + rng.uniform(*tracking.outage_s))
    if len(t):
        quiet[-1] = False
    sent = np.where(quiet, np.inf, np.maximum.accumulate(t + rng.uniform(*tracking.latency_s, len(t))))
    return np.minimum.accumulate(sent[::-1])[::-1]
