"""How well the engine tells collecting from driving: `python -m benchmarks.motion`. Asserts nothing.

Three sources: labelled delivery rounds (../shared/data/goal_delivery), a real day of garbage trucks without labels
(jersey_city), and simulated days of the sample city, whose truth is known. docs/decisions/0004-collecting.md quotes it.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from math import cos, hypot, radians
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from geofence.step import step
from gomikuru.pings_csv import read_pings
from gomikuru.replay import Twin
from gomikuru.simulate import SimPing, Simulation, drive_day, homes, read_town, tour_pings
from gomikuru.simulation.driver import Phase as Truth
from gomikuru.simulation.gps import Receiver
from gomikuru.simulation.homes import arrivals
from ingest import screen
from model.city import City
from model.ping import Ping, Rejected
from model.subscription import Home, MetresLead, Pin

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


def judged(city: City, pings: Iterable[Ping]) -> Iterator[tuple[Ping, str]]:
    """Run pings through the engine, and tell after each what it holds the truck to be doing."""
    state, book, limits = State(), Book(city, Limits()), screen.Limits()
    for ping in pings:
        screened = screen.screen(ping, limits)
        if isinstance(screened, Rejected) or screened.late:
            continue
        step(state, screened, book, {})
        truck = state.truck(ping.truck)
        phase = truck.motion.phase.name.lower() if truck.motion else "unknown"
        yield ping, "collecting" if truck.collecting else phase.replace("collecting", "at facility")


def table(title: str, counts: Counter[tuple[str, str]]) -> None:
    """Print a confusion table: rows are the truth, columns what the engine says, in per cent of the row."""
    said = sorted({column for _, column in counts})
    print(f"\n{title}\n{'':14}{'fixes':>8}" + "".join(f"{name:>13}" for name in said))
    for row in sorted({row for row, _ in counts}):
        total = sum(counts[row, column] for column in said)
        print(f"{row:14}{total:8}" + "".join(f"{100 * counts[row, column] / total:12.1f}%" for column in said))


def deliveries() -> None:
    """Confusion on labelled delivery rounds: a van between drops, and its driver on foot."""
    folder = SHARED / "goal_delivery"
    with (folder / "pings_xy_labels.csv").open() as lines:
        labels = [row["groundtruth"] for row in csv.DictReader(lines)]
    city = City(id="goal", name="goal", timezone="UTC")
    with (folder / "pings.csv").open() as lines:
        pings = list(read_pings("pings.csv", lines, "goal"))
    truth = {(ping.truck, ping.fix_ms): label for ping, label in zip(pings, labels, strict=True)}
    counts: Counter[tuple[str, str]] = Counter()
    for ping, said in judged(city, pings):
        counts[truth[ping.truck, ping.fix_ms], said] += 1
    table("goal_delivery: a delivery van, 5 s", counts)


def jersey() -> None:
    """Shares over a real day of garbage trucks, about a fix a minute."""
    city = City(id="jersey", name="Jersey City", timezone="America/New_York")
    with (SHARED / "jersey_city" / "pings.csv").open() as lines:
        pings = sorted(read_pings("pings.csv", lines, "jersey"), key=lambda ping: ping.received_ms)
    counts: Counter[tuple[str, str]] = Counter()
    last: dict[str, Ping] = {}
    for ping, said in judged(city, pings):
        counts["all", said] += 1
        before = last.get(ping.truck)
        last[ping.truck] = ping
        if before is not None and 0 < ping.fix_ms - before.fix_ms < 180_000:
            counts[_pace(before, ping), said] += 1
    table("jersey_city: garbage trucks, about 60 s; rows by the speed of the last leg", counts)


def _pace(one: Ping, two: Ping) -> str:
    east = (two.lon - one.lon) * 111_320 * cos(radians(two.lat))
    speed = hypot(east, (two.lat - one.lat) * 110_950) / (two.fix_ms - one.fix_ms) * 1000
    bounds = ((0.3, "0 stands"), (2.0, "1 under 2 m/s"), (4.0, "2 to 4 m/s"), (6.5, "3 to 6.5 m/s"), (99.0, "4 faster"))
    return next(name for bound, name in bounds if speed < bound or bound == 99.0)


def sample(interval_s: float, seeds: int) -> None:
    """Confusion on simulated days, how late work is recognised, and how much driving is mistaken for it."""
    town = read_town(ROOT / "data" / "routes" / "sample")
    counts: Counter[tuple[str, str]] = Counter()
    late_s: list[float] = []
    late_m: list[float] = []
    wrong: list[tuple[float, float]] = []
    drives = 0
    for seed in range(1, seeds + 1):
        day = date(2026, 11, 23 + seed % 5)
        simulation = Simulation(receiver=Receiver(interval_s=interval_s))
        tours = drive_day(town, day, seed, simulation)
        tracks = {tour.round.truck.id: tour.track for tour in tours}
        pings = _sent(town.city.id, tour_pings(town, tours, day, seed, simulation))
        said: dict[str, list[tuple[int, str]]] = {}
        for ping, phase in judged(town.city, pings):
            track = tracks[ping.truck]
            k = int(np.searchsorted(track.t_ms, ping.fix_ms))
            counts[Truth(int(track.phase[min(k, len(track.phase) - 1)])).name.lower(), phase] += 1
            said.setdefault(ping.truck, []).append((ping.fix_ms, phase))
        for truck, track in tracks.items():
            for begin, end, phase in _episodes(track.phase):
                heard = [(t, p) for t, p in said.get(truck, []) if track.t_ms[begin] <= t <= track.t_ms[end]]
                if phase == Truth.COLLECTING:
                    first = next((t for t, p in heard if p == "collecting"), int(track.t_ms[end]))
                    late_s.append((first - int(track.t_ms[begin])) / 1000)
                    late_m.append(_driven(track.xy, begin, int(np.searchsorted(track.t_ms, first))))
                elif phase == Truth.DRIVING:
                    drives += 1
                    mistaken = [t for t, p in heard if p == "collecting"]
                    if mistaken:
                        upto = int(np.searchsorted(track.t_ms, mistaken[-1]))
                        wrong.append(((mistaken[-1] - mistaken[0]) / 1000, _driven(track.xy, begin, upto)))
    table(f"sample city, {seeds} simulated days, a fix every {interval_s:g} s", counts)
    print(
        f"work recognised after: median {median(late_s):.0f} s, {median(late_m):.0f} m; 90 %: "
        f"{quantiles(late_s, n=10)[-1]:.0f} s, {quantiles(late_m, n=10)[-1]:.0f} m ({len(late_s)} starts)"
    )
    print(
        f"drives with a fix held for work: {len(wrong)} of {drives}; until, metres from their start, median "
        f"{median([m for _, m in wrong] or [0]):.0f}, worst {max([m for _, m in wrong] or [0]):.0f}"
    )


def people(interval_s: float, seeds: int, count: int) -> None:
    """What residents of simulated days would say: told in time, late, never, or in vain; leads of 200, 300, 500 m."""
    town = read_town(ROOT / "data" / "routes" / "sample")
    wanted = homes(town, count, 1)
    rows = [
        Home(n + 1, str(n), Pin(home.lat, home.lon), MetresLead((200.0, 300.0, 500.0)[n % 3]), (home.category,))
        for n, home in enumerate(wanted)
    ]
    said: Counter[str] = Counter()
    ahead_s: list[float] = []
    for seed in range(1, seeds + 1):
        day = date(2026, 11, 23 + seed % 5)
        simulation = Simulation(receiver=Receiver(interval_s=interval_s))
        tours = drive_day(town, day, seed, simulation)
        came: dict[str, list[int]] = {}
        for arrival in arrivals(town, tours, wanted):
            came.setdefault(str(arrival.home), []).append(arrival.at_ms)
        twin = Twin(town.city, Limits())
        twin.homes(rows, 0)
        alerts = list(twin.play(_sent(town.city.id, tour_pings(town, tours, day, seed, simulation))))
        fired = {alert.subscription: alert.fired_ms for alert in alerts}
        for name, at in came.items():
            said["arrivals"] += 1
            if name not in fired:
                said["never told"] += 1
            elif fired[name] > at[0]:
                said["told after it came"] += 1
            else:
                ahead_s.append((at[0] - fired[name]) / 1000)
                said["told under 30 s before"] += ahead_s[-1] < 30
                said["told over 45 min before"] += ahead_s[-1] > 2700
        said["alerts"] += len(alerts)
        said["alerts where none came"] += sum(name not in came for name in fired)
    told = ", ".join(f"{name} {value}" for name, value in said.items())
    low, middle, high = (quantiles(ahead_s, n=20)[k] for k in (0, 9, 18))
    print(
        f"people of {seeds} days, a fix every {interval_s:g} s: {told}; told before it came, s: 5 % {low:.0f}, "
        f"half {middle:.0f}, 95 % {high:.0f}"
    )


def _sent(city: str, pings: Iterable[SimPing]) -> Iterator[Ping]:
    for p in pings:
        yield Ping(city, p.truck, p.fix_ms, p.sent_ms, p.lat, p.lon, accuracy_m=p.accuracy_m)


def _episodes(phases: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Cut a day where the truth changes."""
    cuts = [0, *(np.flatnonzero(np.diff(phases.astype(int))) + 1).tolist(), len(phases)]
    for first, last in pairwise(cuts):
        yield first, last - 1, int(phases[first])


def _driven(xy: np.ndarray, first: int, last: int) -> float:
    return float(np.hypot(*np.diff(xy[first : last + 1], axis=0).T).sum())


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="How many simulated days.")
    parser.add_argument("--homes", type=int, default=4000, help="How many simulated homes.")
    parser.add_argument("--intervals", type=float, nargs="*", default=[5.0, 20.0, 60.0])
    arguments = parser.parse_args()
    if SHARED.exists():
        deliveries()
        jersey()
    for interval_s in arguments.intervals:
        sample(interval_s, arguments.seeds)
        people(interval_s, arguments.seeds, arguments.homes)


if __name__ == "__main__":
    main()
