"""Where a truck was, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.yards.sites import OPEN, Walls
from benchmarks.yards.streets import Point

Floats = NDArray[np.float64]


@dataclass
class Track:
    """The true path over a day: straight and steady between its points; seconds from local midnight, plane metres."""

    clock_s: float
    here: Point
    points: list[tuple[float, float, float, float, float]] = field(default_factory=list)  # s, x, y, blur, drift
    off: list[tuple[float, float]] = field(default_factory=list)  # without ignition

    def wait(self, seconds: float, walls: Walls = OPEN) -> None:
        """The truck stands."""
        self.clock_s += seconds
        self._add(walls)

    def move(self, to: Point, speed_mps: float, walls: Walls = OPEN) -> None:
        """The truck drives straight to a place."""
        self.clock_s += math.dist(self.here, to) / max(speed_mps, 0.3)
        self.here = to
        self._add(walls)

    def _add(self, walls: Walls) -> None:
        self.points.append((self.clock_s, *self.here, walls.blur_m, walls.drift_m))

    @property
    def span(self) -> tuple[float, float]:
        """First and last moment."""
        return self.points[0][0], self.points[-1][0]

    def at(self, times: Floats) -> Floats:
        """Rows of x, y, blur and drift at times."""
        points = np.array(self.points)
        return np.column_stack([np.interp(times, points[:, 0], points[:, k]) for k in range(1, 5)])
