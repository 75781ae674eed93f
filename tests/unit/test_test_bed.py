"""The test bed of `gomikuru testbed`: exact from a seed, honest in its truth, restless as asked."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gomikuru.cli import program
from gomikuru.pings_csv import read_pings
from gomikuru.simulation.bed import LEVELS, Bed, BedDay, BedPlan, Tracking, Unrest, make_bed, read_routes
from gomikuru.simulation.bed.chance import factor, generator
from gomikuru.simulation.bed.files import write_bed
from gomikuru.simulation.bed.order import todays_order
from gomikuru.simulation.bed.plan import working_days
from gomikuru.simulation.bed.timetable import RoutesUnusable
from gomikuru.simulation.bed.town import town
from gomikuru.simulation.bed.truth import ARRIVED_M, HOME_M, ROUTINE_SHARE
from gomikuru.simulation.plane import Plane
from model.times import parse_rfc3339
from tests.support.tables import rows

PLAN = BedPlan(seed=5, days=6, trucks=2, homes=30)
CLEAR = Tracking(wander_m=0.0, jitter_m=0.0, bursts_per_h=0.0, lost_share=0.0, clock_sd_s=0.0, outages_per_h=0.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bed")
    write_bed(make_bed(PLAN), folder)
    return folder


@pytest.fixture(scope="module")
def lived() -> tuple[Bed, list[BedDay]]:
    bed = make_bed(msgspec.structs.replace(PLAN, tracking=CLEAR))
    return bed, list(bed.days())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# Files


def test_the_same_plan_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    """Who names a seed and settings has named every byte."""
    write_bed(make_bed(PLAN), tmp_path)
    assert contents(tmp_path) == contents(written)


def test_another_seed_gives_another_town(written: Path, tmp_path: Path) -> None:
    """Nothing but the seed's own file names is shared between two beds."""
    write_bed(make_bed(msgspec.structs.replace(PLAN, seed=6, days=1)), tmp_path)
    assert contents(tmp_path)["pings/2026-09-07.csv"] != contents(written)["pings/2026-09-07.csv"]


def test_pings_are_read_as_recorded_ones_in_the_order_of_arrival(written: Path) -> None:
    """The files are pings.csv, position and time alone, one a working day."""
    files = sorted((written / "pings").iterdir())
    assert [file.stem for file in files] == [day.isoformat() for day in working_days(PLAN)]
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            assert next(lines).strip() == "vehicle_id,timestamp,lat,lon,received_at"
            lines.seek(0)
            pings = list(read_pings(file.name, lines, "bed"))
        assert len(pings) > 5_000
        received = [ping.received_ms for ping in pings]
        assert received == sorted(received)
        assert all(ping.received_ms - ping.fix_ms > -4_000 for ping in pings)
        late = [ping.received_ms for ping in pings if ping.received_ms - ping.fix_ms > 20_000]
        assert len(set(late)) < max(1, len(late)), "a backlog arrives in one message"


def test_residents_and_arrivals_name_one_another(written: Path) -> None:
    """Every arrival is of a resident with one lead, on a day of the bed."""
    residents = {row["resident_id"]: row for row in rows(written / "residents.csv")}
    assert len(residents) == PLAN.homes
    assert {(row["lead_minutes"], row["lead_metres"], row["category"]) for row in residents.values()} == {
        ("10", "", "")
    }
    arrivals = rows(written / "arrivals.csv")
    assert {row["resident_id"] for row in arrivals} == set(residents)
    moments = [parse_rfc3339(row["arrived_at"]) for row in arrivals]
    assert moments == sorted(moments)


def test_a_truck_is_near_the_home_when_it_has_arrived(written: Path) -> None:
    """At arrived_at the pings lie within reach of the home, but for the errors of a tracker."""
    tracks: defaultdict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for file in sorted((written / "pings").iterdir()):
        with file.open(encoding="utf-8", newline="") as lines:
            for ping in read_pings(file.name, lines, "bed"):
                tracks[ping.truck].append((ping.fix_ms, ping.lon, ping.lat))
    plane = Plane(PLAN.longitude, PLAN.latitude)
    known = {truck: np.array(sorted(fixes)) for truck, fixes in tracks.items()}
    homes = {row["resident_id"]: plane.to_xy([(row["lon"], row["lat"])])[0] for row in rows(written / "residents.csv")}
    away = []
    for row in rows(written / "arrivals.csv"):
        fixes, at = known[row["vehicle_id"]], parse_rfc3339(row["arrived_at"])
        lonlat = [np.interp(at, fixes[:, 0], fixes[:, axis]) for axis in (1, 2)]
        away.append(float(np.hypot(*(plane.to_xy([lonlat])[0] - homes[row["resident_id"]]))))
    assert np.quantile(away, 0.9) < ARRIVED_M + HOME_M + 10.0
    assert max(away) < 200.0


# Truth


def test_an_arrival_is_the_first_moment_within_reach_before_the_service(lived: tuple[Bed, list[BedDay]]) -> None:
    """Between arrival and the end of the service the truck never leaves the stop's surroundings."""
    bed, days = lived
    for day in days:
        tracks = {said.vehicle: said for said in day.heard}
        for visit in day.visits:
            said, place = tracks[visit.vehicle], bed.places[visit.stop]
            t = said.fix_ms / 1000.0
            within = (t >= visit.arrived_s + 1.0) & (t <= visit.end_s)
            assert visit.arrived_s <= visit.begin_s < visit.end_s
            assert (
                np.hypot(said.xy[within, 0] - place[0], said.xy[within, 1] - place[1]).max(initial=0.0) < ARRIVED_M + 8
            )
            before = (t < visit.arrived_s - 1.0) & (t > visit.arrived_s - 7.0)
            assert np.hypot(said.xy[before, 0] - place[0], said.xy[before, 1] - place[1]).min(initial=99.0) > 40.0


def test_homes_stand_near_a_routine_stop_and_nearest_to_it(lived: tuple[Bed, list[BedDay]]) -> None:
    """Nobody lives at a stop that is served now and then."""
    bed, days = lived
    visits = [visit for day in days for visit in day.visits]
    due: defaultdict[int, int] = defaultdict(int)
    for index, day in enumerate(working_days(bed.plan)):
        for number in range(len(bed.crews)):
            each = bed.round_of(number, index, day)
            for stop in (stop for block in (each.blocks if each else ()) for stop in block):
                due[stop.number] += 1
    for home in bed.settle(visits):
        away = {stop: math.dist(place, (home.x, home.y)) for stop, place in bed.places.items()}
        assert away[home.stop] <= HOME_M
        assert away[home.stop] == min(away.values())
        assert sum(visit.stop == home.stop for visit in visits) >= ROUTINE_SHARE * due[home.stop]


def test_trucks_pass_homes_without_serving_them(lived: tuple[Bed, list[BedDay]]) -> None:
    """A pass is no arrival: there are more of them than visits."""
    bed, days = lived
    passes = served = 0
    for home in bed.settle([visit for day in days for visit in day.visits]):
        for day in days:
            served += sum(visit.stop == home.stop for visit in day.visits)
            for said in day.heard:
                near = np.hypot(said.xy[:, 0] - home.x, said.xy[:, 1] - home.y) < 150.0
                passes += int((np.diff(near.astype(int)) == 1).sum())
    assert passes > 1.3 * served


def test_trucks_tip_their_load_two_or_three_times_a_day_at_moving_places() -> None:
    """The tip is visited in mid-round, not after the same stop every day."""
    bed = make_bed(BedPlan(seed=9, days=12, trucks=1, unrest=LEVELS["restless"]))
    stops_before: set[int] = set()
    for day in bed.days():
        assert 1 <= len(day.tips) <= 6
        _, first = day.tips[0]
        stops_before.add(sum(visit.end_s < first for visit in day.visits))
    assert len(stops_before) > 3


# Unrest


def orders(level: str) -> list[list[int]]:
    """Give the blocks' order of one round over forty mornings."""
    bed = make_bed(BedPlan(seed=4, trucks=1))
    each = bed.crews[0].rounds[0]
    block_of = {stop.number: number for number, block in enumerate(each.blocks) for stop in block}
    found = []
    for morning in range(40):
        tasks = todays_order(each, LEVELS[level], generator(morning, "morning"))
        met = [block_of[task.stop.number] for task in tasks]
        found.append([met[0], *(after for before, after in pairwise(met) if after != before)])
    return found


def test_a_restless_crew_changes_its_order_more_often_than_a_calm_one() -> None:
    """Unrest shows in the order of the blocks."""
    disordered = {level: sum(order != sorted(order) for order in orders(level)) for level in LEVELS}
    assert disordered["calm"] < disordered["usual"] < disordered["restless"]
    assert disordered["calm"] <= 6


def test_every_setting_of_unrest_is_an_option_and_grows_with_the_level() -> None:
    """What a level sets can be set alone, and calm is never less calm than restless."""
    shown = CliRunner().invoke(program(), ["testbed", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for name in Unrest.__struct_fields__:
        assert "--" + name.replace("_", "-")[:24] in shown
        figures = [getattr(LEVELS[level], name) for level in LEVELS]
        assert figures in (sorted(figures), sorted(figures, reverse=True))


def test_substitutes_and_breakdowns_change_the_vehicle_and_not_the_round() -> None:
    """Another vehicle serves the same stops; after a breakdown both were out."""
    always = msgspec.structs.replace(LEVELS["calm"], breakdown_share=1.0)
    day = next(make_bed(BedPlan(seed=3, days=1, trucks=1, unrest=always)).days())
    assert [said.vehicle for said in day.heard] == ["T01", "S01"]
    assert {visit.vehicle for visit in day.visits} == {"T01", "S01"}
    spare = msgspec.structs.replace(LEVELS["calm"], substitute_share=1.0)
    day = next(make_bed(BedPlan(seed=3, days=1, trucks=1, unrest=spare)).days())
    assert {visit.vehicle for visit in day.visits} == {"S01"}


# Parts


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_every_place_of_a_town_can_be_driven_to(seed: int, trucks: int) -> None:
    """Any way through a town ends where it should, along streets that are there."""
    rng = np.random.default_rng(seed)
    ground = town(trucks, rng)
    for start, end in [*rng.choice(ground.inner, (5, 2)).tolist(), [ground.depot, ground.tip]]:
        way = ground.streets.path(start, end, came=None, flavour=int(rng.integers(0, 4)))
        assert (way[0], way[-1]) == (start, end)
        assert all(after in ground.streets.next_to[before] for before, after in pairwise(way))


@given(st.integers(0, 1000), st.floats(0.0, 1.0))
def test_factors_are_positive_and_one_where_there_is_no_spread(seed: int, cv: float) -> None:
    """Spread never turns time round."""
    assert factor(generator(seed, "factor"), cv) > 0.0
    assert factor(generator(seed, "factor"), 0.0) == 1.0


def test_a_week_of_work_has_no_sunday() -> None:
    """The days are Monday to Saturday, whatever day is named first."""
    days = working_days(BedPlan(days=8, first_day=date(2026, 9, 5)))
    assert [day.isoweekday() for day in days] == [6, 1, 2, 3, 4, 5, 6, 1]


# Real routes


def collection() -> dict[str, object]:
    features = []
    for route, begin in (("a", 13 * 60), ("b", 18 * 60)):
        for seq in range(12):
            minute = begin + 3 * seq
            said = {"route_id": route, "seq": seq, "scheduled_time": f"{minute // 60}:{minute % 60:02d}"}
            place = {"type": "Point", "coordinates": [121.51 + 0.001 * seq, 25.01 + (0.0004 if route == "b" else 0.0)]}
            features.append({"properties": {**said, "garbage_days": "12456"}, "geometry": place})
    return {"features": features}


def test_a_timetable_becomes_a_town_whose_crew_keeps_its_times() -> None:
    """Both parts of a crew's day begin near the timetable, and no truck is out on its days off."""
    routes = read_routes(collection())
    unrest = msgspec.structs.replace(LEVELS["calm"], errands_per_day=0.0)
    bed = make_bed(BedPlan(days=6, trucks=1, unrest=unrest), routes)
    days = list(bed.days())
    assert [bool(day.visits) for day in days] == [True, True, False, True, True, True]
    begins = [day.visits[0].begin_s / 60 for day in days if day.visits]
    assert all(abs(begin - 13 * 60) < 25 for begin in begins)
    assert all(
        abs(min(v.begin_s for v in day.visits if v.begin_s > 17 * 3600) / 60 - 18 * 60) < 35
        for day in days
        if day.visits
    )


def test_a_file_without_timed_stops_is_refused_in_words(tmp_path: Path) -> None:
    """The text says what a route needs."""
    with pytest.raises(RoutesUnusable, match="scheduled_time"):
        read_routes({"features": []})
    file = tmp_path / "routes.geojson"
    file.write_text(json.dumps({"features": []}), encoding="utf-8")
    run = CliRunner().invoke(program(), ["testbed", "--out", str(tmp_path / "bed"), "--routes", str(file)])
    assert run.exit_code == 1
    assert "scheduled_time" in run.output


def test_a_tracker_that_is_silent_while_its_truck_stands_speaks_where_it_moved() -> None:
    """Each fix lies 12 m from the one before, or a heartbeat later; what happened is the same."""
    plain = next(iter(make_bed(PLAN).days()))
    silent = msgspec.structs.replace(PLAN, tracking=Tracking(parked_s=300.0))
    day = next(iter(make_bed(silent).days()))
    assert day.visits == plain.visits
    for said, all_said in zip(day.heard, plain.heard, strict=True):
        moved = np.hypot(*np.diff(said.xy, axis=0).T) >= Tracking().parked_m
        later = np.diff(said.fix_ms) >= 298_000
        assert (moved | later).all()
        assert later.any()
        assert len(said.fix_ms) < 0.8 * len(all_said.fix_ms)


# The command


def test_the_command_takes_settings_that_nobody_has_tried(tmp_path: Path) -> None:
    """A level can be changed setting by setting, and the files say what was asked."""
    given_options = ["--seed", "8", "--days", "1", "--trucks", "1", "--interval", "30", "--homes", "5"]
    changed = ["--unrest", "calm", "--swap-share", "0.9", "--substitute-share", "1", "--lead-minutes", "5"]
    run = CliRunner().invoke(program(), ["testbed", *given_options, *changed, "--out", str(tmp_path)])
    assert run.exit_code == 0, run.output
    assert {row["vehicle_id"] for row in rows(tmp_path / "pings" / "2026-09-07.csv")} == {"S01"}
    assert {row["lead_minutes"] for row in rows(tmp_path / "residents.csv")} == {"5"}
    assert "1 day, 1 truck-day" in run.output


def test_an_unknown_level_of_unrest_is_wrong_usage(tmp_path: Path) -> None:
    """The text names the levels."""
    run = CliRunner().invoke(program(), ["testbed", "--unrest", "wild", "--out", str(tmp_path)])
    assert run.exit_code == 2
