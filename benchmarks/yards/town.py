"""From a seed to a town: streets, places, rounds, trucks, what drivers think of streets, who lives where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.yards.crews import Recruiter, Truck
from benchmarks.yards.layout import Ground, drawn
from benchmarks.yards.places import Places, chosen
from benchmarks.yards.rounds import TRUCKS, Rounds
from benchmarks.yards.settings import Settings
from benchmarks.yards.sites import Stop
from benchmarks.yards.streets import Streets

Taste = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Home:
    """A resident by a stop; plane metres."""

    resident_id: str
    x: float
    y: float
    stop: int


@dataclass(frozen=True)
class Town:
    """Everything that does not change from day to day; `tastes` are by truck, the last is the reliefs'."""

    lat: float
    lon: float
    ground: Ground
    places: Places
    trucks: tuple[Truck, ...]
    on_call: tuple[Stop, ...]
    tastes: tuple[Taste, ...]
    homes: tuple[Home, ...]


def built(settings: Settings) -> Town:
    """A town; all draws come from one generator, so their order is part of it."""
    rng = np.random.default_rng([settings.seed, 77])
    lat, lon = _origin(rng)
    ground = drawn(settings.land, rng)
    places = chosen(ground, settings.land, rng)
    rounds = Rounds(ground, settings.sites, rng)
    recruiter = Recruiter(settings.crews, places, ground.streets.nodes[places.depot], rng)
    trucks = tuple(recruiter.truck(index, rounds.round(index)) for index in range(TRUCKS))
    tastes = tuple(_taste(ground.streets, settings.crews.likes, rng) for _ in range(TRUCKS + 1))
    on_call = rounds.on_call()
    tastes = tuple(_taste(ground.streets, settings.crews.likes, rng) | taste for taste in tastes)
    homes = _homes(trucks, settings.crews.home_m, rng)
    return Town(lat, lon, ground, places, trucks, on_call, tastes, homes)


def _origin(rng: np.random.Generator) -> tuple[float, float]:
    """Somewhere in the north of Europe or in the middle of Japan."""
    if rng.random() < 0.5:
        return 59.2 + rng.uniform(0, 0.6), 30 + rng.uniform(-6, 8)
    return 35 + rng.uniform(-0.5, 0.8), 136 + rng.uniform(-2, 4)


def _taste(streets: Streets, spread: float, rng: np.random.Generator) -> Taste:
    """By how much longer than it takes a street seems, for one driver."""
    ends = ((start, end) for start, row in enumerate(streets.out) for end in row)
    return {street: math.exp(rng.normal(0, spread)) for street in ends}


def _homes(trucks: tuple[Truck, ...], within_m: float, rng: np.random.Generator) -> tuple[Home, ...]:
    """One at each regular stop."""
    homes = list[Home]()
    for stop in (stop for truck in trucks for stop in truck.round.stops):
        angle, away = rng.uniform(0, 6.28), within_m * math.sqrt(rng.random())
        x, y = stop.yard.stand
        resident = f"home-{len(homes) + 1:03d}"
        homes.append(Home(resident, x + away * math.cos(angle), y + away * math.sin(angle), stop.number))
    return tuple(homes)
