"""Stops: yards off the street, what is emptied there, how often and how long it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from benchmarks.yards.settings import Sites
from benchmarks.yards.streets import Point, Streets, Width, centre

EDGE_M = 400.0  # streets that begin within that of a place are looked at


class Rhythm(StrEnum):
    """When a stop is emptied."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WHEN_FULL = "when full"


@dataclass(frozen=True)
class Walls:
    """What the walls about a place do to fixes: errors within a minute, and over some minutes."""

    blur_m: float = 0.0
    drift_m: float = 0.0


OPEN = Walls()


@dataclass(frozen=True)
class Yard:
    """A place off the street, and the way to it from the gate."""

    gate: int
    way: tuple[Point, ...]
    backs_in: bool
    two_stands: bool
    walls: Walls

    @property
    def stand(self) -> Point:
        """Where the truck is loaded."""
        return self.way[-1]


@dataclass(frozen=True)
class Stop:
    """A yard that a truck serves; a volume is counted in minutes of usual service."""

    number: int
    yard: Yard
    service_min: float
    volume: float
    truck: int = -1  # whose round it belongs to
    quarter: int = -1
    home: bool = False  # whether a resident waits there
    chance: float = 0.0  # of being served on a day, where nobody waits
    rhythm: Rhythm = Rhythm.DAILY
    weekdays: frozenset[int] = frozenset()
    fills_a_day: float = 0.0
    full_at_first: float = 0.0


@dataclass
class Surveyor:
    """Finds yards; those found before keep others away."""

    streets: Streets
    sites: Sites
    rng: np.random.Generator
    stands: list[Point] = field(default_factory=list)

    def yard(self, near: Point, spread_m: float, apart_m: float) -> Yard | None:
        """A yard about a place, no other stand within that distance of its gate, or none after many tries."""
        nodes, rng = self.streets.nodes, self.rng
        for _ in range(60):
            x, y = rng.normal(0, spread_m * 0.6, 2).tolist()
            aim = near[0] + x, near[1] + y
            lanes = self._lanes(aim)
            if not lanes:
                continue
            start, end = min(lanes, key=lambda lane: self._off(lane, aim) * rng.uniform(0.6, 1.4))
            share = rng.uniform(0.25, 0.75)
            (x1, y1), (x2, y2) = nodes[start], nodes[end]
            place = x1 * (1 - share) + x2 * share, y1 * (1 - share) + y2 * share
            if all(math.dist(place, other) >= apart_m for other in self.stands):
                return self._opened(start, end, share)
        return None

    def _off(self, lane: tuple[int, int], aim: Point) -> float:
        nodes = self.streets.nodes
        return math.dist(centre(nodes[lane[0]], nodes[lane[1]]), aim)

    def _lanes(self, aim: Point) -> list[tuple[int, int]]:
        """Streets about a place, few wide ones among them, none too short."""
        nodes, out = self.streets.nodes, self.streets.out
        about = [k for k, (x, y) in enumerate(nodes) if abs(x - aim[0]) < EDGE_M and abs(y - aim[1]) < EDGE_M]
        lanes = [(start, end) for start in about for end, edge in out[start].items() if self._fits(edge.width)]
        return [(start, end) for start, end in lanes if math.dist(nodes[start], nodes[end]) > 60]

    def _fits(self, width: Width) -> bool:
        return width is Width.LANE or (width is Width.WIDE and self.rng.random() < 0.3)

    def _opened(self, start: int, end: int, share: float) -> Yard:
        sites, rng = self.sites, self.rng
        ahead_x, ahead_y = self.streets.out[start][end].ahead()
        gate = self.streets.cut(start, end, share)
        x, y = self.streets.nodes[gate]
        side = _either(rng)
        in_x, in_y = -ahead_y * side, ahead_x * side
        deep = rng.uniform(*sites.gate_m)
        has_corner = int(rng.choice([0, 1], p=[1 - sites.corner, sites.corner]))
        behind = has_corner * rng.uniform(*sites.behind_m) * _either(rng)
        way = [(x, y), (x + in_x * deep, y + in_y * deep)]
        if behind:
            deep += rng.uniform(-4, 10)
            way.append((x + in_x * deep + ahead_x * behind, y + in_y * deep + ahead_y * behind))
        backs_in, two_stands = bool(rng.random() < sites.backed_into), bool(rng.random() < sites.two_stands)
        drift_m, blur_m = rng.gamma(1.2, sites.drift_m), rng.uniform(*sites.blur_m)
        yard = Yard(gate, tuple(way), backs_in, two_stands, Walls(blur_m, drift_m))
        self.stands.append(yard.stand)
        return yard


def _either(rng: np.random.Generator) -> int:
    return 1 if rng.random() < 0.5 else -1
