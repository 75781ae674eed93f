"""One crew's day: serving, tipping, resting, errands, breaking down. The truth of services."""

from __future__ import annotations

import math

import msgspec
from numpy.random import Generator

from gomikuru.simulation.bed.chance import factor
from gomikuru.simulation.bed.order import Task, todays_order
from gomikuru.simulation.bed.plan import Unrest
from gomikuru.simulation.bed.rounds import Crew, Round, Stop
from gomikuru.simulation.bed.streets import Edge
from gomikuru.simulation.bed.town import Ground
from gomikuru.simulation.bed.track import Track, Wheel

_TIP_LEAST_MIN, _TIP_MOST_MIN = 6.0, 25.0
_MONDAY_LOAD = 1.12
_LONGEST_DAY_S = 11.0 * 3600


class Service(msgspec.Struct, frozen=True):
    """A stop that was served: by whom, and while it stood there. Seconds from local midnight."""

    stop: int
    vehicle: str
    begin_s: float
    end_s: float


class CrewDay(msgspec.Struct, frozen=True, eq=False):
    """What happened: the vehicles' tracks, the services in order, the visits to the tip."""

    tracks: list[Track]
    services: list[Service]
    tips: list[tuple[str, float]]


class Conditions(msgspec.Struct, frozen=True):
    """What a crew finds on a morning: vehicle and spare, the day of the week, closed streets."""

    vehicle: str
    spare: str
    weekday: int
    closed: frozenset[Edge]


class CrewDrive:
    """Carries a crew through its day."""

    def __init__(
        self, ground: Ground, crew: Crew, each: Round, unrest: Unrest, conditions: Conditions, rng: Generator
    ) -> None:
        self.ground, self.crew, self.round, self.unrest, self.rng = ground, crew, each, unrest, rng
        self.conditions, self.vehicle = conditions, conditions.vehicle
        self.pace = factor(rng, unrest.pace_cv)
        self.hands = self.pace * factor(rng, unrest.pace_cv)
        self.heavy = factor(rng, unrest.day_load_cv) * (_MONDAY_LOAD if conditions.weekday == 0 else 1.0)
        self.rests = self._rests()
        self.late_min = float(rng.normal(0.0, unrest.start_sd_min))
        self.found = CrewDay([], [], [])
        self.load, self.full = 0.0, 0.0
        self.begin_s = (each.start_min + self.late_min) * 60
        self.wheel = self._wheel(self.begin_s)

    def _rests(self) -> list[float]:
        """Choose today's breaks, minutes from midnight."""
        unrest, rng = self.unrest, self.rng
        rests = []
        if rng.random() < unrest.break_share:
            rests.append(self.crew.rest_min + float(rng.normal(0.0, unrest.break_jitter_min)))
        if rng.random() < unrest.second_break_share:
            rests.append(self.round.start_min + 60 * float(rng.uniform(1.5, 8.0)))
        return sorted(rests)

    def _wheel(self, t_s: float) -> Wheel:
        self._empty()
        streets, closed = self.ground.streets, self.conditions.closed
        return Wheel(streets, self.unrest, self.rng, at=self.ground.depot, t_s=t_s, pace=self.pace, closed=closed)

    def _empty(self) -> None:
        spread = float(self.rng.normal(0.0, self.unrest.tip_cv))
        self.load, self.full = 0.0, self.round.capacity * max(0.4, 1.0 + spread)

    def drive(self) -> CrewDay:
        """Live through the day."""
        tasks = todays_order(self.round, self.unrest, self.rng)
        troubles = self._troubles(len(tasks))
        self.wheel.stand(float(self.rng.uniform(60.0, 400.0)))
        for done, task in enumerate(tasks):
            if done in troubles.get("breakdown", ()) and not self._break_down():
                return self.found
            if done in troubles.get("errand", ()):
                self._errand()
            if self.wheel.t_s > self.begin_s + _LONGEST_DAY_S:
                break
            self._work(task)
        if self.load > 0.1 * self.round.capacity:
            self._tip()
        self.wheel.go(self.ground.depot)
        self.wheel.stand(float(self.rng.uniform(120.0, 900.0)))
        self.found.tracks.append(self.wheel.track(self.vehicle))
        return self.found

    def _troubles(self, tasks: int) -> dict[str, set[int]]:
        """Draw before which stops something else happens."""
        rng, unrest = self.rng, self.unrest
        errands = {int(rng.integers(0, max(1, tasks))) for _ in range(int(rng.poisson(unrest.errands_per_day)))}
        breakdown = {int(rng.integers(1, max(2, tasks)))} if rng.random() < unrest.breakdown_share else set()
        return {"errand": errands, "breakdown": breakdown}

    def _work(self, task: Task) -> None:
        if task.starts_min is not None:
            self._wait_for(task.starts_min + self.late_min)
        self._rest_if_due()
        self._serve(task.stop)
        early = task.ends_block and self.load > 0.6 * self.round.capacity
        if self.load > self.full or (early and self.rng.random() < self.unrest.tip_block_share):
            self._tip()

    def _wait_for(self, minute: float) -> None:
        """Be at the depot, with an empty truck, until it is time for the next part of a timetable."""
        if self.load > 0.3 * self.round.capacity:
            self._tip()
        early_s = 60 * minute - self.wheel.t_s - 900.0
        if early_s > 0 and self.wheel.node != self.ground.depot:
            self.wheel.go(self.ground.depot)
        waited_s = max(0.0, 60 * minute - self.wheel.t_s - 600.0)
        self.wheel.stand(waited_s)
        if waited_s > 1_800.0:
            self.rests = [at for at in self.rests if at * 60 > self.wheel.t_s]

    def _serve(self, stop: Stop) -> None:
        """Stand at a stop as long as today's load asks for; long services creep along the street."""
        self.wheel.go(stop.node)
        amount = stop.amount * self.heavy * factor(self.rng, self.unrest.load_cv)
        begin = self.wheel.t_s
        usual = stop.dwell_s * (0.4 + 0.6 * amount / stop.amount)
        seconds = max(12.0, usual * self.hands * factor(self.rng, self.unrest.dwell_cv))
        if seconds > 90.0 and self.rng.random() < 0.25:
            first = seconds * float(self.rng.uniform(0.3, 0.7))
            self.wheel.stand(first)
            self.wheel.creep(float(self.rng.uniform(8.0, 22.0)), seconds - first)
        else:
            self.wheel.stand(seconds)
        self.found.services.append(Service(stop.number, self.vehicle, begin, self.wheel.t_s))
        self.load += amount

    def _tip(self) -> None:
        self.wheel.go(self.ground.tip)
        self.found.tips.append((self.vehicle, self.wheel.t_s))
        minutes = _TIP_LEAST_MIN + float(self.rng.gamma(1.6, self.unrest.tip_queue_min / 3))
        self.wheel.stand(60.0 * min(_TIP_MOST_MIN, minutes))
        self._empty()

    def _rest_if_due(self) -> None:
        """Rest at a favourite place, or where the truck stands."""
        while self.rests and self.wheel.t_s > self.rests[0] * 60:
            self.rests.pop(0)
            if self.rng.random() < 0.75:
                self.wheel.go(int(self.rng.choice(self.crew.rests)))
            self.wheel.stand(60.0 * float(self.rng.uniform(15.0, 45.0)))

    def _errand(self) -> None:
        """Drive past the homes of another part of the round and stop elsewhere, serving nobody."""
        stops = [stop for block in self.round.blocks for stop in block]
        self.wheel.pass_by(stops[int(self.rng.integers(0, len(stops)))].node)
        self.wheel.go(int(self.rng.choice(self.ground.inner)))
        self.wheel.stand(float(self.rng.lognormal(math.log(150.0), 0.6)))

    def _break_down(self) -> bool:
        """Stand until towed, while the spare takes over or nobody does; tell whether the round goes on."""
        if self.vehicle == self.conditions.spare:
            return True
        broken, at_s = self.wheel, self.wheel.t_s
        broken.stand(float(self.rng.uniform(40.0, 120.0)) * 60)
        self.found.tracks.append(broken.track(self.vehicle))
        self.vehicle = self.conditions.spare
        self.wheel = self._wheel(at_s + float(self.rng.uniform(15.0, 50.0)) * 60)
        return self.rng.random() >= self.unrest.given_up_share
