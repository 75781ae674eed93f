"""How a truck moves along a way: speeds, corners, signals, level crossings, jams. True positions, no noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.streets import SPEED_MPS, Edge, Kind, Streets

Floats = NDArray[np.float64]
STEP_M = 7.0
SPEED_UP, SLOW_DOWN = 0.8, 1.1  # m/s²
PEAKS = ((8.1, 0.7, 0.55, 1.0), (12.3, 0.6, 0.15, 0.0), (17.2, 1.0, 0.5, -1.0))  # hour, width, weight, towards centre


@dataclass
class Track:
    """The true path of a truck over a day: straight and steady between its points; seconds from local midnight."""

    t: list[Floats] = field(default_factory=list)
    xy: list[Floats] = field(default_factory=list)
    covered: list[tuple[float, float]] = field(default_factory=list)  # without sky
    off: list[tuple[float, float]] = field(default_factory=list)  # ignition off

    def stand(self, t: float, x: float, y: float) -> None:
        """The truck is here at a time; later points follow."""
        self.t.append(np.array([t]))
        self.xy.append(np.array([[x, y]]))

    def at(self, times: Floats) -> Floats:
        """Positions at times, (n, 2)."""
        t, xy = np.concatenate(self.t), np.concatenate(self.xy)
        return np.column_stack([np.interp(times, t, xy[:, 0]), np.interp(times, t, xy[:, 1])])

    @property
    def here(self) -> tuple[float, float] | None:
        """Where the truck is after all so far."""
        return (float(self.xy[-1][-1, 0]), float(self.xy[-1][-1, 1])) if self.xy else None

    @property
    def span(self) -> tuple[float, float]:
        """First and last moment."""
        return float(self.t[0][0]), float(self.t[-1][-1])


@dataclass(frozen=True)
class Road:
    """What the streets are like just now; pace below one is slow."""

    pace: float
    traffic: float  # weight of the peaks
    noise: float  # of signals and crossings: 0 none, 1 as it comes
    jam: bool = False
    short_m: float = 0.0  # the truck stands so far short of the end


def rush(hour: float, heading_to_centre: Floats, traffic: float) -> Floats:
    """The factor by which wide streets are slower, by hour and direction."""
    slow = np.ones_like(heading_to_centre)
    for peak, width, weight, towards in PEAKS:
        bell = weight * np.exp(-(((hour - peak) / width) ** 2))
        slow += traffic * bell * (1 + 0.6 * towards * heading_to_centre)
    return slow


def drive(
    track: Track, streets: Streets, way: list[Edge], start_s: float, road: Road, rng: np.random.Generator
) -> float:
    """Adds the way to the track; the moment the truck stands at its end."""
    if not way:
        return start_s
    points, limits, ends = _laid_out(way, start_s / 3600, road)
    points, limits = _cut(points, limits, min(road.short_m, 0.6 * way[-1].length_m))
    points[0] = track.here or points[0]
    speeds = _smoothed(limits, points)
    steps = np.hypot(*np.diff(points, axis=0).T)
    took = steps / np.maximum((speeds[:-1] + speeds[1:]) / 2, 0.4)
    t = start_s + np.concatenate([[0.0], np.cumsum(took)])
    waits = _waits(streets, way, ends, road, rng)
    for index, wait in waits:
        t[index + 1 :] += wait
    held = [(float(t[i]) + wait, *points[i].tolist()) for i, wait in waits]
    for edge, (first, last) in zip(way, pairwise([0, *ends]), strict=True):
        if edge.covered:
            track.covered.append((float(t[first]), float(t[min(last, len(t) - 1)])))
    t, points = _with(held, t, points)
    track.t.append(t)
    track.xy.append(points)
    return float(t[-1])


def _cut(points: Floats, limits: Floats, short_m: float) -> tuple[Floats, Floats]:
    """Without what lies nearer to the end than that, measured along the way."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    left = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
    keep = left >= short_m
    return points[keep], limits[keep]


def _with(held: list[tuple[float, float, float]], t: Floats, points: Floats) -> tuple[Floats, Floats]:
    if not held:
        return t, points
    extra = np.array(held)
    t, points = np.concatenate([t, extra[:, 0]]), np.vstack([points, extra[:, 1:]])
    order = np.argsort(t, kind="stable")
    return t[order], points[order]


def _laid_out(way: list[Edge], hour: float, road: Road) -> tuple[Floats, Floats, list[int]]:
    points, limits, ends = [way[0].line[:1]], [np.array([0.0])], []
    count = 1
    for edge in way:
        piece = _sampled(edge.line)
        middle = edge.line.mean(axis=0)
        ahead = edge.line[-1] - edge.line[0]
        inward = -float(ahead @ middle) / max(float(np.hypot(*ahead) * np.hypot(*middle)), 1.0)
        speed = SPEED_MPS[edge.kind] * road.pace * (0.4 if edge.against else 1.0)
        if edge.kind in (Kind.BOULEVARD, Kind.COLLECTOR, Kind.HIGHWAY):
            speed /= float(rush(hour, np.array([inward]), road.traffic)[0]) * (2.5 if road.jam else 1.0)
        points.append(piece)
        limits.append(np.full(len(piece), speed))
        count += len(piece)
        ends.append(count - 1)
    return np.vstack(points), np.concatenate(limits), ends


def _sampled(line: Floats) -> Floats:
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    n = max(2, int(run[-1] / STEP_M))
    s = np.linspace(0, run[-1], n + 1)[1:]
    return np.column_stack([np.interp(s, run, line[:, 0]), np.interp(s, run, line[:, 1])])


def _smoothed(limits: Floats, points: Floats) -> Floats:
    ahead = np.diff(points, axis=0)
    heading = np.arctan2(ahead[:, 1], ahead[:, 0])
    bend = np.abs((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
    speeds = limits.copy()
    speeds[1:-1] = np.minimum(speeds[1:-1], 3.5 / np.maximum(bend, 0.15) ** 0.7)
    speeds[-1] = 0.0
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*ahead.T))])
    square = speeds**2
    rising = np.minimum.accumulate(square - 2 * SPEED_UP * s) + 2 * SPEED_UP * s
    falling = np.minimum.accumulate((rising + 2 * SLOW_DOWN * s)[::-1])[::-1] - 2 * SLOW_DOWN * s
    return np.asarray(np.sqrt(np.maximum(falling, 0.0)))


def _waits(
    streets: Streets, way: list[Edge], ends: list[int], road: Road, rng: np.random.Generator
) -> list[tuple[int, float]]:
    waits = []
    for edge, last in zip(way[:-1], ends[:-1], strict=True):
        if edge.end in streets.signals and rng.random() < 0.5:
            waits.append((last, float(26 + road.noise * rng.uniform(-22, 34))))
        elif edge.end in streets.level_crossings and rng.random() < 0.3 * road.noise:
            waits.append((last, float(rng.uniform(30, 160))))
    return waits
