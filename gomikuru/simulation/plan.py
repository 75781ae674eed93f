"""Which truck serves which route on a day: the routes' weekdays, the calendar, and the trucks that are there."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from gomikuru.city_files.routes_geojson import Route
from gomikuru.simulation.town import Town
from model.city import Truck


class Round(msgspec.Struct, frozen=True):
    """One truck on one route."""

    truck: Truck
    route: Route


def due(town: Town, route: Route, day: date) -> bool:
    """Tell whether a route is driven on a day: its weekday, and a collection at most of its stops."""
    if route.weekdays and day.weekday() not in route.weekdays:
        return False
    zones = town.zones_of(route.id)
    lines = [line for line in town.calendar if line.category == route.category and line.zone in zones]
    ruled = sum(zones[zone] for zone in {line.zone for line in lines})
    today = sum(zones[zone] for zone in {line.zone for line in lines if line.rule.falls_on(day)})
    return 2 * today >= ruled


def rounds(town: Town, day: date, most: int | None = None) -> list[Round]:
    """Give the day's routes to trucks: first those that trucks.csv ties, then by category, then whoever is free."""
    free = list(town.city.trucks) or [Truck(str(n + 1)) for n in range(len(town.routes))]
    open_routes = [route for route in town.routes.values() if due(town, route, day)]
    given: list[Round] = []
    for fits in (_tied, _of_category, _of_any):
        for route in list(open_routes):
            truck = next((truck for truck in free if fits(truck, route)), None)
            if truck:
                given.append(Round(truck, route))
                free.remove(truck)
                open_routes.remove(route)
    return sorted(given, key=lambda each: each.truck.id)[:most]


def _tied(truck: Truck, route: Route) -> bool:
    return truck.route == route.id


def _of_category(truck: Truck, route: Route) -> bool:
    return truck.route is None and truck.category == route.category


def _of_any(truck: Truck, route: Route) -> bool:
    return truck.route is None and (truck.category is None or route.category is None)


def next_collection_day(town: Town, day: date) -> date:
    """Tell the first day from `day` on when trucks are out; `day` itself if none comes within five weeks."""
    days = (day + timedelta(days=ahead) for ahead in range(36))
    return next((each for each in days if rounds(town, each)), day)
