"""Where the files of a city do not fit together, though each is well formed. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geofence.assignments import FILE as ASSIGNMENTS
from geofence.assignments import Assignment
from geofence.files import parts_of
from gomikuru.city_files import calendar_csv, city_toml, exceptions_csv, routes_geojson, trucks_csv
from gomikuru.city_files.calendar_csv import Collection
from gomikuru.city_files.geojson import LonLat
from gomikuru.city_files.hours import WEEKDAYS
from gomikuru.city_files.problem import meant
from gomikuru.city_files.routes_geojson import Route
from model.city import City
from model.problem import Problem
from model.zone import Zone
from residents.calendar.plan import Change, Plan

ZONES = "zones.geojson"
FAR_M = 100_000.0
OVERLAP_M2 = 500.0
STOP_TO_ZONE_M = 25.0
_DEGREE_M = 111_195.0


class CityParts(msgspec.Struct, frozen=True):
    """What could be read of a city; a part is None where its file is absent or broken, and is then not compared."""

    city: City | None = None
    zones: Sequence[Zone] | None = None
    routes: Sequence[Route] | None = None
    calendar: Sequence[Collection] | None = None
    assignments: Sequence[Assignment] | None = None
    exceptions: Sequence[Change] | None = None


def disagreements(parts: CityParts) -> Iterator[Problem]:
    """Compare what could be read of a city."""
    if parts.city is not None:
        yield from _unknown_categories(parts.city, parts)
        yield from _unknown_routes(parts.city, parts.routes)
        yield from _assigned(parts.city, parts.routes, parts.assignments or ())
    yield from _elsewhere(parts)
    yield from _exceptions(parts)
    if parts.zones is not None:
        shapes = {zone.id: _shape(zone) for zone in parts.zones}
        yield from _overlaps(shapes)
        yield from _calendar_zones(parts.zones, parts.calendar or ())
        if parts.routes is not None:
            yield from _stops_outside(shapes, parts.routes)
            yield from _days(shapes, parts.routes, parts.calendar or ())


def _unknown_categories(city: City, parts: CityParts) -> Iterator[Problem]:
    known = [category.id for category in city.categories]
    said: Iterable[tuple[str, str, str | None]] = chain(
        ((ZONES, f"zone '{zone.id}'", name) for zone in parts.zones or () for name in zone.categories),
        ((routes_geojson.FILE, f"route '{route.id}'", route.category) for route in parts.routes or ()),
        ((calendar_csv.FILE, f"line {line.line}", line.category) for line in parts.calendar or ()),
        ((exceptions_csv.FILE, f"line {line.line}", line.category) for line in parts.exceptions or ()),
    )
    for file, where, name in said:
        if name and name not in known:
            yield Problem(file, where, f"category {name!r} is not in city.toml", meant(name, known))


def _unknown_routes(city: City, routes: Sequence[Route] | None) -> Iterator[Problem]:
    known = [route.id for route in routes or ()]
    for truck in city.trucks:
        if routes is not None and truck.route and truck.route not in known:
            what = f"route_id {truck.route!r} is not in {routes_geojson.FILE}"
            yield Problem(trucks_csv.FILE, f'truck_id "{truck.id}"', what, meant(truck.route, known))


def _assigned(city: City, routes: Sequence[Route] | None, rows: Sequence[Assignment]) -> Iterator[Problem]:
    """Find assignments of vehicles and routes that there are not, and of routes on days when they are not driven."""
    trucks, known = [truck.id for truck in city.trucks], {route.id: route for route in routes or ()}
    for line, row in {row.line: row for row in rows}.items():
        where = f"line {line}"
        if trucks and row.vehicle not in trucks:
            what = f"vehicle {row.vehicle!r} is not in {trucks_csv.FILE}"
            yield Problem(ASSIGNMENTS, where, what, meant(row.vehicle, trucks))
        if routes is not None and row.route and row.route not in known:
            what = f"route_id {row.route!r} is not in {routes_geojson.FILE}"
            yield Problem(ASSIGNMENTS, where, what, meant(row.route, known))
    for row in rows:
        route = known.get(row.route or "")
        if row.day is not None and route and route.weekdays and _weekday(row.day) not in route.weekdays:
            what = f"route {route.id!r} is not driven on {WEEKDAYS[_weekday(row.day)]} by {routes_geojson.FILE}"
            yield Problem(ASSIGNMENTS, f"line {row.line}", what, "correct one of the two", warning=True)


def _weekday(day: int) -> int:
    """Tell the weekday (Monday 0) of an assignment's day: itself, or that of a date."""
    return day if day < len(WEEKDAYS) else (day + 6) % 7


def _elsewhere(parts: CityParts) -> Iterator[Problem]:
    """Find what lies in another part of the world than the rest of the city."""
    places: list[tuple[str, str, LonLat]] = [
        (ZONES, f"zone '{zone.id}'", zone.polygons[0][0][0]) for zone in parts.zones or ()
    ]
    places += [(routes_geojson.FILE, f"route '{route.id}'", route.line[0]) for route in parts.routes or ()]
    if parts.city:
        places += [(city_toml.FILE, f"facility '{each.id}'", (each.lon, each.lat)) for each in parts.city.facilities]
        if parts.city.map_centre:
            places.append((city_toml.FILE, "map_centre", (parts.city.map_centre[1], parts.city.map_centre[0])))
    if len(places) < 3:
        return
    middle = np.median([place for _, _, place in places], axis=0)
    for file, where, (lon, lat) in places:
        east = (lon - middle[0]) * math.cos(math.radians(float(middle[1])))
        metres = math.hypot(east, lat - middle[1]) * _DEGREE_M
        if metres > FAR_M:
            what = f"lies {metres / 1000:,.0f} km from the rest of the city"
            yield Problem(file, where, what, city_toml.SWAPPED)


def _shape(zone: Zone) -> BaseGeometry:
    return shapely.union_all(parts_of(zone))


def _places(route: Route) -> NDArray[np.object_]:
    degrees = np.array([(stop.lon, stop.lat) for stop in route.stops]).reshape(-1, 2)
    return np.asarray(shapely.points(degrees), dtype=np.object_)


def _overlaps(shapes: Mapping[str, BaseGeometry]) -> Iterator[Problem]:
    names, areas = list(shapes), list(shapes.values())
    if not areas:
        return
    for one, other in shapely.STRtree(areas).query(areas, predicate="overlaps").T:
        if one < other:
            common = areas[one].intersection(areas[other])
            east = math.cos(math.radians(common.centroid.y))
            square_m = common.area * _DEGREE_M * _DEGREE_M * east
            if square_m > OVERLAP_M2:
                what = f"overlaps zone '{names[other]}' by {square_m:,.0f} m²"
                where = f"near {common.centroid.x:.6f}, {common.centroid.y:.6f}"
                yield Problem(ZONES, f"zone '{names[one]}'", f"{what} {where}", "let them share a border", warning=True)


def _calendar_zones(zones: Sequence[Zone], calendar: Sequence[Collection]) -> Iterator[Problem]:
    by_id = {zone.id: zone for zone in zones}
    for line in calendar:
        zone = by_id.get(line.zone)
        if not line.zone:
            continue
        if zone is None:
            what = f"zone {line.zone!r} is not in {ZONES}"
            yield Problem(calendar_csv.FILE, f"line {line.line}", what, meant(line.zone, by_id))
        elif line.category and zone.categories and line.category not in zone.categories:
            what = f"zone {line.zone!r} does not take {line.category!r} in {ZONES}"
            yield Problem(calendar_csv.FILE, f"line {line.line}", what, "add the category there, or remove the line")
    listed = {line.zone for line in calendar}
    for zone in zones:
        if listed and zone.id not in listed:
            what = "has no line in calendar.csv: nobody there can be told the next collection day"
            yield Problem(ZONES, f"zone '{zone.id}'", what, "add its days", warning=True)


def _exceptions(parts: CityParts) -> Iterator[Problem]:
    """Find exceptions of zones that there are not, that move a collection onto one of its own days, or do nothing."""
    exceptions, file = parts.exceptions or (), exceptions_csv.FILE
    known = {zone.id for zone in parts.zones} if parts.zones is not None else None
    for each in exceptions:
        if known is not None and each.zone is not None and each.zone not in known:
            what = f"zone {each.zone!r} is not in {ZONES}"
            yield Problem(file, f"line {each.line}", what, meant(each.zone, known))
    if parts.calendar is None:
        return
    plan = Plan(parts.calendar, exceptions)
    for each in plan.moved_onto_itself():
        what = f"moves it to {each.moved_to}, when it is collected there anyway"
        yield Problem(file, f"line {each.line}", what, "write 'cancelled', or another day", warning=True)
    for each in plan.idle():
        what = f"changes nothing: {calendar_csv.FILE} has no such collection on {each.day}"
        yield Problem(file, f"line {each.line}", what, "correct the day, or remove the line", warning=True)


def _stops_outside(shapes: Mapping[str, BaseGeometry], routes: Sequence[Route]) -> Iterator[Problem]:
    town = shapely.union_all(list(shapes.values()))
    shapely.prepare(town)
    for route in routes:
        places = _places(route)
        inside = shapely.dwithin(town, places, STOP_TO_ZONE_M / _DEGREE_M)
        outside = [stop.seq for stop, fine in zip(route.stops, inside, strict=True) if not fine]
        if outside:
            what = f"{len(outside)} of its stops lie in no zone (the first is seq {outside[0]})"
            remedy = "households there hear nothing by zone: is a zone missing?"
            yield Problem(routes_geojson.FILE, f"route '{route.id}'", what, remedy, warning=True)


def _days(
    shapes: Mapping[str, BaseGeometry], routes: Sequence[Route], calendar: Sequence[Collection]
) -> Iterator[Problem]:
    """Find routes that are driven on a weekday on which none of their zones puts that waste out."""
    names, areas = list(shapes), list(shapes.values())
    tree = shapely.STRtree(areas)
    for route in routes:
        places = _places(route)
        served = {names[k] for k in tree.query(places, predicate="intersects")[1]}
        rules = [line.rule for line in calendar if line.zone in served and line.category == route.category]
        idle = set(route.weekdays) - {day for rule in rules for day in rule.on_weekdays}
        if rules and all(rule.on_weekdays for rule in rules) and idle:
            days = ", ".join(WEEKDAYS[day] for day in sorted(idle))
            what = f"is driven on {days}, when calendar.csv has no {route.category!r} in its zones"
            yield Problem(routes_geojson.FILE, f"route '{route.id}'", what, "correct one of the two", warning=True)
