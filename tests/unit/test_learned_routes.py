"""Rounds that pings taught, written as routes.geojson: by vehicle and weekdays, for people to look at and mend."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from geofence.forecast.profile import FILE as PROFILE_FILE
from geofence.forecast.profile import decode_profile
from geofence.geometry import project, stretch
from gomikuru.check import check_city
from gomikuru.city_files import errors
from gomikuru.city_files.routes_geojson import FILE, Route, distance_to_line_m, read_routes
from gomikuru.cli import program
from gomikuru.learned_routes import _degrees
from tests.support.rounds import LAT, LON, Drive, place, weekdays
from tests.unit.test_learn_command import write_pings

CITY_TOML = 'id = "minami"\nname = "Minami"\ntimezone = "Asia/Tokyo"\n[[categories]]\nid = "burnable"\n'
SOUTH = [(300.0 * k, 0.0) for k in range(1, 9)]
NORTH = [(300.0 * k, 1500.0) for k in range(1, 9)]
DAYS = weekdays(12)


def usual(day: date, seconds: float = 60.0) -> Drive:
    """South on Mondays, Wednesdays and Fridays, north on the other days."""
    return Drive(day).serve(SOUTH if day.weekday() in (0, 2, 4) else NORTH, seconds).to(-1500.0, 0.0)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A city with one truck of a category, and twelve past days beside it."""
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "city.toml").write_text(CITY_TOML)
    (folder / "trucks.csv").write_text("truck_id,category\n17,burnable\n")
    for k, day in enumerate(DAYS):
        write_pings(tmp_path / f"past-{k:02d}.csv", usual(day, 55.0 + 5.0 * (k % 3)).pings)
    return folder


def learn(city: Path, *more: object) -> Result:
    words = ("learn", "--city", city, *more)
    return CliRunner().invoke(program(), [str(word) for word in words])


def pings(city: Path) -> tuple[str, Path]:
    return "--pings", city.parent / "past-*.csv"


def written(path: Path) -> list[Route]:
    found, problems = read_routes(path.read_bytes())
    assert [str(problem) for problem in problems] == []
    return found


def test_each_weekday_pattern_of_a_vehicle_becomes_a_route(city: Path) -> None:
    """Two rounds on alternate days are two routes with weekdays, vehicle, category and hours; `check` is content."""
    result = learn(city, *pings(city))
    assert result.exit_code == 0, result.output
    assert "2 rounds as learned" in result.output
    south, north = written(city / FILE)
    assert (south.id, south.weekdays) == ("17-mon-wed-fri", (0, 2, 4))
    assert (north.id, north.weekdays) == ("17-tue-thu-sat", (1, 3, 5))
    assert {(route.vehicle, route.category, route.learned) for route in (south, north)} == {("17", "burnable", True)}
    assert south.window is not None
    assert 8 * 60 + 30 <= south.window[0] < south.window[1] <= 9 * 60
    assert [str(problem) for problem in errors(check_city(city)[1])] == []


def test_the_stops_are_where_and_when_the_truck_stood(city: Path) -> None:
    """Every stop within ten metres of where it was driven, in order, in the minute of its middle arrival, as long."""
    assert learn(city, *pings(city)).exit_code == 0
    south, _ = written(city / FILE)
    reached = usual(DAYS[0]).reached
    assert len(south.stops) == len(SOUTH)
    for stop, spot in zip(south.stops, SOUTH, strict=True):
        lat, lon = place(*spot)
        assert distance_to_line_m((stop.lon, stop.lat), ((lon, lat), (lon + 1e-9, lat))) < 10.0
        minute = (reached[spot] // 60_000 + 9 * 60) % (24 * 60)
        assert abs((stop.scheduled_min or 0) - minute) <= 1
        assert 45 <= (stop.dwell_s or 0) <= 75


def test_the_line_is_that_of_the_typical_day_without_the_way_home(city: Path) -> None:
    """Each piece runs along the street that was driven; the depot in the west is left out."""
    assert learn(city, *pings(city)).exit_code == 0
    south, _ = written(city / FILE)
    street = tuple(place(x, 0.0)[::-1] for x in (0.0, 2500.0))
    assert max(distance_to_line_m(point, street) for point in south.line) < 15.0
    assert min(lon for lon, _ in south.line) > place(-200.0, 0.0)[1]


def test_a_file_that_is_there_is_never_overwritten(city: Path) -> None:
    """What people drew stays as it is, byte by byte; the summary says so, and `--routes` writes beside it."""
    assert learn(city, *pings(city)).exit_code == 0
    before = (city / FILE).read_bytes().replace(b"17 (mon, wed, fri)", b"South round")
    (city / FILE).write_bytes(before)
    other = city.parent / "other.geojson"
    result = learn(city, *pings(city), "--routes", other)
    assert result.exit_code == 0, result.output
    assert (city / FILE).read_bytes() == before
    assert len(written(other)) == 2
    result = learn(city, *pings(city))
    assert "stays" in result.output
    result = learn(city, *pings(city), "--routes", other)
    assert result.exit_code == 1
    assert "is not overwritten" in result.output


def test_learning_again_gives_the_same_bytes(city: Path) -> None:
    """The routes are the same whatever the order of the files, and learned routes do not change the next profile."""
    assert learn(city, *pings(city)).exit_code == 0
    routes, profile = (city / FILE).read_bytes(), (city / PROFILE_FILE).read_bytes()
    again = learn(city, "--pings", city.parent / "past-1*.csv", "--pings", city.parent / "past-0*.csv")
    assert again.exit_code == 0
    first, second = decode_profile(profile), decode_profile((city / PROFILE_FILE).read_bytes())
    assert [day.ordinal for day in first.days] == [day.ordinal for day in second.days]
    assert dict(first.crews) == dict(second.crews) == {"17-mon-wed-fri": "17", "17-tue-thu-sat": "17"}
    (city / FILE).unlink()
    assert learn(city, *pings(city)).exit_code == 0
    assert (city / FILE).read_bytes() == routes


def test_a_day_without_stops_teaches_no_route(city: Path) -> None:
    """A truck that was only driven about has a profile and no round, and no file is written."""
    write_pings(city.parent / "drive.csv", Drive(DAYS[0]).to(9000.0, 0.0, mps=9.0).pings)
    result = learn(city, "--pings", city.parent / "drive.csv")
    assert result.exit_code == 0, result.output
    assert not (city / FILE).exists()


def timed(city: Path) -> None:
    """Draw the south street with times."""
    features: list[dict[str, Any]] = []
    points = [list(place(*spot)[::-1]) for spot in SOUTH]
    features.append({"properties": {"route_id": "S"}, "geometry": {"type": "LineString", "coordinates": points}})
    for k, point in enumerate(points):
        said = {"route_id": "S", "seq": k + 1, "scheduled_time": f"08:{30 + 2 * k}"}
        features.append({"properties": said, "geometry": {"type": "Point", "coordinates": point}})
    (city / FILE).write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def test_a_timetable_alone_is_enough_to_learn_from(city: Path) -> None:
    """Without `--pings` the timed stops make a profile; without them either there is nothing to learn from."""
    nothing = learn(city)
    assert nothing.exit_code == 1
    assert "nothing to learn from" in nothing.output
    timed(city)
    result = learn(city)
    assert result.exit_code == 0, result.output
    assert "0 truck-days, the timetable of 1 round, 8 places" in result.output


def test_a_timetable_does_not_replace_what_pings_taught(city: Path) -> None:
    """Who forgets `--pings` loses nothing."""
    timed(city)
    assert learn(city, *pings(city)).exit_code == 0
    before = (city / PROFILE_FILE).read_bytes()
    result = learn(city)
    assert result.exit_code == 1
    assert "give --pings" in result.output
    assert (city / PROFILE_FILE).read_bytes() == before


def test_a_broken_drawing_is_named_and_nothing_is_learned(city: Path) -> None:
    """Routes and assignments that `check` would refuse end the command."""
    timed(city)
    (city / "assignments.csv").write_text("day,vehicle_id,route_id\nmonday,17,S\n")
    result = learn(city)
    assert result.exit_code == 1
    assert "assignments.csv: line 2" in result.output
    assert not (city / PROFILE_FILE).exists()


def test_what_is_only_worth_a_look_is_said_and_stops_nothing(city: Path) -> None:
    """A property that nobody knows is named, and the timetable is learned from."""
    timed(city)
    drawn = json.loads((city / FILE).read_text())
    drawn["features"][0]["properties"]["colour"] = "green"
    (city / FILE).write_text(json.dumps(drawn))
    result = learn(city)
    assert result.exit_code == 0, result.output
    assert "unknown property 'colour'" in result.output
    assert "the timetable of 1 round" in result.output


def test_days_of_an_assigned_route_are_learned_as_the_routes(city: Path) -> None:
    """Whichever truck drove it, the day belongs to the route's crew."""
    timed(city)
    (city / "assignments.csv").write_text("day,vehicle_id,route_id\nmon wed fri,17,S\n")
    assert learn(city, *pings(city)).exit_code == 0
    profile = decode_profile((city / PROFILE_FILE).read_bytes())
    assert {(day.vehicle, day.ordinal % 7 in (1, 3, 5)) for day in profile.days} == {("route:S", True), ("17", False)}
    assert dict(profile.crews)["S"] == "route:S"


@pytest.mark.parametrize(("lat", "lon"), [(LAT, LON), (25.01, 121.51), (-33.9, 151.2), (60.2, 24.9)])
def test_places_come_back_from_the_plane(lat: float, lon: float) -> None:
    """The way back from the plane is exact to six decimals."""
    assert _degrees(*project(lat, lon)) == [round(lon, 6), round(lat, 6)]
    assert stretch(lat) >= 1.0
