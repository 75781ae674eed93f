"""Draws the town: an uneven grid with a dense core, boulevards, a river, a railway, a road to the plant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.fleet.settings import Town
from benchmarks.fleet.streets import Kind, Streets
from gomikuru.simulation.reach import reached


@dataclass(frozen=True)
class Ground:
    """The streets and the places every crew knows."""

    streets: Streets
    depot: int
    plant: int
    junctions: tuple[int, ...]
    core_m: float


def drawn(town: Town, rng: np.random.Generator) -> Ground:
    """A town; the same generator gives the same one."""
    xs, ys = _lines(town.half_width_m, town, rng), _lines(town.half_height_m, town, rng)
    streets = Streets()
    grid = [[_junction(streets, xs, ys, i, j, town, rng) for j in range(len(ys))] for i in range(len(xs))]
    _Grid(streets, grid, xs, ys, town, rng).joined()
    depot = streets.node(xs[1] - 120.0, ys[1] - 160.0)
    streets.join(depot, grid[1][1], Kind.COLLECTOR)
    plant = _plant_road(streets, grid[-1][len(ys) // 3], town, rng)
    inner = reached(depot, streets.out)
    return Ground(streets, depot, plant, tuple(n for row in grid for n in row if n in inner), town.core_m)


def _lines(half_m: float, town: Town, rng: np.random.Generator) -> list[float]:
    lines = [-half_m]
    while lines[-1] < half_m:
        block = town.core_block_m if abs(lines[-1]) < town.core_m else town.block_m
        lines.append(lines[-1] + block * float(rng.uniform(0.8, 1.25)))
    return lines


def _junction(
    streets: Streets, xs: list[float], ys: list[float], i: int, j: int, town: Town, rng: np.random.Generator
) -> int:
    block = town.core_block_m if max(abs(xs[i]), abs(ys[j])) < town.core_m else town.block_m
    dx, dy = rng.uniform(-1, 1, 2) * town.crooked * block
    return streets.node(xs[i] + float(dx), ys[j] + float(dy))


def _plant_road(streets: Streets, gate: int, town: Town, rng: np.random.Generator) -> int:
    here = gate
    x, y = streets.nodes[gate]
    pieces = 6
    for piece in range(pieces):
        x, y = x + town.plant_km * 1000 / pieces, y + float(rng.uniform(-260, 200))
        ahead = streets.node(x, y)
        streets.join(here, ahead, Kind.HIGHWAY, covered=piece == 2)
        here = ahead
    end = streets.node(x + 180.0, y - 90.0)
    streets.join(here, end, Kind.COLLECTOR)
    return end


@dataclass
class _Grid:
    """The grid while its streets are drawn."""

    streets: Streets
    grid: list[list[int]]
    xs: list[float]
    ys: list[float]
    town: Town
    rng: np.random.Generator

    def joined(self) -> None:
        """Draws all streets, then the signals."""
        rail, river = _nearest(self.xs, -1150.0), _nearest(self.ys, 950.0)
        bridges = self._passages(len(self.xs), _nearest(self.xs, 120.0), self.town.bridges)
        rails = self._passages(len(self.ys), _nearest(self.ys, -90.0), self.town.rail_passages)
        for i in range(len(self.xs)):
            for j in range(len(self.ys)):
                if i + 1 < len(self.xs) and (i != rail or j in rails):
                    self._street(i, j, i + 1, j, covered=i == rail and rails.index(j) % 2 == 0)
                if j + 1 < len(self.ys) and (j != river or i in bridges):
                    self._street(i, j, i, j + 1, covered=False)
        self.streets.level_crossings = {self.grid[rail][j] for j in rails[1:-2:2]}
        self._signals()

    def _passages(self, length: int, main: int, count: int) -> list[int]:
        others = [k for k in range(1, length - 1) if k % 4 == 0 and k != main]
        return [main, *(int(k) for k in self.rng.permutation(others)[: count - 1]), 0, length - 1]

    def _kind(self, index: int, main: int, length: int) -> Kind:
        if index == main:
            return Kind.BOULEVARD
        if index in (0, length - 1):
            return Kind.HIGHWAY  # the road round the town
        return Kind.COLLECTOR if index % 4 == 0 or index in (1, length - 2) else Kind.LOCAL

    def _street(self, i: int, j: int, k: int, m: int, covered: bool) -> None:
        level = j == m
        if level:
            kind = self._kind(j, _nearest(self.ys, -90.0), len(self.ys))
        else:
            kind = self._kind(i, _nearest(self.xs, 120.0), len(self.xs))
        core = max(abs(self.xs[i]), abs(self.ys[j])) < self.town.core_m
        if kind is Kind.LOCAL and not core and self.rng.random() < self.town.missing_streets:
            return
        one_way = core and kind is Kind.LOCAL
        a, b = self.grid[i][j], self.grid[k][m]
        if one_way and (j if level else i) % 2:
            a, b = b, a
        self.streets.join(a, b, kind, covered, one_way)

    def _signals(self) -> None:
        wide = {Kind.BOULEVARD, Kind.COLLECTOR}
        for node, row in enumerate(self.streets.out):
            ways = [edge.kind for edge in row.values() if edge.kind in wide]
            if len(ways) >= 3 and (Kind.BOULEVARD in ways or self.rng.random() < 0.6):
                self.streets.signals.add(node)


def _nearest(lines: list[float], value: float) -> int:
    return int(np.argmin([abs(line - value) for line in lines]))
