"""How hard a town is for the simple method of nearest past trajectories: the test bed beside three real waste trucks.

`python -m benchmarks.nearest [--seeds 1,2,3,4] [--unrest calm,usual] [--days 20] [--tested 6] [--homes 60]`. Every half
minute the last eight minutes of a truck are laid beside its past days; on each day that came near, the nearest moment
says how long it took from there to each home. An alert of ten minutes fires when the 20 % quantile of these times is at
most eight minutes; the median is foretold. When homes were served on past days is given, not found out. The row of real
trucks is what issue 4 reports of such a method on 46 truck-days. Prints a table; asserts nothing.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import NamedTuple

import numpy as np

from gomikuru.evaluation.eta_scores import BUCKETS
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
LEAD_S, FORETOLD_S, FALSE_AFTER_S = 600.0, 1_800.0, 2_700.0


class Past(NamedTuple):
    """A past day: its moments, where the truck was at each and BACK_S before it, and when it came to each home."""

    at_s: Floats
    way: Floats
    came_s: list[Floats]


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


def day_score(past: list[Past], today: tuple[Floats, Floats], came_s: list[Floats]) -> Counter[str]:
    """Play a day; count what became of alerts and predictions."""
    score: Counter[str] = Counter()
    told_s: dict[int, float] = {}
    moments_s = np.arange(today[0][0], today[0][-1], EVERY_S)
    for at_s, way in zip(moments_s.tolist(), ways(moments_s, *today), strict=True):
        left_s = np.array([next_s(each, at_s) for each in came_s])
        ahead_s = ahead(past, at_s, way, len(came_s))
        if not len(ahead_s):
            continue
        soonest, middle = np.quantile(ahead_s, (QUANTILE, 0.5), axis=0, method="inverted_cdf")
        over = np.array([bool(len(each)) and at_s > each.max() for each in came_s])
        for home in np.flatnonzero((soonest <= WITHIN_S) & ~over).tolist():
            told_s.setdefault(home, at_s)
        for home in np.flatnonzero((middle <= FORETOLD_S) & ~over).tolist():
            score.update(foretold(float(middle[home]), float(left_s[home])))
    for home, each in enumerate(came_s):
        score.update(told(told_s.get(home), each))
    return score


def ahead(past: list[Past], at_s: float, way: Floats, homes: int) -> Floats:
    """Tell, a row a day that was near, how long the truck then took to each home."""
    rows = []
    for day in past:
        away_m = np.hypot(*np.moveaxis(day.way - way, 2, 0)).mean(axis=1)
        best = int(np.argmin(away_m + CLOCK_MPS * np.abs(day.at_s - at_s)))
        if away_m[best] <= NEAR_M:
            rows.append([next_s(day.came_s[home], float(day.at_s[best])) for home in range(homes)])
    return np.array(rows)


def foretold(eta_s: float, left_s: float) -> list[str]:
    """Judge a prediction: the bucket in which it counts, and there whether it is right."""
    known = left_s <= FALSE_AFTER_S
    bucket = next((each for each in BUCKETS if each.from_s <= (left_s if known else eta_s) < each.until_s), None)
    if bucket is None:
        return []
    right = known and bucket.earliest_s <= left_s - eta_s <= bucket.latest_s
    return [bucket.name, f"{bucket.name} right"] if right else [bucket.name]


def told(at_s: float | None, came_s: Floats) -> list[str]:
    """Judge a home's day: what became of its alert, and of its arrivals."""
    left_s = next_s(came_s, at_s - EVERY_S) if at_s is not None else np.inf
    words = [] if at_s is None else ["alerts"] + ["false"] * (left_s > FALSE_AFTER_S)
    if not len(came_s):
        return words
    if left_s > max(FALSE_AFTER_S, 3.0 * LEAD_S):
        return [*words, "arrivals", "missed"]
    late, hit = left_s < 0.3 * LEAD_S, 0.5 * LEAD_S <= left_s <= 2.0 * LEAD_S
    return [*words, "arrivals", "hit" if hit else "late" if late else "early" if left_s > LEAD_S else "close"]


def town_score(plan: BedPlan, tested: int) -> Counter[str]:
    """Learn from the first days of a town and play the last ones."""
    bed = make_bed(plan)
    days = list(bed.days())
    homes = bed.settle([visit for day in days for visit in day.visits])
    score: Counter[str] = Counter()
    for vehicle in sorted({said.vehicle for day in days[-tested:] for said in day.heard}):
        past = []
        for day in days[:-tested]:
            known = track(day, vehicle)
            if known:
                at_s = np.arange(known[0][0], known[0][-1], PAST_EVERY_S)
                past.append(Past(at_s, ways(at_s, *known), arrivals(day, homes, vehicle)))
        for day in days[-tested:]:
            today = track(day, vehicle)
            if today and past:
                score.update(day_score(past, today, arrivals(day, homes, vehicle)))
    return score


def line(name: str, score: Counter[str]) -> str:
    """Word the scores of a town."""
    shares = [score[word] / max(score["arrivals"], 1) for word in WORDS]
    headline = np.mean([score[f"{each.name} right"] / max(score[each.name], 1) for each in BUCKETS])
    figures = (*shares, score["false"] / max(score["alerts"], 1), float(headline))
    return f"{name:<16}{score['arrivals']:>9}" + "".join(f"{figure:>9.2f}" for figure in figures)


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
        total: Counter[str] = Counter()
        for seed in given.seeds.split(","):
            plan = BedPlan(seed=int(seed), days=given.days, homes=given.homes, unrest=LEVELS[level])
            score = town_score(plan, given.tested)
            print(line(f"{level} {seed}", score), flush=True)
            total.update(score)
        print(line(f"{level}, all", total), flush=True)


if __name__ == "__main__":
    main()
