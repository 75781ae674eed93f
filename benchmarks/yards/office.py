"""What each truck is to do on a day: which stops are due, in which order, what comes on top, who helps whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.yards.almanac import Day
from benchmarks.yards.crews import Truck
from benchmarks.yards.orders import Order, change
from benchmarks.yards.settings import Days
from benchmarks.yards.sites import Rhythm, Stop
from benchmarks.yards.town import Town


@dataclass(frozen=True)
class Task:
    """A stop to be served; `level` is how full it is beside the usual, `share` how much of that is taken."""

    stop: Stop
    level: float = 1.0
    share: float = 1.0


@dataclass(frozen=True)
class Outing:
    """What a truck sets out with; `helps` are stops of a colleague, for the end."""

    truck: Truck
    relief: bool
    works: bool
    queue: list[Task]
    helps: list[Task] = field(default_factory=list)


class Office:
    """Sends the trucks out, day after day; remembers what is owed and how full stops are."""

    def __init__(self, town: Town, settings: Days, rng: np.random.Generator) -> None:
        self._town, self._settings, self._rng = town, settings, rng
        self._relief = [False for _ in town.trucks]
        self._owed = set[int]()
        self._last = dict[int, int]()  # the day on which a stop was due
        self._level = dict[int, float]()
        stops = [stop for truck in town.trucks for stop in truck.round.stops]
        self._full = {stop.number: stop.full_at_first for stop in stops}

    def outings(self, day: Day) -> list[Outing]:
        """What the trucks have before them; the trucks are then to be sent out in this order."""
        works = [self._comes(truck.index) for truck in self._town.trucks]
        outings = [
            Outing(truck, self._relief[truck.index], works[truck.index], self._planned(truck, works[truck.index], day))
            for truck in self._town.trucks
        ]
        for outing in outings:
            self._shared(outing, outings)
        return outings

    def owed(self, left: Sequence[Stop]) -> None:
        """What a truck could not serve is due on the next day."""
        self._owed |= {stop.number for stop in left if stop.home}

    def _comes(self, index: int) -> bool:
        """Whether the truck goes out; who drives it is settled too."""
        settings, rng = self._settings, self._rng
        if self._relief[index]:
            self._relief[index] = rng.random() > settings.relief_goes
        else:
            self._relief[index] = rng.random() < settings.relief_comes
        return rng.random() >= settings.workshop

    def _planned(self, truck: Truck, works: bool, day: Day) -> list[Task]:
        rng, relief = self._rng, self._relief[truck.index]
        due = [self._due(stop, works, day) for stop in truck.round.stops]
        order = [k for k in _order(truck, relief, day) if due[k]]
        change(order, self._settings, truck.habits.changeable * (1.3 if relief else 1), rng)
        queue = [self._task(truck.round.stops[k]) for k in order]
        called = [stop for stop in truck.round.now_and_then if rng.random() < stop.chance]
        anywhere = self._town.on_call
        called += [anywhere[int(rng.integers(len(anywhere)))] for _ in range(rng.poisson(self._settings.calls))]
        for stop in called if works else ():
            self._fit_in(queue, stop)
        return queue

    def _task(self, stop: Stop) -> Task:
        return Task(stop, self._level.get(stop.number, 1.0))

    def _due(self, stop: Stop, works: bool, day: Day) -> bool:
        """Whether a stop is to be served today."""
        settings, rng, full = self._settings, self._rng, stop.rhythm is Rhythm.WHEN_FULL
        due = self._ready(stop, day)
        if rng.random() < settings.skipped:
            due = due and stop.number in self._owed
            if not due and not full:
                self._owed.add(stop.number)
        elif stop.number in self._owed:
            due = True
        if day.light and rng.random() < settings.left_out and not full:
            due = False
        if due and works:
            self._taken(stop, day)
        return due and works

    def _ready(self, stop: Stop, day: Day) -> bool:
        """Whether its rhythm has it served today."""
        if stop.rhythm is Rhythm.WHEN_FULL:
            self._full[stop.number] += stop.fills_a_day * math.exp(self._rng.normal(0, 0.25))
            return self._full[stop.number] > 0.85
        return stop.rhythm is Rhythm.DAILY or day.date.weekday() in stop.weekdays

    def _taken(self, stop: Stop, day: Day) -> None:
        """It is in the queue: so full it is, and nothing is owed."""
        number = stop.number
        self._owed.discard(number)
        nights = day.number - self._last.get(number, day.number - 1)
        self._last[number] = day.number
        monday = 1.12 if day.date.weekday() == 0 else 1
        self._level[number] = min(max((0.85 + 0.15 * min(nights, 4)) * monday, 0.5), 1.6)
        if stop.rhythm is Rhythm.WHEN_FULL:
            self._level[number] = min(1.4, self._full[number])
            self._full[number] = 0.0

    def _fit_in(self, queue: list[Task], stop: Stop) -> None:
        """Mostly where the way round is shortest."""
        if len(queue) < 2 or self._rng.random() < 0.1:
            queue.insert(int(self._rng.integers(len(queue) + 1)), Task(stop))
            return
        depot, new = self._town.ground.streets.nodes[self._town.places.depot], stop.yard.stand
        stands = [depot, *(task.stop.yard.stand for task in queue), depot]
        longer = [
            math.dist(stands[k], new) + math.dist(new, stands[k + 1]) - math.dist(stands[k], stands[k + 1])
            for k in range(len(stands) - 1)
        ]
        queue.insert(int(np.argmin(longer)), Task(stop))

    def _shared(self, outing: Outing, outings: list[Outing]) -> None:
        """A truck may take a colleague's last stops; of one in the workshop another serves a few, if it is out."""
        rng = self._rng
        other = outings[(outing.truck.index + int(rng.integers(1, 3))) % len(outings)]
        if rng.random() < self._settings.helps and outing.works and other.works and len(other.queue) > 8:
            first = len(other.queue) - int(rng.integers(1, 4))
            outing.helps.extend(other.queue[first:])
            del other.queue[first:]
        if not outing.works:
            for stop in outing.truck.round.stops:
                if stop.rhythm is Rhythm.DAILY and rng.random() < 0.3:
                    other.helps.append(self._task(stop))
                elif stop.rhythm is not Rhythm.WHEN_FULL:
                    self._owed.add(stop.number)


def _order(truck: Truck, relief: bool, day: Day) -> Order:
    """The order of who drives on that weekday."""
    if relief:
        return truck.orders.relief
    return truck.orders.other if day.date.weekday() in truck.habits.other_days else truck.orders.usual
