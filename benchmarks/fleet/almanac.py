"""The days: dates, holidays, who drives which truck on which round, which streets are shut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from benchmarks.fleet.layout import Ground
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.streets import Kind

FIRST = dt.date(2026, 9, 7)
SPARE, RELIEF = 3, 3


@dataclass(frozen=True)
class Day:
    """One service day; `vehicles` and `crews` are indexed by round."""

    index: int
    date: dt.date
    nights: int  # since the last service
    after_holiday: bool
    vehicles: tuple[int, int, int]
    crews: tuple[int, int, int]
    spare_free: bool
    shut: frozenset[tuple[int, int]]
    queue: float  # how long the plant's queue is beside the usual
    traffic: float  # how heavy the peaks are beside the usual

    @property
    def heavy(self) -> bool:
        """More waste than a usual day's."""
        return self.after_holiday or self.nights > 1


def service_days(count: int, settings: Settings, ground: Ground, rng: np.random.Generator) -> list[Day]:
    """As many days as asked for, Monday to Saturday, holidays left out."""
    garage = _Garage(settings, rng)
    works = _Roadworks(settings, ground, rng)
    days: list[Day] = []
    date, since_holiday, last, caught_up = FIRST, 0, FIRST - dt.timedelta(days=2), False
    while len(days) < count:
        free = since_holiday > settings.work.holiday_gap and rng.random() < settings.unsteady.holiday
        if date.weekday() < 6 and not free:
            nights = (date - last).days
            vehicles, crews = garage.today()
            queue = float(np.exp(settings.unsteady.queue * rng.standard_normal()))
            traffic = float(np.exp(settings.unsteady.pace_of_day * rng.standard_normal()))
            traffic *= settings.work.saturday_traffic if date.weekday() == 5 else 1.0
            shut = works.in_week(date.isocalendar().week)
            days.append(
                Day(len(days), date, nights, caught_up, vehicles, crews, SPARE not in vehicles, shut, queue, traffic)
            )
            last = date
            caught_up = False
        caught_up |= free
        since_holiday = 0 if free else since_holiday + 1
        date += dt.timedelta(days=1)
    return days


class _Garage:
    """Trucks and drivers, day after day."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        self._unsteady, self._rng = settings.unsteady, rng
        self._home = [0, 1, 2]
        self._workshop, self._workshop_left = -1, 0
        self._leave, self._leave_left = -1, 0

    def today(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Vehicle and crew of each round."""
        rng, unsteady = self._rng, self._unsteady
        self._workshop_left -= 1
        if self._workshop_left <= 0 and rng.random() < 3 * unsteady.workshop:
            self._workshop, self._workshop_left = int(rng.integers(3)), int(rng.integers(2, 7))
        self._leave_left -= 1
        if self._leave_left <= 0 and rng.random() < 3 * unsteady.leave:
            self._leave, self._leave_left = int(rng.integers(3)), 12
        vehicles = list(self._home)
        if rng.random() < unsteady.vehicle_swap:
            a, b = rng.permutation(3)[:2]
            vehicles[a], vehicles[b] = vehicles[b], vehicles[a]
            if rng.random() < 0.3:  # and so it stays for a while
                self._home = list(vehicles)
        if self._workshop_left > 0:
            vehicles = [SPARE if v == self._workshop else v for v in vehicles]
        crews = [RELIEF if self._leave_left > 0 and c == self._leave else c for c in range(3)]
        return (vehicles[0], vehicles[1], vehicles[2]), (crews[0], crews[1], crews[2])


class _Roadworks:
    """Streets shut for a week."""

    def __init__(self, settings: Settings, ground: Ground, rng: np.random.Generator) -> None:
        self._mean, self._rng = settings.unsteady.roadworks, rng
        kinds = (Kind.LOCAL, Kind.COLLECTOR, Kind.BOULEVARD)
        rows = (ground.streets.out[node] for node in ground.junctions)
        self._edges = [(e.start, e.end) for row in rows for e in row.values() if e.kind in kinds]
        self._week, self._shut = -1, frozenset[tuple[int, int]]()

    def in_week(self, week: int) -> frozenset[tuple[int, int]]:
        """Both directions of each shut street."""
        if week != self._week:
            picks = self._rng.integers(len(self._edges), size=int(self._rng.poisson(self._mean)))
            pairs = [self._edges[int(k)] for k in picks]
            self._week, self._shut = week, frozenset(pairs + [(b, a) for a, b in pairs])
        return self._shut
