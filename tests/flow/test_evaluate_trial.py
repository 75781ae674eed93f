"""`gomikuru evaluate --city C --days N`: a simulated week out of the archive, zone by zone, on a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from geofence.forecast.profile import FILE
from gomikuru.archive.reading import Archive
from gomikuru.cli import program
from gomikuru.clocks import DrivenClock
from gomikuru.replay import Twin
from model.alert import encode_alert
from model.event import encode_event
from model.ping import Ping
from model.subscription import Home, InZone, MetresLead, MinutesLead, Pin, ZoneLead, home_of
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from streams import keys
from streams.redis_streams import RedisStore
from tests.support.archive import PACE, archiver, names
from tests.support.rounds import CITY, Drive, place, profile_of, weekdays
from tests.support.stores import ValkeyServer

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
TODAY = date.today()
*PAST, LAST = weekdays(11, TODAY - timedelta(days=14))
WEEK = [*PAST[4:], LAST][-6:]
TRAINING = PAST[:4]


def round_of(day: date) -> list[Ping]:
    """The truck's usual round; on the third day of the week it leaves the last two stops out."""
    stops = STREET[:8] if day == WEEK[2] else STREET
    return Drive(day).serve(stops, 55.0 + day.day % 3 * 5).to(-1500.0, 0.0).pings


def box(name: str, west: float, east: float, mode: str) -> dict[str, Any]:
    corners = [(west, -150.0), (east, -150.0), (east, 150.0), (west, 150.0), (west, -150.0)]
    ring = [list(place(x, y)[::-1]) for x, y in corners]
    return {
        "type": "Feature",
        "properties": {"id": name, "mode": mode},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory, valkey_server: ValkeyServer) -> Iterator[Path]:
    """A city after a week with the archive on: zone `west` on trial, zone `east` live, and its homes in the store."""
    folder = tmp_path_factory.mktemp("trial") / "minami"
    folder.mkdir()
    (folder / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    zones = {
        "type": "FeatureCollection",
        "features": [box("west", 100, 1650, "shadow"), box("east", 1650, 3200, "live")],
    }
    (folder / "zones.geojson").write_bytes(msgspec.json.encode(zones))
    (folder / FILE).write_bytes(
        profile_of(Drive(day).serve(STREET, 55.0 + 5 * k).to(-1500.0, 0.0) for k, day in enumerate(TRAINING))
    )
    with valkey_server.client() as client:
        client.flushall()
    store = RedisStore.at(valkey_server.url)
    _live(store, folder, subscribed(store))
    yield folder
    store.close()


def subscribed(store: RedisStore) -> list[Home]:
    """Ten homes at the stops, one that subscribed when the week was half over, one in metres, one by zone."""
    registry = RedisRegistry(store, DrivenClock(Drive(WEEK[0]).at_ms - 86_400_000))
    for k, spot in enumerate(STREET):
        registry.put("minami", Wish(id=f"secret-{k}", place=Pin(*place(*spot)), lead=MinutesLead(10.0)))
    registry.put("minami", Wish(id="metres", place=Pin(*place(600, 0)), lead=MetresLead(200.0)))
    registry.put("minami", Wish(id="zone", place=InZone("west"), lead=ZoneLead()))
    later = RedisRegistry(store, DrivenClock(Drive(WEEK[3]).at_ms))
    later.put("minami", Wish(id="late", place=Pin(*place(*STREET[0])), lead=MinutesLead(10.0)))
    return [home_of(each) for each in registry.list("minami") if each.id != "late"]


def _live(store: RedisStore, folder: Path, homes: list[Home]) -> None:
    """Let the engine work through the week, and the archive after it."""
    twin = Twin(CITY)
    twin.zones((folder / "zones.geojson").read_bytes(), 0)
    twin.profile((folder / FILE).read_bytes(), 0)
    twin.homes(homes, 0)
    for day in WEEK:
        pings = round_of(day)
        store.append(keys.events("minami"), [encode_event(ping) for ping in pings])
        store.append(keys.alerts("minami"), [encode_alert(alert) for alert in twin.play(pings)])
    worker = archiver(store, folder.parent / "archive", pace=msgspec.structs.replace(PACE, batch=5000))
    worker.turn(CITY)
    assert names(list(Archive(folder.parent / "archive", "minami").pings(date.min, date.max))) == names(
        [ping for day in WEEK for ping in round_of(day)]
    )


def evaluated(folder: Path, server: ValkeyServer, *more: str) -> Result:
    settings = folder.parent / "gomikuru.toml"
    settings.write_text(f'[store]\nurl = "{server.url}"\n[archive]\ndir = "archive"\n')
    words = ["evaluate", "--city", str(folder), "--days", "14", "--config", str(settings), *more]
    result = CliRunner().invoke(program(), words)
    assert result.exit_code == 0, result.output
    return result


def figures(folder: Path, server: ValkeyServer, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(evaluated(folder, server, "--json", "-", *more).output)
    return found


def test_each_zone_has_its_mode_its_days_and_its_shares(week: Path, valkey_server: ValkeyServer) -> None:
    """The zone on trial is judged as the live one is: arrivals of the week, alerts, and what became of them."""
    rows = {row["zone"]: row for row in figures(week, valkey_server)["rows"]}
    assert rows.keys() == {"west", "east"}
    assert (rows["west"]["mode"], rows["east"]["mode"]) == ("shadow", "live")
    assert rows["west"]["days"] == rows["east"]["days"] == len(WEEK)
    assert (rows["west"]["homes"], rows["east"]["homes"]) == (6, 5)
    east, west = rows["east"]["figures"], rows["west"]["figures"]
    assert east["arrivals"] == 5 * len(WEEK) - 2, "two stops were left out on one day"
    assert west["arrivals"] == 5 * len(WEEK) + 2, "who came late counts from the day after"
    assert east["alerts"] >= 5 * len(WEEK) - 2
    assert 0.7 <= east["hit"] <= 1.0
    assert 0.0 < east["false"] < 0.2, "the homes at the stops that were left out were told in vain"
    assert 0.5 <= rows["east"]["inside"] <= 1.0
    assert west["missed"] >= 2 / 32, "who came late had no alert"


def test_with_daily_each_day_has_its_row(week: Path, valkey_server: ValkeyServer) -> None:
    """The days add up to the whole, and each says in which mode it was."""
    rows = figures(week, valkey_server, "--daily")["rows"]
    east = [row for row in rows if row["zone"] == "east"]
    whole, days = east[0], east[1:]
    assert [row["day"] for row in days] == [str(day) for day in WEEK]
    assert sum(row["figures"]["arrivals"] for row in days) == whole["figures"]["arrivals"]
    assert sum(row["figures"]["alerts"] for row in days) == whole["figures"]["alerts"]
    assert {row["mode"] for row in days} == {"live"}
    assert {row["mode"] for row in rows if row["zone"] == "west"} == {"shadow"}
    assert next(row for row in days if row["day"] == str(WEEK[2]))["figures"]["false"] > 0.2


def test_the_table_is_for_a_clerk_and_says_what_was_left_out(week: Path, valkey_server: ValkeyServer) -> None:
    """A row a zone, the notes below; no home, no id of a subscription."""
    said = evaluated(week, valkey_server).output
    lines = said.splitlines()
    assert lines[1].split()[:6] == ["zone", "mode", "days", "homes", "arrivals", "alerts"]
    assert [line.split()[:3] for line in lines[2:4]] == [["east", "live", "6"], ["west", "shadow", "6"]]
    assert "2 homes with a lead in metres or by zone not judged" in said
    assert "the archive holds 6 days of the 14" in said
    assert 'nobody in a zone in mode "shadow" is told anything' in said
    assert "secret" not in said


def test_homes_are_not_in_the_archive(week: Path) -> None:
    """Neither an id of a subscription, nor where anybody lives, stands in any file."""
    data = b"".join(
        path.read_bytes()
        for path in (week.parent / "archive").rglob("*")
        if path.is_file() and path.parent.name != "pings"
    )
    assert b'"number":3' in data
    assert b"secret" not in data
    assert f"{place(*STREET[3])[0]:.4f}".encode() not in data


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--days", "3"], "--days goes with --city"),
        (["--days", "3", "--city", ".", "--alerts", "a.jsonl"], "--days goes with --city"),
        (["--daily", "--arrivals", "x"], "go with --days"),
        (["--alerts", "a.jsonl"], "--arrivals"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(words: list[str], said: str) -> None:
    """Exit code 2, and what goes with what."""
    result = CliRunner().invoke(program(), ["evaluate", *words])
    assert result.exit_code == 2
    assert said in result.output


def test_a_city_without_a_profile_is_told_why_it_cannot_be_judged(
    week: Path, valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    """Exit code 1, and the file that is missing."""
    (tmp_path / "city.toml").write_text((week / "city.toml").read_text())
    settings = week.parent / "gomikuru.toml"
    settings.write_text(f'[store]\nurl = "{valkey_server.url}"\n')
    words = ["evaluate", "--city", str(tmp_path), "--days", "3", "--config", str(settings)]
    result = CliRunner().invoke(program(), words)
    assert result.exit_code == 1
    assert "profile.bin: there is none yet" in result.output


def test_an_archive_without_days_says_so(week: Path, valkey_server: ValkeyServer) -> None:
    """No table of nothing without the reason."""
    settings = week.parent / "empty.toml"
    settings.write_text(f'[store]\nurl = "{valkey_server.url}"\n[archive]\ndir = "nowhere"\n')
    result = CliRunner().invoke(program(), ["evaluate", "--city", str(week), "--days", "3", "--config", str(settings)])
    assert result.exit_code == 0
    assert "the archive holds no whole day" in result.output
