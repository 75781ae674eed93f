"""From a seed to a town's log: the stages of the package, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.fleet.almanac import Day, service_days
from benchmarks.fleet.boxes import Canyon, Fixes, logged
from benchmarks.fleet.layout import drawn
from benchmarks.fleet.orders import habits
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.shifts import Depot
from benchmarks.fleet.sites import Stop, Surveyor
from benchmarks.fleet.truck import Truck
from benchmarks.fleet.truth import ROUTINE_SHARE


@dataclass(frozen=True)
class ServiceDay:
    """A day as it was and as it was logged."""

    day: Day
    trucks: list[Truck]
    fixes: list[Fixes]


class Fleet:
    """A fleet in its town; `days` may be gone through once."""

    def __init__(self, settings: Settings, count: int) -> None:
        def rng(stage: int) -> np.random.Generator:
            return np.random.default_rng([settings.seed, stage])

        self._settings = settings
        self.ground = drawn(settings.town, rng(0))
        self.stops: tuple[Stop, ...] = Surveyor(self.ground, settings, rng(1)).surveyed(count)
        self._depot = Depot(settings, self.ground, self.stops, habits(self.stops, settings, rng(2)), rng(3))
        self._plan = service_days(count, settings, self.ground, rng(4))
        self._canyon = Canyon(settings.town.core_m, settings.boxes[0].canyon_m, rng(5))

    def days(self) -> Iterator[ServiceDay]:
        """Day after day."""
        for day in self._plan:
            trucks = self._depot.day(day, np.random.default_rng([self._settings.seed, 100, day.index]))
            noise = np.random.default_rng([self._settings.seed, 101, day.index])
            boxes = self._settings.boxes
            yield ServiceDay(day, trucks, [logged(t.track, boxes[t.vehicle], self._canyon, noise) for t in trucks])

    def routine(self) -> list[int]:
        """After the days: the stops served on most of the days they were due."""
        due, served = self._depot.due_counts, self._depot.served_counts
        share = served / np.maximum(due, 1)
        return [stop.number for stop in self.stops if share[stop.number] >= ROUTINE_SHARE]
