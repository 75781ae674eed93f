"""The test bed beside real data: how trucks move, stand and pass, in figures that need no predictor.

`python -m benchmarks.testbed [--seeds 8] [--data ../shared/data]`. Prints a table; asserts nothing. How hard its towns
are beside real waste trucks, benchmarks.yardstick tells; docs/decisions/0007-test-bed.md discusses all.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from gomikuru.pings_csv import read_pings
from gomikuru.simulation.bed import LEVELS, BedDay, BedPlan, make_bed
from gomikuru.simulation.plane import Floats, Plane

QUANTILES = (10, 25, 50, 75, 90)


def quantiles(values: list[float]) -> str:
    """Write the quantiles of a sample in one line."""
    return "".join(f"{value:9.1f}" for value in np.percentile(values, QUANTILES)) if values else "  none"


def speeds(t_s: Floats, xy: Floats) -> list[float]:
    """Tell the mean speeds between fixes about a minute apart where the vehicle moved."""
    step, gap = np.hypot(*np.diff(xy, axis=0).T), np.diff(t_s)
    moved = (gap >= 50.0) & (gap <= 70.0) & (step > 30.0)
    return (step[moved] / gap[moved]).tolist()


def stands(t_s: Floats, xy: Floats) -> list[float]:
    """Tell how long a vehicle stood each time: 15 s or more within 15 m."""
    found, begin = [], 0
    while begin < len(t_s):
        end = begin
        while end + 1 < len(t_s) and np.hypot(*(xy[end + 1] - xy[begin])) < 15.0 and t_s[end + 1] - t_s[end] < 30.0:
            end += 1
        if t_s[end] - t_s[begin] >= 15.0:
            found.append(float(t_s[end] - t_s[begin]))
        begin = end + 1
    return found


def recorded(file: Path) -> list[tuple[Floats, Floats]]:
    """Read the tracks of a pings.csv on a plane."""
    by_truck = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as lines:
        for ping in read_pings(file.name, lines, "real"):
            by_truck[ping.truck].append((ping.fix_ms / 1000.0, ping.lon, ping.lat))
    found = []
    for rows in by_truck.values():
        table = np.array(sorted(rows))
        if len(table) >= 40:
            found.append((table[:, 0], Plane(table[0, 1], table[0, 2]).to_xy(table[:, 1:])))
    return found


def main() -> None:
    """Print the whole comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    head = "".join(f"{f'{q} %':>9}" for q in QUANTILES)
    rows: dict[str, list[tuple[str, list[float]]]] = defaultdict(list)
    jersey, goal = recorded(given.data / "jersey_city/pings.csv"), recorded(given.data / "goal_delivery/pings.csv")
    rows["speed between fixes a minute apart, m/s"].append(
        ("Jersey City", [v for track in jersey for v in speeds(*track)])
    )
    rows["standing 15 s or more, s"].append(("GOAL delivery vans", [v for track in goal for v in stands(*track)]))
    print(f"{'a truck-day':<11}{'stops':>9}{'hours':>9}{'tips':>9}")
    for level, unrest in LEVELS.items():
        day_figures: list[tuple[float, float, float]] = []
        for seed in range(1, given.seeds + 1):
            plan = BedPlan(seed=seed, unrest=unrest)
            days = list(make_bed(plan).days())
            for said in (said for day in days for said in day.heard):
                minute = said.fix_ms[::12] / 1000.0
                rows["speed between fixes a minute apart, m/s"].append((level, speeds(minute, said.xy[::12])))
            rows["standing 15 s or more, s"] += [(level, stands(h.fix_ms / 1000.0, h.xy)) for h in days[0].heard]
            rows["a service, s"].append((level, [visit.end_s - visit.begin_s for day in days for visit in day.visits]))
            day_figures += [_day(day) for day in days]
        print(f"{level:<11}" + "".join(f"{mean:9.1f}" for mean in np.mean(day_figures, axis=0)), flush=True)
    for what, samples in rows.items():
        print(f"\n{what:<42}{head}")
        for name in dict(samples):
            print(f"{name:<42}{quantiles([v for other, sample in samples if other == name for v in sample])}")


def _day(day: BedDay) -> tuple[float, float, float]:
    """Tell stops, hours and tipping trips of a truck-day."""
    count = len(day.heard)
    hours = sum(float(said.fix_ms[-1] - said.fix_ms[0]) / 3.6e6 for said in day.heard)
    return len(day.visits) / count, hours / count, len(day.tips) / count


if __name__ == "__main__":
    main()
