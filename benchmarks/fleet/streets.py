"""The street graph and the ways through it. Plane metres, x east, y north; traffic keeps left."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]


class Kind(StrEnum):
    """What sort of street."""

    BOULEVARD = "boulevard"
    COLLECTOR = "collector"
    LOCAL = "local"
    YARD = "yard"
    HIGHWAY = "highway"


SPEED_MPS = {Kind.BOULEVARD: 12.0, Kind.COLLECTOR: 10.0, Kind.LOCAL: 6.5, Kind.YARD: 2.6, Kind.HIGHWAY: 17.0}


@dataclass(frozen=True)
class Edge:
    """A street in one direction; `against` means the wrong way of a one-way lane, done only for want of another."""

    start: int
    end: int
    line: Line
    kind: Kind
    covered: bool = False
    against: bool = False

    @property
    def length_m(self) -> float:
        """Along its line."""
        return float(np.hypot(*np.diff(self.line, axis=0).T).sum())


@dataclass(frozen=True)
class Taste:
    """What a driver thinks of streets: a seed for likes and dislikes, how strong they are, what is shut today."""

    seed: int
    strength: float = 0.15
    shut: frozenset[tuple[int, int]] = frozenset()


@dataclass
class Streets:
    """Junctions, stops and yards as nodes; directed edges between them."""

    nodes: list[tuple[float, float]] = field(default_factory=list)
    out: list[dict[int, Edge]] = field(default_factory=list)
    signals: set[int] = field(default_factory=set)
    level_crossings: set[int] = field(default_factory=set)
    _costs: dict[Taste, dict[tuple[int, int], float]] = field(default_factory=dict)
    _ways: dict[tuple[int, int, Taste], list[Edge]] = field(default_factory=dict)

    def node(self, x: float, y: float) -> int:
        """A new node."""
        self.nodes.append((x, y))
        self.out.append({})
        return len(self.nodes) - 1

    def join(self, start: int, end: int, kind: Kind, covered: bool = False, one_way: bool = False) -> None:
        """A street in both directions; a boulevard's carriageways lie apart."""
        for a, b in ((start, end), (end, start)):
            against = one_way and a == end
            self.out[a][b] = Edge(a, b, _lane(self.nodes[a], self.nodes[b], kind), kind, covered, against)

    def cut(self, start: int, end: int, share: float) -> int:
        """A new node on a street; on a boulevard it lies on this carriageway only."""
        edge = self.out[start][end]
        point = np.array(_along(edge.line, share * edge.length_m))
        middle = self.node(float(point[0]), float(point[1]))
        self._halve(edge, middle)
        back = self.out[end].get(start)
        if back is not None and edge.kind is not Kind.BOULEVARD:
            self._halve(back, middle)
        return middle

    def _halve(self, edge: Edge, middle: int) -> None:
        del self.out[edge.start][edge.end]
        point = np.array(self.nodes[middle])
        ahead = np.sum((edge.line - point) * (edge.line[-1] - edge.line[0]), axis=1) > 0
        first, second = np.vstack([edge.line[~ahead], point]), np.vstack([point, edge.line[ahead]])
        self.out[edge.start][middle] = replace(edge, end=middle, line=first)
        self.out[middle][edge.end] = replace(edge, start=middle, line=second)

    def way(self, start: int, end: int, taste: Taste) -> list[Edge]:
        """The edges of the way a driver takes."""
        key = (start, end, taste)
        if key not in self._ways:
            self._ways[key] = self._search(start, end, self._cost(taste))
        return self._ways[key]

    def _cost(self, taste: Taste) -> dict[tuple[int, int], float]:
        if taste not in self._costs:
            rng = np.random.default_rng([taste.seed, 77])
            likes = np.exp(taste.strength * rng.standard_normal(4096))
            edges: Iterable[Edge] = (edge for row in self.out for edge in row.values())
            self._costs[taste] = {(e.start, e.end): _seconds(e, taste) * likes[_mixed(e)] for e in edges}
        return self._costs[taste]

    def _search(self, start: int, end: int, cost: dict[tuple[int, int], float]) -> list[Edge]:
        best, came, heap = {start: 0.0}, dict[int, int](), [(0.0, start)]
        while heap:
            so_far, here = heapq.heappop(heap)
            if here == end:
                break
            if so_far > best[here]:
                continue
            for other in self.out[here]:
                total = so_far + cost[here, other]
                if total < best.get(other, math.inf):
                    best[other], came[other] = total, here
                    heapq.heappush(heap, (total, other))
        way: list[Edge] = []
        while end != start:
            way.append(self.out[came[end]][end])
            end = came[end]
        return way[::-1]


def _mixed(edge: Edge) -> int:
    return (edge.start * 2654435761 + edge.end * 40503) % 4096


def _seconds(edge: Edge, taste: Taste) -> float:
    shut = 30.0 if (edge.start, edge.end) in taste.shut else 1.0
    return edge.length_m / SPEED_MPS[edge.kind] * (6.0 if edge.against else 1.0) * shut + 4.0


def _lane(a: tuple[float, float], b: tuple[float, float], kind: Kind) -> Line:
    start, end = np.array(a), np.array(b)
    span = float(np.hypot(*(end - start)))
    ahead = (end - start) / max(span, 1e-9)
    left = np.array([-ahead[1], ahead[0]]) * (11.0 if kind is Kind.BOULEVARD else 2.0)
    inset = ahead * min(30.0 if kind is Kind.BOULEVARD else 14.0, span / 4)
    return np.vstack([start, start + inset + left, end - inset + left, end])


def _along(line: Line, metres: float) -> tuple[float, float]:
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return float(np.interp(metres, run, line[:, 0])), float(np.interp(metres, run, line[:, 1]))
