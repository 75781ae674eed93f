"""The trucks of benchmarks/yards: the very towns that were measured, true to their paths, few long stops in yards."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.towns import made
from benchmarks.yards.__main__ import main
from benchmarks.yards.almanac import FIRST, Almanac, Day
from benchmarks.yards.boxes import logged
from benchmarks.yards.crews import Receiver
from benchmarks.yards.driving import Wheel, slowed
from benchmarks.yards.files import METRES_PER_DEGREE
from benchmarks.yards.fleet import Fleet, Outcome, ServiceDay
from benchmarks.yards.office import Office
from benchmarks.yards.settings import Box, Days, Settings, Work
from benchmarks.yards.sites import OPEN, Rhythm, Stop, Walls
from benchmarks.yards.streets import Point, Width
from benchmarks.yards.town import Town, built
from benchmarks.yards.track import Floats, Track
from model.times import local, parse_rfc3339
from tests.support.tables import rows

MEASURED = [
    ("truck-2", "home-027", "2026-03-06T21:25"),
    ("truck-2", "home-028", "2026-03-06T21:41"),
    ("truck-1", "home-003", "2026-03-06T21:44"),
    ("truck-2", "home-033", "2026-03-08T05:19"),
    ("truck-3", "home-048", "2026-03-08T05:34"),
]
MONDAY = Day(1, dt.date(2026, 3, 2), light=False, pace=1.0, service=1.0, traffic=1.0, shut=frozenset())
SUNDAY = replace(MONDAY, date=dt.date(2026, 3, 8))
QUIET = Box(gaps=0.0, jumps=0.0, cold=0.0)


def written(folder: Path, seed: int = 1) -> Path:
    """A town of two days, written by the command."""
    asked = ["yards", "--seed", str(seed), "--days", "2", "--lead-minutes", "7", "--out", str(folder)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", asked)
        main()
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("yards"))


@pytest.fixture(scope="module")
def lived() -> tuple[Fleet, list[ServiceDay]]:
    """The town and the days of `folder`."""
    fleet = Fleet(Settings(seed=1), 2)
    return fleet, list(fleet.days())


@pytest.fixture(scope="module")
def town() -> Town:
    return built(Settings(seed=3))


def outcomes(lived: tuple[Fleet, list[ServiceDay]]) -> Iterator[Outcome]:
    for one in lived[1]:
        yield from one.trucks


def away(places: Floats, place: Point) -> Floats:
    """How far places lie from one, in metres."""
    return np.asarray(np.hypot(*(places[:, :2] - place).T))


# The files


def test_the_towns_are_those_that_were_measured(folder: Path) -> None:
    """A figure that is changed, or drawn in another order, makes another town than those that the docs speak of."""
    assert [len(rows(path)) for path in sorted((folder / "pings").iterdir())] == [18_334, 19_586]
    came = [(row["vehicle_id"], row["resident_id"], row["arrived_at"][:16]) for row in rows(folder / "arrivals.csv")]
    assert len(came) == 104
    assert came[:3] + came[-2:] == MEASURED


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Two runs of one seed agree in every file."""
    written(tmp_path)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(names) == 5
    assert all((folder / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_another_seed_makes_another_town(folder: Path, tmp_path: Path) -> None:
    """Streets, residents and days are others."""
    written(tmp_path, seed=2)
    for name in ("residents.csv", "arrivals.csv"):
        assert not {*(folder / name).read_text("utf-8").splitlines()[1:]} & {
            *(tmp_path / name).read_text("utf-8").splitlines()[1:]
        }
    one, two = (built(Settings(seed=seed)).ground.streets for seed in (1, 2))
    assert not {*one.nodes} & {*two.nodes}


def test_pings_are_in_order_of_time(folder: Path) -> None:
    """A day's file is ordered by stamp over all trucks and lies on its own local date."""
    for path in (folder / "pings").iterdir():
        stamps = [parse_rfc3339(row["timestamp"]) for row in rows(path)]
        assert stamps == sorted(stamps)
        assert {local(stamp, "Asia/Tokyo").date().isoformat() for stamp in stamps} == {path.stem}
        assert {row["vehicle_id"] for row in rows(path)} == {"truck-1", "truck-2", "truck-3"}


def test_residents_have_their_lead(folder: Path) -> None:
    """Every home is there once, with the lead that was asked for."""
    residents = rows(folder / "residents.csv")
    assert 51 <= len({row["resident_id"] for row in residents}) == len(residents) <= 54
    assert {row["lead_minutes"] for row in residents} == {"7"}


def test_pings_lie_about_the_home_while_it_is_served(folder: Path) -> None:
    """In the minutes after an arrival the fixes of that truck lie within some tens of metres of the resident."""
    pings = [
        (row["vehicle_id"], parse_rfc3339(row["timestamp"]), float(row["lat"]), float(row["lon"]))
        for path in (folder / "pings").iterdir()
        for row in rows(path)
    ]
    homes = {row["resident_id"]: (float(row["lat"]), float(row["lon"])) for row in rows(folder / "residents.csv")}
    arrivals, seen = rows(folder / "arrivals.csv"), 0
    for row in arrivals:
        came, (home_lat, home_lon) = parse_rfc3339(row["arrived_at"]), homes[row["resident_id"]]
        east_m = METRES_PER_DEGREE * math.cos(math.radians(home_lat))
        far_m = [
            math.hypot((lat - home_lat) * METRES_PER_DEGREE, (lon - home_lon) * east_m)
            for vehicle, at, lat, lon in pings
            if vehicle == row["vehicle_id"] and 0 <= at - came < 120_000
        ]
        seen += bool(far_m)
        assert np.median(far_m or [0]) < 60
    assert seen > 0.9 * len(arrivals)


def test_towns_judges_them(tmp_path: Path) -> None:
    """`--unrest yards` makes such a town, its homes taking the leads by turns."""
    made(tmp_path, "1", "yards", argparse.Namespace(days=3, tested=1, homes=60, trucks=3, leads="5,30"))
    assert [len(list((tmp_path / name).iterdir())) for name in ("pings", "test")] == [2, 1]
    assert [row["lead_minutes"] for row in rows(tmp_path / "residents.csv")[:3]] == ["5", "30", "5"]
    assert len(rows(tmp_path / "before.csv")) > len(rows(tmp_path / "after.csv")) > 30


# True paths


def test_an_arrival_is_the_moment_at_which_the_truck_stops_at_the_stand(
    folder: Path, lived: tuple[Fleet, list[ServiceDay]]
) -> None:
    """Just then the truck is there, a second before it is not, and until it is served the truck stays in the yard."""
    fleet, days = lived
    stops = {home.stop: home.resident_id for home in fleet.town.homes}
    came = {(row["resident_id"], row["arrived_at"]) for row in rows(folder / "arrivals.csv")}
    for one in days:
        midnight = dt.datetime.combine(one.day.date, dt.time(), dt.timezone(dt.timedelta(hours=9))).timestamp()
        for truck in one.trucks:
            for service in (service for service in truck.services if service.stop.home):
                instants = {at for resident, at in came if resident == stops[service.stop.number]}
                assert round((midnight + service.start_s) * 1000) in {parse_rfc3339(at) for at in instants}
                stand = service.stop.yard.stand
                before, then = away(truck.track.at(np.array([service.start_s - 1, service.start_s])), stand)
                assert then < 0.01 < 0.8 < before
                assert away(truck.track.at(np.arange(service.start_s, service.end_s)), stand).max() < 23
    assert len(came) == sum(service.stop.home for truck in outcomes(lived) for service in truck.services)


def test_a_truck_moves_like_a_truck(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """True paths go forward in time, begin and end in the depot, and are never faster than 90 km/h."""
    depot = lived[0].town.ground.streets.nodes[lived[0].town.places.depot]
    for truck in outcomes(lived):
        assert all(one[0] <= other[0] for one, other in pairwise(truck.track.points))
        places = truck.track.at(np.arange(*truck.track.span))
        assert np.hypot(*np.diff(places[:, :2], axis=0).T).max() < 25
        assert away(truck.track.at(np.array(truck.track.span)), depot).max() < 0.01


def test_trucks_tip(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """Every truck stands at the tip once a day or more often, for eight minutes at least each time."""
    town = lived[0].town
    tip = town.ground.streets.nodes[town.places.tip]
    assert math.hypot(*tip) > town.ground.radius_m
    for truck in outcomes(lived):
        visits = [
            list(points) for there, points in groupby(truck.track.points, lambda point: point[1:3] == tip) if there
        ]
        assert 1 <= len(visits) <= 4
        assert min(points[-1][0] - points[0][0] for points in visits) >= 8 * 60


def test_every_place_can_be_reached_and_left_again(town: Town) -> None:
    """From the depot to all other nodes that have streets, and from them to the depot."""
    out = [list(row) for row in town.ground.streets.out]
    into: list[list[int]] = [[] for _ in out]
    for start, row in enumerate(out):
        for end in row:
            into[end].append(start)
    for neighbours in (out, into):
        seen, todo = {town.places.depot}, [town.places.depot]
        while todo:
            new = set(neighbours[todo.pop()]) - seen
            seen |= new
            todo += new
        assert seen == {node for node, row in enumerate(out) if row}
        assert {town.places.tip, *(stop.yard.gate for truck in town.trucks for stop in truck.round.stops)} <= seen


def test_a_closed_street_is_avoided_but_keeps_nobody_in(town: Town) -> None:
    """A truck drives round a street that is shut, and through it where there is no other way."""
    streets, depot = town.ground.streets, town.places.depot

    def driven(shut: frozenset[tuple[int, int]]) -> list[tuple[float, float]]:
        track = Track(0.0, streets.nodes[depot])
        day, rng = replace(MONDAY, shut=shut), np.random.default_rng(1)
        wheel = Wheel(streets, town.tastes[0], day, Work(), 1.0, track, depot, rng)
        wheel.go(town.trucks[0].round.stops[0].yard.gate)
        return [(x, y) for _, x, y, _, _ in track.points]

    free = driven(frozenset())
    nodes = [streets.nodes.index(place) for place in free if place in streets.nodes]
    lane = next(
        (one, other)
        for one, other in pairwise(nodes)
        if other in streets.out[one] and streets.out[one][other].width is Width.WIDE and len(streets.out[one]) > 2
    )
    shut = frozenset({lane, lane[::-1]})
    middle = streets.out[lane[0]][lane[1]].line[1]
    assert middle in free
    assert middle not in driven(shut)
    everything = frozenset((start, end) for start, row in enumerate(streets.out) for end in row)
    assert driven(everything)[-1] == free[-1]


def test_wide_streets_are_slow_at_the_peaks_of_weekdays() -> None:
    """At eight more than at noon, and more than lanes; Sundays have no peaks."""
    peak, noon = (slowed(hour * 3600, MONDAY) for hour in (8, 12))
    assert peak[Width.WIDE] > 1.3 > 1.2 > noon[Width.WIDE] > 1
    assert peak[Width.WIDE] > peak[Width.LANE]
    assert slowed(8 * 3600, SUNDAY) == slowed(12 * 3600, SUNDAY)


# Few stops, long ones


@pytest.mark.parametrize("seed", [1, 6, 9])
def test_a_round_has_few_stops_far_apart(seed: int) -> None:
    """17 or 18 homes a truck, 320 m apart; where there was no room, not nearer than 0.6 of that."""
    town = built(Settings(seed=seed))
    assert {len(truck.round.stops) for truck in town.trucks} <= {17, 18}
    nodes, stands, alone = town.ground.streets.nodes, list[Point](), list[float]()
    for yard in (stop.yard for truck in town.trucks for stop in truck.round.stops):
        alone.append(min((math.dist(nodes[yard.gate], stand) for stand in stands), default=math.inf))
        stands.append(yard.stand)
    assert min(alone) > 0.95 * 0.6 * 320  # a gate was measured on the straight street, which bends a little
    assert np.quantile(alone, 0.1) > 0.95 * 320


def test_a_stop_takes_twelve_minutes(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """That is the median; hardly one in ten takes less than half of it."""
    minutes = [(one.end_s - one.start_s) / 60 for truck in outcomes(lived) for one in truck.services if one.stop.home]
    assert len(minutes) > 90
    assert 11 < np.median(minutes) < 14
    assert np.quantile(minutes, 0.1) > 6


def test_most_stops_are_served_in_the_same_order_every_day(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """Of two stops in a row, nine in ten follow each other as the usual order has them."""
    for truck in outcomes(lived):
        usual = [truck.truck.round.stops[k].number for k in truck.truck.orders.usual]
        served = [usual.index(one.stop.number) for one in truck.services if one.stop.number in usual]
        assert np.mean([one < other for one, other in pairwise(served)]) >= 0.85


def test_residents_live_beside_their_stand(town: Town) -> None:
    """Within 18 m of it, and every regular stop has one."""
    stands = {stop.number: stop.yard.stand for truck in town.trucks for stop in truck.round.stops}
    assert sorted(home.stop for home in town.homes) == sorted(stands)
    far = [math.dist((home.x, home.y), stands[home.stop]) for home in town.homes]
    assert 9 < max(far) < 18


# Days


def test_sundays_are_free_in_some_towns(town: Town) -> None:
    """Then a fortnight of service days has none; in the others it has two."""
    dates = {}
    for free in (0.0, 1.0):
        settings = Days(sunday=(1 - free, 0.0, free))
        almanac = Almanac(town.ground, settings, 14, np.random.default_rng(1))
        dates[free] = [day.date for day in almanac.days()]
    assert [sum(date.weekday() == 6 for date in dates[free]) for free in (0.0, 1.0)] == [2, 0]
    assert all(len(many) == 14 and 0 <= (many[0] - FIRST).days < 7 for many in dates.values())


def test_what_was_left_is_served_on_the_next_day(town: Town) -> None:
    """Though its weekday is another."""
    thinly = [
        stop
        for truck in town.trucks
        for stop in truck.round.stops
        if stop.rhythm is Rhythm.WEEKDAYS and 0 not in stop.weekdays
    ]
    assert thinly
    for owed in ([], thinly):
        office = Office(town, Days(workshop=0.0, skipped=0.0), np.random.default_rng(1))
        office.owed(owed)
        queued = [task.stop for outing in office.outings(MONDAY) for task in outing.queue + outing.helps]
        assert [stop in queued for stop in thinly] == [bool(owed)] * len(thinly)


def test_stops_of_a_truck_in_the_workshop_are_served_by_others(town: Town) -> None:
    """Some of its daily ones, at the end of the others' days; it has nothing to do itself."""
    office, helped = Office(town, Days(workshop=0.4, helps=0.0), np.random.default_rng(1)), list[Stop]()
    for number in range(1, 20):
        outings = office.outings(replace(MONDAY, number=number))
        idle = {outing.truck.index for outing in outings if not outing.works}
        assert not any(outing.queue for outing in outings if not outing.works)
        for outing in outings:
            assert {task.stop.truck for task in outing.helps} <= idle - {outing.truck.index}
            helped += [task.stop for task in outing.helps]
    assert len(helped) > 20
    assert {stop.rhythm for stop in helped} == {Rhythm.DAILY}


def test_a_colleagues_last_stops_are_taken_over(town: Town) -> None:
    """One to three, which then stand in nobody's queue."""
    office = Office(town, Days(workshop=0.0, helps=1.0, calls=0.0), np.random.default_rng(1))
    outings = office.outings(MONDAY)
    queued = [task.stop.number for outing in outings for task in outing.queue + outing.helps]
    assert len(queued) == len(set(queued))
    assert all(1 <= len(outing.helps) <= 3 for outing in outings)
    assert all(task.stop.truck != outing.truck.index for outing in outings for task in outing.helps)


# Boxes


def stood(walls: Walls = OPEN, box: Box = QUIET, holds: bool = False, seed: int = 1) -> Floats:
    """How far east and north of a truck that stands for two hours its fixes lie."""
    track = Track(36_000.0, (900.0, 900.0))
    track.wait(0.0, walls)
    track.wait(7200.0, walls)
    receiver = Receiver(sleeps=False, holds=holds, blur=1.0)
    return np.asarray(logged(track, receiver, box, np.random.default_rng(seed)).xy - (900.0, 900.0))


@pytest.mark.parametrize("holds", [True, False])
def test_boxes_freeze_or_wander(holds: bool) -> None:
    """Of a truck that stands, one kind of box repeats its position and the other kind does not."""
    fixes = stood(holds=holds)
    assert (len(np.unique(fixes, axis=0)) < len(fixes) / 8) is holds


@pytest.mark.parametrize("walls", [Walls(blur_m=9.0), Walls(drift_m=20.0)])
def test_fixes_wander_by_tens_of_metres_in_yards(walls: Walls) -> None:
    """Between walls they lie more than twice as far off as in the open, the worst beyond 15 m."""
    street, yard = (np.hypot(*stood(among).T) for among in (OPEN, walls))
    assert 2 * np.median(street) < np.median(yard)
    assert np.quantile(street, 0.95) < 10 < 15 < np.quantile(yard, 0.95)


def test_some_fixes_jump() -> None:
    """Single ones lie far from the truck."""
    calm, jumpy = (np.hypot(*stood(box=replace(QUIET, jumps=share)).T) > 40 for share in (0.0, 0.02))
    assert not calm.any()
    assert 0.005 < jumpy.mean() < 0.02


def test_the_first_fixes_lie_off() -> None:
    """After a start a box is tens of metres off or more, but not for a minute."""
    cold = np.array([np.hypot(*stood(box=replace(QUIET, cold=1.0), seed=seed)[:20].T) for seed in range(40)])
    assert np.median(cold[:, 0]) > 15
    assert cold[:, 12:].max() < 15


def test_boxes_have_gaps(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """A box that stays on speaks every five seconds, but for a gap of half a minute and more once or twice a day."""
    on = [truck for truck in outcomes(lived) if not truck.truck.habits.receiver.sleeps]
    silent = np.concatenate([np.diff(np.unique(truck.fixes.t)) for truck in on])
    assert (silent % 5 == 0).all()
    assert np.mean(silent == 5) > 0.98
    assert 0.5 * len(on) <= (silent > 30).sum() <= 5 * len(on)


def test_a_box_may_be_silent_with_the_ignition_off(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """Then there is no fix from that moment to the next start."""
    sleeping = [truck for truck in outcomes(lived) if truck.truck.habits.receiver.sleeps]
    assert sum(len(truck.track.off) for truck in sleeping) > 3
    for truck in outcomes(lived):
        for off, on in truck.track.off:
            assert truck in sleeping
            assert not ((truck.fixes.t > off) & (truck.fixes.t < on)).any()


def test_some_fixes_are_doubled(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """A few in a thousand are there twice, with the same stamp and place."""
    count, doubled = 0, 0
    for fixes in (truck.fixes for truck in outcomes(lived)):
        count += len(fixes.t)
        doubled += len(fixes.t) - len(np.unique(fixes.t))
        assert len(np.unique(np.column_stack([fixes.t, fixes.xy]), axis=0)) == len(np.unique(fixes.t))
    assert 0.001 < doubled / count < 0.006
