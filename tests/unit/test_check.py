"""`gomikuru check`: routes, calendar, and where a city's files do not fit together; all problems at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gomikuru.check import check_cities, check_city
from gomikuru.city_files.calendar_csv import Rule, parse_rule, read_calendar
from gomikuru.city_files.hours import minutes_of, window_of
from gomikuru.city_files.routes_geojson import distance_to_line_m, read_routes
from gomikuru.cli import program

CITY = """id = "minami"
name = "南市"
timezone = "Asia/Tokyo"
[[categories]]
id = "burnable"
[[categories]]
id = "plastic"
[[facilities]]
id = "depot"
lat = 34.81
lon = 135.41
"""
CALENDAR = "zone,category,rule,out_by\neast-1,burnable,weekly mon thu,08:00\nwest-1,burnable,weekly mon,\n"
TRUCKS = "truck_id,category,route_id\n1,burnable,b-1\n"


def zone(name: str, west: float, **properties: Any) -> dict[str, Any]:
    ring = [[west, 34.8], [west + 0.01, 34.8], [west + 0.01, 34.81], [west, 34.81], [west, 34.8]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"id": name, **properties}, "geometry": geometry}


def line(**changes: Any) -> dict[str, Any]:
    said = {"route_id": "b-1", "name": "北", "category": "burnable", "weekdays": "mon,thu", "window": "08:30-11:30"}
    coordinates = changes.pop("coordinates", [[135.401, 34.805], [135.419, 34.805]])
    geometry = {"type": changes.pop("kind", "LineString"), "coordinates": coordinates}
    return {"type": "Feature", "properties": {**said, **changes}, "geometry": geometry}


def stop(seq: Any, time: str = "", lon: float = 135.405, lat: float = 34.805, **more: Any) -> dict[str, Any]:
    said = {"route_id": "b-1", "seq": seq, **({"scheduled_time": time} if time else {}), **more}
    return {"type": "Feature", "properties": said, "geometry": {"type": "Point", "coordinates": [lon, lat]}}


def geojson(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


WHOLE = {
    "city.toml": CITY,
    "trucks.csv": TRUCKS,
    "zones.geojson": geojson(zone("west-1", 135.40), zone("east-1", 135.41)),
    "routes.geojson": geojson(line(), stop(1, "08:40"), stop(2, "08:41", 135.415, dwell_s=30)),
    "calendar.csv": CALENDAR,
}


def said_of(tmp_path: Path, **changes: str) -> list[str]:
    for name, text in {**WHOLE, **{key.replace("_", "."): text for key, text in changes.items()}}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [("warning: " if each.warning else "") + str(each) for each in check_city(tmp_path)[1]]


def test_a_whole_city_has_no_problem(tmp_path: Path) -> None:
    """Files that fit together give silence."""
    assert said_of(tmp_path) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",2,b-1", "assignments.csv: line 2: vehicle '2' is not in trucks.csv; known are 1"),
        (",1,b-2", "assignments.csv: line 2: route_id 'b-2' is not in routes.geojson; did you mean 'b-1'?"),
        ("someday,1,b-1", "assignments.csv: line 2: day 'someday' is not understood; write 2026-11-24, 'mon thu'"),
        (
            "mon wed,1,b-1",
            "warning: assignments.csv: line 2: route 'b-1' is not driven on wed by routes.geojson; correct",
        ),
        (
            "2026-11-24,1,b-1",
            "warning: assignments.csv: line 2: route 'b-1' is not driven on tue by routes.geojson; correct",
        ),
    ],
)
def test_an_assignment_that_fits_nothing_says_what_to_do(tmp_path: Path, row: str, expected: str) -> None:
    """Trucks, routes and days of assignments.csv are compared with those of the other files."""
    assert said_of(tmp_path, assignments_csv="day,vehicle_id,route_id\nmon,1,b-1\n2026-11-26,1,\n") == []
    (said,) = said_of(tmp_path, assignments_csv=f"day,vehicle_id,route_id\n{row}\n")
    assert said.startswith(expected)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (
            [line(coordinates=[[135.4, 34.8]])],
            "feature 1 (route_id 'b-1'): is a line of fewer than two points; draw it",
        ),
        ([line(coordinates=[[34.8, 135.4], [34.8, 135.5]])], "has a position that is none; positions are [longitude"),
        ([line(weekdays="monday")], "weekdays 'monday' are not understood; write \"mon,thu\""),
        ([line(window="8.30-11")], "window '8.30-11' is not understood; write \"08:30-11:30\""),
        ([line(window="11:30-08:30")], "window '11:30-08:30' is not understood"),
        ([line(route_id="")], "feature 1 (route_id ''): route_id is missing; give every route an id"),
        ([line(), line()], "feature 2 (route_id 'b-1'): this route has two lines; join them into one LineString"),
        ([line(kind="MultiLineString")], "feature 1 (route_id 'b-1'): is a MultiLineString; a route is a LineString"),
        (
            [line(), stop(1, route_id="b-2")],
            "feature 2: is a stop of route 'b-2', which has no line; did you mean 'b-1'?",
        ),
        ([line(learned="yes")], "learned 'yes' is neither true nor false; leave it out"),
        ([line(), stop(None)], "seq None is no whole number; number the stops 1, 2, 3 ..."),
        ([line(), stop(1.5)], "feature 2 (route_id 'b-1'), seq 1.5: seq 1.5 is no whole number"),
        ([line(), stop(1, "8h40")], "scheduled_time '8h40' is no time; write \"08:42\""),
        ([line(), stop(1, dwell_s=-1)], "dwell_s -1 is not from 0 to 3600; write seconds"),
        ([line(), stop(1, lon=34.8, lat=135.4)], "its position is none; positions are [longitude, latitude]"),
        ([line(), stop(1), stop(1)], "feature 3 (route_id 'b-1'), seq 1: two stops have this number"),
        ([line(), stop(1, "08:50"), stop(2), stop(3, "08:49")], "seq 3: its scheduled_time lies before that of stop 1"),
        (
            [line(), stop(1, "23:50"), stop(2, "00:10")],
            "lies before that of stop 1; after midnight go on counting: 24:10",
        ),
        ([line(), stop(1, lat=34.806)], "seq 1: lies 111 m off its route's line; move the stop or draw the line"),
        (
            [line(), stop(1, memo="x")],
            "warning: routes.geojson: feature 2 (route_id 'b-1'), seq 1: unknown property 'memo'",
        ),
        ([line(), {"type": "Feature"}], "feature 2: has no properties or no geometry; draw it or remove it"),
        ([line(category="burnble")], "route 'b-1': category 'burnble' is not in city.toml; did you mean 'burnable'?"),
        (
            [line(route_id="b-7")],
            "trucks.csv: truck_id \"1\": route_id 'b-1' is not in routes.geojson; did you mean 'b-7'?",
        ),
        ([line(), stop(1, lon=135.43, lat=34.805)], "stops lie in no zone (the first is seq 1)"),
        ([line(weekdays="mon,wed"), stop(1)], "is driven on wed, when calendar.csv has no 'burnable' in its zones"),
        ([line(coordinates=[[34.8, 35.4], [34.8, 35.5]])], "km from the rest of the city; are latitude and longitude"),
    ],
)
def test_a_broken_route_says_what_to_do(tmp_path: Path, features: list[dict[str, Any]], expected: str) -> None:
    """Every mistake in routes.geojson is named with its feature."""
    if "stops lie in no zone" in expected:
        features[0]["geometry"]["coordinates"].append([135.43, 34.805])
    said = said_of(tmp_path, routes_geojson=geojson(*features))
    assert any(expected in each for each in said), said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "routes.geojson: not readable as JSON: "),
        ("[]", "routes.geojson: is no GeoJSON FeatureCollection; export it as GeoJSON, WGS 84"),
        (
            '{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:6674"}}}',
            "is in another projection: {'properties': {'name': 'EPSG:6674'}}; export it in WGS 84",
        ),
    ],
)
def test_a_file_that_is_no_geojson_is_named(tmp_path: Path, text: str, expected: str) -> None:
    """A truncated file, another form, or another projection gives one plain sentence."""
    assert any(expected in each for each in said_of(tmp_path, routes_geojson=text))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("east-1,burnable,every monday,", "line 2: rule 'every monday' is not understood; write 'weekly tue fri'"),
        ('east-1,burnable,"monthly 2,6 wed",', "line 2: rule 'monthly 2,6 wed' is not understood"),
        ("east-1,burnable,monthly 2 wed,8h", "line 2: out_by '8h' is no time of day; write it as 08:00"),
        (",burnable,weekly mon,", "line 2: zone is empty"),
        ("east1,burnable,weekly mon,", "line 2: zone 'east1' is not in zones.geojson; did you mean 'east-1'?"),
        ("east-1,glass,weekly mon,", "line 2: category 'glass' is not in city.toml; known are burnable, plastic"),
        (
            "east-1,burnable,weekly mon,\neast-1,burnable,weekly mon,",
            "line 3: zone 'east-1' has this rule for 'burnable'",
        ),
        ("east-1,burnable,weekly mon thu,", "warning: zones.geojson: zone 'west-1': has no line in calendar.csv"),
    ],
)
def test_a_broken_calendar_says_what_to_do(tmp_path: Path, rows: str, expected: str) -> None:
    """Every mistake in calendar.csv is named with its line."""
    said = said_of(tmp_path, calendar_csv=f"zone,category,rule,out_by\n{rows}\n")
    assert any(expected in each for each in said), said


def test_a_broken_rule_does_not_hide_the_rest_of_its_line(tmp_path: Path) -> None:
    """The zone and the category of the line are compared all the same; such a line is never in force."""
    calendar = "zone,category,rule\neast1,glass,every monday\n,burnable,weekly mon\n"
    said = [each for each in said_of(tmp_path, calendar_csv=calendar) if each.startswith("calendar.csv: line")]
    assert len(said) == 4
    for part in ("line 2: rule 'every monday'", "line 2: zone 'east1'", "line 2: category 'glass'", "line 3: zone is"):
        assert any(part in each for each in said), part
    assert read_calendar(calendar.encode())[0] == []


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([zone("west-1", 135.40, categories=["glass"])], "zone 'west-1': category 'glass' is not in city.toml"),
        ([zone("west-1", 135.40, categories=["plastic"])], "does not take 'burnable' in zones.geojson"),
        ([zone("west-1", 135.402)], "warning: zones.geojson: zone 'west-1': overlaps zone 'east-1' by 203"),
        ([zone("west-1", 140.40)], "zone 'west-1': lies 456 km from the rest of the city"),
        ([zone("", 135.40)], "zones.geojson: feature 1"),
    ],
)
def test_zones_are_compared_with_the_rest(tmp_path: Path, zones: list[dict[str, Any]], expected: str) -> None:
    """What zones.geojson says is held against city.toml, the calendar, and the other zones."""
    said = said_of(tmp_path, zones_geojson=geojson(*zones, zone("east-1", 135.41)))
    assert any(expected in each for each in said), said


def test_a_broken_file_does_not_blame_its_neighbours(tmp_path: Path) -> None:
    """Where zones.geojson cannot be read, the calendar is not accused of naming unknown zones."""
    said = said_of(tmp_path, zones_geojson="{")
    assert len(said) == 1
    assert said[0].startswith("zones.geojson: ")


def test_null_properties_from_qgis_are_as_if_absent() -> None:
    """QGIS writes every column into every feature; null is no value."""
    routes, problems = read_routes(geojson(line(seq=None, dwell_s=None), stop(1.0, weekdays=None)).encode())
    assert problems == []
    assert routes[0].stops[0].seq == 1


def test_the_same_stop_order_comes_from_any_order_in_the_file() -> None:
    """Stops are ordered by seq, whatever the order of the features."""
    routes, problems = read_routes(geojson(stop(2, "08:50"), line(), stop(1, "08:40")).encode())
    assert problems == []
    assert [each.scheduled_min for each in routes[0].stops] == [520, 530]


@given(st.binary())
@pytest.mark.parametrize("read", [read_routes, read_calendar])
def test_any_bytes_give_problems_and_no_exception(
    read: Callable[[bytes], tuple[list[Any], list[Any]]], data: bytes
) -> None:
    """Whatever is saved under the name of a file, reading it ends with values and problems."""
    found, problems = read(data)
    assert found or problems


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["type", "properties", "geometry", "coordinates", "route_id", "seq"]), inner
            )
        ),
    )
)
def test_any_feature_gives_problems_and_no_exception(feature: Any) -> None:
    """Whatever stands among the features, reading ends."""
    document = json.dumps({"type": "FeatureCollection", "features": [line(), feature]})
    assert read_routes(document.encode())[0]


def test_rules_fall_on_their_days() -> None:
    """Weekly means each such weekday; monthly 2,4 wed means the second and fourth Wednesday."""
    assert parse_rule("weekly tue fri") == Rule((1, 4))
    rule = parse_rule("Monthly 2,4 Wed")
    assert rule is not None
    days = [day for day in range(1, 31) if rule.falls_on(date(2026, 11, day))]
    assert days == [11, 25]


def test_hours_are_read_strictly() -> None:
    """A time is HH:MM; a window may end after midnight but not before it began."""
    assert minutes_of("08:05") == 485
    assert minutes_of("24:00") is None
    assert minutes_of("8:60") is None
    assert window_of("22:00-26:30") == (1320, 1590)


def test_the_distance_to_a_line_is_in_metres() -> None:
    """One ten-thousandth of a degree of latitude is 11 m, beside the line and beyond its end."""
    assert distance_to_line_m((135.4, 34.8001), ((135.3, 34.8), (135.5, 34.8))) == pytest.approx(11.12, abs=0.01)
    assert distance_to_line_m((135.4, 34.8001), ((135.4, 34.7), (135.4, 34.8))) == pytest.approx(11.12, abs=0.01)


def test_cities_are_named_by_their_folder(tmp_path: Path) -> None:
    """With several cities each problem names the folder, and collisions are found."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        said_of(tmp_path / name)
    assert [str(each) for each in check_cities([tmp_path / "a", tmp_path / "b"])] == [
        'b/city.toml: id: id "minami" is taken by the city in a; give every city its own id'
    ]


def test_the_command_lists_each_problem_on_a_line_and_ends_with_1(tmp_path: Path) -> None:
    """Without a terminal there is one line a problem, and errors make the exit code 1."""
    said_of(tmp_path, city_toml=CITY + "colour = 1\n", calendar_csv="zone\n")
    result = CliRunner().invoke(program(), ["check", "--city", str(tmp_path)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [each.partition(": ")[0] for each in lines[:-1]] == ["error"] * 3
    assert lines[-1].endswith("3 errors, 0 warnings")


def test_warnings_alone_end_with_0_and_json_counts_them(tmp_path: Path) -> None:
    """A warning stops nothing; --json gives the same facts to a program."""
    said_of(tmp_path, calendar_csv=CALENDAR.rsplit("west-1", 1)[0])
    result = CliRunner().invoke(program(), ["check", "--city", str(tmp_path), "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["errors"], found["warnings"]) == (0, 1)
    assert found["problems"][0]["file"] == f"{tmp_path.name}/zones.geojson"


def test_a_folder_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    """The answer to a typing error."""
    assert [each.file for each in check_cities([tmp_path / "nope"])] == [str(tmp_path / "nope")]


def test_files_that_the_settings_name_are_looked_at(tmp_path: Path) -> None:
    """What `run` would stumble over is found before: errors, but for the users file, which need not be there yet."""
    said_of(tmp_path)
    settings = tmp_path / "gomikuru.toml"
    embedded = '[embedded]\nbroker = true\nbroker_users_file = "trucks.conf"\nbroker_cert_file = "gone.crt"\n'
    key = 'broker_host = "::"\nbroker_key_file = "$CREDENTIALS_DIRECTORY/secret_key"\n[fcm]\nca_file = "."\n'
    settings.write_text(embedded + key, encoding="utf-8")
    options = ["check", "--config", str(settings), "--city", str(tmp_path)]
    result = CliRunner().invoke(program(), options, env={"CREDENTIALS_DIRECTORY": None})
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1].endswith("3 errors, 2 warnings")
    for key in ("error: settings: embedded.broker_cert_file", "error: settings: fcm.ca_file"):
        assert any(each.startswith(key) and "cannot be read" in each for each in lines), lines
    assert any("embedded.broker_key_file" in each and "CREDENTIALS_DIRECTORY is not set; run" in each for each in lines)
    for key in ("users_file", "host"):
        assert any(each.startswith(f"warning: settings: embedded.broker_{key}: ") for each in lines)


def test_a_push_account_that_cannot_be_used_is_found_before_the_service_runs(tmp_path: Path) -> None:
    """An account that is none, a proxy of another kind and an authority without certificates are three errors."""
    said_of(tmp_path)
    (tmp_path / "account.json").write_text("{}")
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = tmp_path / "gomikuru.toml"
    fcm = '[fcm]\nservice_account_file = "account.json"\nproxy = "socks5://x:1"\nca_file = "ca.pem"\n'
    settings.write_text(fcm, encoding="utf-8")
    result = CliRunner().invoke(program(), ["check", "--config", str(settings), "--city", str(tmp_path)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1].endswith("3 errors, 0 warnings")
    for key, said in (("service_account_file", "no service account"), ("proxy", "http://"), ("ca_file", "PEM")):
        assert any(each.startswith(f"error: settings: fcm.{key}: ") and said in each for each in lines), lines


def test_one_error_is_not_called_errors(tmp_path: Path) -> None:
    """The last line counts as people speak."""
    said_of(tmp_path, city_toml=CITY + "colour = 1\n")
    last = CliRunner().invoke(program(), ["check", "--city", str(tmp_path)]).stdout.splitlines()[-1]
    assert last.endswith("1 error, 0 warnings")


def test_broken_settings_are_listed_beside_the_cities(tmp_path: Path) -> None:
    """A mistake in the settings file does not hide the city's problems."""
    said_of(tmp_path, trucks_csv="nome\n")
    settings = tmp_path / "gomikuru.toml"
    settings.write_text("[clock]\nfactr = 3\n")
    result = CliRunner().invoke(program(), ["check", "--config", str(settings), "--city", str(tmp_path)])
    assert result.exit_code == 1
    assert "clock.factr" in result.stdout
    assert "unknown column 'nome'" in result.stdout


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("2026-11-26,nowhere,burnable,cancelled", "error line 2: zone 'nowhere' is not in zones.geojson"),
        ("2026-11-26,*,glass,cancelled", "error line 2: category 'glass' is not in city.toml"),
        ("2026-11-26,*,*,gone", "error line 2: change 'gone' is not understood"),
        ("2026-11-25,*,*,cancelled", "warning line 2: changes nothing: calendar.csv has no such collection"),
        ("2026-11-26,*,burnable,moved to 2026-11-23", "warning line 2: moves it to 2026-11-23, when it is collected"),
        ("2026-11-26,*,*,cancelled", ""),
    ],
)
def test_exceptions_are_held_against_the_rest(tmp_path: Path, rows: str, expected: str) -> None:
    """Unknown zones and kinds, a move onto a day of its own, and what hits no collection; a sound one says nothing."""
    calendar = "zone,category,rule\neast-1,burnable,weekly mon thu\nwest-1,burnable,weekly mon thu\n"
    said_of(tmp_path, calendar_csv=calendar)
    (tmp_path / "exceptions.csv").write_text(f"date,zone,category,change\n{rows}\n", encoding="utf-8")
    found = [each for each in check_city(tmp_path)[1] if each.file == "exceptions.csv"]
    said = [f"{'warning' if each.warning else 'error'} {each.where}: {each.what}" for each in found]
    assert [each[: len(expected)] for each in said[:1]] == ([expected] if expected else [])
