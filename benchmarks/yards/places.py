"""Where trucks go that is no stop: the depot, the tip, fuel, the workshop, canteens; most lie at the end of a road."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.yards.layout import Ground
from benchmarks.yards.settings import Land
from benchmarks.yards.streets import Width


@dataclass(frozen=True)
class Places:
    """Nodes of the street graph."""

    depot: int
    tip: int
    fuel: tuple[int, int]
    workshop: int
    canteens: tuple[int, ...]


def chosen(ground: Ground, land: Land, rng: np.random.Generator) -> Places:
    """Picked among the junctions of wide streets, the depot and the tip far out."""
    outskirts = _Outskirts(ground, rng)
    depot = outskirts.road(outskirts.far(0.65), rng.uniform(*land.depot_m), Width.WIDE)
    tip = outskirts.road(outskirts.far(0.65), rng.uniform(*land.tip_km) * 1000, Width.TRUNK)
    fuel = outskirts.road(outskirts.far(0.4), 120.0, Width.WIDE), outskirts.road(outskirts.far(0.3), 90.0, Width.WIDE)
    workshop = outskirts.road(outskirts.far(0.5), 300.0, Width.WIDE)
    canteens = tuple(outskirts.anywhere() for _ in range(land.canteens))
    return Places(depot, tip, fuel, workshop, canteens)


class _Outskirts:
    """What lies where."""

    def __init__(self, ground: Ground, rng: np.random.Generator) -> None:
        self._ground, self._streets, self._rng = ground, ground.streets, rng
        xy = np.array([self._streets.nodes[node] for node in ground.junctions])
        self._radius = np.hypot(xy[:, 0], xy[:, 1])

    def far(self, share: float) -> int:
        """A junction on a wide street, beyond that share of the town's radius."""
        beyond = self._radius > share * self._ground.radius_m
        junctions = self._ground.junctions
        found = [node for node, far in zip(junctions, beyond, strict=True) if far and self._on_wide_street(node)]
        return found[int(self._rng.integers(len(found)))] if found else junctions[int(np.argmax(self._radius))]

    def anywhere(self) -> int:
        """Any junction."""
        return self._ground.junctions[int(self._rng.integers(len(self._ground.junctions)))]

    def road(self, begin: int, length_m: float, width: Width) -> int:
        """The end of a new road that leads out of the town, turning a little every 900 m."""
        x, y = self._streets.nodes[begin]
        out = float(np.hypot(x, y)) + 1e-9
        angle, here = math.atan2(y / out, x / out), begin
        pieces = max(1, int(length_m / 900))
        for _ in range(pieces):
            angle += self._rng.normal(0, 0.15)
            x, y = x + math.cos(angle) * length_m / pieces, y + math.sin(angle) * length_m / pieces
            ahead = self._streets.node(x, y)
            self._streets.join(here, ahead, width, self._rng.normal(0, 0.05), self._rng)
            here = ahead
        return here

    def _on_wide_street(self, node: int) -> bool:
        return any(edge.width is Width.WIDE for edge in self._streets.out[node].values())
