"""The bed itself: a town with its crews lives through its days. Pure; all chance from the plan's seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.bed.chance import generator
from gomikuru.simulation.bed.crew_day import Conditions, CrewDay, CrewDrive
from gomikuru.simulation.bed.plan import BedPlan, working_days
from gomikuru.simulation.bed.rounds import Crew, Round, Surveyor
from gomikuru.simulation.bed.streets import ARTERIAL, LANE, Edge
from gomikuru.simulation.bed.timetable import Mapper, TimedRoute, middle
from gomikuru.simulation.bed.town import Ground, town
from gomikuru.simulation.bed.tracking import Heard, dead_zones, heard
from gomikuru.simulation.bed.truth import Home, Visit, arrival_s, homes, routine_stops
from gomikuru.simulation.plane import Plane

_TWO_WEEKS = 12


class BedDay(msgspec.Struct, frozen=True, eq=False):
    """One service day: what each vehicle's tracker said, and what really happened."""

    day: date
    heard: list[Heard]
    visits: list[Visit]
    tips: list[tuple[str, float]]


class Bed:
    """A town with its crews, and its days."""

    def __init__(self, plan: BedPlan, ground: Ground, teams: list[Crew]) -> None:
        self.plan, self.ground, self.crews = plan, ground, teams
        rounds = [each for crew in teams for each in crew.rounds]
        stops = [stop for each in rounds for block in each.blocks for stop in block]
        self.places = {stop.number: ground.streets.xy[stop.node] for stop in stops}
        inner = np.array([ground.streets.xy[node] for node in ground.inner])
        self._zones = dead_zones(inner, plan.tracking, generator(plan.seed, "dead zones"))
        self._closures = _closures(plan, ground)

    def days(self) -> Iterator[BedDay]:
        """Live through the days in order."""
        for index, day in enumerate(working_days(self.plan)):
            yield self.day(index, day)

    def day(self, index: int, day: date) -> BedDay:
        """Live through one day."""
        found = BedDay(day, [], [], [])
        for number, conditions in enumerate(self.mornings(index, day)):
            each = self.round_of(number, index, day)
            if each is None:
                continue
            crew, rng = self.crews[number], generator(self.plan.seed, f"{day} crew {number}")
            happened = CrewDrive(self.ground, crew, each, self.plan.unrest, conditions, rng).drive()
            found.visits.extend(self._visits(day, happened))
            found.tips.extend(happened.tips)
            for track in happened.tracks:
                gps = generator(self.plan.seed, f"{day} tracker {track.vehicle}")
                found.heard.append(heard(track, self.plan.tracking, self._zones, gps))
        return found

    def mornings(self, index: int, day: date) -> list[Conditions]:
        """Deal out the vehicles of a day: their own, a spare, or one another's."""
        unrest, rng = self.plan.unrest, generator(self.plan.seed, f"{day} morning")
        closed = frozenset(edge for edge, first, last in self._closures if first <= index <= last)
        vehicles = [crew.vehicle for crew in self.crews]
        spares = [f"S{number + 1:02d}" for number in range(len(vehicles))]
        for number, spare in enumerate(spares):
            if rng.random() < unrest.substitute_share:
                vehicles[number] = spare
        if len(vehicles) > 1 and rng.random() < unrest.exchange_share * len(vehicles) / 2:
            one, other = rng.permutation(len(vehicles))[:2].tolist()
            vehicles[one], vehicles[other] = vehicles[other], vehicles[one]
            spares[one], spares[other] = spares[other], spares[one]
        pairs = zip(vehicles, spares, strict=True)
        return [Conditions(vehicle, spare, day.weekday(), closed) for vehicle, spare in pairs]

    def round_of(self, number: int, index: int, day: date) -> Round | None:
        """Tell what a crew does on a day, with its order as reformed by then."""
        rounds = self.crews[number].rounds
        for part, each in enumerate(rounds):
            if day.weekday() in each.weekdays:
                rng = generator(self.plan.seed, f"reform {number} {part}")
                reformed, since = rng.random() < self.plan.unrest.reform_share, int(rng.integers(2, 15))
                return _reformed(each, rng) if reformed and index >= since else each
        return None

    def _visits(self, day: date, happened: CrewDay) -> Iterator[Visit]:
        tracks = {track.vehicle: track for track in happened.tracks}
        for service in happened.services:
            arrived = arrival_s(tracks[service.vehicle], self.places[service.stop], service)
            yield Visit(day, service.stop, service.vehicle, arrived, service.begin_s, service.end_s)

    def settle(self, visits: list[Visit]) -> list[Home]:
        """Give each household its place by a stop that turned out to be routine."""
        planned = []
        for index, day in enumerate(working_days(self.plan)):
            for number in range(len(self.crews)):
                each = self.round_of(number, index, day)
                planned += [stop.number for block in each.blocks for stop in block] if each else []
        rng = generator(self.plan.seed, "homes")
        routine = routine_stops(visits, planned, least=2 if self.plan.days >= _TWO_WEEKS else 1)
        return homes(routine, self.places, self.plan.homes, rng)


def make_bed(plan: BedPlan, routes: list[TimedRoute] | None = None) -> Bed:
    """Make the town and its crews: a made-up one, or one on real routes."""
    if routes is None:
        ground = town(plan.trucks, generator(plan.seed, "town"))
        return Bed(plan, ground, Surveyor(ground, generator(plan.seed, "rounds")).crews(plan.trucks))
    lon, lat = middle(routes)
    plan = msgspec.structs.replace(plan, longitude=lon, latitude=lat, timezone=routes[0].timezone)
    mapper = Mapper(routes, Plane(lon, lat), generator(plan.seed, "routes"))
    ground = mapper.ground()
    return Bed(plan, ground, mapper.crews(plan.trucks, ground.depot))


def _reformed(each: Round, rng: Generator) -> Round:
    """Move one block to another place for good, within its part of a timetable."""
    starts = each.block_starts_min or (None,) * len(each.blocks)
    movable = [k for k in range(1, len(starts)) if starts[k] is None]
    if len(movable) < 2:
        return each
    one, other = (movable[k] for k in rng.permutation(len(movable))[:2].tolist())
    blocks = list(each.blocks)
    blocks[one], blocks[other] = blocks[other], blocks[one]
    return msgspec.structs.replace(each, blocks=tuple(blocks))


def _closures(plan: BedPlan, ground: Ground) -> list[tuple[Edge, int, int]]:
    """Draw the streets that are closed for some days."""
    rng, inner = generator(plan.seed, "closures"), set(ground.inner)
    edges = [edge for edge in ground.streets.edges(LANE, ARTERIAL) if edge[0] in inner]
    found = []
    for _ in range(int(rng.poisson(plan.unrest.closures_per_week * plan.days / 6 * plan.trucks))):
        first = int(rng.integers(0, plan.days))
        found.append((edges[int(rng.integers(0, len(edges)))], first, first + int(rng.integers(0, 5))))
    return found
