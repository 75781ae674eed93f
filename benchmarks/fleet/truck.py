"""One truck through its day: what it does next, and how it does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.almanac import Day
from benchmarks.fleet.driving import Road, Track, drive
from benchmarks.fleet.layout import Ground
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.sites import Sort, Stop
from benchmarks.fleet.streets import Taste
from benchmarks.fleet.tasks import Act, Service, Task

HOUR = 3600.0


@dataclass(frozen=True)
class Places:
    """Where crews go that is no stop: lunch by crew (the usual place first), shops, errands."""

    lunch: tuple[tuple[int, ...], ...]
    shops: tuple[int, ...]
    errands: tuple[int, ...]

    @classmethod
    def chosen(cls, ground: Ground, stops: Sequence[Stop], rng: np.random.Generator) -> Places:
        """Picked among the junctions; lunch near stops of the crew's own round."""
        picks = [ground.junctions[int(k)] for k in rng.permutation(len(ground.junctions))[:24]]
        lunch = []
        for crew in range(4):
            own = [stop for stop in stops if stop.round_no == min(crew, 2)]
            near = [own[int(k)] for k in rng.permutation(len(own))[:3]]
            lunch.append(tuple(nearest(ground, ground.junctions, stop.x, stop.y) for stop in near))
        return cls(tuple(lunch), tuple(picks[:12]), tuple(picks[12:]))


def nearest(ground: Ground, nodes: Sequence[int], x: float, y: float) -> int:
    """The node nearest to a place."""
    places = ground.streets.nodes
    return min(nodes, key=lambda node: (places[node][0] - x) ** 2 + (places[node][1] - y) ** 2)


@dataclass
class Truck:
    """A vehicle with its crew on one day."""

    settings: Settings
    ground: Ground
    stops: Sequence[Stop]
    places: Places
    day: Day
    round_no: int
    vehicle: int
    crew: int
    fill: NDArray[np.float64]
    rng: np.random.Generator
    queue: list[Task]
    second: list[Task]
    clock_s: float = 0.0
    node: int = 0
    load: float = 0.0
    lunched: bool = False
    asked: bool = False  # whether it has asked its partner to take over
    asked_full: bool = False  # whether it has asked because it was full
    done: bool = False
    pace: float = 1.0
    lift_pace: float = 1.0  # of the whole day: a loader short, rain
    tip_at: float = 0.0
    track: Track = field(default_factory=Track)
    services: list[Service] = field(default_factory=list)
    left: list[Task] = field(default_factory=list)

    @classmethod
    def ready(
        cls,
        settings: Settings,
        ground: Ground,
        stops: Sequence[Stop],
        places: Places,
        day: Day,
        round_no: int,
        tours: list[list[Task]],
        fill: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> Truck:
        """In the depot, its errands among its stops, the engine warming."""
        vehicle, crew = day.vehicles[round_no], day.crews[round_no]
        truck = cls(settings, ground, stops, places, day, round_no, vehicle, crew, fill, rng, list(tours[0]), tours[1])
        truck._starts()
        return truck

    def _starts(self) -> None:
        work, unsteady, rng = self.settings.work, self.settings.unsteady, self.rng
        start = work.start_h[self.round_no] * HOUR + unsteady.start_s * float(rng.standard_normal())
        start += {0: -work.monday_earlier_s, 5: work.saturday_later_s}.get(self.day.date.weekday(), 0.0)
        self.node = self.ground.depot
        self.clock_s = start
        self._stays(240.0 * (1 + unsteady.lift * float(rng.random())))
        self.lift_pace = float(np.exp(unsteady.lift_of_day * rng.standard_normal()))
        slow = unsteady.pace_of_day * abs(float(rng.standard_normal()))
        self.pace = work.paces[self.crew] * float(np.exp(-slow))
        self.lunched = bool(rng.random() < unsteady.lunch_skipped)
        self._lunch_s = work.lunch_h * HOUR + unsteady.lunch_moved_s * float(rng.standard_normal())
        self._loaded_anew()
        if rng.random() < unsteady.early_finish and len(self.queue) > 12:
            keep = len(self.queue) - int(rng.integers(2, 6))
            self.left, self.queue = self.queue[keep:], self.queue[:keep]
        for act, mean in ((Act.ERRAND, unsteady.errands), (Act.PAUSE, unsteady.pauses)):
            for _ in range(int(rng.poisson(mean))):
                node = self.places.errands[int(rng.integers(len(self.places.errands)))]
                task = Task(act, node, takes_s=float(rng.uniform(60, 700)))
                self.queue.insert(int(rng.integers(len(self.queue) + 1)), task)

    def _loaded_anew(self) -> None:
        self.load = 0.0
        spread = self.settings.unsteady.early_tip * abs(float(self.rng.standard_normal()))
        self.tip_at = self.settings.work.capacity * float(np.exp(-spread))

    def step(self) -> None:
        """The next piece of work."""
        if not self.lunched and self.clock_s > self._lunch_s:
            self._lunches()
        elif self.load >= self.tip_at:
            self._tips()
        elif not self.queue:
            self._tour_over()
        elif self.clock_s > self.settings.work.latest_h * HOUR:
            self.left += self.queue + self.second
            self.queue, self.second = [], []
        else:
            self._does(self._by_the_way(self._next()))

    def _next(self) -> Task:
        """The head of the queue, unless a school begins just now."""
        work = self.settings.work
        if work.school_from_h * HOUR < self.clock_s < work.school_until_h * HOUR:
            for index, task in enumerate(self.queue[:8]):
                if task.stop is None or not self.stops[task.stop].by_school:
                    return self.queue.pop(index)
        return self.queue.pop(0)

    def _by_the_way(self, task: Task) -> Task:
        """A stop of later that the truck passes on its way may be served now, and the task put off."""
        if self.rng.random() >= self.settings.unsteady.by_the_way:
            return task
        way = self.ground.streets.way(self.node, task.node, Taste(10 * self.crew, shut=self.day.shut))
        passed = {edge.end for edge in way[:-1]}
        for index, other in enumerate(self.queue):
            if other.act is Act.SERVE and other.node in passed:
                self.queue.insert(0, task)
                return self.queue.pop(index + 1)
        return task

    def _does(self, task: Task) -> None:
        if task.stop is not None and task.act is Act.SERVE:
            self._serves(task, self.stops[task.stop])
        elif task.act is Act.PAUSE:
            self._goes(nearest(self.ground, self.places.shops, *self.ground.streets.nodes[self.node]))
            self._stays(task.takes_s, off=task.takes_s > 400)
        else:
            self._goes(task.node)
            self._stays(task.takes_s or 4.0)

    def _serves(self, task: Task, stop: Stop) -> None:
        unsteady, rng = self.settings.unsteady, self.rng
        short_m = self.settings.work.stand_off_m + unsteady.stand_off_m * abs(float(rng.standard_normal()))
        self._goes(stop.node, creeping=stop.sort is Sort.CREEPING, short_m=min(short_m, 35.0))
        blocked = not task.come_back and rng.random() < unsteady.car_in_the_way
        if blocked and rng.random() < 0.5 and len(self.queue) > 3:
            self._stays(float(rng.uniform(5, 40)))
            later = int(rng.integers(2, min(len(self.queue), 14)))
            self.queue.insert(later, replace(task, come_back=True))
            return
        if blocked:
            self._stays(float(rng.uniform(60, 420)))
        fill = min(float(self.fill[stop.number]) / stop.fills_in, 2.5)
        lift_s = (
            stop.lift_s * (0.5 + 0.5 * fill) * self.lift_pace * float(np.exp(unsteady.lift * rng.standard_normal()))
        )
        start = self.clock_s
        self._stays(float(np.clip(lift_s, 25, 1200)))
        self.services.append(Service(stop.number, start, self.clock_s))
        self.load += stop.load * fill

    def _goes(self, node: int, creeping: bool = False, short_m: float = 0.0) -> None:
        unsteady, rng, streets = self.settings.unsteady, self.rng, self.ground.streets
        other = rng.random() < unsteady.other_way
        taste = Taste(10 * self.crew + (int(rng.integers(1, 4)) if other else 0), 0.5 if other else 0.15, self.day.shut)
        road = Road(
            pace=float(np.clip(self.pace * np.exp(unsteady.pace_of_leg * rng.standard_normal()), 0.4, 1.25)),
            traffic=self.day.traffic,
            noise=0.1 + 0.9 * unsteady.signals,
            jam=bool(rng.random() < unsteady.jam),
        )
        way = streets.way(self.node, node, taste)
        last = replace(road, pace=0.28 if creeping else road.pace, short_m=short_m)
        head = len(way) - 1 if creeping else 0
        self.clock_s = drive(self.track, streets, way[:head], self.clock_s, road, rng)
        self.clock_s = drive(self.track, streets, way[head:], self.clock_s, last, rng)
        self.node = node

    def _stays(self, seconds: float, off: bool = False) -> None:
        x, y = self.track.here or self.ground.streets.nodes[self.node]
        self.track.stand(self.clock_s, x, y)
        if off:
            self.track.off.append((self.clock_s, self.clock_s + seconds))
        self.clock_s += seconds
        self.track.stand(self.clock_s, x, y)

    def _lunches(self) -> None:
        places, rng = self.places.lunch[self.crew], self.rng
        elsewhere = rng.random() < self.settings.unsteady.lunch_elsewhere
        self._goes(places[int(rng.integers(1, 3)) if elsewhere else 0])
        longer = float(np.exp(0.3 * self.settings.unsteady.lift * rng.standard_normal()))
        self._stays(self.settings.work.lunch_s * longer, off=True)
        self.lunched = True

    def _tips(self) -> None:
        work, unsteady, rng = self.settings.work, self.settings.unsteady, self.rng
        gate = next(iter(self.ground.streets.out[self.ground.plant]))
        self._goes(gate)
        queued = work.plant_queue_s * self.day.queue * float(np.exp(unsteady.queue * rng.standard_normal()))
        self._stays(min(queued, 3000.0))
        self._goes(self.ground.plant)
        self._stays(work.unload_s * float(np.exp(0.5 * unsteady.lift * rng.standard_normal())))
        self._loaded_anew()
        if queued > 1.5 * work.plant_queue_s and rng.random() < unsteady.turned_at_the_plant:
            self.queue.reverse()

    def _tour_over(self) -> None:
        if self.load > 0.15 * self.settings.work.capacity:
            self._tips()
            return
        self._goes(self.ground.depot)
        if self.second:
            self._stays(self.settings.work.between_tours_s, off=True)
            self.queue, self.second = self.second, []
        else:
            self._stays(130.0)
            self.done = True
