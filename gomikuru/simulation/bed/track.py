"""Driving: from a way through the streets to a place at every moment. Speeds, lights, traffic, standing."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.bed.chance import factor
from gomikuru.simulation.bed.plan import Unrest
from gomikuru.simulation.bed.streets import CRUISE_MPS, LANE, Edge, Streets
from gomikuru.simulation.plane import Floats


class Track(msgspec.Struct, frozen=True, eq=False):
    """Where one vehicle really was, at knots of time; between them it moves straight. Seconds from local midnight."""

    vehicle: str
    t_s: Floats
    xy: Floats

    def at(self, t_s: Floats) -> Floats:
        """Tell the places at these moments."""
        return np.column_stack([np.interp(t_s, self.t_s, self.xy[:, axis]) for axis in (0, 1)])


class Wheel:
    """A vehicle on the road: go somewhere, stand there. Keeps its knots."""

    def __init__(
        self,
        streets: Streets,
        unrest: Unrest,
        rng: Generator,
        *,
        at: int,
        t_s: float,
        pace: float,
        closed: frozenset[Edge],
    ) -> None:
        self.streets, self.unrest, self.rng, self.pace, self.closed = streets, unrest, rng, pace, closed
        self.node, self.came, self.t_s = at, None, t_s
        self._knots: list[tuple[float, float, float]] = []
        self._jam = float(rng.uniform(0.6, 1.4))
        self._note(*streets.xy[at])

    came: int | None

    def _note(self, x: float, y: float) -> None:
        self._knots.append((self.t_s, x, y))

    def stand(self, seconds: float) -> None:
        """Stay where it is."""
        self.t_s += seconds
        self._note(*self.streets.xy[self.node])

    def creep(self, metres: float, seconds: float) -> None:
        """Roll a little further along the street and stand there; the next drive begins from there."""
        (x, y), (bx, by) = (
            self.streets.xy[self.node],
            self.streets.xy[self.came if self.came is not None else self.node],
        )
        away = max(1.0, math.dist((x, y), (bx, by)))
        self.t_s += metres / 1.5
        self._note(x + metres / away * (x - bx), y + metres / away * (y - by))
        self.t_s += max(1.0, seconds - metres / 1.5)
        self._note(x + metres / away * (x - bx), y + metres / away * (y - by))

    def pass_by(self, node: int) -> None:
        """Drive through a place without slowing down for it."""
        self.go(node, halting=False)

    def go(self, goal: int, halting: bool = True) -> None:
        """Drive to a node on the way that this driver takes today."""
        flavour = int(self.rng.integers(1, 4)) if self.rng.random() < self.unrest.other_way_share else 0
        way = self.streets.path(self.node, goal, self.came, flavour, self.closed)
        slower = self.pace * factor(self.rng, self.unrest.leg_cv)
        for k in range(1, len(way)):
            self._edge(way[k - 1], way[k], slower, slow_start=k == 1, slow_end=halting and k == len(way) - 1)
            if k < len(way) - 1:
                self._crossing(way[k - 1], way[k], way[k + 1])
        if len(way) > 1:
            self.came, self.node = way[-2], way[-1]

    def _edge(self, a: int, b: int, slower: float, slow_start: bool, slow_end: bool) -> None:
        kind = self.streets.next_to[a][b]
        length = self.streets.length_m(a, b)
        speed = CRUISE_MPS[kind] * self._traffic(kind) / slower
        speed *= factor(self.rng, self.unrest.leg_cv)
        (ax, ay), (bx, by) = self.streets.xy[a], self.streets.xy[b]
        slow = min(25.0, length / 3)
        if slow_start:
            self.t_s += slow / (speed / 2)
            self._note(ax + slow / length * (bx - ax), ay + slow / length * (by - ay))
        rest = length - slow * (slow_start + slow_end)
        self.t_s += rest / speed
        if slow_end:
            self._note(bx - slow / length * (bx - ax), by - slow / length * (by - ay))
            self.t_s += slow / (speed / 2)
        self._note(bx, by)

    def _traffic(self, kind: int) -> float:
        hour = self.t_s / 3600
        rush = 0.3 * math.exp(-(((hour - 8.1) / 0.8) ** 2)) + 0.22 * math.exp(-(((hour - 17.4) / 1.0) ** 2))
        noon = 0.08 * math.exp(-(((hour - 12.3) / 0.8) ** 2))
        return 1.0 - (rush + noon) * self._jam * (0.5 if kind == LANE else 1.0)

    def _crossing(self, before: int, node: int, after: int) -> None:
        if node in self.streets.lights:
            if self.rng.random() < self.unrest.light_share:
                self._pause(node, float(self.rng.uniform(10.0, 60.0)))
            return
        if after == before:
            self._pause(node, float(self.rng.uniform(15.0, 40.0)))
            return
        (ax, ay), (bx, by), (cx, cy) = (self.streets.xy[each] for each in (before, node, after))
        turn = abs((math.atan2(cy - by, cx - bx) - math.atan2(by - ay, bx - ax) + math.pi) % (2 * math.pi) - math.pi)
        if turn > 0.8:
            self._pause(node, float(self.rng.gamma(2.0, 1.5)))
        if self.rng.random() < self.unrest.halts_per_h / 240.0:
            self._pause(node, float(self.rng.lognormal(math.log(40.0), 0.7)))

    def _pause(self, node: int, seconds: float) -> None:
        self.t_s += seconds
        self._note(*self.streets.xy[node])

    def track(self, vehicle: str) -> Track:
        """Give all that was driven."""
        knots = np.array(self._knots)
        return Track(vehicle, knots[:, 0], knots[:, 1:])
