"""What counts as trouble, when the alarm for silence sounds, and that each change is told once."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog

from geofence.pulse import Health as CityHealth
from gomikuru.archive.worker import Kept
from gomikuru.city_files.calendar_csv import Rule
from gomikuru.metrics import COUNTERS, GAUGES, HISTOGRAMS, MemoryMeter
from gomikuru.standing import (
    Bounds,
    Standing,
    Trouble,
    judge_archive,
    judge_geofence,
    judge_ingest,
    judge_notifier,
    judge_web,
)
from gomikuru.watch import Silence, Timetable, Watch, collection_rules
from ingest.worker import Health as IngestHealth
from model.times import parse_rfc3339
from notifier.worker import Health as NotifierHealth
from web.worker import Health as WebHealth

ROOT = Path(__file__).resolve().parents[2]
BOUNDS = Bounds(stalled_s=60, behind_events=100, behind_s=10)
WEEK = Timetable("Asia/Tokyo", (6 * 60, 20 * 60), range(5))
MONDAY_0830 = parse_rfc3339("2026-11-23T08:30:00+09:00")
WELL = CityHealth(holds_lease=True, store_ok=True, backlog=0)


@pytest.fixture
def lines() -> Iterator[list[structlog.typing.EventDict]]:
    """What is logged during the test."""
    with structlog.testing.capture_logs() as captured:
        yield captured


def whats(standing: Standing) -> list[str]:
    return [trouble.what for trouble in standing.troubles]


def at(text: str) -> int:
    return parse_rfc3339(f"{text}:00+09:00")


# Standing


def test_an_archive_that_stands_still_is_told_and_stops_the_stage_when_no_city_gets_on() -> None:
    """One city's disk trouble leaves the others; what waits in the store is told by the engine's stage too."""
    well, ill = Kept(days=3), Kept(problem="no space left")
    assert judge_archive({"minami": well}, 0.0, BOUNDS).well
    one = judge_archive({"minami": well, "kita": ill}, 0.0, BOUNDS)
    assert (whats(one), one.ready) == (["archive_stands_still kita"], True)
    assert not judge_archive({"kita": ill}, 0.0, BOUNDS).ready
    waiting = msgspec.structs.replace(WELL, unarchived_ms=901_000)
    behind = judge_geofence({"minami": waiting}, (), BOUNDS)
    assert (whats(behind), behind.ready) == (["archive_behind minami"], True)
    assert judge_geofence({"minami": msgspec.structs.replace(WELL, unarchived_ms=60_000)}, (), BOUNDS).well


def test_a_process_that_waits_for_a_city_which_another_works_is_ready_and_well() -> None:
    """Standing by is no trouble; standing by behind one that does not get on is."""
    standby = CityHealth(holds_lease=False, store_ok=True, backlog=0)
    assert judge_geofence({"minami": standby}, (), BOUNDS).well
    stuck = CityHealth(holds_lease=False, store_ok=True, backlog=0, held_up=True)
    standing = judge_geofence({"minami": stuck}, (), BOUNDS)
    assert standing.ready
    assert whats(standing) == ["held_up minami"]


@pytest.mark.parametrize(
    ("change", "what", "ready"),
    [
        ({"store_ok": False}, "store_away minami", False),
        ({"failing": True}, "engine_fails minami", False),
        ({"backlog": 101}, "engine_behind minami", True),
        ({"backlog": 1, "behind_ms": 10_001}, "engine_behind minami", True),
        ({"zones_problems": ("zones.geojson: line 3",)}, "zones_refused minami zones.geojson: line 3", True),
        ({"profile_problems": ("profile.bin: cut",)}, "profile_refused minami profile.bin: cut", True),
        ({"assignments_problems": ("line 2",)}, "assignments_refused minami line 2", True),
        ({"unserved": 3}, "no_profile minami", True),
    ],
)
def test_each_trouble_of_a_city_is_told_with_its_name(change: dict[str, object], what: str, ready: bool) -> None:
    """Whoever reads it knows the city, the fault, and whether work goes on."""
    now = CityHealth(**({"holds_lease": True, "store_ok": True, "backlog": 0} | change))  # type: ignore[arg-type]
    standing = judge_geofence({"kita": WELL, "minami": now}, (), BOUNDS)
    assert (whats(standing), standing.ready, standing.well) == ([what], ready, False)
    assert standing.troubles[0].text.startswith("minami: ")


def test_a_city_without_pings_leaves_the_stage_ready() -> None:
    """A dead tracker is no reason to restart the engine."""
    standing = judge_geofence({"minami": WELL}, ["minami"], BOUNDS)
    assert standing.ready
    assert whats(standing) == ["no_pings minami"]


def test_a_loop_that_does_not_turn_is_not_live() -> None:
    """Only that, or an end, asks for a restart."""
    for standing in (
        judge_geofence({"minami": CityHealth(True, True, 0, idle_ms=60_001)}, (), BOUNDS),
        judge_ingest(IngestHealth(True, 0, None, True, False, idle_s=60.1), BOUNDS),
        judge_notifier(NotifierHealth(True, (), 0), 60.1, 1, 1, BOUNDS),
        judge_web({"kita": WebHealth(True), "minami": WebHealth(True, idle_s=60.1)}, BOUNDS),
    ):
        assert not standing.live
        assert not standing.ready
        assert whats(standing) == ["stalled"]


def test_ingest_needs_broker_and_store_and_waits_for_the_engine() -> None:
    """Without either it cannot work; waiting is part of its work."""
    assert judge_ingest(IngestHealth(True, 0, None, True, False), BOUNDS).well
    away = judge_ingest(IngestHealth(False, 0, None, False, False), BOUNDS)
    assert (whats(away), away.live, away.ready) == (["broker_away", "store_away"], True, False)
    waiting = judge_ingest(IngestHealth(True, 0, None, True, True), BOUNDS)
    assert (whats(waiting), waiting.ready) == (["waits_for_engine"], True)


def test_the_notifier_is_ready_while_one_city_can_be_served() -> None:
    """A channel that refuses, a city that is away and one that fails are told; only all cities stop the work."""
    one_away = judge_notifier(NotifierHealth(False, ("minami",), 0), 0.0, 1, 2, BOUNDS)
    assert (whats(one_away), one_away.ready) == (["store_away minami"], True)
    all_away = judge_notifier(NotifierHealth(False, ("kita", "minami"), 0), 0.0, 1, 2, BOUNDS)
    assert (len(all_away.troubles), all_away.ready) == (2, False)
    one_fails = judge_notifier(NotifierHealth(True, (), 0, failing=("minami",)), 0.0, 1, 2, BOUNDS)
    assert (whats(one_fails), one_fails.ready) == (["notifier_fails minami"], True)
    none_works = judge_notifier(NotifierHealth(False, ("kita",), 0, failing=("minami",)), 0.0, 1, 2, BOUNDS)
    assert (whats(none_works), none_works.ready) == (["store_away kita", "notifier_fails minami"], False)
    refusing = judge_notifier(NotifierHealth(True, (), 0, {"fcm": "quota_exceeded"}), 0.0, 1, 1, BOUNDS)
    assert (whats(refusing), refusing.ready) == (["channel_refuses fcm"], True)
    assert "quota_exceeded" in refusing.troubles[0].text
    assert whats(judge_notifier(NotifierHealth(True, (), 0), 0.0, 0, 1, BOUNDS)) == ["no_channel"]


def test_a_page_without_news_is_not_ready() -> None:
    """One lost feed is enough, and so is one city's page that fails over what it is told."""
    assert judge_web({"minami": WebHealth(True)}, BOUNDS).well
    away = judge_web({"kita": WebHealth(True), "minami": WebHealth(False)}, BOUNDS)
    assert (whats(away), away.ready) == (["store_away"], False)
    fails = judge_web({"kita": WebHealth(True), "minami": WebHealth(False, failing=True)}, BOUNDS)
    assert (whats(fails), fails.ready) == (["page_fails minami"], False)


# Silence


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-11-23T05:59", None),
        ("2026-11-23T06:00", "2026-11-23T06:00"),
        ("2026-11-23T19:59", "2026-11-23T06:00"),
        ("2026-11-23T20:00", None),
        ("2026-11-28T08:00", None),
    ],
)
def test_a_city_is_in_service_within_its_hours_on_its_weekdays(moment: str, opened: str | None) -> None:
    """Hours are local; the end is not part of them; Saturday is none of the days."""
    assert WEEK.opened_ms(at(moment)) == (at(opened) if opened else None)


def test_hours_that_end_after_midnight_belong_to_the_day_on_which_they_began() -> None:
    """Friday's round ends on Saturday at 02:30; Monday's early morning belongs to Sunday, which has none."""
    nights = Timetable("Asia/Tokyo", (22 * 60, 26 * 60 + 30), range(5))
    assert nights.opened_ms(at("2026-11-28T02:29")) == at("2026-11-27T22:00")
    assert nights.opened_ms(at("2026-11-28T02:30")) is None
    assert nights.opened_ms(at("2026-11-23T01:00")) is None


def test_where_there_is_a_calendar_only_its_days_count() -> None:
    """A Tuesday on which nothing is collected is silent by plan."""
    mondays = Timetable("Asia/Tokyo", (360, 1200), range(7), [Rule((0,)), Rule((2,), (1, 3))])
    days = {day: mondays.opened_ms(at(f"2026-11-{day}T08:00")) is not None for day in range(16, 23)}
    assert [day for day, works in days.items() if works] == [16, 18]
    rules = collection_rules(ROOT / "data" / "routes" / "sample")
    assert rules
    assert len(rules) == len(set(rules))
    assert collection_rules(ROOT / "docs") == []


def test_the_alarm_sounds_once_when_a_city_in_service_falls_silent_and_once_when_it_speaks(
    lines: list[structlog.typing.EventDict],
) -> None:
    """One line at each change, however often it is asked; the gauges follow."""
    meter = MemoryMeter()
    silence = Silence({"minami": WEEK}, 300, meter)
    newest = MONDAY_0830
    assert silence.silent(newest + 300_000, {"minami": newest}) == []
    for more_s in (301, 400, 500):
        assert silence.silent(newest + more_s * 1000, {"minami": newest}) == ["minami"]
    gauges = {name: value for (name, _), value in meter.gauges.items()}
    assert gauges == {"last_ping_age_seconds": 500, "no_pings": 1}
    assert silence.silent(newest + 501_000, {"minami": newest + 500_000}) == []
    assert [line["event"] for line in lines] == ["no_pings", "no_pings_over"]
    assert {name: value for (name, _), value in meter.gauges.items()} == {"last_ping_age_seconds": 1, "no_pings": 0}


def test_silence_counts_from_the_moment_when_service_began() -> None:
    """Last evening's ping is no alarm at six, and one at five past."""
    silence = Silence({"minami": WEEK}, 300, MemoryMeter())
    evening, six = at("2026-11-23T19:00"), at("2026-11-24T06:00")
    assert silence.silent(six + 300_000, {"minami": evening}) == []
    assert silence.silent(six + 301_000, {"minami": evening}) == ["minami"]
    assert silence.silent(at("2026-11-24T20:00"), {"minami": evening}) == [], "after hours nobody is missed"


def test_a_city_that_never_spoke_is_missed_from_when_it_was_taken() -> None:
    """A new installation whose trackers do not reach the broker must not look well."""
    silence = Silence({"minami": WEEK}, 300, MemoryMeter())
    assert silence.silent(MONDAY_0830, {"minami": None}) == []
    assert silence.silent(MONDAY_0830 + 301_000, {"minami": None}) == ["minami"]


def test_a_city_that_another_process_works_has_no_age_here() -> None:
    """A standby's old figure would look like an alarm."""
    meter = MemoryMeter()
    silence = Silence({"minami": WEEK}, 300, meter)
    assert silence.silent(MONDAY_0830 + 400_000, {"minami": MONDAY_0830}) == ["minami"]
    assert silence.silent(MONDAY_0830 + 500_000, {}) == []
    assert math.isnan(meter.gauges["last_ping_age_seconds", (("city", "minami"),)])
    assert meter.gauges["no_pings", (("city", "minami"),)] == 0


# The watch


def test_each_change_of_a_stage_is_one_line(lines: list[structlog.typing.EventDict]) -> None:
    """A trouble whose figures grow is still the same trouble."""
    meter = MemoryMeter()
    told = Standing()
    watch = Watch(lambda: {"geofence": told}, meter)
    for text in ("", "behind by 200", "behind by 900", ""):
        told = Standing(True, (Trouble("engine_behind minami", text),) if text else ())
        watch.look()
        assert meter.gauges["stage_troubles", (("stage", "geofence"),)] == bool(text)
        assert meter.gauges["stage_ready", (("stage", "geofence"),)] == 1
    assert [(line["event"], line.get("why")) for line in lines] == [
        ("stage_trouble", "behind by 200"),
        ("stage_trouble_over", None),
    ]


# Metrics


def emitted() -> set[tuple[str, str]]:
    """Find every metric that the product's code counts, sets or observes: (kind, name)."""
    kinds = {"count", "gauge", "observe"}
    found = set()
    for room in ("ingest", "geofence", "residents", "notifier", "web", "gomikuru", "streams"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                    continue
                name = node.args[0]
                if node.func.attr in kinds and isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found.add((node.func.attr, name.value))
    return found


def test_every_metric_that_is_declared_is_emitted_somewhere() -> None:
    """A name that nobody sets would be a graph that is always empty."""
    declared = {("count", name) for name in COUNTERS}
    declared |= {("gauge", name) for name in GAUGES} | {("observe", name) for name in HISTOGRAMS}
    assert declared - emitted() == set()
