"""How hard a town is for the simple method of nearest past trajectories: the test bed beside three real waste trucks.

`python -m benchmarks.nearest [--seeds 1,2,3,4] [--unrest calm,usual] [--days 20] [--tested 6] [--homes 60]`. Every half
minute the last eight minutes of a truck are laid beside its past days; on each day that came near, the nearest moment
says how long it took from there to each home. An alert of ten minutes fires when the 20 % quantile of these times is at
most eight minutes; the median is foretold. When homes were served on past days is given, not found out. The row of real
trucks is what issue 4 reports of such a method on 46 truck-days. Prints a table; asserts nothing.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from gomikuru.evaluation.alert_scores import judge, score_alerts
from gomikuru.evaluation.baselines import alerts_at
from gomikuru.evaluation.eta_scores import EtaTally, Predictions
from gomikuru.evaluation.timeline import NONE_MS, Arrivals, Ints, Timeline
from gomikuru.simulation.bed import LEVELS, BedDay, BedPlan, Home, make_bed
from gomikuru.simulation.plane import Floats

WORDS = ("hit", "late", "missed", "early")
REAL = (0.69, 0.04, 0.04, 0.18, 0.14, 0.62)
BACK_S = np.array([0.0, 60.0, 120.0, 240.0, 480.0])
EVERY_S, PAST_EVERY_S = 30.0, 15.0
NEAR_M = 150.0
CLOCK_MPS = 0.03
"""Of two moments as near, the one counts that is nearer by the clock: half an hour weighs like 54 m."""
QUANTILE, WITHIN_S = 0.2, 480.0
LEAD_MIN, FORETOLD_S, DAY_S = 10.0, 1_800.0, 86_400.0
TOWN = 10_000
"""More than a town has homes and vehicles."""

Row = tuple[int, float, float]
"""Who, when (s), and a time from then on (s)."""


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


def track(day: BedDay, vehicle: str) -> tuple[Floats, Floats] | None:
    """Tell the seconds of the day and the metres of a vehicle's fixes, in the order in which they were taken."""
    for said in day.heard:
        if said.vehicle == vehicle and len(said.fix_ms) > 1:
            order = np.argsort(said.fix_ms, kind="stable")
            return said.fix_ms[order] / 1000.0, said.xy[order]
    return None


def ways(at_s: Floats, fixes_s: Floats, xy: Floats) -> Floats:
    """Tell where a truck was at moments, and BACK_S before each: shape (moments, len(BACK_S), 2), metres."""
    asked = at_s[:, None] - BACK_S
    return np.stack([np.interp(asked, fixes_s, xy[:, axis]) for axis in (0, 1)], axis=2)


def arrivals(day: BedDay, homes: list[Home], vehicle: str) -> list[Floats]:
    """Tell for each home when the vehicle came to serve it that day."""
    own = [visit for visit in day.visits if visit.vehicle == vehicle]
    return [np.array([visit.arrived_s for visit in own if visit.stop == home.stop]) for home in homes]


def next_s(came_s: Floats, at_s: float) -> float:
    """Tell how long after a moment the truck came next; infinite for not at all."""
    later = came_s[came_s > at_s]
    return float(later.min()) - at_s if len(later) else np.inf


def day_said(past: list[Past], today: tuple[Floats, Floats], came_s: list[Floats]) -> tuple[list[Row], list[Row]]:
    """Play a day; give its alerts (home, instant) and predictions (home, instant, time to arrival)."""
    told_s: dict[int, float] = {}
    foretold: list[Row] = []
    moments_s = np.arange(today[0][0], today[0][-1], EVERY_S)
    for at_s, way in zip(moments_s.tolist(), ways(moments_s, *today), strict=True):
        ahead_s = ahead(past, at_s, way, len(came_s))
        if not len(ahead_s):
            continue
        soonest, middle = np.quantile(ahead_s, (QUANTILE, 0.5), axis=0, method="inverted_cdf")
        over = np.array([bool(len(each)) and at_s > each.max() for each in came_s])
        for home in np.flatnonzero((soonest <= WITHIN_S) & ~over).tolist():
            told_s.setdefault(home, at_s)
        foretold += [(home, at_s, float(middle[home])) for home in np.flatnonzero((middle <= FORETOLD_S) & ~over)]
    return [(home, at_s, 0.0) for home, at_s in told_s.items()], foretold


def ahead(past: list[Past], at_s: float, way: Floats, homes: int) -> Floats:
    """Tell, a row a day that was near, how long the truck then took to each home."""
    rows = []
    for day in past:
        away_m = np.hypot(*np.moveaxis(day.way - way, 2, 0)).mean(axis=1)
        best = int(np.argmin(away_m + CLOCK_MPS * np.abs(day.at_s - at_s)))
        if away_m[best] <= NEAR_M:
            rows.append([next_s(day.came_s[home], float(day.at_s[best])) for home in range(homes)])
    return np.array(rows)


def town_score(plan: BedPlan, tested: int) -> Scored:
    """Learn from the first days of a town and play the last ones; each vehicle is judged by what it did itself."""
    bed = make_bed(plan)
    days = list(bed.days())
    homes = bed.settle([visit for day in days for visit in day.visits])
    vehicles = sorted({said.vehicle for day in days[-tested:] for said in day.heard})
    truth: list[Row] = []
    alerts: list[Row] = []
    foretold: list[Row] = []
    for number, vehicle in enumerate(vehicles):
        past = []
        for day in days[:-tested]:
            known = track(day, vehicle)
            if known:
                at_s = np.arange(known[0][0], known[0][-1], PAST_EVERY_S)
                past.append(Past(at_s, ways(at_s, *known), arrivals(day, homes, vehicle)))
        for index, day in enumerate(days[-tested:]):
            today = track(day, vehicle)
            if today and past:
                came_s = arrivals(day, homes, vehicle)
                came = [(home, float(at_s), 0.0) for home, each in enumerate(came_s) for at_s in each]
                for rows, found in zip((truth, alerts, foretold), (came, *day_said(past, today, came_s)), strict=True):
                    rows += [(number * len(homes) + home, index * DAY_S + at_s, s) for home, at_s, s in found]
    return Scored(truth, alerts, foretold)


def columns(rows: list[Row]) -> tuple[Ints, Ints, Ints]:
    """Tell who, when (ms), and ms from then on."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    who, at_s, ahead_s = table.T
    return who.astype(np.int64), np.round(1000.0 * at_s).astype(np.int64), np.round(1000.0 * ahead_s).astype(np.int64)


def line(name: str, towns: list[Scored]) -> str:
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
    figures = (total.hit, total.late, total.missed, total.early, total.false, tally.score().headline)
    return f"{name:<16}{total.arrivals:>9}" + "".join(f"{figure or 0.0:>9.2f}" for figure in figures)


def main() -> None:
    """Print a line a level of unrest, of all its towns together, and one a town."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3,4")
    parser.add_argument("--unrest", default=",".join(LEVELS))
    for name, usual in (("days", 20), ("tested", 6), ("homes", 60)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    print(f"{'town':<16}{'arrivals':>9}" + "".join(f"{word:>9}" for word in (*WORDS, "false", "headline")))
    print(f"{'real trucks':<16}{776:>9}" + "".join(f"{figure:>9.2f}" for figure in REAL))
    for level in given.unrest.split(","):
        towns: list[Scored] = []
        for seed in given.seeds.split(","):
            plan = BedPlan(seed=int(seed), days=given.days, homes=given.homes, unrest=LEVELS[level])
            towns.append(town_score(plan, given.tested))
            print(line(f"{level} {seed}", towns[-1:]), flush=True)
        print(line(f"{level}, all", towns), flush=True)


if __name__ == "__main__":
    main()
