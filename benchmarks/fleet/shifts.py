"""A service day of the whole fleet: the truck whose clock is furthest behind does its next piece of work.

Trucks meet here only: they take over each other's remaining stops, and a helper comes on heavy days.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.fleet.almanac import SPARE, Day
from benchmarks.fleet.layout import Ground
from benchmarks.fleet.orders import Habits, unsettled
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.sites import Sort, Stop
from benchmarks.fleet.tasks import Act, Task
from benchmarks.fleet.truck import Places, Truck


class Depot:
    """Sends the trucks out, day after day; remembers how full the stops are."""

    def __init__(
        self, settings: Settings, ground: Ground, stops: Sequence[Stop], habits: Habits, rng: np.random.Generator
    ) -> None:
        self._settings, self._ground, self._stops, self._habits = settings, ground, stops, habits
        self._fill = np.zeros(len(stops))
        self._owed: set[int] = set()
        self.due_counts = np.zeros(len(stops), dtype=int)
        self.served_counts = np.zeros(len(stops), dtype=int)
        self._places = Places.chosen(ground, stops, rng)

    def day(self, day: Day, rng: np.random.Generator) -> list[Truck]:
        """The trucks of a day, their work done."""
        self._filled(day, rng)
        trucks = [self._sent(day, round_no, rng) for round_no in range(3)]
        wanted = self._settings.unsteady.helper * (1.0 if day.after_holiday else 0.3)
        if day.heavy and day.spare_free and rng.random() < wanted:
            trucks.append(self._helper(day, trucks, rng))
        while working := [truck for truck in trucks if not truck.done]:
            truck = min(working, key=lambda one: one.clock_s)
            truck.step()
            self._handed(truck, trucks, rng)
        self._remembered(day, trucks)
        return trucks

    def _remembered(self, day: Day, trucks: list[Truck]) -> None:
        """What was emptied, and what is still owed."""
        served = {service.stop for truck in trucks for service in truck.services}
        self.served_counts[[k for k in served if self._due(self._stops[k], day)]] += 1
        self._fill[list(served)] = 0.0
        self._owed |= {task.stop for truck in trucks for task in truck.left if task.stop is not None}
        self._owed -= served

    def _filled(self, day: Day, rng: np.random.Generator) -> None:
        spread = self._settings.unsteady.fill
        self._fill += day.nights**0.6 * np.exp(spread * rng.standard_normal(len(self._fill)) - spread**2 / 2)

    def _due(self, stop: Stop, day: Day) -> bool:
        return stop.opens <= day.index < stop.closes and (
            day.date.weekday() in stop.weekdays or day.after_holiday or stop.number in self._owed
        )

    def _sent(self, day: Day, round_no: int, rng: np.random.Generator) -> Truck:
        unsteady = self._settings.unsteady
        crew = day.crews[round_no]
        order = self._habits.today(crew, round_no, unsteady, rng)
        containers = [n for n in order if self._stops[n].sort is Sort.CONTAINER]
        first = unsettled([n for n in order if n not in containers], unsteady, rng)
        tours = [self._tasks(first, day, rng), self._tasks(unsettled(containers, unsteady, rng), day, rng)]
        self._asked_for(tours[0], first, day, rng)
        self._markets_again(tours[0], rng)
        return self._ready(day, round_no, tours, rng)

    def _ready(self, day: Day, round_no: int, tours: list[list[Task]], rng: np.random.Generator) -> Truck:
        return Truck.ready(
            self._settings, self._ground, self._stops, self._places, day, round_no, tours, self._fill, rng
        )

    def _tasks(self, order: list[int], day: Day, rng: np.random.Generator) -> list[Task]:
        """What is to be done at the stops of an order today."""
        unsteady, tasks = self._settings.unsteady, list[Task]()
        for number in order:
            stop = self._stops[number]
            if not self._due(stop, day):
                continue
            self.due_counts[number] += 1
            if stop.by_fullness and self._fill[number] < 0.8 * stop.fills_in:
                if rng.random() < unsteady.look_in:
                    tasks.append(Task(Act.LOOK, stop.node, number))
            elif rng.random() >= unsteady.left_out or stop.sort is Sort.MARKET:
                tasks.append(Task(Act.SERVE, stop.node, number))
        return tasks

    def _asked_for(self, tasks: list[Task], order: list[int], day: Day, rng: np.random.Generator) -> None:
        """Someone rang up: stops not due are slipped in where the order passes them."""
        idle = [n for n in order if not self._due(self._stops[n], day) and self._stops[n].opens <= day.index]
        idle = [n for n in idle if day.index < self._stops[n].closes]
        wanted = int(rng.poisson(self._settings.unsteady.asked_for))
        for number in [idle[int(k)] for k in rng.permutation(len(idle))[:wanted]]:
            task = Task(Act.SERVE, self._stops[number].node, number)
            tasks.insert(round(order.index(number) / len(order) * len(tasks)), task)

    def _markets_again(self, tasks: list[Task], rng: np.random.Generator) -> None:
        """A market is served in the morning and again towards the end."""
        for task in [t for t in tasks if t.stop is not None and self._stops[t.stop].sort is Sort.MARKET]:
            if rng.random() >= self._settings.unsteady.market_once:
                again = max(tasks.index(task) + 1, int(len(tasks) * (0.75 + 0.03 * (task.node % 8))))
                tasks.insert(again, task)

    def _helper(self, day: Day, trucks: list[Truck], rng: np.random.Generator) -> Truck:
        """The spare truck takes a share of the two longest rounds."""
        taken: list[Task] = []
        for truck in sorted(trucks, key=lambda one: -len(one.queue))[:2]:
            share = len(truck.queue) // 5
            start = int(rng.integers(len(truck.queue) // 2, len(truck.queue) - share))
            taken += truck.queue[start : start + share]
            truck.queue[start : start + share] = []
        helper = self._ready(day, trucks[0].round_no, [taken, []], rng)
        helper.vehicle = SPARE
        return helper

    def _handed(self, truck: Truck, trucks: list[Truck], rng: np.random.Generator) -> None:
        """The two trucks that share a district: one that is full or behind asks the other to take over stops."""
        partner = next((t for t in trucks if t.round_no == 1 - truck.round_no and not t.done), None)
        if partner is None or truck.done or len(truck.queue) < 6:
            return
        if truck.load >= truck.tip_at and partner.load < 0.6 * partner.tip_at and not truck.asked_full:
            truck.asked_full = True
            if rng.random() < self._settings.unsteady.taken_when_full:
                partner.queue[:0] = truck.queue[:3]
                truck.queue[:3] = []
        late = truck.clock_s > self._settings.work.handing_from_h * 3600
        more = len(truck.queue) - len(partner.queue)
        if late and more >= 6 and not truck.asked:
            truck.asked = True
            if rng.random() < self._settings.unsteady.handed_over:
                partner.queue += truck.queue[-(more // 2) :]
                truck.queue[-(more // 2) :] = []
