"""`gomikuru learn`, and `gomikuru replay` with what was learned: alerts in minutes and predictions.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner, Result

from geofence.forecast.profile import FILE, MAGIC, decode_profile
from gomikuru.cli import program
from model.ping import Ping
from model.times import format_rfc3339, parse_rfc3339
from tests.support.rounds import Drive, place, weekdays

AT_STOP_MS = 5_000
"""A truck at 7 m/s is within 50 m of a stop so long before it stands there."""
HEADER = "vehicle_id,timestamp,lat,lon,speed_mps,heading,accuracy,received_at\n"
CITY_TOML = 'id = "minami"\nname = "Minami"\ntimezone = "Asia/Tokyo"\n'
STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
*PAST, TODAY = weekdays(5)


def usual(day: date, seconds: float = 60.0) -> Drive:
    """Out along the street, loading at ten stops, and home."""
    return Drive(day).serve(STREET, seconds).to(-1500.0, 0.0)


def write_pings(path: Path, pings: Sequence[Ping]) -> None:
    with path.open("w", newline="") as file:
        file.write(HEADER)
        for p in pings:
            moments = format_rfc3339(p.fix_ms), format_rfc3339(p.received_ms)
            file.write(f"{p.truck},{moments[0]},{p.lat},{p.lon},,,,{moments[1]}\n")


def run(*words: object) -> Result:
    return CliRunner().invoke(program(), [str(word) for word in words])


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A city of one file, four past days beside it, and today."""
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "city.toml").write_text(CITY_TOML)
    for k, day in enumerate(PAST):
        write_pings(tmp_path / f"past-{k}.csv", usual(day, 55.0 + 5.0 * k).pings)
    write_pings(tmp_path / "today.csv", usual(TODAY).pings)
    with (tmp_path / "residents.csv").open("w", newline="") as file:
        file.write("resident_id,lat,lon,category,lead_minutes,lead_metres\n")
        for k, spot in enumerate(STREET):
            lat, lon = place(*spot)
            file.write(f"r{k},{lat},{lon},,{5 + k % 3 * 5},\n")
        file.write("far,{},{},,10,\n".format(*place(0.0, 9000.0)))
        file.write("metres,{},{},,,200\n".format(*place(*STREET[4])))
    return folder


def learned(city: Path) -> None:
    """Learn from all past days."""
    result = run("learn", "--city", city, "--pings", city.parent / "past-*.csv")
    assert result.exit_code == 0, result.output


def replayed(city: Path, *more: object) -> Result:
    files = ("--pings", city.parent / "today.csv", "--residents", city.parent / "residents.csv")
    return run("replay", "--city", city, *files, "--out", city.parent / "alerts.jsonl", *more)


class Row(NamedTuple):
    """One row of predictions.csv, instants in ms."""

    made_ms: int
    resident: str
    vehicle: str
    eta_ms: int
    low_ms: int
    high_ms: int


def predictions(path: Path) -> Iterator[Row]:
    with path.open(newline="") as lines:
        rows = csv.reader(lines)
        assert next(rows) == ["made_at", "resident_id", "vehicle_id", "eta", "eta_low", "eta_high"]
        for made, resident, vehicle, *at in rows:
            eta, low, high = map(parse_rfc3339, at)
            yield Row(parse_rfc3339(made), resident, vehicle, eta, low, high)


def test_learn_writes_a_profile_into_the_citys_folder(city: Path) -> None:
    """Four past days make a profile that can be read, and the summary says what was learned."""
    result = run("learn", "--city", city, "--pings", city.parent / "past-*.csv")
    assert result.exit_code == 0, result.output
    profile = decode_profile((city / FILE).read_bytes())
    assert len(profile.days) == 4
    assert profile.stops >= len(STREET)
    assert f"{FILE}: 4 truck-days" in result.output
    assert [path.name for path in city.iterdir() if path.suffix == ".half"] == []


def test_several_files_and_patterns_teach_what_they_teach_together(city: Path) -> None:
    """Two patterns and a file give the bytes that one pattern gives, whatever their order; `--out` says where to."""
    learned(city)
    words = [city.parent / name for name in ("past-3.csv", "past-[01].csv", "past-2.csv")]
    options = [word for each in words for word in ("--pings", each)]
    result = run("learn", "--city", city, *options, "--out", city.parent / "other.bin")
    assert result.exit_code == 0, result.output
    assert (city.parent / "other.bin").read_bytes() == (city / FILE).read_bytes()


def test_too_few_pings_are_said_in_clear_words(city: Path) -> None:
    """A handful of fixes is no day to learn from: exit code 1, how many are needed, and no file."""
    write_pings(city.parent / "few.csv", usual(TODAY).pings[:12])
    result = run("learn", "--city", city, "--pings", city.parent / "few.csv")
    assert result.exit_code == 1
    assert "12 pings: too few" in result.output
    assert "30" in result.output
    assert not (city / FILE).exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("broken.csv", "vehicle_id,timestamp\n1,2\n", "broken.csv: line 1: columns lat, lon are missing"),
        ("row.csv", HEADER + "17,2026-11-02T08:00:00Z,x,135,,,,\n", "row.csv: line 2"),
        ("folder.csv", None, "folder.csv: Is a directory"),
        ("none-*.csv", "", "none-*.csv: no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(city: Path, name: str, text: str | None, said: str) -> None:
    """Exit code 1, the file and what is wrong with it; nothing is written."""
    if text is None:
        (city.parent / name).mkdir()
    elif text:
        (city.parent / name).write_text(text)
    result = run("learn", "--city", city, "--pings", city.parent / name)
    assert result.exit_code == 1
    assert said in result.output
    assert not (city / FILE).exists()


def test_a_profile_that_could_not_be_learned_leaves_the_last_one(city: Path) -> None:
    """After a failure the file of before is as it was."""
    learned(city)
    before = (city / FILE).read_bytes()
    write_pings(city.parent / "few.csv", usual(TODAY).pings[:12])
    assert run("learn", "--city", city, "--pings", city.parent / "few.csv").exit_code == 1
    assert (city / FILE).read_bytes() == before


def test_predictions_have_the_documented_form(city: Path) -> None:
    """Each row's interval holds its guess and begins no sooner than the row was made; a home far away has no row."""
    learned(city)
    result = replayed(city, "--predictions", city.parent / "predictions.csv")
    assert result.exit_code == 0, result.output
    rows = list(predictions(city.parent / "predictions.csv"))
    assert {row.resident for row in rows} == {"metres", *(f"r{k}" for k in range(len(STREET)))}
    assert {row.vehicle for row in rows} == {"17"}
    for row in rows:
        assert row.made_ms <= row.low_ms <= row.eta_ms <= row.high_ms
        assert row.eta_ms - row.made_ms <= 45 * 60_000
    assert rows == sorted(rows, key=lambda row: row.made_ms)


def test_predictions_are_made_every_half_minute(city: Path) -> None:
    """From the first to the last there is a moment of foretelling some thirty seconds after each, and none sooner."""
    learned(city)
    assert replayed(city, "--predictions", city.parent / "predictions.csv").exit_code == 0
    made = sorted({row.made_ms for row in predictions(city.parent / "predictions.csv")})
    assert {later - sooner for sooner, later in pairwise(made)} <= set(range(30_000, 36_000))
    assert len(made) >= 20


def test_only_residents_who_were_not_yet_served_are_foretold(city: Path) -> None:
    """Once the truck is at a stop, its resident has no row any more; shortly before it was, there was one."""
    learned(city)
    assert replayed(city, "--predictions", city.parent / "predictions.csv").exit_code == 0
    reached = usual(TODAY).reached
    rows = list(predictions(city.parent / "predictions.csv"))
    for k, spot in enumerate(STREET):
        made = [row.made_ms for row in rows if row.resident == f"r{k}"]
        assert max(made) <= reached[spot] - AT_STOP_MS
        assert k == 0 or max(made) >= reached[spot] - 90_000


def test_a_time_that_is_likelier_wrong_than_right_is_not_foretold(city: Path) -> None:
    """On every other day the crew rests after the fifth stop: before that nobody beyond it is told a time."""
    rest = (STREET[4][0] + 150.0, 0.0)
    for k, day in enumerate(PAST):
        drive = Drive(day).serve(STREET[:5], 55.0 + 5.0 * k).to(*rest)
        if k % 2:
            drive.stand(2400.0)
        write_pings(city.parent / f"past-{k}.csv", drive.serve(STREET[5:], 60.0).to(-1500.0, 0.0).pings)
    learned(city)
    assert replayed(city, "--predictions", city.parent / "predictions.csv").exit_code == 0
    rows = list(predictions(city.parent / "predictions.csv"))
    passed_ms = usual(TODAY).reached[STREET[4]]
    first = {resident: min(row.made_ms for row in rows if row.resident == resident) for resident in ("r4", "r7")}
    assert first["r4"] < passed_ms - 240_000
    assert first["r7"] > passed_ms


def test_predictions_and_alerts_are_the_same_bytes_twice(city: Path) -> None:
    """Played again, both files come out byte for byte; and the alerts are those of a replay without predictions."""
    learned(city)
    files = [city.parent / "predictions.csv", city.parent / "alerts.jsonl"]
    assert replayed(city, "--predictions", files[0]).exit_code == 0
    first = [path.read_bytes() for path in files]
    assert replayed(city, "--predictions", files[0]).exit_code == 0
    assert [path.read_bytes() for path in files] == first
    assert replayed(city).exit_code == 0
    assert files[1].read_bytes() == first[1]


def test_alerts_in_minutes_carry_their_time_and_interval(city: Path) -> None:
    """A lead in minutes is told with eta_low <= eta <= eta_high; a home far away is not told."""
    learned(city)
    assert replayed(city, "--profile", city / FILE).exit_code == 0
    alerts = [json.loads(line) for line in (city.parent / "alerts.jsonl").read_bytes().splitlines()]
    told = {alert["resident_id"]: alert for alert in alerts if alert["kind"] == "approaching"}
    assert len(told) >= 9
    assert "far" not in told
    for alert in told.values():
        low, eta, high = (parse_rfc3339(alert[name]) for name in ("eta_low", "eta", "eta_high"))
        assert low <= eta <= high
        assert alert["lead"].endswith(" min")


def test_without_a_profile_leads_in_minutes_are_announced_as_not_decided(city: Path) -> None:
    """The replay says how many residents are told nothing and how to mend it, and none of them is told."""
    result = replayed(city)
    assert result.exit_code == 0, result.output
    assert "11 residents with a lead in minutes: nobody is told" in result.output
    assert "gomikuru learn" in result.output
    alerts = [json.loads(line) for line in (city.parent / "alerts.jsonl").read_bytes().splitlines()]
    assert {alert["resident_id"] for alert in alerts} <= {"metres"}


@pytest.mark.parametrize(
    ("data", "said"),
    [(None, "No such file"), (b"rubbish", "is no profile"), (MAGIC + b"x", "is broken"), (b"", "is no profile")],
)
def test_a_profile_that_cannot_be_read_ends_the_replay(city: Path, data: bytes | None, said: str) -> None:
    """Exit code 1, the file by name, and what to do; no alerts are written."""
    path = city.parent / "other.bin"
    if data is not None:
        path.write_bytes(data)
    result = replayed(city, "--profile", path)
    assert result.exit_code == 1
    assert f"{path}: {said}" in result.output
    assert not (city.parent / "alerts.jsonl").exists()


def test_a_broken_profile_in_the_citys_folder_ends_the_replay_too(city: Path) -> None:
    """What stands in the city's folder is meant to be used: broken, it is named and not passed over."""
    (city / FILE).write_bytes(MAGIC)
    result = replayed(city)
    assert result.exit_code == 1
    assert f"{FILE}: is broken" in result.output


def test_the_replay_takes_the_assignments_of_the_citys_folder(city: Path) -> None:
    """Alerts of an assigned truck name its route, and a broken file ends the replay with its line."""
    learned(city)
    (city / "assignments.csv").write_text("day,vehicle_id,route_id\n,17,main\n")
    assert replayed(city).exit_code == 0
    alerts = [json.loads(line) for line in (city.parent / "alerts.jsonl").read_bytes().splitlines()]
    assert {alert["route_id"] for alert in alerts} == {"main"}
    (city / "assignments.csv").write_text("day,vehicle_id,route_id\nmonday,17,main\n")
    result = replayed(city)
    assert result.exit_code == 1
    assert "assignments.csv: line 2" in result.output


def test_a_refused_ping_does_not_silence_what_is_foretold(city: Path) -> None:
    """A fix from the future, which the engine refuses, leaves the moments of foretelling as they are.

    Where nobody has a lead in minutes; else the engine's looks for alerts set them.
    """
    learned(city)
    header, *rows = (city.parent / "residents.csv").read_text().splitlines()
    in_metres = [",".join((*row.split(",")[:4], "", "200")) for row in rows]
    (city.parent / "residents.csv").write_text("\n".join((header, *in_metres)) + "\n")
    whole, wild = city.parent / "whole.csv", city.parent / "wild.csv"
    assert replayed(city, "--predictions", whole).exit_code == 0
    pings = usual(TODAY).pings
    future = Ping("minami", "17", pings[40].fix_ms + 7_200_000, pings[40].received_ms, pings[40].lat, pings[40].lon)
    write_pings(city.parent / "today.csv", [*pings[:40], future, *pings[40:]])
    assert replayed(city, "--predictions", wild).exit_code == 0
    assert wild.read_bytes() == whole.read_bytes()
    assert predictions(whole)


def test_a_ping_that_came_late_foretells_nothing_for_the_past(city: Path) -> None:
    """Where pings take twenty seconds to arrive, nothing is foretold for before the moment it is made."""
    learned(city)
    slow = [Ping(p.city, p.truck, p.fix_ms, p.fix_ms + 20_000, p.lat, p.lon) for p in usual(TODAY).pings]
    write_pings(city.parent / "today.csv", slow)
    assert replayed(city, "--predictions", city.parent / "predictions.csv").exit_code == 0
    for row in predictions(city.parent / "predictions.csv"):
        assert row.made_ms <= row.low_ms <= row.eta_ms <= row.high_ms
