"""What the test bed lets anybody reach: the score of one who knows the town's laws and today's order, not its chances.

`python -m benchmarks.testbed_ceiling calm [--seeds 2]`. Each minute the rest of the day is lived several times with
other chance: what was decided by then (order, stops left out, when it is full) stays, what was not yet drawn
(services, loads, lights, traffic) is drawn anew. No predictor can do better than that knowledge, and most know less.
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import date
from typing import Any

import msgspec
import numpy as np

from gomikuru.simulation.bed import LEVELS, Bed, BedPlan, make_bed
from gomikuru.simulation.bed.chance import generator
from gomikuru.simulation.bed.crew_day import CrewDrive
from gomikuru.simulation.bed.order import ROUTINE_HABIT
from gomikuru.simulation.bed.plan import working_days
from gomikuru.simulation.bed.truth import arrival_s

NEVER_S = 1e9
WINDOWS = ((0, 3, -30, 90), (3, 6, -60, 150), (6, 10, -60, 210), (10, 15, -90, 270))


class Forked:
    """Chance that is the day's own until a moment and another's from then on."""

    def __init__(self, own: Any, other: Any, until_s: float) -> None:
        self.own, self.other, self.until_s = own, other, until_s
        self.drive: CrewDrive | None = None

    def __getattr__(self, name: str) -> Any:
        wheel = getattr(self.drive, "wheel", None)
        return getattr(self.other if wheel is not None and wheel.t_s >= self.until_s else self.own, name)


class Moment(msgspec.Struct, frozen=True):
    """At one minute, one stop still ahead: the truth, and what the lived futures say. Seconds from then."""

    stop: tuple[int, int, int]
    truth_s: float
    futures_s: list[float]


def arrivals(bed: Bed, index: int, day: date, number: int, until_s: float, future: int) -> dict[int, float]:
    """Live through a crew's day: as it was until a moment, then as it might have been."""
    each = bed.round_of(number, index, day)
    assert each is not None
    own = generator(bed.plan.seed, f"{day} crew {number}")
    rng: Any = Forked(own, np.random.default_rng([future, int(min(until_s, NEVER_S))]), until_s)
    conditions = bed.mornings(index, day)[number]
    drive = CrewDrive(bed.ground, bed.crews[number], each, bed.plan.unrest, conditions, rng)
    rng.drive = drive
    happened = drive.drive()
    tracks = {track.vehicle: track for track in happened.tracks}
    return {each.stop: arrival_s(tracks[each.vehicle], bed.places[each.stop], each) for each in happened.services}


def moments(bed: Bed, index: int, number: int, futures: int) -> list[Moment]:
    """Ask each minute of a crew's day for all routine stops of the hour ahead."""
    day = working_days(bed.plan)[index]
    each = bed.round_of(number, index, day)
    if each is None:
        return []
    truth = arrivals(bed, index, day, number, NEVER_S, 0)
    routine = {stop.number for block in each.blocks for stop in block if stop.habit > ROUTINE_HABIT}
    found = []
    for now in np.arange(min(truth.values()) - 1_800, max(truth.values()), 60.0).tolist():
        lived = [arrivals(bed, index, day, number, now, future) for future in range(futures)]
        for stop, at in truth.items():
            if stop in routine and now < at < now + 3_600:
                said = sorted(future.get(stop, NEVER_S) - now for future in lived)
                found.append(Moment((bed.plan.seed, number, stop), at - now, said))
    return found


def alerts(asked: list[Moment], futures: int) -> tuple[float, float]:
    """Give the best share of hits for a ten-minute lead with late and missed within 0.05, and that share."""
    best = (0.0, 0.0)
    for rank in range(futures // 2 + 1):
        for limit_min in range(5, 13):
            first: dict[tuple[int, int, int], float] = {}
            for moment in asked:
                if moment.futures_s[rank] <= 60 * limit_min:
                    first.setdefault(moment.stop, moment.truth_s)
            count = len({moment.stop for moment in asked})
            score = Counter("late" if s < 180 else "hit" if 300 <= s <= 1_200 else "other" for s in first.values())
            lost = (score["late"] + count - len(first)) / count
            if lost <= 0.05:
                best = max(best, (score["hit"] / count, lost))
    return best


def headline(asked: list[Moment]) -> list[float]:
    """Give the share of medians within the limits, by the four windows."""
    found = []
    for low, high, early, late in WINDOWS:
        errors = [one.truth_s - float(np.median(one.futures_s)) for one in asked if low <= one.truth_s / 60 < high]
        found.append(float(np.mean([early <= error <= late for error in errors])))
    return found


def main() -> None:
    """Print the ceiling of one level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("unrest", choices=sorted(LEVELS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--futures", type=int, default=10)
    given = parser.parse_args()
    asked: list[Moment] = []
    for seed in range(1, given.seeds + 1):
        bed = make_bed(BedPlan(seed=seed, unrest=LEVELS[given.unrest]))
        for number in range(2):
            asked += moments(bed, 8, number, given.futures)
    hits, lost = alerts(asked, given.futures)
    windows = headline(asked)
    print(f"{given.unrest}: {len({one.stop for one in asked})} arrivals, hit {hits:.2f}, late and missed {lost:.2f}, ")
    print(f"  headline {np.mean(windows):.2f} ({', '.join(f'{share:.2f}' for share in windows)})")


if __name__ == "__main__":
    main()
