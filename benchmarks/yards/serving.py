"""A crew at its stops: into the yard, the service, and out again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from benchmarks.yards.driving import Wheel
from benchmarks.yards.office import Task
from benchmarks.yards.settings import Work
from benchmarks.yards.sites import Stop, Yard
from benchmarks.yards.streets import between


@dataclass(frozen=True)
class Service:
    """The truck stopped at a stand then, and had done its work then; seconds from local midnight."""

    stop: Stop
    start_s: float
    end_s: float


@dataclass
class Hands:
    """What a crew does outside the street; `slow` is the factor of its services today."""

    wheel: Wheel
    slow: float
    sleeps: bool  # whether the box is off with the ignition
    work: Work
    rng: np.random.Generator
    load: float = 0.0
    services: list[Service] = field(default_factory=list)

    def serve(self, task: Task) -> None:
        """Drives to a stop, serves it, drives back to its gate."""
        rng, track, yard = self.rng, self.wheel.track, task.stop.yard
        self.wheel.go(yard.gate)
        if rng.random() < 0.05:  # parked cars
            track.wait(20 + rng.exponential(70))
        self._enter(yard)
        start_s, level = track.clock_s, task.share * task.level
        self._stand(yard, self._takes_s(task.stop, level))
        self.services.append(Service(task.stop, start_s, track.clock_s))
        self._leave(yard)
        self.load += task.stop.volume * level * math.exp(rng.normal(0, self.work.load_spread))

    def _enter(self, yard: Yard) -> None:
        rng, track = self.rng, self.wheel.track
        for k, place in enumerate(yard.way[1:], 2):
            if k == len(yard.way) and yard.backs_in:
                track.wait(rng.uniform(6, 18), yard.walls)
                track.move(place, rng.uniform(0.9, 1.6), yard.walls)
            else:
                track.move(place, rng.uniform(2.0, 3.6), yard.walls)

    def _takes_s(self, stop: Stop, level: float) -> float:
        rng = self.rng
        minutes = stop.service_min * self.slow * (0.3 + 0.7 * level)
        minutes *= math.exp(rng.normal(0, self.work.service_spread))
        if rng.random() < 0.03:  # a locked gate, spilled waste, a talk
            minutes += rng.exponential(8)
        return max(0.8, minutes) * 60

    def _stand(self, yard: Yard, seconds: float) -> None:
        rng, track = self.rng, self.wheel.track
        start_s = track.clock_s
        if yard.two_stands and seconds > 150:
            track.wait(seconds * rng.uniform(0.4, 0.6), yard.walls)
            length_m = math.dist(yard.way[-2], track.here)
            up = between(track.here, yard.way[-2], min(0.8, 22 / max(length_m, 1)))
            track.move(up, 1.5, yard.walls)
            track.wait(seconds * 0.5, yard.walls)
        else:
            track.wait(seconds, yard.walls)
        if self.sleeps and seconds > 400 and rng.random() < 0.08:
            track.off.append((start_s + 60, track.clock_s - rng.uniform(0, 20)))

    def _leave(self, yard: Yard) -> None:
        rng, track = self.rng, self.wheel.track
        if not yard.backs_in and rng.random() < 0.7:  # turns on the spot
            (x, y), angle = track.here, rng.uniform(0, 6.28)
            track.move((x + 9 * math.cos(angle), y + 9 * math.sin(angle)), 1.2, yard.walls)
            track.wait(rng.uniform(3, 9), yard.walls)
        for place in yard.way[-2::-1]:
            track.move(place, rng.uniform(2.0, 3.4), yard.walls)
        if rng.random() < 0.4:
            track.wait(rng.exponential(8))

    def tip(self, node: int) -> None:
        """Empties the truck."""
        self.wheel.go(node)
        self.wheel.track.wait(60 * (self.work.tip_min + self.rng.gamma(2, 5)))
        self.load = 0.0

    def rest(self, least_min: float, most_min: float) -> None:
        """Stands; for more than four minutes without ignition."""
        rng, track = self.rng, self.wheel.track
        start_s, seconds = track.clock_s, rng.uniform(least_min, most_min) * 60
        track.wait(seconds)
        if self.sleeps and seconds > 240:
            track.off.append((start_s + rng.uniform(5, 60), track.clock_s - rng.uniform(-40, 10)))
