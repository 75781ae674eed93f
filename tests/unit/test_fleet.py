"""The fleet of benchmarks/fleet: repeatable, true to its paths, less alike with more unrest."""

from __future__ import annotations

import datetime as dt
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fleet.__main__ import main
from benchmarks.fleet.boxes import Canyon, logged
from benchmarks.fleet.driving import Track
from benchmarks.fleet.files import comings
from benchmarks.fleet.settings import BOXES, Box, settled
from benchmarks.fleet.town import Fleet, ServiceDay
from benchmarks.fleet.truth import NEAR_M, homes
from model.times import local, parse_rfc3339
from tests.support.tables import rows


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Path:
    """A town of two days, written by the command."""
    asked = ["fleet", "--seed", "5", "--unrest", "0.4", "--days", "2", "--homes", "12", "--out", str(folder), *more]
    monkeypatch.setattr(sys, "argv", asked)
    main()
    return folder


@pytest.fixture(scope="module")
def lived() -> tuple[Fleet, list[ServiceDay]]:
    fleet = Fleet(settled(3, 0.4), 3)
    return fleet, list(fleet.days())


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of one seed agree in every file."""
    one, two = written(tmp_path / "one", monkeypatch), written(tmp_path / "two", monkeypatch)
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(names) == 5
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_pings_are_in_order_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day's file is ordered by stamp over all trucks and lies on its own local date."""
    for path in (written(tmp_path, monkeypatch) / "pings").iterdir():
        stamps = [parse_rfc3339(row["timestamp"]) for row in rows(path)]
        assert stamps == sorted(stamps)
        assert {local(stamp, "Asia/Tokyo").date().isoformat() for stamp in stamps} == {path.stem}


def test_a_late_backlog_stands_where_it_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --late-backlog the same fixes stand in order of arrival, some long after they were taken."""
    plain, late = (
        written(tmp_path / name, monkeypatch, *more) for name, more in (("a", ()), ("b", ("--late-backlog",)))
    )
    delays_ms = []
    for path in (plain / "pings").iterdir():
        usual, other = rows(path), rows(late / "pings" / path.name)
        assert sorted(map(_fix, usual)) == sorted(map(_fix, other))
        received = [parse_rfc3339(row["received_at"]) for row in other]
        assert received == sorted(received)
        delays_ms += [at - parse_rfc3339(row["timestamp"]) for at, row in zip(received, other, strict=True)]
    assert min(delays_ms) >= 0
    assert max(delays_ms) > 60_000


def _fix(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("vehicle_id", "timestamp", "lat", "lon"))


def test_every_arrival_is_of_a_known_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrivals name residents, and instants that the program reads."""
    folder = written(tmp_path, monkeypatch)
    known = {row["resident_id"] for row in rows(folder / "residents.csv")}
    assert len(known) == 12
    for row in rows(folder / "arrivals.csv"):
        assert row["resident_id"] in known
        assert parse_rfc3339(row["arrived_at"]) % 1000 == 0


def test_an_arrival_is_the_last_coming_near_before_a_stand_at_the_stop(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """Just before it the truck was farther than 50 m; from it to the end of the service it was not."""
    fleet, days = lived
    midnight = dt.datetime.combine(days[0].day.date, dt.time(), dt.timezone(dt.timedelta(hours=9))).timestamp()
    came = iter(comings(days[0], fleet.stops))
    for truck in days[0].trucks:
        for service in truck.services:
            at, stop = next(came).at - midnight, fleet.stops[service.stop]
            assert service.end_s - service.start_s >= 25
            while_there = truck.track.at(np.arange(at, service.end_s))
            assert (np.hypot(*(while_there - (stop.x, stop.y)).T) <= NEAR_M + 0.1).all()
            stands = truck.track.at(np.array([service.start_s, service.end_s]))
            assert np.hypot(*(stands - (stop.x, stop.y)).T).max() < 40
            assert np.hypot(*(stands[1] - stands[0])) < 0.1
            before = truck.track.at(np.array([at - 1.0]))[0]
            assert math.hypot(before[0] - stop.x, before[1] - stop.y) > NEAR_M


def test_a_truck_moves_like_a_truck(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """True paths are continuous, forward in time, never faster than 80 km/h."""
    for one in lived[1]:
        for truck in one.trucks:
            assert (np.diff(np.concatenate(truck.track.t)) >= 0).all()
            place = truck.track.at(np.arange(*truck.track.span))
            assert np.hypot(*np.diff(place, axis=0).T).max() < 80 / 3.6


def test_homes_are_near_their_stop_and_no_other(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """5 to 40 m from a routine stop, every other stop clearly farther."""
    fleet, _ = lived
    routine = fleet.routine()
    for home in homes(fleet.stops, routine, 80, np.random.default_rng(1)):
        away = {stop.number: math.hypot(stop.x - home.x, stop.y - home.y) for stop in fleet.stops}
        own = away.pop(home.stop)
        assert home.stop in routine
        assert 5 <= own <= 40
        assert min(away.values()) > own + 20


def test_homes_that_do_not_fit_are_refused(lived: tuple[Fleet, list[ServiceDay]]) -> None:
    """Where other stops stand too close, the error says how many homes fit."""
    twins = [lived[0].stops[0]] * 2
    with pytest.raises(ValueError, match="--homes 1: only 0 fit"):
        homes(twins, [0], 1, np.random.default_rng(1))


def test_unrest_makes_days_differ() -> None:
    """The moment of a stop's service spreads more over the days as unrest grows."""
    spreads = []
    for unrest in (0.0, 0.3, 1.0):
        moments: dict[int, list[float]] = {}
        for one in Fleet(settled(2, unrest), 5).days():
            for truck in one.trucks:
                for service in truck.services:
                    moments.setdefault(service.stop, []).append(service.start_s)
        spreads.append(float(np.median([np.ptp(many) for many in moments.values() if len(many) > 2])))
    assert spreads == sorted(spreads)
    assert spreads[2] > 2 * spreads[0]


def test_an_unrest_beyond_one_is_refused() -> None:
    """Unrest lies between 0 and 1."""
    with pytest.raises(ValueError, match=r"--unrest: 1\.5"):
        settled(1, 1.5)


@pytest.mark.parametrize(("box", "stands"), [(BOXES[0], True), (BOXES[1], False)])
def test_boxes_hold_still_or_wander(box: Box, stands: bool) -> None:
    """Of a truck that stands, a filtering box repeats one position and the other kind does not."""
    track = Track()
    track.stand(0.0, 900.0, 900.0)
    track.stand(1800.0, 900.0, 900.0)
    rng = np.random.default_rng(1)
    fixes = logged(track, box, Canyon(500.0, 10.0, rng), rng)
    quiet = fixes.xy[20:300]
    assert (len(np.unique(quiet.round(3), axis=0)) < len(quiet) / 4) is stands
