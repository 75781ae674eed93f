"""How hard a town is for simple methods that are known from three real waste trucks, for a lead of ten minutes.

`python -m benchmarks.yardstick [--seeds 1,2,3] [--unrest calm,usual,fleet:0.3,yards] [--days 20] [--tested 6]`, with
towns as in benchmarks.towns. An alert is sent when the truck is first within 500 m, or 1,000 m, of a home on a day; or
by nearest past trajectories: every half minute the last eight minutes of a truck are laid beside its past days, and on
each day that came near, the nearest moment says how long it took from there to each home; an alert fires when the 20 %
quantile of these times is at most eight minutes; the median is foretold. When homes were served on past days is given,
not found out. Each vehicle is judged by what it did itself, at homes that it served on a third of its past days. The
rows of real trucks are what issue 4 reports of these methods on 46 truck-days. Prints a table; asserts nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.towns import ZONE, made, rows_of
from gomikuru.evaluation.alert_scores import judge, score_alerts
from gomikuru.evaluation.baselines import alerts_at
from gomikuru.evaluation.eta_scores import EtaTally, Predictions
from gomikuru.evaluation.instants import instants_ms
from gomikuru.evaluation.timeline import NONE_MS, Arrivals, Ints, Timeline
from gomikuru.pings_csv import read_pings
from gomikuru.simulation.plane import Floats, Plane

COLUMNS = ("hit", "late", "missed", "early", "false")
REAL = {
    "500 m": (0.07, 0.28, 0.00, 0.51, 0.37, None),
    "1,000 m": (0.15, 0.01, 0.00, 0.73, 0.58, None),
    "nearest": (0.69, 0.04, 0.04, 0.18, 0.14, 0.62),
}
RADII_M = {"500 m": 500.0, "1,000 m": 1_000.0}
BACK_S = np.array([0.0, 60.0, 120.0, 240.0, 480.0])
EVERY_S, PAST_EVERY_S = 30.0, 15.0
NEAR_M = 150.0
CLOCK_MPS = 0.03
"""Of two moments as near, the one counts that is nearer by the clock: half an hour weighs like 54 m."""
QUANTILE, WITHIN_S = 0.2, 480.0
LEAD_MIN, FORETOLD_S, DAY_S = 10.0, 1_800.0, 86_400.0
ROUTINE = 1 / 3
PARTS = ("pings", "test")
TOWN = 10_000
"""More than a town has homes and vehicles."""

Row = tuple[int, float, float]
"""Who, when (s), and a time from then on (s)."""


class Track(NamedTuple):
    """A vehicle's day: seconds since midnight and metres of its fixes, and when it came to each home."""

    at_s: Floats
    xy: Floats
    came_s: list[Floats]


class Town(NamedTuple):
    """Homes on a plane, and the tracks of each vehicle on past and on tested days."""

    homes: Floats
    past: dict[str, list[Track]]
    tested: dict[str, list[Track]]


class Past(NamedTuple):
    """A past day: its moments, where the truck was at each and BACK_S before it, and when it came to each home."""

    at_s: Floats
    way: Floats
    came_s: list[Floats]


class Scored(NamedTuple):
    """What came true, what was told, what was foretold."""

    truth: list[Row]
    alerts: list[Row]
    foretold: list[Row]


def read_town(folder: Path) -> Town:
    """Read a town that benchmarks.towns has made."""
    residents = rows_of(folder / "residents.csv")
    lonlat = np.array([(float(row["lon"]), float(row["lat"])) for row in residents])
    plane = Plane(*lonlat.mean(axis=0).tolist())
    names = {row["resident_id"]: number for number, row in enumerate(residents)}
    came: dict[tuple[str, date], list[tuple[int, float]]] = {}
    for row in rows_of(folder / "arrivals.csv"):
        at_s = float(instants_ms([row["arrived_at"]], False)[0]) / 1000.0
        came.setdefault((row["vehicle_id"], _day(at_s)), []).append((names[row["resident_id"]], _second(at_s)))
    past, tested = (_tracks(sorted((folder / where).glob("*.csv")), plane, came, len(names)) for where in PARTS)
    return Town(plane.to_xy(lonlat), past, tested)


def _day(at_s: float) -> date:
    return datetime.fromtimestamp(at_s, ZONE).date()


def _second(at_s: float) -> float:
    """Tell the seconds since midnight of an instant."""
    at = datetime.fromtimestamp(at_s, ZONE)
    return at_s - at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _tracks(
    files: Iterable[Path], plane: Plane, came: dict[tuple[str, date], list[tuple[int, float]]], homes: int
) -> dict[str, list[Track]]:
    """Read files of pings: the tracks of each vehicle, day by day, with more than one fix."""
    fixes: dict[tuple[str, date], list[tuple[float, float, float]]] = {}
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            for ping in read_pings(file.name, lines, "town"):
                at_s = ping.fix_ms / 1000.0
                fixes.setdefault((ping.truck, _day(at_s)), []).append((at_s, ping.lon, ping.lat))
    found: dict[str, list[Track]] = {}
    for vehicle, day in sorted(fixes):
        table = np.array(sorted(fixes[vehicle, day]))
        if len(table) > 1:
            at_s = table[:, 0] - (table[0, 0] - _second(float(table[0, 0])))
            visits = came.get((vehicle, day), [])
            came_s = [np.array([at for home, at in visits if home == each]) for each in range(homes)]
            found.setdefault(vehicle, []).append(Track(at_s, plane.to_xy(table[:, 1:]), came_s))
    return found


def ways(at_s: Floats, track: Track) -> Floats:
    """Tell where a truck was at moments, and BACK_S before each: shape (moments, len(BACK_S), 2), metres."""
    asked = at_s[:, None] - BACK_S
    return np.stack([np.interp(asked, track.at_s, track.xy[:, axis]) for axis in (0, 1)], axis=2)


def remembered(track: Track) -> Past:
    """Tell a past day's moments."""
    at_s = np.arange(track.at_s[0], track.at_s[-1], PAST_EVERY_S)
    return Past(at_s, ways(at_s, track), track.came_s)


def next_s(came_s: Floats, at_s: float) -> float:
    """Tell how long after a moment the truck came next; infinite for not at all."""
    later = came_s[came_s > at_s]
    return float(later.min()) - at_s if len(later) else np.inf


def by_nearest(past: list[Past], today: Track, routine: Ints) -> tuple[list[Row], list[Row]]:
    """Play a day; give its alerts (home, instant) and predictions (home, instant, time to arrival)."""
    told_s: dict[int, float] = {}
    foretold: list[Row] = []
    last_s = np.array([today.came_s[home].max() if len(today.came_s[home]) else np.inf for home in routine])
    moments_s = np.arange(today.at_s[0], today.at_s[-1], EVERY_S)
    for at_s, way in zip(moments_s.tolist(), ways(moments_s, today), strict=True):
        ahead_s = ahead(past, at_s, way, routine)
        if not len(ahead_s):
            continue
        soonest, middle = np.quantile(ahead_s, (QUANTILE, 0.5), axis=0, method="inverted_cdf")
        open_ = at_s <= last_s
        for home in routine[(soonest <= WITHIN_S) & open_].tolist():
            told_s.setdefault(home, at_s)
        said = np.flatnonzero((middle <= FORETOLD_S) & open_)
        foretold += [(int(routine[row]), at_s, float(middle[row])) for row in said]
    return [(home, at_s, 0.0) for home, at_s in told_s.items()], foretold


def ahead(past: list[Past], at_s: float, way: Floats, routine: Ints) -> Floats:
    """Tell, a row a day that was near, how long the truck then took to each routine home."""
    rows = []
    for day in past:
        away_m = np.hypot(*np.moveaxis(day.way - way, 2, 0)).mean(axis=1)
        best = int(np.argmin(away_m + CLOCK_MPS * np.abs(day.at_s - at_s)))
        if away_m[best] <= NEAR_M:
            rows.append([next_s(day.came_s[home], float(day.at_s[best])) for home in routine])
    return np.array(rows)


def by_radius(today: Track, homes: Floats, routine: Ints, metres: float) -> list[Row]:
    """Tell when the truck was first within a radius of each routine home, if it was."""
    found = []
    for home in routine.tolist():
        near = np.hypot(*(today.xy - homes[home]).T) <= metres
        if near.any():
            found.append((home, float(today.at_s[int(np.argmax(near))]), 0.0))
    return found


def town_scores(town: Town) -> dict[str, Scored]:
    """Play the tested days of a town by every method."""
    scores = {method: Scored([], [], []) for method in REAL}
    for number, (vehicle, tracks) in enumerate(town.tested.items()):
        known = town.past.get(vehicle, [])
        served = np.array([[len(came_s) > 0 for came_s in track.came_s] for track in known])
        routine = np.flatnonzero(served.mean(axis=0) >= ROUTINE) if len(known) else np.zeros(0, dtype=np.int64)
        past = [remembered(track) for track in known]
        for index, today in enumerate(tracks):
            came = [(home, float(at_s), 0.0) for home in routine.tolist() for at_s in today.came_s[home]]
            said = {"nearest": by_nearest(past, today, routine)}
            said |= {method: (by_radius(today, town.homes, routine, metres), []) for method, metres in RADII_M.items()}
            for method, (alerts, foretold) in said.items():
                for rows, found in zip(scores[method], (came, alerts, foretold), strict=True):
                    rows += [(number * len(town.homes) + home, index * DAY_S + at_s, s) for home, at_s, s in found]
    return scores


def columns(rows: list[Row]) -> tuple[Ints, Ints, Ints]:
    """Tell who, when (ms), and ms from then on."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    who, at_s, ahead_s = table.T
    return who.astype(np.int64), np.round(1000.0 * at_s).astype(np.int64), np.round(1000.0 * ahead_s).astype(np.int64)


def line(name: str, method: str, towns: list[Scored]) -> str:
    """Word the scores of towns together; each town's people are others."""
    apart = [
        [[(TOWN * number + who, at_s, s) for who, at_s, s in rows] for rows in town]
        for number, town in enumerate(towns)
    ]
    came, told, foretold = (columns([row for town in apart for row in town[kind]]) for kind in range(3))
    timeline = Timeline(Arrivals(came[0], came[1]))
    alerts = alerts_at(told[0], told[1], np.full(len(told[0]), LEAD_MIN))
    judged = judge(timeline, np.ones(len(timeline), dtype=np.bool_), alerts, np.full(TOWN * len(towns), LEAD_MIN))
    tally = EtaTally(timeline)
    none_ms = np.full(len(foretold[0]), NONE_MS)
    tally.add(Predictions(foretold[0], foretold[1], foretold[1] + foretold[2], none_ms, none_ms))
    total = score_alerts(judged, 0).total
    headline = tally.score().headline if foretold[0].size else None
    return worded(name, method, total.arrivals, (*(getattr(total, word) for word in COLUMNS), headline))


def worded(name: str, method: str, arrivals: int, figures: Iterable[float | None]) -> str:
    """Word one line."""
    shares = "".join(f"{'-' if figure is None else format(figure, '.2f'):>9}" for figure in figures)
    return f"{name:<18}{method:<10}{arrivals:>9}{shares}"


def main() -> None:
    """Print a line a method of every town, and of all towns of a level together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--unrest", default="calm,usual,fleet:0.3,yards")
    for name, usual in (("days", 20), ("tested", 6), ("trucks", 3), ("homes", 60)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    given.leads = f"{LEAD_MIN:.0f}"
    print(f"{'town':<18}{'method':<10}{'arrivals':>9}" + "".join(f"{word:>9}" for word in (*COLUMNS, "headline")))
    for method, figures in REAL.items():
        print(worded("real trucks", method, 776, figures))
    for unrest in given.unrest.split(","):
        all_scores = []
        for seed in given.seeds.split(","):
            with tempfile.TemporaryDirectory() as folder:
                made(Path(folder), seed, unrest, given)
                all_scores.append(town_scores(read_town(Path(folder))))
            for method in REAL:
                print(line(f"{unrest} {seed}", method, [all_scores[-1][method]]), flush=True)
        for method in REAL:
            print(line(f"{unrest}, all", method, [scores[method] for scores in all_scores]), flush=True)


if __name__ == "__main__":
    main()
