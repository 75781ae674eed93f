"""Leads in minutes: the whole step on one core in a learned town: `python -m benchmarks.minutes`.

Twenty trucks have rounds of sixty stops on streets of their own and three past days each; half of them drive today,
a fix every five seconds. Either the same 20,000 homes stand at the rounds of today, and all others where nobody comes,
or half of all homes stand at these rounds. Rounds of measuring take turns with the sizes, so that a machine that is
busy for a while troubles all alike. Prints a table and, as its last line, JSON. About time it asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np

from geofence.book import Book
from geofence.forecast.firing import LEADS_MIN, default_rule
from geofence.forecast.library import Day, Library
from geofence.forecast.places import stops_of
from geofence.forecast.profile import Profile
from geofence.forecast.recorded import Recording
from geofence.forecaster import Forecaster
from geofence.limits import Limits
from geofence.minutes_homes import MinutesHome
from geofence.state import State
from geofence.step import step
from model.event import HomesChanged
from model.ping import Ping
from model.subscription import Home, MinutesLead, Pin
from tests.support.rounds import CITY, Drive, place, weekdays

TRUCKS, WORKING, STOPS, PAST_DAYS = 20, 10, 60, 3
LEADS = (5.0, 10.0, 15.0, 30.0)
TOLD = 20_000
PORTION, SUBSCRIBE = 100_000, 200
NEAR_M = 30.0
NEVER_MS = 10**12

Spot = tuple[float, float]


class Speed(NamedTuple):
    """Microseconds of CPU of each chunk's ping, of how many pings, and how many homes these told."""

    micros: list[float]
    pings: int
    alerts: int


class Town(NamedTuple):
    """A town as it is measured: its homes, the seconds it took to place them, MB at most in use by then."""

    homes: int
    book: Book
    placed_s: float
    peak_mb: int


def stops(truck: int) -> list[Spot]:
    """Lay a round: ten streets to and fro, six stops each, on ground that no other truck works."""
    west, south = 1200.0 * (truck % 5), 1500.0 * (truck // 5)
    found = []
    for street in range(10):
        along = range(6) if street % 2 == 0 else range(5, -1, -1)
        found += [(west + 180.0 * k, south + 140.0 * street) for k in along]
    return found


def driven(day: date, truck: int, seconds: float) -> Drive:
    """Drive a round from its first stop on, and load at each."""
    round_ = stops(truck)
    return Drive(day, truck=f"t{truck}", at=round_[0]).serve(round_, seconds)


def learned() -> Profile:
    """Learn the town's places and walks; rehearsals, which change figures and no cost, are left out."""
    *past, _ = weekdays(PAST_DAYS + 1)
    recording, chance = Recording(CITY), np.random.default_rng(1)
    for truck in range(TRUCKS):
        for day in past:
            recording.add(driven(day, truck, float(chance.uniform(35, 75))).pings)
    days: Sequence[Day] = sorted(recording.days(), key=lambda day: (day.ordinal, day.vehicle))
    x, y, regular = stops_of([day.trace for day in days])
    rules = tuple(default_rule(lead) for lead in LEADS_MIN)
    return Profile(recording.stretch(), tuple(days), x, y, regular, Library(days, x, y).strength(), rules)


def today() -> list[Ping]:
    """Drive half of the rounds, and merge the pings as they arrive."""
    day = weekdays(PAST_DAYS + 1)[-1]
    pings = [ping for truck in range(WORKING) for ping in driven(day, truck, 55.0).pings]
    return sorted(pings, key=lambda ping: (ping.received_ms, ping.truck))


def town(forecaster: Forecaster, count: int, spread: bool, limits: Limits) -> Town:
    """Put homes near stops: spread, half of them at the rounds of today; else the same 20,000 in each town."""
    working, idle = range(WORKING), range(WORKING, TRUCKS)
    first = count // 2 if spread else min(TOLD, count)
    book = Book(CITY, limits)
    began = time.perf_counter()
    _settle(book, 0, first, working)
    _settle(book, first, count - first, idle)
    book.take_forecaster(forecaster)
    took_s = time.perf_counter() - began
    return Town(count, book, took_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _settle(book: Book, first: int, count: int, trucks: Sequence[int]) -> None:
    """Put so many homes at the stops of some trucks, numbered from `first` on."""
    chance = np.random.default_rng(trucks[0])
    spots = np.array([stop for truck in trucks for stop in stops(truck)])
    lat, lon = place(0.0, 0.0)
    east, north = place(1.0, 0.0)[1] - lon, place(0.0, 1.0)[0] - lat
    for begin in range(0, count, PORTION):
        size = min(PORTION, count - begin)
        chosen = spots[chance.integers(0, len(spots), size)] + chance.uniform(-NEAR_M, NEAR_M, (size, 2))
        for k, (x, y) in enumerate(chosen.tolist(), start=first + begin):
            lead = LEADS[k % len(LEADS)]
            book.minutes.put(MinutesHome(k, f"s{k}", lat + y * north, lon + x * east, lead, 0))


def timed(events: Sequence[Ping], book: Book, chunk: int) -> Speed:
    """Take pings one by one through the whole engine, a new day for it."""
    state, alerts = State(), 0
    micros = []
    for first in range(0, len(events), chunk):
        some = events[first : first + chunk]
        began = time.process_time()
        for ping in some:
            alerts += len(step(state, ping, book, {}).alerts)
        micros.append(1e6 * (time.process_time() - began) / len(some))
    return Speed(micros, len(events), alerts)


def subscribing(book: Book, count: int) -> float:
    """Tell the median microseconds of a step in which one household near a round of today subscribes."""
    number, state, found = 10**9, State(), []
    for k, (x, y) in enumerate(stops(0) * (1 + count // STOPS)):
        home = Home(number + k, f"new{k}", Pin(*place(x, y)), MinutesLead(10.0))
        began = time.process_time()
        step(state, HomesChanged(0, (home,)), book, {})
        found.append(1e6 * (time.process_time() - began))
    step(state, HomesChanged(0, (), tuple(range(number, number + len(found)))), book, {})
    return median(found[:count])


def parts(forecaster: Forecaster, events: Sequence[Ping], count: int, chunk: int) -> dict[str, float]:
    """Tell the microseconds of a ping by part: without a profile, following the day, looking ahead and telling."""
    never, usual = Limits(look_ms=NEVER_MS), Limits()
    books = (Book(CITY, usual), town(forecaster, count, True, never).book, town(forecaster, count, True, usual).book)
    without, following, whole = (median(timed(events, book, chunk).micros) for book in books)
    return {
        "the rest": round(without, 1),
        "following the day": round(following - without, 1),
        "looking ahead, telling": round(whole - following, 1),
    }


def measured(towns: Sequence[Town], events: Sequence[Ping], rounds: int, chunk: int) -> list[dict[str, float]]:
    """Measure towns in turns; of each the median of all its chunks."""
    speeds = [[timed(events, each.book, chunk) for each in towns] for _ in range(rounds)]
    rows = []
    for k, each in enumerate(towns):
        micros = [one for turn in speeds for one in turn[k].micros]
        alerts = speeds[0][k].alerts / speeds[0][k].pings
        rows.append(
            {
                "homes": each.homes,
                "pings_s": round(1e6 / median(micros)),
                "micros": round(median(micros), 1),
                "alerts_a_ping": round(alerts, 2),
                "subscribing_micros": round(subscribing(each.book, SUBSCRIBE)),
                "placed_s": round(each.placed_s, 1),
                "peak_mb": each.peak_mb,
            }
        )
    return rows


def table(name: str, rows: Sequence[dict[str, float]], say: Callable[[str], None]) -> None:
    """Print rows."""
    say(f"\n{name}\n{'homes':>10}{'pings/s':>9}{'us a ping':>11}{'alerts a ping':>15}{'us a subscription':>19}")
    for row in rows:
        first = f"{row['homes']:10,.0f}{row['pings_s']:9,.0f}{row['micros']:11,.0f}{row['alerts_a_ping']:15.2f}"
        placed = f"(placed in {row['placed_s']:.0f} s, {row['peak_mb']:,.0f} MB at most)"
        say(f"{first}{row['subscribing_micros']:19,.0f}   {placed}")


def main() -> None:
    """Learn, drive, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, nargs="*", default=[20_000, 170_000, 5_000_000])
    parser.add_argument("--pings", type=int, default=6_000)
    parser.add_argument("--chunk", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="the figures are medians over the chunks of so many")
    asked = parser.parse_args()
    profile = learned()
    forecaster, events = Forecaster(profile, "lab"), today()[: asked.pings]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}; CPU time on one core")
    print(f"{len(profile.days)} truck-days, {len(profile.place_x)} places, {len(events):,} pings of {WORKING} trucks")
    found: dict[str, object] = {"load": [round(each, 1) for each in os.getloadavg()]}
    for name, spread in (("the same 20,000 near a truck", False), ("half of all near a truck", True)):
        towns = [town(forecaster, count, spread, Limits()) for count in asked.homes]
        found[name] = rows = measured(towns, events, asked.rounds, asked.chunk)
        table(name, rows, print)
        del towns
    found["microseconds"] = shares = parts(forecaster, events, asked.homes[0], asked.chunk)
    print("\nmicroseconds a ping: " + ", ".join(f"{name} {each}" for name, each in shares.items()))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
