"""How a truck gets from node to node: which way its driver takes today, and how long it is under way."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from benchmarks.yards.almanac import Day
from benchmarks.yards.settings import Work
from benchmarks.yards.streets import Edge, Point, Streets, Width, between
from benchmarks.yards.track import Track

PEAK_WEIGHTS = {Width.LANE: 0.12, Width.WIDE: 0.45, Width.TRUNK: 0.20}
TURN = 0.6  # radians: from here on a truck slows down for a corner


def slowed(clock_s: float, day: Day) -> dict[Width, float]:
    """The factors by which streets are slower at that time."""
    hour, crowd = clock_s / 3600, 0.15
    if day.date.weekday() < 5:
        crowd = math.exp(-(((hour - 8.3) / 0.8) ** 2)) + 0.9 * math.exp(-(((hour - 17.3) / 1.0) ** 2)) + 0.25
    return {width: 1 + crowd * weight * day.traffic for width, weight in PEAK_WEIGHTS.items()}


@dataclass
class Wheel:
    """A driver on one day."""

    streets: Streets
    taste: Mapping[tuple[int, int], float]
    day: Day
    work: Work
    pace: float
    track: Track
    node: int
    rng: np.random.Generator
    _moods: dict[tuple[int, int], float] = field(default_factory=dict)  # today's taste beside the usual

    def go(self, node: int) -> None:
        """Drives to a node."""
        if node == self.node:
            return
        slow, out = slowed(self.track.clock_s, self.day), self.streets.out
        way = self._way(node, slow, self.day.shut) or self._way(node, slow, frozenset())
        for k, (start, end) in enumerate(pairwise(way)):
            onward = out[end][way[k + 2]] if k + 2 < len(way) else None
            self._drive(out[start][end], onward, end in self.streets.lights)
        self.node = node

    def _way(self, to: int, slow: Mapping[Width, float], shut: Set[tuple[int, int]]) -> list[int]:
        """The nodes of the quickest way; none if streets are shut about the truck or the place."""
        best, came, heap, done = {self.node: 0.0}, dict[int, int](), [(0.0, self.node)], set[int]()
        while heap:
            so_far, here = heapq.heappop(heap)
            if here == to:
                break
            if here in done:
                continue
            done.add(here)
            for other, edge in self.streets.out[here].items():
                if other in done or (here, other) in shut:
                    continue
                total = so_far + self._seconds(here, other, edge, slow)
                if total < best.get(other, math.inf):
                    best[other], came[other] = total, here
                    heapq.heappush(heap, (total, other))
        way = [to]
        while way[-1] in came:
            way.append(came[way[-1]])
        return way[::-1] if way[-1] == self.node else []

    def _seconds(self, start: int, end: int, edge: Edge, slow: Mapping[Width, float]) -> float:
        """How long a street seems."""
        if (start, end) not in self._moods:
            self._moods[start, end] = math.exp(self.rng.normal(0, self.work.taste_spread))
        length_m = math.dist(self.streets.nodes[start], self.streets.nodes[end])
        takes_s = length_m / edge.limit_mps * slow[edge.width] * self.taste[start, end] * self._moods[start, end]
        return takes_s + (12 if end in self.streets.lights else 3)

    def _drive(self, edge: Edge, onward: Edge | None, lit: bool) -> None:
        rng = self.rng
        slow = slowed(self.track.clock_s, self.day)[edge.width]
        speed = edge.limit_mps * self.pace / slow * math.exp(rng.normal(0, self.work.leg_spread))
        if edge.width is Width.LANE and rng.random() < 0.006:
            self.track.wait(10 + rng.exponential(50))
        _, middle, end = edge.line
        self.track.move(middle, speed)
        self._reach(end, speed, _turn(edge, onward), lit)

    def _reach(self, end: Point, speed: float, turn: float, lit: bool) -> None:
        """The second half of a street, with what holds a truck up at its end."""
        track, rng = self.track, self.rng
        left_m = math.dist(track.here, end)
        if left_m <= 40 or (turn <= TURN and not lit):
            track.move(end, speed)
            return
        track.move(between(track.here, end, (left_m - 22) / left_m), speed)
        if lit:
            if rng.random() < 0.45:
                track.wait(rng.uniform(4, 55))
        elif rng.random() < 0.25:
            track.wait(rng.exponential(7))
        track.move(end, 4.2 if turn > TURN else 6.5)


def _turn(edge: Edge, onward: Edge | None) -> float:
    """The angle between two streets, in radians; a way ends as with a corner."""
    if onward is None:
        return 1.5
    heading, other = _heading(*edge.line[1:]), _heading(*onward.line[:2])
    return abs((other - heading + math.pi) % (2 * math.pi) - math.pi)


def _heading(begin: Point, end: Point) -> float:
    return math.atan2(end[1] - begin[1], end[0] - begin[0])
