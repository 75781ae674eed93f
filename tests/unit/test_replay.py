"""The offline twin: the engine that it shares with the live service, its file forms, and its command."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from gomikuru.cli import program
from gomikuru.pings_csv import BadPings, read_pings
from gomikuru.replay import Twin, alert_line, homes_of
from gomikuru.residents_csv import read_residents
from model.event import HomesChanged, ZonesChanged
from model.kind import OPT_IN
from model.ping import Ping
from model.subscription import MetresLead, Pin
from model.times import format_rfc3339
from residents.wish import Wish
from tests.support.needs import shared_data
from tests.support.truckline import CITY, START_MS, Truckline, fix, late, place, zone, zones_file

HEADER = "vehicle_id,timestamp,lat,lon,speed_mps,heading,accuracy,received_at\n"
CITY_TOML = 'id = "minami"\nname = "Minami"\ntimezone = "Asia/Tokyo"\n'


def wishes() -> list[Wish]:
    return [
        Wish(
            id=f"r{east}",
            place=Pin(*place(east, 20)),
            lead=MetresLead(200),
            categories=(),
            language="ja",
            quiet=None,
            targets=None,
        )
        for east in range(200, 1400, 60)
    ]


def write_pings(path: Path, pings: Sequence[Ping]) -> None:
    with path.open("w", newline="") as file:
        file.write(HEADER)
        writer = csv.writer(file)
        for ping in pings:
            accuracy = "" if ping.accuracy_m is None else ping.accuracy_m
            moments = format_rfc3339(ping.fix_ms), format_rfc3339(ping.received_ms)
            writer.writerow([ping.truck, moments[0], ping.lat, ping.lon, "", "", accuracy, moments[1]])


def write_residents(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["resident_id", "lat", "lon", "category", "lead_minutes", "lead_metres"])
        for wish in wishes():
            assert isinstance(wish.place, Pin)
            writer.writerow([wish.id, wish.place.lat, wish.place.lon, "", "", 200])


def folder_of(path: Path, pings: Sequence[Ping], zones: bytes | None = None) -> list[str]:
    """Write everything that a replay reads; give the command's arguments."""
    (path / "city").mkdir()
    (path / "city" / "city.toml").write_text(CITY_TOML)
    if zones is not None:
        (path / "city" / "zones.geojson").write_bytes(zones)
    write_pings(path / "pings.csv", pings)
    write_residents(path / "residents.csv")
    files = {"--city": "city", "--pings": "pings.csv", "--residents": "residents.csv", "--out": "alerts.jsonl"}
    return ["replay", *(word for option, name in files.items() for word in (option, str(path / name)))]


def alerts_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (path / "alerts.jsonl").read_bytes().splitlines()]


def test_a_replay_says_what_the_live_engine_says() -> None:
    """The twin's alerts are those of the engine on the same events, and it counts what it refused."""
    pings = Truckline().collect(east=1500).pings()
    future = fix(5000, 0).__class__("minami", "17", START_MS + 9_000_000, START_MS, 34.8, 135.4)
    twin = Twin(CITY)
    twin.zones(zones_file(zone("east", 300, -200, 900, 200)), 0)
    twin.homes(homes_of(wishes()), 0)
    told = list(twin.play([*pings[:100], future, late(pings[3], 4000), *pings[100:]], batch=13))
    events = [
        ZonesChanged(0, "v"),
        HomesChanged(0, tuple(homes_of(wishes()))),
        *pings,
    ]
    live = run_batch(State(), Book(CITY, Limits()), events, {"v": zones_file(zone("east", 300, -200, 900, 200))})
    assert told == live.alerts
    assert len(told) == len(wishes())
    assert twin.tally.rejected == {"future": 1}
    assert twin.tally.verdicts["late"] == 1
    assert twin.tally.alerts == {"approaching": len(told)}


@pytest.mark.parametrize("batch", [1, 7, 4096])
def test_the_size_of_a_batch_changes_no_byte(batch: int) -> None:
    """Played in batches of any size, and played again, the lines of alerts.jsonl are the same bytes."""
    pings = Truckline().collect(east=1500).pings(noise_m=3)

    def lines(size: int) -> list[bytes]:
        twin = Twin(CITY)
        twin.homes(homes_of(wishes()), 0)
        return [alert_line(alert) for alert in twin.play(pings, size)]

    assert lines(batch) == lines(512)


def test_residents_of_a_file_hear_the_kinds_that_it_names() -> None:
    """The column `kinds` reaches the engine."""
    head = "resident_id,lat,lon,category,lead_minutes,lead_metres,kinds"
    read = read_residents([head, "r1,34.83,135.47,,10,,here+passed", "r2,34.83,135.47,,10,,"])
    assert [home.kinds for home in homes_of(read.wishes)] == [OPT_IN, ()]


def test_time_passes_between_pings_and_for_an_hour_after_one() -> None:
    """A tick every thirty seconds of the recording, none before its first ping, none through the night."""
    twin = Twin(CITY)
    gaps = [0, 1_000, 29_000, 61_000, 10 * 3_600_000]
    sizes, at_ms = [], START_MS
    for gap in gaps:
        at_ms += gap
        sizes.append(len(twin.between(at_ms)))
    assert sizes == [0, 0, 1, 2, 121]


def test_the_command_writes_the_alerts_of_the_form(tmp_path: Path) -> None:
    """One JSON object a line with the names of the form; nulls where a lead has no ETA; a summary beside."""
    arguments = folder_of(tmp_path, Truckline().collect(east=1500).pings())
    result = CliRunner().invoke(program(), arguments)
    assert result.exit_code == 0, result.output
    found = alerts_of(tmp_path)
    assert {str(each["resident_id"]) for each in found} == {wish.id for wish in wishes()}
    first = found[0]
    assert first.keys() >= {
        *("alert_id", "resident_id", "kind", "fired_at", "vehicle_id"),
        *("route_id", "eta", "eta_low", "eta_high"),
    }
    assert (first["kind"], first["vehicle_id"], first["eta"], first["route_id"]) == ("approaching", "17", None, None)
    assert str(first["fired_at"]).endswith("Z")
    assert "alerts: approaching 20" in result.output


def test_a_replay_again_is_the_same_byte_by_byte(tmp_path: Path) -> None:
    """Twice the same command gives twice the same file."""
    arguments = folder_of(tmp_path, Truckline().collect(east=1500).pings(noise_m=2))
    assert CliRunner().invoke(program(), arguments).exit_code == 0
    first = (tmp_path / "alerts.jsonl").read_bytes()
    assert CliRunner().invoke(program(), arguments).exit_code == 0
    assert (tmp_path / "alerts.jsonl").read_bytes() == first
    assert first.count(b"\n") == 20


def test_several_files_are_played_in_the_order_of_their_names(tmp_path: Path) -> None:
    """A pattern of files gives what the one file gives."""
    pings = Truckline().collect(east=1500).pings()
    arguments = folder_of(tmp_path, pings)
    assert CliRunner().invoke(program(), arguments).exit_code == 0
    whole = alerts_of(tmp_path)
    write_pings(tmp_path / "day-1.csv", pings[:77])
    write_pings(tmp_path / "day-2.csv", pings[77:])
    arguments[arguments.index(str(tmp_path / "pings.csv"))] = str(tmp_path / "day-*.csv")
    assert CliRunner().invoke(program(), arguments).exit_code == 0
    assert alerts_of(tmp_path) == whole


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("17,2026-11-24T08:00:00Z,north,135.4,,,,", "line 2: could not convert"),
        ("17,2026-11-24T08:00:00Z,134.8,35.4,,,,", "line 2: 134.8, 35.4 is no latitude and longitude"),
        ("17,2026-11-24T08:00:00Z,nan,135.4,,,,", "line 2: nan, 135.4 is no latitude and longitude"),
        ("17,2026-11-24T08:00:00,34.8,135.4,,,,", "line 2: '2026-11-24T08:00:00' has no time zone"),
        ("17,yesterday,34.8,135.4,,,,", "line 2: Invalid isoformat string"),
        ("17,2026-11-24T08:00:00Z", "line 2: has 2 cells, the header has 8"),
        (",2026-11-24T08:00:00Z,34.8,135.4,,,,", "line 2: vehicle_id is empty"),
        ("17,2026-11-24T08:00:00Z,34.8,135.4,,,nan,", "line 2: accuracy: nan is no number"),
        ('17,"2026-11-24T08:00:00Z', "line 2"),
        ("17,2026-11-24T08:00:00Z,34.8,135.4,,,," + "9" * 140_000, "field larger than field limit"),
    ],
)
def test_a_row_that_is_none_is_named_with_its_line(tmp_path: Path, row: str, why: str) -> None:
    """The command ends with 1 and says which line of which file is wrong, without a traceback."""
    arguments = folder_of(tmp_path, [])
    (tmp_path / "pings.csv").write_text(HEADER + row + "\n")
    result = CliRunner().invoke(program(), arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "pings.csv: line" in result.output
    assert why in result.output


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing file, a folder, and bytes that are no text end with 1 and a sentence."""
    arguments = folder_of(tmp_path, [])
    at = arguments.index(str(tmp_path / "pings.csv"))
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"17,\xff\xfe\n")
    for name, why in (("none.csv", "no such file"), ("city", "Is a directory"), ("latin.csv", "not UTF-8")):
        arguments[at] = str(tmp_path / name)
        result = CliRunner().invoke(program(), arguments)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit), result.exception
        assert why in result.output
    arguments[at] = str(tmp_path / "pings.csv")
    arguments[-1] = str(tmp_path / "absent" / "alerts.jsonl")
    result = CliRunner().invoke(program(), arguments)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "absent/alerts.jsonl: No such file" in result.output


def test_missing_columns_are_named() -> None:
    """A header without the columns of the form is refused at once."""
    with pytest.raises(BadPings, match=r"line 1: columns lat, lon are missing"):
        list(read_pings("a.csv", ["vehicle_id,timestamp\n"], "minami"))


def test_only_the_first_four_columns_are_required_in_any_order() -> None:
    """Without received_at a fix was received when it was taken; a byte order mark and spaces do no harm."""
    lines = ["\ufefflat, lon,vehicle_id,timestamp\n", "34.8,135.4,17,2026-11-24T08:00:00.250+09:00\n", "\n"]
    (ping,) = read_pings("a.csv", lines, "minami")
    assert (ping.truck, ping.lat, ping.lon, ping.fix_ms) == ("17", 34.8, 135.4, ping.received_ms)
    assert format_rfc3339(ping.fix_ms) == "2026-11-23T23:00:00.250Z"


def test_broken_zones_end_the_replay(tmp_path: Path) -> None:
    """A replay with broken zones would be another city's: it ends, and names the fault."""
    result = CliRunner().invoke(program(), folder_of(tmp_path, [], b"{}"))
    assert result.exit_code == 1
    assert "zones.geojson" in result.output


def test_zones_of_the_city_are_in_force(tmp_path: Path) -> None:
    """A resident who names a zone is told when the truck works in it."""
    zones = zones_file(zone("east", 300, -200, 900, 200))
    arguments = folder_of(tmp_path, Truckline().collect(east=700).pings(), zones)
    with (tmp_path / "residents.csv").open("w") as file:
        file.write("resident_id,lat,lon,category,lead_minutes,lead_metres,zone\nsato,,,,,,east\n")
    assert CliRunner().invoke(program(), arguments).exit_code == 0
    (found,) = alerts_of(tmp_path)
    assert (found["resident_id"], found["zone"]) == ("sato", "east")


def test_a_real_day_of_trucks_tells_nobody_twice_and_nobody_by_old_news(tmp_path: Path) -> None:
    """Jersey City's day in order of arrival: stale and repeated fixes decide nothing, nobody is told twice on a run."""
    arrival = shared_data("jersey_city/pings_arrival.csv")
    with arrival.open() as lines:
        pings = list(read_pings("pings_arrival.csv", lines, "jersey"))
    seen = pings[::40][:150]
    rows = "".join(f"h{k},{p.lat + 0.0003},{p.lon},,,{(200, 300, 500)[k % 3]}\n" for k, p in enumerate(seen))
    with_head = ("resident_id,lat,lon,category,lead_minutes,lead_metres\n" + rows).splitlines(keepends=True)
    twin = Twin(CITY)
    twin.homes(homes_of(read_residents(with_head).wishes), 0)
    alerts = list(twin.play(pings))
    fresh = {ping.id for ping in pings if ping.received_ms - ping.fix_ms <= 120_000}
    assert len(alerts) > 30
    assert len({(alert.subscription, alert.service_day, alert.run) for alert in alerts}) == len(alerts)
    assert all(alert.ping in fresh for alert in alerts)
    assert twin.tally.verdicts["late"] > 500
    assert twin.tally.verdicts["duplicate"] + twin.tally.verdicts["out_of_order"] > 500
