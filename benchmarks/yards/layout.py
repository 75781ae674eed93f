"""Draws the streets: a crooked grid with wide streets, a river between two parts, one-way lanes, lights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.yards.settings import Land
from benchmarks.yards.streets import Point, Streets, Width
from gomikuru.simulation.reach import reached

STEPS = ((1, 0), (0, 1), (1, 1))


@dataclass(frozen=True)
class Ground:
    """The streets, and the junctions from which every other one can be reached and left again."""

    streets: Streets
    junctions: tuple[int, ...]
    grid_size: int  # nodes from here on are no junctions of the grid
    radius_m: float


def drawn(land: Land, rng: np.random.Generator) -> Ground:
    """A town; the same generator gives the same one."""
    rows, columns = (int(rng.integers(land.lines[0], land.lines[1] + 1)) for _ in range(2))
    streets = Streets()
    for place in _places(rows, columns, land, rng):
        streets.node(*place)
    grid = _Grid(streets, rows, columns, land, rng)
    grid.joined()
    ahead = [list(row) for row in streets.out]
    behind: list[list[int]] = [[] for _ in ahead]
    for start, row in enumerate(ahead):
        for end in row:
            behind[end].append(start)
    inner = reached(grid.middle, ahead) & reached(grid.middle, behind)
    streets.keep(inner)
    xy = np.array([streets.nodes[node] for node in sorted(inner)])
    return Ground(streets, tuple(sorted(inner)), rows * columns, float(np.hypot(*xy.T).max()))


def _places(rows: int, columns: int, land: Land, rng: np.random.Generator) -> list[Point]:
    """The junctions: lines at uneven distances, swaying, the whole turned by some angle."""
    spacing = rng.uniform(*land.spacing_m)
    angle = rng.uniform(0, math.pi)
    side = max(rows, columns) * spacing
    sways, waves, phases = (rng.uniform(*span, 2).tolist() for span in (land.sway, (0.6, 1.4), (0.0, 6.28)))
    xs, ys = (np.cumsum(rng.uniform(*land.uneven, count)) * spacing for count in (rows, columns))
    places = []
    for x in (xs - xs.mean()).tolist():
        for y in (ys - ys.mean()).tolist():
            east = x + sways[0] * side * math.sin(2 * math.pi * waves[0] * y / side + phases[0])
            east += rng.normal(0, land.crooked * spacing)
            north = y + sways[1] * side * math.sin(2 * math.pi * waves[1] * x / side + phases[1])
            north += rng.normal(0, land.crooked * spacing)
            turned = east * math.cos(angle) - north * math.sin(angle), east * math.sin(angle) + north * math.cos(angle)
            places.append(turned)
    return places


class _Grid:
    """The grid while its streets are drawn."""

    def __init__(self, streets: Streets, rows: int, columns: int, land: Land, rng: np.random.Generator) -> None:
        self._streets, self._land, self._rng = streets, land, rng
        self._rows, self._columns = rows, columns
        self._wide_rows, self._wide_columns = _wide(rows, rng), _wide(columns, rng)
        self._river, self._meander = rng.uniform(0.25, 0.75) * rows, rng.uniform(0.05, 0.2) * rows
        self._phase = rng.uniform(0, 6.28)

    @property
    def middle(self) -> int:
        """A junction of two wide streets."""
        return self._node(*(lines[len(lines) // 2] for lines in (self._wide_rows, self._wide_columns)))

    def joined(self) -> None:
        """Draws all streets and lights."""
        for i in range(self._rows):
            for j in range(self._columns):
                wide = (i in self._wide_rows) + (j in self._wide_columns)
                if wide == 2 or (wide and self._rng.random() < self._land.lights):
                    self._streets.lights.add(self._node(i, j))
                for down, across in STEPS:
                    if i + down < self._rows and j + across < self._columns:
                        self._street(i, j, down, across)

    def _node(self, i: int, j: int) -> int:
        return i * self._columns + j

    def _street(self, i: int, j: int, down: int, across: int) -> None:
        """Lanes do not cross the river."""
        land, rng = self._land, self._rng
        wide = (down == 0 and i in self._wide_rows) or (across == 0 and j in self._wide_columns)
        if down and across and rng.random() > land.diagonals:
            return
        if not wide and self._beyond(i, j) != self._beyond(i + down, j + across):
            return
        if rng.random() < (land.missing_wide if wide else land.missing_lanes):
            return
        toward = 0
        if not wide and rng.random() < land.one_way:
            toward = 1 if rng.random() < 0.5 else -1
        width, bend = Width.WIDE if wide else Width.LANE, rng.normal(0, land.bend)
        self._streets.join(self._node(i, j), self._node(i + down, j + across), width, bend, rng, toward)

    def _beyond(self, i: int, j: int) -> bool:
        return i < self._river + self._meander * math.sin(self._phase + 3.5 * j / self._columns)


def _wide(count: int, rng: np.random.Generator) -> list[int]:
    """Every fourth to sixth line is a wide street."""
    lines, line = list[int](), int(rng.integers(1, 4))
    while line < count:
        lines.append(line)
        line += int(rng.integers(4, 7))
    return lines
