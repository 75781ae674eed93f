"""A street network as a graph on a plane, and the shortest ways through it. Stops are nodes like any other."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

Edge = tuple[int, int]

LANE, ARTERIAL, TRUNK = 0, 1, 2
CRUISE_MPS = (5.8, 9.0, 13.5)
_U_TURN_S = 60.0


class Streets:
    """Nodes in metres, edges of three classes, lights at some crossings."""

    def __init__(self) -> None:
        self.xy: list[tuple[float, float]] = []
        self.next_to: list[dict[int, int]] = []
        self.lights: set[int] = set()
        self._trees: dict[tuple[int, int, frozenset[Edge]], list[float]] = {}

    def add(self, x: float, y: float) -> int:
        """Add a node."""
        self.xy.append((x, y))
        self.next_to.append({})
        return len(self.xy) - 1

    def join(self, a: int, b: int, kind: int) -> None:
        """Add a street between two nodes."""
        if a != b:
            self.next_to[a][b] = self.next_to[b][a] = kind
            self._trees.clear()

    def part(self, a: int, b: int) -> None:
        """Take a street away."""
        del self.next_to[a][b], self.next_to[b][a]

    def split(self, a: int, b: int, share: float) -> int:
        """Put a node on the street between two others."""
        kind = self.next_to[a][b]
        (ax, ay), (bx, by) = self.xy[a], self.xy[b]
        node = self.add(ax + share * (bx - ax), ay + share * (by - ay))
        self.part(a, b)
        self.join(a, node, kind)
        self.join(node, b, kind)
        return node

    def length_m(self, a: int, b: int) -> float:
        """Tell how far two nodes lie apart."""
        return math.dist(self.xy[a], self.xy[b])

    def edges(self, *kinds: int) -> list[Edge]:
        """List the streets of these classes, each once, in a fixed order."""
        return [
            (a, b) for a, others in enumerate(self.next_to) for b, kind in others.items() if a < b and kind in kinds
        ]

    def path(
        self, start: int, end: int, came: int | None = None, flavour: int = 0, closed: frozenset[Edge] = frozenset()
    ) -> list[int]:
        """Give the way as a list of nodes. `flavour` is one of the ways that drivers prefer; turning round costs."""
        to_go = self._tree(end, flavour, closed)
        way, last, here = [start], came, start
        while here != end and len(way) < len(self.xy):
            best, least = -1, math.inf
            for other, kind in self.next_to[here].items():
                cost = self._cost(here, other, kind, flavour, closed) + to_go[other] + _U_TURN_S * (other == last)
                if cost < least:
                    best, least = other, cost
            last, here = here, best
            way.append(here)
        return way

    def _cost(self, a: int, b: int, kind: int, flavour: int, closed: Iterable[Edge]) -> float:
        key = (a, b) if a < b else (b, a)
        cost = self.length_m(a, b) / CRUISE_MPS[kind]
        if flavour:
            cost *= 0.75 + 0.5 * _mixed(key[0], key[1], flavour)
        return cost + 900.0 * (key in closed)

    def _tree(self, end: int, flavour: int, closed: frozenset[Edge]) -> list[float]:
        key = (end, flavour, closed)
        if key not in self._trees:
            self._trees[key] = self._grow(end, flavour, closed)
        return self._trees[key]

    def _grow(self, end: int, flavour: int, closed: frozenset[Edge]) -> list[float]:
        costs = [math.inf] * len(self.xy)
        costs[end] = 0.0
        heap = [(0.0, end)]
        while heap:
            cost, node = heapq.heappop(heap)
            if cost > costs[node]:
                continue
            for other, kind in self.next_to[node].items():
                total = cost + self._cost(node, other, kind, flavour, closed)
                if total < costs[other]:
                    costs[other] = total
                    heapq.heappush(heap, (total, other))
        return costs


def _mixed(a: int, b: int, flavour: int) -> float:
    """Give a fixed number in [0, 1) to an edge and a flavour."""
    word = (a * 73_856_093 ^ b * 19_349_663 ^ flavour * 83_492_791) & 0xFFFFFFFF
    word = (word * 2_654_435_761) & 0xFFFFFFFF
    return (word ^ word >> 15) / 2**32
