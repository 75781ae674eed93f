"""What operators save: any bytes under the name of any file give values or problems, and never an exception."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geofence.files import read_zones
from gomikuru.city_files.calendar_csv import read_calendar
from gomikuru.city_files.city_toml import read_city
from gomikuru.city_files.routes_geojson import read_routes
from gomikuru.city_files.trucks_csv import read_trucks
from gomikuru.pings_csv import BadPings, read_pings
from gomikuru.residents_csv import read_residents
from model.ping import Ping

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "routes" / "sample"
READERS: dict[str, Callable[[bytes], tuple[Any, list[Any]]]] = {
    "city.toml": read_city,
    "trucks.csv": lambda data: read_trucks(data, None),
    "calendar.csv": read_calendar,
    "routes.geojson": read_routes,
    "zones.geojson": read_zones,
}
PINGS = "vehicle_id,timestamp,lat,lon,speed_mps,heading,accuracy,received_at\n"
RESIDENTS = "resident_id,lat,lon,category,lead_minutes,lead_metres\n"
SLIPS = (
    *(b"", b"\0", b"\xff", b"\x82\xa0", b"\xef\xbb\xbf", b'"', b"'", b",", b";", b"\t", b"\n", b"\r", b"[", b"{", b"="),
    *(b"1e400", b"nan", b"-inf", b"9" * 400, b"9" * 5_000, b"1_0", b"135.4", b"34.8"),
    *(b"null", b"true", b"[]", b"{}", b'"id": 1,'),
    *("１２".encode(), "南".encode("cp932"), b"2026-02-30", b"25:61", b"\\ud800", b"[" * 2000, b"x" * 140_000),
)
EACH = pytest.mark.parametrize("name", READERS)


@lru_cache(maxsize=8)
def sample(name: str) -> bytes:
    """Read a file of the sample city, its beginning where it is long."""
    data = (SAMPLE / name).read_bytes()
    return data if len(data) < 20_000 else _shortened(data)


def _shortened(data: bytes) -> bytes:
    """Keep the first two features of a collection."""
    end = [at for at in range(len(data)) if data.startswith(b'{"type": "Feature"', at)][2:3]
    return data[: end[0]].rstrip().rstrip(b",") + b"]}" if end else data[:5_000]


@EACH
@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
@example(data=b"\xff\xfe")
@example(data=b"[" * 100_000)
def test_any_bytes_under_the_name_of_a_file_give_values_or_problems(name: str, data: bytes) -> None:
    """A broken save is told and takes nothing down."""
    _, problems = READERS[name](data)
    assert all(str(problem).startswith(name) for problem in problems)


@EACH
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_slip_of_the_hand_in_a_good_file_gives_values_or_problems(name: str, data: st.DataObject) -> None:
    """Something typed, pasted or deleted in the middle of the sample city's file."""
    good = sample(name)
    at = data.draw(st.integers(0, len(good)))
    cut = data.draw(st.sampled_from([0, 0, 1, 5, 40]))
    spoilt = good[:at] + data.draw(st.sampled_from(SLIPS)) + good[at + cut :]
    found, problems = READERS[name](spoilt)
    assert found or problems or name in ("trucks.csv", "calendar.csv")


CELLS = st.sampled_from(
    ["17", "", "2026-11-24T08:30:00Z", "9999-12-31T23:59:59-23:00", "34.8", "135.4", "nan", "inf", "1e400", "-1", "\0"]
) | st.text(max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=9).map(",".join), max_size=4), st.booleans())
@example(["17,2026-11-24T08:30:00Z,34.8,135.4,nan,,inf,"], True)
@example(["17,9999-12-31T23:59:59-23:00,34.8,135.4,,,,"], True)
@example(['"' + "x" * 200_000 + '",'], True)
@example(["a\rb,"], True)
@example([",2026-11-24T08:30:00Z,34.8,135.4,,,,"], True)
def test_any_rows_of_pings_csv_give_pings_or_bad_pings(rows: list[str], head: bool) -> None:
    """The twin takes what it can measure, and names the line of what it cannot."""
    lines = [PINGS, *(row + "\n" for row in rows)] if head else [row + "\n" for row in rows]
    found: list[Ping] = []
    with contextlib.suppress(BadPings):
        found.extend(read_pings("pings.csv", lines, "minami"))
    for ping in found:
        assert ping.truck
        figures = (ping.lat, ping.lon, ping.speed_mps or 0.0, ping.heading_deg or 0.0, ping.accuracy_m or 0.0)
        assert all(map(math.isfinite, figures))
        assert 0 <= ping.fix_ms <= 4_102_444_800_000


def test_pings_csv_in_another_encoding_is_told(tmp_path: Path) -> None:
    """A recording saved as Shift_JIS ends in one sentence."""
    file = tmp_path / "pings.csv"
    file.write_bytes(PINGS.encode() + "なにわ17,2026-11-24T08:30:00Z,34.8,135.4,,,,\n".encode("cp932"))
    with file.open(encoding="utf-8") as lines, pytest.raises(BadPings, match="UTF-8"):
        list(read_pings("pings.csv", lines, "minami"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=7).map(",".join), max_size=4))
@example(['"' + "x" * 200_000 + '",'])
@example(["a\rb,"])
def test_any_rows_of_residents_csv_give_wishes_or_problems(rows: list[str]) -> None:
    """Whatever a spreadsheet writes."""
    found = read_residents([RESIDENTS, *(row + "\n" for row in rows)])
    assert len(found.wishes) <= len(rows)
    assert found.wishes or found.problems or not "".join(rows).strip(", \x1c\x1d\x1e\x1f\x85\u2028\u2029\r\n\t")
