"""One truck through its day: stops, rests, errands, the tip."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from benchmarks.yards.almanac import Day
from benchmarks.yards.crews import Lunch
from benchmarks.yards.driving import Wheel
from benchmarks.yards.office import Outing, Task
from benchmarks.yards.serving import Hands, Service
from benchmarks.yards.settings import Settings
from benchmarks.yards.sites import Stop
from benchmarks.yards.town import Town
from benchmarks.yards.track import Track

HOUR = 3600.0


class Shift:
    """A day's work of one truck; after `worked` its track, its services and what it left can be read."""

    def __init__(self, town: Town, outing: Outing, day: Day, settings: Settings, rng: np.random.Generator) -> None:
        self._outing, self._work, self._rng = outing, settings.work, rng
        self._places, self._truck = town.places, outing.truck
        self._driver = self._truck.relief if outing.relief else self._truck.usual_driver
        pace = settings.crews.pace * self._driver.pace * day.pace * math.exp(rng.normal(0, self._work.pace_spread))
        slow = self._driver.service * day.service * math.exp(rng.normal(0, self._work.hands_spread))
        self.track = Track(0.0, town.ground.streets.nodes[town.places.depot])
        taste = town.tastes[-1 if outing.relief else self._truck.index]
        self._wheel = Wheel(town.ground.streets, taste, day, self._work, pace, self.track, town.places.depot, rng)
        self._hands = Hands(self._wheel, slow, self._truck.habits.receiver.sleeps, self._work, rng)
        self.left: list[Stop] = []

    @property
    def services(self) -> list[Service]:
        """In order of time."""
        return self._hands.services

    def worked(self) -> Shift:
        """The day from the depot to the depot."""
        self._sets_out()
        while self._queue:
            self._next(self._queue.pop(0))
        for task in self._outing.helps:
            self._hands.serve(task)
        self._comes_home()
        return self

    def _sets_out(self) -> None:
        habits, rng, work = self._truck.habits, self._rng, self._work
        start_s = habits.start_s + rng.normal(0, habits.start_spread_s)
        start_s += rng.exponential(25 * 60) if rng.random() < 0.08 else 0
        start_s += 900 if self._outing.relief and rng.random() < 0.5 else 0
        self.track.clock_s = max(start_s, work.earliest_h * HOUR)
        self.track.wait(0.0)
        self.track.wait(rng.uniform(2, 14) * 60)
        if rng.random() < work.fuel_first:
            self._fuels()
        self._queue = list(self._outing.queue)
        self._planned, self._taken, self._rested = len(self._queue), 0, False
        self._lunch_s = habits.lunch_s + rng.normal(0, 18 * 60)
        self._errands = sorted(rng.uniform(0, 1, rng.poisson(work.errands)).tolist())
        self._capacity = self._truck.capacity * math.exp(rng.normal(0, work.capacity_spread))
        self._fuels_last = rng.random() <= work.fuel_last
        self._break = rng.uniform(0.1, 0.9) if rng.random() < work.long_break else math.inf
        self._by_habit = rng.random() < work.by_habit

    def _next(self, task: Task) -> None:
        """One stop of the queue, and what comes before it."""
        self._taken += 1
        if self.track.clock_s > self._work.latest_h * HOUR:
            self.left.append(task.stop)
            return
        self._interrupted(self._taken / self._planned)
        if not self._rested and self._hungry(task.stop):
            self._lunches()
        if self._hands.load > self._capacity * (1.15 if self._by_habit else 1):
            self._hands.tip(self._places.tip)
        if self._rng.random() < self._work.put_off and len(self._queue) > 2:
            self._puts_off(task)
        else:
            self._hands.serve(task)
            self._afterwards(task)

    def _puts_off(self, task: Task) -> None:
        """The gate is shut, or cars are in the way."""
        self._wheel.go(task.stop.yard.gate)
        self.track.wait(self._rng.uniform(20, 90))
        self._queue.insert(min(len(self._queue), int(self._rng.integers(2, 7))), task)
        self._planned += 1

    def _afterwards(self, task: Task) -> None:
        rng, more = self._rng, len(self._queue) > 1
        usual = self._by_habit and task.stop.number in self._truck.tips_after
        if usual and self._hands.load > 0.5 * self._capacity and more:
            self._hands.tip(self._places.tip)
        if task.stop.home and rng.random() < self._work.again and more:
            again = replace(task, share=self._work.again_share)
            self._queue.insert(int(rng.integers(1, len(self._queue) + 1)), again)
            self._planned += 1

    def _interrupted(self, done: float) -> None:
        """An errand or a long break is due when such a share of the stops is done."""
        if self._errands and self._errands[0] < done:
            self._errands.pop(0)
            self._errand(self._rng.random())
        if done > self._break:
            self._break = math.inf
            self._hands.rest(30, 110)

    def _errand(self, lot: float) -> None:
        places, rng = self._places, self._rng
        if lot < 0.3:
            self._wheel.go(places.fuel[int(rng.integers(len(places.fuel)))])
            self._hands.rest(6, 15)
        elif lot < 0.45:
            self._wheel.go(places.workshop)
            self._hands.rest(20, 80)
        elif lot < 0.6:
            self._wheel.go(places.depot)
            self._hands.rest(8, 40)
        else:
            self._wheel.go(places.canteens[int(rng.integers(len(places.canteens)))])
            self._hands.rest(5, 20)

    def _hungry(self, stop: Stop) -> bool:
        """It is about the usual hour, before the usual stop; or an hour later before any."""
        late_s = self.track.clock_s - self._lunch_s
        if not self._by_habit:
            return late_s > 0
        return late_s > 3600 or (stop.number == self._truck.rests_before and late_s > -5400)

    def _lunches(self) -> None:
        self._rested = True
        lunch = self._truck.habits.lunch if self._rng.random() < 0.85 else Lunch.SPOT
        if lunch is Lunch.CANTEEN:
            self._wheel.go(self._driver.canteen)
        elif lunch is Lunch.DEPOT:
            self._wheel.go(self._places.depot)
        self._hands.rest(22, 48)

    def _fuels(self) -> None:
        self._wheel.go(self._places.fuel[self._truck.index % len(self._places.fuel)])
        self._hands.rest(6, 14)

    def _comes_home(self) -> None:
        if self._hands.load > 0.25 * self._truck.capacity:
            self._hands.tip(self._places.tip)
        if self._fuels_last:
            self._fuels()
        self._wheel.go(self._places.depot)
        self.track.wait(self._truck.habits.stays_on_s * self._rng.uniform(0.5, 1.5))
