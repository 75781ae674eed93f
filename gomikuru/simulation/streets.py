"""The street network: where a truck may drive, and the quickest way. Nodes are shared positions of the drawn lines."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from gomikuru.simulation.plane import Floats, Path

MAIN, LOCAL = "main", "local"
_SPEED_MPS = {MAIN: 11.0, LOCAL: 7.0}


class Streets:
    """A graph of street pieces, weighed by the time that they take."""

    def __init__(self, lines: Iterable[tuple[str, Floats]]) -> None:
        self._numbers: dict[tuple[int, int], int] = {}
        self._places: list[tuple[float, float]] = []
        self._ways: list[dict[int, float]] = []
        for kind, line in lines:
            for one, other in pairwise(line):
                self._join(self._node(one), self._node(other), kind)
        self.xy: Floats = np.array(self._places).reshape(-1, 2)

    def _node(self, place: Floats) -> int:
        key = (round(float(place[0]) * 4), round(float(place[1]) * 4))
        if key not in self._numbers:
            self._numbers[key] = len(self._places)
            self._places.append((float(place[0]), float(place[1])))
            self._ways.append({})
        return self._numbers[key]

    def _join(self, one: int, other: int, kind: str) -> None:
        if one == other:
            return
        metres = float(np.hypot(*np.subtract(self._places[one], self._places[other])))
        seconds = metres / _SPEED_MPS.get(kind, _SPEED_MPS[LOCAL])
        for here, there in ((one, other), (other, one)):
            self._ways[here][there] = min(seconds, self._ways[here].get(there, seconds))

    def pieces(self) -> Floats:
        """List every street piece once, as rows of x0, y0, x1, y1."""
        ends = [(here, there) for here, ways in enumerate(self._ways) for there in ways if here < there]
        return np.array([(*self._places[one], *self._places[other]) for one, other in ends]).reshape(-1, 4)

    def way(self, start: Floats, goal: Floats) -> Path:
        """Find the quickest way between two places; each is tied to its nearest node by a straight line."""
        first, last = (int(np.argmin(((self.xy - place) ** 2).sum(1))) for place in (start, goal))
        nodes = self._quickest(first, last)
        return Path(np.vstack([start[None], self.xy[nodes], goal[None]]))

    def _quickest(self, first: int, last: int) -> list[int]:
        best, before = {first: 0.0}, {first: first}
        queue = [(0.0, first)]
        while queue:
            spent, here = heapq.heappop(queue)
            if here == last:
                break
            if spent > best[here]:
                continue
            for there, seconds in self._ways[here].items():
                if spent + seconds < best.get(there, float("inf")):
                    best[there], before[there] = spent + seconds, here
                    heapq.heappush(queue, (spent + seconds, there))
        if last not in before:
            return [first, last]
        nodes = [last]
        while nodes[-1] != first:
            nodes.append(before[nodes[-1]])
        return nodes[::-1]
