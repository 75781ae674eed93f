"""What the simulator knows of a town: its city files laid out on a plane. Only `read_town` reads files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path as FilePath
from typing import TypeVar

import msgspec
import numpy as np
import shapely

from geofence.files import parts_of, read_zones
from gomikuru.city_files import errors, load_city, read_bytes
from gomikuru.city_files.calendar_csv import Collection, read_calendar
from gomikuru.city_files.geojson import Feature, read_features
from gomikuru.city_files.routes_geojson import Route, read_routes
from gomikuru.simulation.plane import Floats, Path, Plane
from gomikuru.simulation.streets import LOCAL, Streets
from model.city import City
from model.problem import Problem
from model.times import zone_info
from model.zone import Zone

STOP_TO_LINE_M = 30.0
T = TypeVar("T")


class TownUnusable(Exception):
    """The city's files have errors, or lack what a simulation needs."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)


class ZoneShape(msgspec.Struct, frozen=True):
    """A zone on the plane; no categories means all."""

    id: str
    categories: tuple[str, ...]
    shape: shapely.Geometry


class Town:
    """Zones, routes and streets of one city in metres, with its calendar."""

    def __init__(
        self,
        city: City,
        routes: Sequence[Route],
        zones: Sequence[Zone] = (),
        calendar: Sequence[Collection] = (),
        streets: Sequence[Feature] = (),
    ) -> None:
        lines = np.array([place for route in routes for place in route.line])
        self.city = city
        self.plane = Plane(*lines.mean(axis=0))
        self.routes = {route.id: route for route in routes}
        self.paths = {route.id: Path(self.plane.to_xy(route.line)) for route in routes}
        self.calendar = tuple(calendar)
        self.zones = [self._zone(zone) for zone in zones]
        drawn = [(str(f.properties.get("class", LOCAL)), self.plane.to_xy(f.coordinates)) for f in streets]
        self.streets = Streets(drawn or [(LOCAL, path.xy) for path in self.paths.values()])

    def _zone(self, zone: Zone) -> ZoneShape:
        flat = shapely.transform(shapely.union_all(parts_of(zone)), self.plane.to_xy)
        shapely.prepare(flat)
        return ZoneShape(zone.id, zone.categories, flat)

    @cached_property
    def stops_m(self) -> dict[str, list[float]]:
        """Tell where each route's stops lie along its line, in their order."""
        found = {}
        for route_id, route in self.routes.items():
            after, path = 0.0, self.paths[route_id]
            spots = []
            for place in self.plane.to_xy([(stop.lon, stop.lat) for stop in route.stops]):
                after = path.locate(place, after, STOP_TO_LINE_M)
                spots.append(after)
            found[route_id] = spots
        return found

    def zones_of(self, route_id: str) -> dict[str, int]:
        """Tell the zones in which, or on whose border, a route has stops, and how many."""
        places = shapely.points(self.plane.to_xy([(stop.lon, stop.lat) for stop in self.routes[route_id].stops]))
        found = {zone.id: int(shapely.dwithin(zone.shape, places, 1.0).sum()) for zone in self.zones}
        return {zone: stops for zone, stops in found.items() if stops}

    def facility(self, *kinds: str) -> Floats | None:
        """Tell where the first facility of one of these kinds stands."""
        for facility in self.city.facilities:
            if facility.kind in kinds:
                return np.asarray(self.plane.to_xy((facility.lon, facility.lat))[0], dtype=np.float64)
        return None

    def instant_ms(self, day: date, minutes: float) -> int:
        """Turn minutes after a day's local midnight, as a clock on the wall tells them, into an instant."""
        zone = zone_info(self.city.timezone)
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
        return round(wall.replace(tzinfo=zone).timestamp() * 1000)


def read_town(folder: FilePath) -> Town:
    """Read a city's folder; raise TownUnusable with every problem that stands in the way."""
    city, problems = load_city(folder)
    zones, wrong = _part(folder, "zones.geojson", read_zones)
    streets, more = _part(folder, "streets.geojson", lambda data: read_features(data, "streets.geojson"))
    problems += wrong + more
    routes, wrong = _part(folder, "routes.geojson", read_routes)
    calendar, more = _part(folder, "calendar.csv", read_calendar)
    problems += wrong + more
    if not routes:
        problems.append(Problem("routes.geojson", "", "holds no route", "a simulation needs routes for its trucks"))
    if city is None or errors(problems):
        raise TownUnusable(problems)
    return Town(city, routes, zones, calendar, streets)


def _part(
    folder: FilePath, file: str, read: Callable[[bytes], tuple[Sequence[T], list[Problem]]]
) -> tuple[Sequence[T], list[Problem]]:
    """Read one file that may be absent."""
    data, problems = read_bytes(folder, file)
    if data is None:
        return (), problems
    found, wrong = read(data)
    return found, problems + wrong
