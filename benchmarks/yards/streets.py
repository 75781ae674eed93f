"""The street graph. Plane metres, x and y; a street's line has a beginning, a middle and an end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

Point = tuple[float, float]
Line = tuple[Point, Point, Point]


class Width(StrEnum):
    """What sort of street."""

    LANE = "lane"
    WIDE = "wide"
    TRUNK = "trunk"


LIMITS_MPS = {Width.LANE: (5.2, 7.6), Width.WIDE: (8.5, 11.5), Width.TRUNK: (17.0, 21.0)}


@dataclass(frozen=True)
class Edge:
    """A street in one direction."""

    line: Line
    width: Width
    limit_mps: float

    def turned(self) -> Edge:
        """The other direction."""
        return replace(self, line=self.line[::-1])

    def ahead(self) -> Point:
        """The unit vector from its beginning to its end."""
        (x1, y1), _, (x2, y2) = self.line
        length = float(np.hypot(x2 - x1, y2 - y1)) + 1e-9
        return (x2 - x1) / length, (y2 - y1) / length


@dataclass
class Streets:
    """Junctions and gates as nodes, directed edges between them."""

    nodes: list[Point] = field(default_factory=list)
    out: list[dict[int, Edge]] = field(default_factory=list)
    lights: set[int] = field(default_factory=set)

    def node(self, x: float, y: float) -> int:
        """A new node."""
        self.nodes.append((x, y))
        self.out.append({})
        return len(self.nodes) - 1

    def join(self, start: int, end: int, width: Width, bend: float, rng: np.random.Generator, toward: int = 0) -> None:
        """A street whose middle lies beside the straight line; `toward` 1 is one way, -1 the other, 0 both."""
        (x1, y1), (x2, y2) = self.nodes[start], self.nodes[end]
        middle = ((x1 + x2) / 2 - (y2 - y1) * bend, (y1 + y2) / 2 + (x2 - x1) * bend)
        limits = {kind: rng.uniform(*span) for kind, span in LIMITS_MPS.items()}  # all three are drawn each time
        edge = Edge(((x1, y1), middle, (x2, y2)), width, limits[width])
        if toward >= 0:
            self.out[start][end] = edge
        if toward <= 0:
            self.out[end][start] = edge.turned()

    def keep(self, kept: set[int]) -> None:
        """Takes all streets away but those between these nodes."""
        for node, row in enumerate(self.out):
            self.out[node] = {end: edge for end, edge in row.items() if node in kept and end in kept}

    def cut(self, start: int, end: int, share: float) -> int:
        """A new node on a street, in both its directions."""
        edge = self.out[start].pop(end)
        middle = self.node(*_along(edge.line, share))
        first, second = _halves(edge.line, self.nodes[middle], share)
        self.out[start][middle] = replace(edge, line=first)
        self.out[middle][end] = replace(edge, line=second)
        back = self.out[end].pop(start, None)
        if back is not None:
            self.out[middle][start] = replace(back, line=first[::-1])
            self.out[end][middle] = replace(back, line=second[::-1])
        return middle


def between(a: Point, b: Point, share: float) -> Point:
    """The place at a share of the way from one to the other."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _along(line: Line, share: float) -> Point:
    begin, middle, end = line
    if share < 0.5:
        return between(begin, middle, share / 0.5)
    return between(middle, end, (share - 0.5) / 0.5)


def _halves(line: Line, place: Point, share: float) -> tuple[Line, Line]:
    begin, middle, end = line
    if share < 0.5:
        return (begin, centre(begin, place), place), (place, middle, end)
    return (begin, middle, place), (place, centre(place, end), end)


def centre(a: Point, b: Point) -> Point:
    """Half way."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
