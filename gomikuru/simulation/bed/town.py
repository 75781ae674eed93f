"""A made-up town: a crooked grid with gaps, some arterials, dead ends, a depot and a tip out on the main road."""

from __future__ import annotations

import math

import msgspec
from numpy.random import Generator

from gomikuru.simulation.bed.streets import ARTERIAL, LANE, TRUNK, Streets
from gomikuru.simulation.reach import reached

_SIDE_M = (5_500.0, 11_000.0)
_MOST_ROWS = 42


class Ground(msgspec.Struct, frozen=True, eq=False):
    """Where all takes place."""

    streets: Streets
    depot: int
    tip: int
    inner: list[int]
    """Nodes of the town itself, without the roads to depot and tip."""


def town(trucks: int, rng: Generator) -> Ground:
    """Lay out a town big enough for so many trucks."""
    pitch, skew = float(rng.uniform(150.0, 320.0)), float(rng.uniform(-0.25, 0.25))
    side = float(rng.uniform(*_SIDE_M)) * math.sqrt(trucks / 3)
    size = min(_MOST_ROWS, max(12, round(side / pitch)))
    streets, grid = Streets(), {}
    for row in range(size):
        for column in range(size):
            x = pitch * (column - size / 2 + skew * row) + rng.normal(0.0, 0.16 * pitch)
            y = pitch * (row - size / 2) + rng.normal(0.0, 0.16 * pitch)
            grid[row, column] = streets.add(x, y)
    gap = int(rng.integers(3, 6))
    phase = int(rng.integers(1, gap))
    for (row, column), node in grid.items():
        for other, line in (((row, column + 1), row), ((row + 1, column), column)):
            if other in grid:
                kind = ARTERIAL if line % gap == phase else LANE
                if kind == ARTERIAL or rng.random() > 0.14:
                    streets.join(node, grid[other], kind)
    for (row, column), node in grid.items():
        arterials = (row % gap == phase) + (column % gap == phase)
        if arterials == 2 or (arterials == 1 and rng.random() < 0.3):
            streets.lights.add(node)
    _dead_ends(streets, rng, count=size, pitch=pitch)
    start = grid[phase, phase]
    inner = sorted(reached(start, streets.next_to))
    depot, tip = outskirts(streets, [grid[phase, phase], grid[size - 1 - (size - 1 - phase) % gap, phase]], rng)
    return Ground(streets, depot, tip, inner)


def _dead_ends(streets: Streets, rng: Generator, count: int, pitch: float) -> None:
    for _ in range(count):
        root = int(rng.integers(0, len(streets.xy)))
        angle = rng.uniform(0.0, 2 * math.pi)
        length = rng.uniform(0.3, 0.6) * pitch
        x, y = streets.xy[root]
        streets.join(root, streets.add(x + length * math.cos(angle), y + length * math.sin(angle)), LANE)


def outskirts(streets: Streets, gates: list[int], rng: Generator) -> tuple[int, int]:
    """Add the depot and the tip, each at the end of a road of some kilometres out of the town."""
    ends = []
    middle = [sum(axis) / len(streets.xy) for axis in zip(*streets.xy, strict=True)]
    for gate, (low, high) in zip(gates, ((800.0, 4_000.0), (3_000.0, 8_000.0)), strict=True):
        x, y = streets.xy[gate]
        angle = math.atan2(y - middle[1], x - middle[0])
        length, last = rng.uniform(low, high), gate
        pieces = max(2, int(length / 400.0))
        for _ in range(pieces):
            angle += rng.normal(0.0, 0.15)
            x, y = x + length / pieces * math.cos(angle), y + length / pieces * math.sin(angle)
            node = streets.add(x, y)
            streets.join(last, node, TRUNK)
            if rng.random() < 0.2:
                streets.lights.add(node)
            last = node
        ends.append(last)
    return ends[0], ends[1]
