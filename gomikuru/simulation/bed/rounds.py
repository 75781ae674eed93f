"""The rounds that crews know by heart: for each truck its weekday patterns, blocks of stops in order."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.bed.streets import ARTERIAL, LANE, Edge
from gomikuru.simulation.bed.town import Ground
from gomikuru.simulation.plane import Floats

_WEEKS = (
    ((0, 1, 2, 3, 4, 5),),
    ((0, 1, 2, 3, 4, 5),),
    ((0, 1, 2, 3, 4, 5),),
    ((0, 3), (1, 4), (2, 5)),
    ((0, 2, 4), (1, 3, 5)),
)
_APART_M = 60.0
_BOTH_SIDES_SHARE = 0.07
_TIP_STAY_S, _REST_S, _WORKDAY_S = 13 * 60.0, 2_400.0, (7.3 * 3600, 9.3 * 3600)
_TOWN_MPS, _ROAD_MPS = 6.5, 9.0
_DWELL_LEAST_S, _DWELL_MOST_S = 45.0, 330.0


class Stop(msgspec.Struct, frozen=True):
    """A place where waste is collected. `habit` is the chance to be served on a day of the round."""

    number: int
    node: int
    amount: float
    dwell_s: float
    habit: float


class Round(msgspec.Struct, frozen=True):
    """What a truck does on some weekdays. A block with a start of its own waits for it; the others follow at once."""

    weekdays: tuple[int, ...]
    blocks: tuple[tuple[Stop, ...], ...]
    start_min: float
    capacity: float
    block_starts_min: tuple[float | None, ...] = ()


class Crew(msgspec.Struct, frozen=True):
    """A truck, its rounds and its habits: where it rests, and when."""

    vehicle: str
    rounds: tuple[Round, ...]
    rests: tuple[int, ...]
    rest_min: float


class Style(msgspec.Struct, frozen=True):
    """What stops are like in one town: how long a service takes, how many are routine."""

    dwell_s: float
    routine_share: float

    def stop(self, number: int, node: int, rng: Generator, dwell_s: float | None = None) -> Stop:
        """Draw a stop's size and habit."""
        routine = rng.random() < self.routine_share
        habit = float(rng.beta(18.0, 1.2)) if routine else float(rng.uniform(0.1, 0.5))
        usual = dwell_s or float(rng.lognormal(math.log(self.dwell_s), 0.45))
        return Stop(number, node, float(rng.lognormal(0.0, 0.5)), usual, habit)


def capacity(blocks: tuple[tuple[Stop, ...], ...], trips: float) -> float:
    """Size a truck so that it is full so many times a day."""
    return sum(stop.amount * stop.habit for block in blocks for stop in block) / trips


class Surveyor:
    """Makes the crews of a town, each with its own quarter and habits."""

    def __init__(self, ground: Ground, rng: Generator) -> None:
        self.ground, self.rng = ground, rng
        self.stops_a_day, routine_share = float(rng.uniform(28.0, 62.0)), float(rng.uniform(0.42, 0.62))
        self.looseness = int(rng.integers(24, 80))
        self.style = Style(120.0, routine_share)
        self._inner = set(ground.inner)
        self._taken: list[tuple[float, float]] = []
        self._lasts = 0
        xy = np.array([ground.streets.xy[node] for node in ground.inner])
        self._middle = xy.mean(0)
        self._reach = float(np.quantile(np.hypot(*(xy - self._middle).T), 0.9))

    def crews(self, count: int) -> list[Crew]:
        """Make so many crews."""
        return [self._crew(index, count) for index in range(count)]

    def _crew(self, index: int, count: int) -> Crew:
        rng = self.rng
        week = _WEEKS[int(rng.integers(0, len(_WEEKS)))]
        start = float(rng.uniform(6.5, 8.5)) * 60
        rests = (*(int(node) for node in rng.choice(self.ground.inner, 2)), self.ground.depot)
        rounds: list[Round] = []
        for part, weekdays in enumerate(week):
            angle = 2 * math.pi * (index / count + part / (len(week) * count * 1.5)) + float(rng.normal(0.0, 0.2))
            shared = [stop for each in rounds[:1] for block in each.blocks for stop in block if rng.random() < 0.15]
            rounds.append(self._round(weekdays, angle, start, shared))
        return Crew(f"T{index + 1:02d}", tuple(rounds), rests, start + float(rng.uniform(3.5, 5.0)) * 60)

    def _round(self, weekdays: tuple[int, ...], angle: float, start: float, shared: list[Stop]) -> Round:
        """Fill a working day with blocks around one quarter: some streets near one another each."""
        rng, trips = self.rng, float(self.rng.choice([1.5, 1.8, 2.4, 2.7]))
        centre = self._middle + 0.45 * self._reach * np.array([math.cos(angle), math.sin(angle)])
        wanted = max(22.0, float(rng.normal(self.stops_a_day, 5.0)))
        blocks: list[list[Stop]] = []
        while len(blocks) < 3 or (_expected(blocks) < wanted and len(blocks) < 30):
            blocks.append(self._block(centre + rng.normal(0.0, 0.5 * self._reach, 2)))
        if shared:
            blocks[0] += [msgspec.structs.replace(each, habit=float(rng.uniform(0.2, 0.9))) for each in shared[:4]]
        blocks = [block for block in blocks if block]
        xy = np.array([self.ground.streets.xy[block[0].node] for block in blocks])
        first = int(np.argmin(np.hypot(*(xy - self.ground.streets.xy[self.ground.depot]).T)))
        ordered = self._fitted([blocks[k] for k in nearest_order(xy, first)], math.ceil(trips))
        return Round(weekdays, ordered, start, capacity(ordered, trips))

    def _fitted(self, blocks: list[list[Stop]], trips: int) -> tuple[tuple[Stop, ...], ...]:
        """Let services take what a working day leaves for them beside driving, tipping and resting."""
        streets, stops = self.ground.streets, [stop for block in blocks for stop in block]
        legs_m = sum(streets.length_m(one.node, other.node) for one, other in itertools.pairwise(stops))
        tip_m = sum(streets.length_m(stop.node, self.ground.tip) for stop in stops) / len(stops)
        tipping_s = trips * (2 * tip_m * 1.3 / _ROAD_MPS + _TIP_STAY_S)
        expected = _expected(blocks)
        left_s = float(self.rng.uniform(*_WORKDAY_S)) - tipping_s - _REST_S - legs_m * 1.3 / _TOWN_MPS - 30.0 * expected
        dwell_s = min(_DWELL_MOST_S, max(_DWELL_LEAST_S, left_s / expected))
        scale = dwell_s * expected / sum(stop.habit * stop.dwell_s for stop in stops)
        return tuple(
            tuple(msgspec.structs.replace(stop, dwell_s=stop.dwell_s * scale) for stop in block) for block in blocks
        )

    def _block(self, place: Floats) -> list[Stop]:
        near = self._near(place)
        stops, second_side = [], []
        for k in self.rng.permutation(len(near))[: int(self.rng.integers(3, 9))].tolist():
            found = self._settle(*near[k])
            if found is not None:
                stops.append(found[0])
                second_side += found[1:]
        if not stops:
            return []
        order = nearest_order(np.array([self.ground.streets.xy[each.node] for each in stops]))
        return [stops[k] for k in order] + second_side

    def _near(self, place: Floats) -> list[Edge]:
        streets = self.ground.streets
        edges = [edge for edge in streets.edges(LANE, ARTERIAL) if edge[0] in self._inner]
        spots = np.array([streets.xy[a] for a, _ in edges])
        return [edges[k] for k in np.argsort(np.hypot(*(spots - place).T), kind="stable")[: self.looseness].tolist()]

    def _settle(self, a: int, b: int) -> list[Stop] | None:
        """Lay a stop on a street, now and then one for each side; none too near another."""
        streets, share = self.ground.streets, float(self.rng.uniform(0.3, 0.7))
        (ax, ay), (bx, by) = streets.xy[a], streets.xy[b]
        spot = (ax + share * (bx - ax), ay + share * (by - ay))
        if streets.length_m(a, b) < 40.0 or any(math.dist(spot, other) < _APART_M for other in self._taken):
            return None
        first = streets.split(a, b, share)
        nodes = [first]
        if self.rng.random() < _BOTH_SIDES_SHARE:
            nodes.append(
                streets.split(first, b, min(0.8, float(self.rng.uniform(18.0, 28.0)) / streets.length_m(first, b)))
            )
        for node in nodes:
            self._taken.append(streets.xy[node])
            self.ground.inner.append(node)
            self._inner.add(node)
        return [self.style.stop(self._number(), node, self.rng) for node in nodes]

    def _number(self) -> int:
        self._lasts += 1
        return self._lasts


def _expected(blocks: list[list[Stop]]) -> float:
    return sum(stop.habit for block in blocks for stop in block)


def nearest_order(xy: Floats, first: int = 0) -> list[int]:
    """Order places by going to the nearest that is left, from the first on."""
    left, order = [k for k in range(len(xy)) if k != first], [first] if len(xy) else []
    while left:
        here = xy[order[-1]]
        nearest = min(left, key=lambda other: math.dist(xy[other], here))
        left.remove(nearest)
        order.append(nearest)
    return order
