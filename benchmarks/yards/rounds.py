"""The rounds: each truck's part of the town, its quarters, and the stops in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.yards.layout import Ground
from benchmarks.yards.settings import Sites
from benchmarks.yards.sites import Rhythm, Stop, Surveyor, Yard
from benchmarks.yards.streets import Point

TRUCKS = 3
SECTOR = 2.094  # radians: a third of the town
OVERLAP = 0.15  # radians: how far a sector reaches into the next one


@dataclass(frozen=True)
class Round:
    """What one truck serves: the stops of every day or nearly so, and those of now and then."""

    stops: tuple[Stop, ...]
    now_and_then: tuple[Stop, ...]


class Rounds:
    """Divides the ground among the trucks and finds their stops, numbered throughout."""

    def __init__(self, ground: Ground, sites: Sites, rng: np.random.Generator) -> None:
        self._ground, self._sites, self._rng = ground, sites, rng
        self._places = np.array([ground.streets.nodes[node] for node in ground.junctions])
        turned = rng.uniform(0, 6.28)
        self._angles = (np.arctan2(self._places[:, 1], self._places[:, 0]) - turned) % (2 * math.pi)
        self._radius = np.hypot(self._places[:, 0], self._places[:, 1])
        self._surveyor = Surveyor(ground.streets, sites, rng)
        self._stops = 0

    def round(self, truck: int) -> Round:
        """The stops of a truck."""
        sites, rng = self._sites, self._rng
        within = (self._angles > truck * SECTOR - OVERLAP) & (self._angles < (truck + 1) * SECTOR + OVERLAP)
        inside = np.flatnonzero(within & (self._radius < sites.within * self._ground.radius_m))
        homes, quarters = (int(rng.integers(least, most + 1)) for least, most in (sites.homes, sites.quarters))
        middles = self._middles(inside, quarters)
        regular = self._regular(middles, self._shares(homes, quarters))
        others = self._others(inside, middles)
        stops = [self._stop(truck, yard, quarter, home=True) for yard, quarter in regular]
        return Round(tuple(stops), tuple(self._stop(truck, yard, -1, chance) for yard, chance in others))

    def on_call(self) -> tuple[Stop, ...]:
        """Places anywhere from which something may be fetched."""
        sites, rng, found = self._sites, self._rng, list[Stop]()
        for _ in range(sites.on_call):
            place = self._place(int(rng.integers(len(self._places))))
            yard = self._surveyor.yard(place, 300.0, sites.on_call_apart_m)
            if yard:
                found.append(Stop(self._number(), yard, sites.on_call_min * math.exp(rng.normal(0, 0.4)), 5.0))
        return tuple(found)

    def _place(self, index: int) -> Point:
        x, y = self._places[index].tolist()
        return x, y

    def _number(self) -> int:
        self._stops += 1
        return self._stops - 1

    def _middles(self, inside: NDArray[np.intp], count: int) -> list[Point]:
        """Quarters far from each other, as far as there is room for all."""
        middles, apart_m = list[Point](), 0.35 * self._ground.radius_m
        while len(middles) < count:
            place = self._place(self._rng.choice(inside))
            if all(math.dist(place, other) > apart_m for other in middles):
                middles.append(place)
            else:
                apart_m *= 0.985
        return middles

    def _shares(self, homes: int, quarters: int) -> list[int]:
        """How many stops each quarter has, one at least."""
        shares = self._rng.dirichlet(np.full(quarters, 4.0))
        counts = np.maximum(1, np.round(shares * homes).astype(int))
        while counts.sum() > homes:
            counts[np.argmax(counts)] -= 1
        while counts.sum() < homes:
            counts[np.argmin(counts)] += 1
        return [int(count) for count in counts]

    def _regular(self, middles: list[Point], counts: list[int]) -> list[tuple[Yard, int]]:
        sites, find = self._sites, self._surveyor.yard
        found = []
        for quarter, (middle, count) in enumerate(zip(middles, counts, strict=True)):
            for _ in range(count):
                yard = find(middle, sites.quarter_m, sites.apart_m) or find(
                    middle, sites.wider * sites.quarter_m, sites.closer * sites.apart_m
                )
                if yard:
                    found.append((yard, quarter))
        return found

    def _others(self, inside: NDArray[np.intp], middles: list[Point]) -> list[tuple[Yard, float]]:
        sites, rng, found = self._sites, self._rng, list[tuple[Yard, float]]()
        for _ in range(sites.now_and_then):
            anywhere = rng.random() < 0.5
            near = self._place(rng.choice(inside)) if anywhere else middles[int(rng.integers(len(middles)))]
            yard = self._surveyor.yard(near, 500.0, sites.now_and_then_apart_m)
            if yard:
                found.append((yard, sites.now_and_then_chance * rng.uniform(0.4, 1.8)))
        return found

    def _stop(self, truck: int, yard: Yard, quarter: int, chance: float = 0.0, home: bool = False) -> Stop:
        """A rhythm is drawn for every stop, though those of now and then have none."""
        sites, rng = self._sites, self._rng
        service_min = sites.service_min * math.exp(rng.normal(0, sites.service_spread)) * (1.0 if home else 0.8)
        volume = service_min * rng.uniform(0.7, 1.3)
        share, rhythm, weekdays, fills_a_day, full = rng.random(), Rhythm.DAILY, frozenset[int](), 0.0, 0.0
        if sites.daily <= share < sites.daily + sites.by_weekday:
            rhythm, weekdays = Rhythm.WEEKDAYS, self._weekdays()
        elif share >= sites.daily:
            rhythm, fills_a_day, full = Rhythm.WHEN_FULL, rng.uniform(0.5, 1.1), rng.uniform(0, 1)
        number = self._number()
        return Stop(
            number, yard, service_min, volume, truck, quarter, home, chance, rhythm, weekdays, fills_a_day, full
        )

    def _weekdays(self) -> frozenset[int]:
        """Three days in turn, or any four to six."""
        count = int(self._rng.choice([3, 4, 5, 6]))
        days = frozenset(self._rng.choice(7, count, replace=False).tolist())
        if count == 3:
            days = frozenset({0, 2, 4} if self._rng.random() < 0.5 else {1, 3, 5})
        return days
