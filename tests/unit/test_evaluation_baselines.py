"""The baselines of `gomikuru evaluate`: a timetable, a radius, distance over speed, on days made by hand."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gomikuru.cli import program
from gomikuru.evaluation.baselines import (
    DETOUR,
    NEVER_MS,
    distance_over_speed,
    first_within,
    moving_speed,
    radius_alerts,
)
from gomikuru.evaluation.recording import Fixes, Homes, Plane, Recording, record
from gomikuru.evaluation.timeline import Arrivals
from gomikuru.evaluation.timetable import Timetable
from model.city import City, Truck
from model.ping import Ping
from model.times import format_rfc3339, parse_rfc3339

LAT, LON = 34.8, 135.4
PLANE = Plane(LAT)
METRE = 1 / (111_320 * math.cos(math.radians(LAT)))
START_MS = parse_rfc3339("2026-11-24T08:00:00+09:00")
DAY_MS = 86_400_000
CITY = City("minami", "Minami", "Asia/Tokyo", trucks=(Truck("17", category="burnable"), Truck("18", category="paper")))


def drive(metres: float = 3000, truck: str = "17", start_ms: int = START_MS, late_ms: int = 0) -> list[Ping]:
    """Drive east at 5 m/s, a fix every ten seconds."""
    return [
        Ping("minami", truck, start_ms + 10_000 * k, start_ms + 10_000 * k + late_ms, LAT, LON + 50 * k * METRE)
        for k in range(int(metres / 50) + 1)
    ]


def homes(*rows: tuple[float, float]) -> Homes:
    """Homes as (metres east, lead in minutes)."""
    east = np.array([row[0] for row in rows])
    x, y = PLANE.place(np.full(len(rows), LAT), LON + east * METRE)
    return Homes(np.arange(len(rows)), x, y, np.array([row[1] for row in rows]))


def days(pings: list[Ping]) -> list[Fixes]:
    return list(record(pings, CITY, PLANE).days.values())


def seconds(instant_ms: int) -> float:
    return (instant_ms - START_MS) / 1000


def test_a_radius_fires_at_the_first_fix_within_it_once_a_day() -> None:
    """Truck after truck, the first one counts; the next service day counts anew; no lead in minutes, no alert."""
    pings = [*drive(), *drive(truck="18", start_ms=START_MS - 60_000), *drive(start_ms=START_MS + DAY_MS)]
    alerts = radius_alerts(days(pings), homes((2010, 10), (2010, math.nan), (9000, 10)), 500)
    assert [seconds(each) for each in alerts.fired_ms.tolist()] == [310 - 60, 310 + DAY_MS / 1000]
    assert (alerts.resident.tolist(), alerts.lead_min.tolist()) == ([0, 0], [10, 10])


def test_a_fix_that_came_late_is_history() -> None:
    """Two minutes after it was taken it still counts, when it was heard; later it does not."""
    (fixes,) = days(drive(late_ms=120_000))
    assert seconds(first_within(fixes, homes((2010, 10)), 500)[0]) == 310 + 120
    assert days(drive(late_ms=120_001)) == []


def test_where_no_truck_came_the_radius_is_silent() -> None:
    """Never is never, also on a day without fixes."""
    (fixes,) = days(drive())
    assert first_within(fixes, homes((9000, 10)), 500).tolist() == [NEVER_MS]
    assert first_within(fixes.only(slice(0)), homes((0, 10)), 500).tolist() == [NEVER_MS]


def test_distance_over_speed_foresees_the_straight_line_with_a_detour() -> None:
    """Every half minute from the first minute of driving on, within 30 minutes, until a truck was within 50 m."""
    (said,) = distance_over_speed(days(drive(metres=6000)), homes((5030, 10)))
    made = np.array([seconds(each) for each in said.predictions.made_ms.tolist()])
    ahead = (said.predictions.eta_ms - said.predictions.made_ms) / 1000
    assert made.tolist() == list(range(60, 1000, 30))
    assert ahead == pytest.approx(DETOUR * (5030 - 5 * made) / 5, rel=0.01)
    assert [seconds(each) for each in said.alerts.fired_ms.tolist()] == [made[ahead <= 600][0]]


def test_standing_is_not_moving() -> None:
    """The mean speed leaves stops out, and jumps that no truck drives."""
    at_s = np.array([0, 30, 60, 90, 600, 630, 640])
    x = np.array([0.0, 150, 300, 300, 300, 600, 90_000])
    own = Fixes(np.zeros(7, dtype=np.int64), at_s * 1000, x, np.zeros(7))
    assert moving_speed(own)[[1, 2, 3, 5, 6]] == pytest.approx([math.nan, 5, 5, 600 / 90, 600 / 90], nan_ok=True)


def test_a_silent_truck_foresees_nothing() -> None:
    """Two minutes after its last fix a vehicle is left out, and heard again when it speaks."""
    pings = [*drive(metres=1000), *drive(metres=1000, start_ms=START_MS + 1_200_000)]
    (said,) = distance_over_speed(days(pings), homes((1500, 3)))
    made = {seconds(each) for each in said.predictions.made_ms.tolist()}
    assert max(each for each in made if each < 1000) == 320 - 320 % 30
    assert min(each for each in made if each > 1000) == 1200


def test_a_truck_serves_those_who_want_its_waste() -> None:
    """A truck without a category serves all, a home without one wants all."""
    recording = record([*drive(), *drive(truck="18"), *drive(truck="19")], CITY, PLANE)
    assert recording.categories == ("burnable", "paper", None)
    assert [np.unique(fixes.vehicle).tolist() for fixes in recording.serving(())] == [[0, 1, 2]]
    assert [np.unique(fixes.vehicle).tolist() for fixes in recording.serving(("paper",))] == [[1, 2]]
    assert Recording(recording.days, ("burnable",) * 3).serving(("paper",)) == []


def test_service_days_end_when_the_city_says() -> None:
    """At three in the morning, local time."""
    night_ms = parse_rfc3339("2026-11-25T02:00:00+09:00")
    recording = record([*drive(start_ms=night_ms - 7_200_000), *drive(start_ms=night_ms)], CITY, PLANE)
    assert list(recording.days) == [date(2026, 11, 24)]
    recording = record([*drive(start_ms=night_ms), *drive(start_ms=night_ms + 3_600_000)], CITY, PLANE)
    assert list(recording.days) == [date(2026, 11, 24), date(2026, 11, 25)]


def past(*instants: str, who: int = 0) -> Arrivals:
    return Arrivals(
        np.full(len(instants), who, dtype=np.int64), np.array([parse_rfc3339(each) for each in instants], np.int64)
    )


def test_a_timetable_fires_one_lead_before_the_median_time_of_day() -> None:
    """On the resident's weekdays, and on weekdays of which the past says nothing."""
    table = Timetable(past("2026-11-10T08:00:00+09:00", "2026-11-12T08:40:00+09:00", "2026-11-17T08:20:00+09:00"), CITY)
    lead_min = np.array([10.0])
    week = [date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)]
    fired = [format_rfc3339(each) for each in table.alerts(week, lead_min).fired_ms.tolist()]
    assert fired == ["2026-11-23T23:10:00Z", "2026-11-24T23:10:00Z", "2026-11-25T23:10:00Z"]
    both = past("2026-11-10T08:00:00+09:00", "2026-11-11T09:00:00+09:00")
    other = Arrivals(np.array([0, 1]), both.at_ms)
    alerts = Timetable(other, CITY).alerts(week[:2], np.array([10.0, 20.0]))
    assert list(zip(alerts.resident.tolist(), map(format_rfc3339, alerts.fired_ms.tolist()), strict=True)) == [
        (0, "2026-11-23T22:50:00Z"),
        (1, "2026-11-24T23:40:00Z"),
    ]


def test_a_timetable_knows_the_clock_and_nothing_of_strangers() -> None:
    """Eight o'clock is eight o'clock after the clocks changed; unknown residents and leads in metres are left out."""
    berlin = City("b", "B", "Europe/Berlin")
    table = Timetable(past("2026-10-20T08:00:00+02:00"), berlin)
    (fired_ms,) = table.alerts([date(2026, 10, 27)], np.array([10.0])).fired_ms.tolist()
    assert format_rfc3339(fired_ms) == "2026-10-27T06:50:00Z"
    assert len(table.alerts([date(2026, 10, 27)], np.array([math.nan])).fired_ms) == 0
    assert len(Timetable(past("2026-10-20T08:00:00+02:00", who=-1), berlin).alerts([], np.zeros(0)).fired_ms) == 0


def folder_of(path: Path) -> list[str]:
    """Write a day with three residents; give the command's arguments."""
    (path / "city").mkdir()
    (path / "city" / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    rows = "".join(f"17,{format_rfc3339(each.fix_ms)},{each.lat},{each.lon}\n" for each in drive())
    (path / "pings.csv").write_text("vehicle_id,timestamp,lat,lon\n" + rows)
    people = [("a", 1500, "5,"), ("b", 2500, "10,"), ("c", 2500, ",200")]
    lines = "".join(f"{who},{LAT},{LON + east * METRE},,{lead}\n" for who, east, lead in people)
    (path / "residents.csv").write_text("resident_id,lat,lon,category,lead_minutes,lead_metres\n" + lines)
    came = "".join(f"{who},17,{format_rfc3339(START_MS + east * 200)}\n" for who, east, _ in people)
    (path / "arrivals.csv").write_text("resident_id,vehicle_id,arrived_at\n" + came)
    before = "".join(f"{who},17,{format_rfc3339(START_MS - 7 * DAY_MS + east * 200)}\n" for who, east, _ in people)
    (path / "past.csv").write_text("resident_id,vehicle_id,arrived_at\n" + before)
    names = {"--pings": "pings.csv", "--residents": "residents.csv", "--arrivals": "arrivals.csv", "--city": "city"}
    return ["evaluate", "--baseline", *(word for option, name in names.items() for word in (option, str(path / name)))]


def test_the_command_scores_every_baseline_on_the_same_arrivals(tmp_path: Path) -> None:
    """Without --past-arrivals there is no timetable, and the report says why."""
    words = folder_of(tmp_path)
    result = CliRunner().invoke(program(), [*words, "--json", "-"])
    assert result.exit_code == 0, result.output
    assert [each["method"] for each in json.loads(result.stdout)["methods"]] == ["500 m", "1000 m", "distance/speed"]
    assert json.loads(result.stdout)["notes"] == ["no timetable: it needs --past-arrivals"]
    result = CliRunner().invoke(program(), [*words, "--past-arrivals", str(tmp_path / "past.csv"), "--json", "-"])
    assert result.exit_code == 0, result.output
    methods = {each["method"]: each for each in json.loads(result.stdout)["methods"]}
    assert methods["timetable"]["alerts"]["total"]["hit"] == 1.0
    assert {each["alerts"]["total"]["arrivals"] for each in methods.values()} == {2}
    assert methods["distance/speed"]["eta"]["arrivals"] == 3
    assert methods["distance/speed"]["eta"]["coverage"] == 1.0


def test_broken_pings_and_a_broken_city_end_with_a_sentence(tmp_path: Path) -> None:
    """Exit code 1, and the name of what is broken."""
    words = folder_of(tmp_path)
    (tmp_path / "pings.csv").write_text("vehicle_id,timestamp,lat,lon\n17,soon,1,2\n")
    result = CliRunner().invoke(program(), words)
    assert (result.exit_code, "pings.csv: line 2" in result.output) == (1, True)
    (tmp_path / "city" / "city.toml").write_text("id = 1\n")
    result = CliRunner().invoke(program(), words)
    assert (result.exit_code, "is no city" in result.output) == (1, True)
