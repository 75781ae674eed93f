"""The trucks of a town, day after day: as they drove, and as their boxes say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.yards.almanac import Almanac, Day
from benchmarks.yards.boxes import Fixes, logged
from benchmarks.yards.crews import Truck
from benchmarks.yards.office import Office, Outing
from benchmarks.yards.serving import Service
from benchmarks.yards.settings import Settings
from benchmarks.yards.shifts import Shift
from benchmarks.yards.town import built
from benchmarks.yards.track import Track


@dataclass(frozen=True)
class Outcome:
    """What a truck did on a day, and what was logged of it."""

    truck: Truck
    track: Track
    services: list[Service]
    fixes: Fixes


@dataclass(frozen=True)
class ServiceDay:
    """A day of all trucks that went out."""

    day: Day
    trucks: list[Outcome]


class Fleet:
    """A fleet in its town; `days` may be gone through once. All days draw from one generator, truck after truck."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self.town = built(settings)
        self._rng = np.random.default_rng([settings.seed, 991])
        self._almanac = Almanac(self.town.ground, settings.days, count, self._rng)
        self._office = Office(self.town, settings.days, self._rng)

    def days(self) -> Iterator[ServiceDay]:
        """Day after day."""
        for day in self._almanac.days():
            outings = self._office.outings(day)
            yield ServiceDay(day, [self._sent(day, outing) for outing in outings if outing.works])

    def _sent(self, day: Day, outing: Outing) -> Outcome:
        shift = Shift(self.town, outing, day, self._settings, self._rng).worked()
        self._office.owed(shift.left)
        fixes = logged(shift.track, outing.truck.habits.receiver, self._settings.box, self._rng)
        return Outcome(outing.truck, shift.track, shift.services, fixes)
