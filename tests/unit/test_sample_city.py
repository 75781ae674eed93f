"""The sample city: whole, consistent, and a believable town; the template that a real city copies."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from geofence.files import parts_of, read_zones
from gomikuru import places
from gomikuru.check import check_city
from gomikuru.city_files.calendar_csv import Collection, read_calendar
from gomikuru.city_files.routes_geojson import Route, distance_to_line_m, read_routes
from gomikuru.simulate import Town, homes, read_town
from model.city import City
from model.zone import Zone
from notifier.adapters.catalogues import languages

FOLDER = places.sample_cities() / "sample"


@cache
def town() -> Town:
    return read_town(FOLDER)


@cache
def zones() -> tuple[Zone, ...]:
    found, problems = read_zones((FOLDER / "zones.geojson").read_bytes())
    assert problems == []
    return found


@cache
def routes() -> tuple[Route, ...]:
    return tuple(read_routes((FOLDER / "routes.geojson").read_bytes())[0])


@cache
def calendar() -> tuple[Collection, ...]:
    return tuple(read_calendar((FOLDER / "calendar.csv").read_bytes())[0])


def city() -> City:
    found, _ = check_city(FOLDER)
    assert found is not None
    return found


def test_check_finds_nothing_to_say() -> None:
    """The template has no error and no warning."""
    assert [str(problem) for problem in check_city(FOLDER)[1]] == []


def test_it_has_what_was_promised() -> None:
    """40 zones, 12 routes, 3 categories with names in eight languages, 8 trucks, a depot and an incinerator."""
    found = city()
    assert len(zones()) == 40
    assert len(routes()) == 12
    assert [set(category.names) for category in found.categories] == [set(languages())] * 3
    assert len(found.trucks) == 8
    assert {facility.kind for facility in found.facilities} == {"depot", "incinerator"}
    assert {route.category for route in routes()} == {category.id for category in found.categories}


def test_the_folder_is_small_enough_to_read() -> None:
    """All files together stay under 700 kB, with six decimals and lines that differ one position at a time."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 700_000
    for path in FOLDER.glob("*.geojson"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) > 40
        assert max(map(len, lines)) < 260, path.name


def test_names_and_ids_are_unique() -> None:
    """No two zones, routes or stops share an id or a name."""
    assert len({zone.name for zone in zones()}) == len({zone.id for zone in zones()}) == 40
    assert len({route.name for route in routes()}) == 12
    for route in routes():
        assert [stop.seq for stop in route.stops] == list(range(1, len(route.stops) + 1))
        assert len({stop.name for stop in route.stops}) == len(route.stops)


def test_zones_tile_the_town() -> None:
    """No zone overlaps another beyond a sliver, and only the river, the railway and the pond lie between them."""
    shapes = [zone.shape for zone in town().zones]
    assert all(shape.is_valid for shape in shapes)
    assert max(one.intersection(other).area for one, other in combinations(shapes, 2)) < 10.0
    covered = shapely.union_all(shapes)
    sealed = covered.buffer(60).buffer(-60)
    assert 0.9 < covered.area / sealed.area < 0.99


def test_one_zone_has_two_parts_and_one_has_a_hole() -> None:
    """The template shows a MultiPolygon and a hole."""
    assert [zone.id for zone in zones() if len(parts_of(zone)) == 2] == ["hinata-1"]
    assert [zone.id for zone in zones() if any(part.interiors for part in parts_of(zone))] == ["midori-4"]


def test_it_lies_near_minoh() -> None:
    """The made-up town stands where the customer wished."""
    for zone in zones():
        for polygon in zone.polygons:
            for lon, lat in polygon[0]:
                assert abs(lon - 135.47) < 0.04
                assert abs(lat - 34.83) < 0.03


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.id)
def test_stops_lie_on_the_line_and_times_rise(route: Route) -> None:
    """Each stop is within 30 m of its route, in the order of the line, and times never fall within the window."""
    assert max(distance_to_line_m((stop.lon, stop.lat), route.line) for stop in route.stops) < 30.0
    assert all(one <= other for one, other in pairwise(town().stops_m[route.id]))
    times = [stop.scheduled_min or 0 for stop in route.stops]
    assert times == sorted(times)
    assert times[-1] - times[0] > 90
    assert route.window is not None
    assert route.window[0] <= times[0] < times[-1] <= route.window[1]


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.id)
def test_routes_run_along_streets(route: Route) -> None:
    """Every piece of every route is a street of streets.geojson."""
    streets = shapely.multilinestrings(shapely.linestrings(town().streets.pieces().reshape(-1, 2, 2)))
    middle = np.array(route.line[1:]) / 2 + np.array(route.line[:-1]) / 2
    assert shapely.distance(streets, shapely.points(town().plane.to_xy(middle))).max() < 1.0


def test_every_zone_is_served_in_each_of_its_categories() -> None:
    """For each line of the calendar a route of that category has stops in the zone on those weekdays."""
    driven = {
        (zone, route.category, day)
        for route in routes()
        for zone in town().zones_of(route.id)
        for day in route.weekdays
    }
    for line in calendar():
        for day in line.rule.weekdays:
            assert (line.zone, line.category, day) in driven, line
    collected = {(line.zone, line.category) for line in calendar()}
    known = [category.id for category in city().categories]
    assert collected == {(zone.id, name) for zone in zones() for name in zone.categories or known}


def test_twenty_thousand_homes_stand_in_zones_near_their_route() -> None:
    """Homes lie in a zone that takes their waste, within 70 m of a route that collects it, all in different places."""
    found = homes(town(), 20_000, seed=3)
    assert len(found) == 20_000
    assert len({(home.lat, home.lon) for home in found}) > 19_900
    places = shapely.points(town().plane.to_xy([(home.lon, home.lat) for home in found]))
    inside = np.array([shapely.contains(zone.shape, places) for zone in town().zones])
    assert inside.any(axis=0).all()
    for category in city().categories:
        mine = np.array([home.category == category.id for home in found])
        lines = [shapely.linestrings(town().paths[r.id].xy) for r in routes() if r.category == category.id]
        assert mine.sum() > 500
        assert min_distance(lines, places[mine]).max() < 70.5
        taken = [not zone.categories or category.id in zone.categories for zone in town().zones]
        assert inside[np.array(taken)][:, mine].any(axis=0).all()


def min_distance(lines: list[shapely.Geometry], places: object) -> np.ndarray:
    return np.asarray(shapely.distance(shapely.multilinestrings(lines), places))


def test_the_copied_folder_is_the_shipped_one(tmp_path: Path) -> None:
    """A city that copies the folder and changes the id is a city."""
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes().replace(b'id = "sample"', b'id = "minoridai"'))
    found, problems = check_city(tmp_path)
    assert problems == []
    assert found is not None
    assert found.id == "minoridai"
