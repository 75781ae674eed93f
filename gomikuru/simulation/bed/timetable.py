"""A town made of real routes: stops with scheduled times become streets and crews. No I/O."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.bed.rounds import Crew, Round, Stop, Style, capacity
from gomikuru.simulation.bed.streets import ARTERIAL, LANE, Streets
from gomikuru.simulation.bed.town import Ground, outskirts
from gomikuru.simulation.plane import Floats, Plane
from gomikuru.simulation.reach import reached

_SAME_M = 8.0
_BLOCK_STOPS = 9
_APART_MIN = 60.0


class RoutesUnusable(ValueError):
    """The file holds no routes with timed stops; the text says what is missing."""


class TimedStop(msgspec.Struct, frozen=True):
    """A stop of the timetable."""

    lon: float
    lat: float
    minute: float


class TimedRoute(msgspec.Struct, frozen=True):
    """A route of the timetable."""

    name: str
    timezone: str
    weekdays: tuple[int, ...]
    stops: tuple[TimedStop, ...]


def read_routes(collection: Mapping[str, Any]) -> list[TimedRoute]:
    """Take the routes with at least ten timed stops out of a FeatureCollection, in the order of their names."""
    lines: dict[str, dict[str, Any]] = {}
    points: defaultdict[str, list[tuple[int, TimedStop, str]]] = defaultdict(list)
    for feature in collection.get("features", ()):
        said, shape = feature.get("properties", {}), feature.get("geometry", {})
        route = str(said.get("route_id", ""))
        if shape.get("type") == "LineString":
            lines[route] = said
        elif shape.get("type") == "Point" and said.get("scheduled_time"):
            lon, lat = shape["coordinates"][:2]
            hour, minute = str(said["scheduled_time"]).split(":")[:2]
            stop = TimedStop(float(lon), float(lat), 60.0 * int(hour) + int(minute))
            points[route].append((int(said.get("seq", 0)), stop, str(said.get("garbage_days", ""))))
    found = []
    for route in sorted(points):
        rows = sorted(points[route], key=lambda row: row[0])
        if len(rows) >= 10:
            days = tuple(sorted({int(digit) - 1 for digit in rows[0][2] if digit in "123456"})) or (0, 1, 3, 4, 5)
            zone = str(lines.get(route, {}).get("tz", "Asia/Tokyo"))
            found.append(TimedRoute(route, zone, days, tuple(row[1] for row in rows)))
    if not found:
        raise RoutesUnusable("no route has ten stops (Points with route_id, seq and scheduled_time as 13:05)")
    return found


def middle(routes: list[TimedRoute]) -> tuple[float, float]:
    """Tell longitude and latitude of the middle of all stops."""
    places = np.array([(stop.lon, stop.lat) for route in routes for stop in route.stops])
    lon, lat = places.mean(0).tolist()
    return float(lon), float(lat)


class Mapper:
    """Turns routes into ground and crews."""

    def __init__(self, routes: list[TimedRoute], plane: Plane, rng: Generator) -> None:
        self.routes, self.rng, self.streets = routes, rng, Streets()
        self.nodes = [self._nodes(plane.to_xy([(stop.lon, stop.lat) for stop in route.stops])) for route in routes]
        self._streets()

    def _nodes(self, xy: Floats) -> list[int]:
        """Give each stop its node; stops at the same place share one."""
        found = []
        for x, y in xy.tolist():
            near = [node for node, other in enumerate(self.streets.xy) if math.dist(other, (x, y)) < _SAME_M]
            found.append(near[0] if near else self.streets.add(x, y))
        return found

    def _streets(self) -> None:
        """Join stops that follow one another, neighbours, and what is left apart."""
        xy = np.array(self.streets.xy)
        for nodes in self.nodes:
            for a, b in itertools.pairwise(nodes):
                self.streets.join(a, b, LANE)
        for node in range(len(xy)):
            away = np.hypot(*(xy - xy[node]).T)
            for other in np.argsort(away, kind="stable")[1:4].tolist():
                if away[other] < 120.0:
                    self.streets.join(node, other, LANE)
        self._join_islands(xy)
        for a, b in self.streets.edges(LANE):
            if self.streets.length_m(a, b) > 140.0:
                self.streets.join(a, b, ARTERIAL)
        for node, others in enumerate(self.streets.next_to):
            if len(others) > 4 and self.rng.random() < 0.15:
                self.streets.lights.add(node)

    def _join_islands(self, xy: Floats) -> None:
        inner = reached(0, self.streets.next_to)
        while len(inner) < len(xy):
            rest = [node for node in range(len(xy)) if node not in inner]
            inside = sorted(inner)
            away = np.hypot(*(xy[rest][:, None] - xy[inside][None]).transpose(2, 0, 1))
            a, b = np.unravel_index(int(np.argmin(away)), away.shape)
            self.streets.join(rest[int(a)], inside[int(b)], LANE)
            inner = reached(0, self.streets.next_to)

    def ground(self) -> Ground:
        """Give the town, with a depot and a tip outside."""
        inner = list(range(len(self.streets.xy)))
        xy = np.array(self.streets.xy)
        gates = [int(np.argmin(xy[:, 0])), int(np.argmax(xy[:, 1]))]
        return Ground(self.streets, *outskirts(self.streets, gates, self.rng), inner)

    def crews(self, count: int, depot: int) -> list[Crew]:
        """Give each crew a route, and a later one on the same days where there is one."""
        free = [int(k) for k in self.rng.permutation(len(self.routes))]
        found: list[Crew] = []
        while free and len(found) < count:
            first = min(free[:4], key=lambda k: self.routes[k].stops[0].minute)
            free.remove(first)
            ends = self.routes[first].stops[-1].minute
            later = [k for k in free if self.routes[k].stops[0].minute > ends + _APART_MIN]
            near = min(later, key=lambda k: self._away(first, k)) if later else None
            if near is not None:
                free.remove(near)
            found.append(self._crew(len(found), [first] if near is None else [first, near], depot))
        return found

    def _away(self, one: int, other: int) -> float:
        return self.streets.length_m(self.nodes[one][0], self.nodes[other][0])

    def _crew(self, index: int, chosen: list[int], depot: int) -> Crew:
        style = Style(60.0, 0.88)
        blocks: list[tuple[Stop, ...]] = []
        starts: list[float | None] = []
        for which in chosen:
            stops = self._stops(which, style)
            cuts = range(0, len(stops), _BLOCK_STOPS)
            blocks += [tuple(stops[k : k + _BLOCK_STOPS]) for k in cuts]
            starts += [self.routes[which].stops[0].minute, *[None] * (len(cuts) - 1)]
        begin = (starts[0] or 0.0) - 25.0
        known = tuple(blocks)
        load = capacity(known, float(self.rng.choice([1.3, 1.7, 2.4])))
        each = Round(self.routes[chosen[0]].weekdays, known, begin, load, tuple(starts))
        rests = (self.nodes[chosen[0]][0], self.nodes[chosen[-1]][-1], depot)
        return Crew(f"T{index + 1:02d}", (each,), rests, self.routes[chosen[0]].stops[-1].minute + 30.0)

    def _stops(self, which: int, style: Style) -> list[Stop]:
        """Make stops whose services take what the timetable leaves for them."""
        timed, nodes = self.routes[which].stops, self.nodes[which]
        pace = max(40.0, 60.0 * (timed[-1].minute - timed[0].minute) / len(timed))
        found = []
        for k, node in enumerate(nodes):
            gap = 60.0 * (timed[k + 1].minute - timed[k].minute) if k + 1 < len(timed) else pace
            drive = self.streets.length_m(node, nodes[k + 1]) / 4.5 + 12.0 if k + 1 < len(nodes) else 30.0
            dwell = max(15.0, min(300.0, 0.5 * (gap + pace) - drive)) * float(self.rng.uniform(0.85, 1.1))
            found.append(style.stop(node + 1, node, self.rng, dwell))
        return found
