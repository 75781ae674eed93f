"""docs/operators.md against the code: every field is explained, and the errors that it shows are real."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from geofence import assignments
from gomikuru.city_files import calendar_csv, city_toml, exceptions_csv, places_csv, routes_geojson, trucks_csv
from gomikuru.trucks import SAMPLE
from ingest.decode import decode
from ingest.dialects.native import NativeFix
from ingest.directory import Directory
from model.ping import Ping

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
SENDS = GUIDE.partition("## What a truck sends")[2].partition("\n## ")[0]
README = (ROOT / "data" / "routes" / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", [GUIDE, README], ids=["docs/operators.md", "data/routes/README.md"])
def test_every_field_is_documented(text: str) -> None:
    """Each setting of city.toml, column and property stands in both texts."""
    fields = {*city_toml.SETTINGS, *trucks_csv.COLUMNS, *calendar_csv.COLUMNS, *exceptions_csv.COLUMNS}
    fields |= {*assignments.COLUMNS, *routes_geojson.LINE_PROPERTIES, *routes_geojson.STOP_PROPERTIES}
    assert [field for field in sorted(fields) if not re.search(rf"\b{field}\b", text)] == []


def test_the_toml_of_the_guide_is_a_city() -> None:
    """The pieces of city.toml in the guide, put together, load."""
    text = "".join(blocks("toml"))
    assert tomllib.loads(text)["id"] == "minami"
    city, problems = city_toml.read_city(text.encode())
    assert problems == []
    assert city is not None
    assert city.gateways[0].credential == "gps-firm"


def test_the_tables_of_the_guide_are_read() -> None:
    """The CSV examples are valid as they stand."""
    city, _ = city_toml.read_city(("".join(blocks("toml")) + '[[categories]]\nid = "plastic"\n').encode())
    trucks, assigned, calendar, exceptions, places = blocks("csv")
    assert assignments.read_assignments(assigned.encode())[1] == []
    assert trucks_csv.read_trucks(trucks.encode(), city)[1] == []
    assert calendar_csv.read_calendar(calendar.encode())[1] == []
    assert exceptions_csv.read_exceptions(exceptions.encode())[1] == []
    assert places_csv.read_places(places.encode())[1] == []


def test_what_a_truck_sends_is_in_the_guide_field_by_field() -> None:
    """The table names every field of the native dialect and no other."""
    cells = re.findall(r"^\| (`.*?) \|", SENDS, re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(
        NativeFix.__struct_fields__
    )


def test_the_sample_payload_is_a_ping_and_the_same_everywhere() -> None:
    """What the guide and `gomikuru trucks add` show is what ingest takes, on the topics that the guide names."""
    assert blocks("json") == [SAMPLE + "\n"]
    city, _ = city_toml.read_city("".join(blocks("toml")).encode())
    assert city is not None
    trucks, _ = trucks_csv.read_trucks(blocks("csv")[0].encode(), city)
    directory = Directory.of([msgspec.structs.replace(city, trucks=trucks)])
    topics = re.findall(r"`(gomikuru/v1/\S+/ping)`", SENDS)
    pings = [decode(topic, f"[{SAMPLE}]".encode(), False, 1795563668000, directory)[0] for topic in topics]
    assert [(type(each), each.truck) for each in pings] == [(Ping, "17"), (Ping, "18")]


def test_the_errors_of_the_guide_are_real() -> None:
    """What the guide shows is, word for word, what the readers say."""
    header = "truck_id\n"
    said = [
        *trucks_csv.read_trucks(f"{header}1\n17\n2\n3\n4\n17\n".encode(), None)[1],
        *trucks_csv.read_trucks(b"truck id,name\n", None)[1],
        *calendar_csv.read_calendar(("zone,category,rule\n" + "\n" * 10 + "a,b,every monday\n").encode())[1],
    ]
    for problem in said[:2] + said[-1:]:
        assert f"error: minami/{problem}\n" in GUIDE
