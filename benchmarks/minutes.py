"""Leads in minutes: the whole step on one core in a learned town: `python -m benchmarks.minutes --homes 170000`.

Twenty trucks have rounds of sixty stops on streets of their own and three past days each; half of them drive today,
a fix every five seconds. Homes either stand at all rounds, or 20,000 stand at those of today and the rest elsewhere.
Prints a table and, as its last line, JSON. About time it asserts nothing.
"""

from __future__ import annotations

import argparse
import platform
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
from model.ping import Ping
from tests.support.rounds import CITY, Drive, place, weekdays

TRUCKS, WORKING, STOPS, PAST_DAYS = 20, 10, 60, 3
LEADS = (5.0, 10.0, 15.0, 30.0)
TOLD = 20_000
NEAR_M = 30.0
NEVER_MS = 10**12

Spot = tuple[float, float]


class Speed(NamedTuple):
    """Pings a second of the median chunk and the best, over how many pings, which told how many homes."""

    pings_s: int
    best: int
    pings: int
    alerts: int


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
    return Profile(recording.stretch(), tuple(days), x, y, regular, Library(days, x, y).strength, rules)


def today() -> list[Ping]:
    """Drive half of the rounds, and merge the pings as they arrive."""
    day = weekdays(PAST_DAYS + 1)[-1]
    pings = [ping for truck in range(WORKING) for ping in driven(day, truck, 55.0).pings]
    return sorted(pings, key=lambda ping: (ping.received_ms, ping.truck))


def town(forecaster: Forecaster, count: int, spread: bool, limits: Limits) -> tuple[Book, float]:
    """Put homes near stops; tell also how many seconds that took.

    Spread, they stand at all rounds; else 20,000 at those that are driven today, and all others where nobody comes.
    """
    chance = np.random.default_rng(count)
    working = np.array([stop for truck in range(WORKING) for stop in stops(truck)])
    idle = np.array([stop for truck in range(WORKING, TRUCKS) for stop in stops(truck)])
    first = count // 2 if spread else min(TOLD, count)
    book = Book(CITY, limits)
    began = time.perf_counter()
    number = 0
    for spots, size in ((working, first), (idle, count - first)):
        chosen = spots[chance.integers(0, len(spots), size)] + chance.uniform(-NEAR_M, NEAR_M, (size, 2))
        for x, y in chosen.tolist():
            lead = LEADS[number % len(LEADS)]
            book.minutes.put(MinutesHome(number, f"s{number}", *place(x, y), lead, 0))
            number += 1
    book.take_forecaster(forecaster)
    return book, time.perf_counter() - began


def timed(events: Sequence[Ping], book: Book, chunk: int) -> Speed:
    """Take pings one by one through the whole engine; the rate is that of the median chunk."""
    state, alerts = State(), 0
    rates = []
    for first in range(0, len(events), chunk):
        some = events[first : first + chunk]
        began = time.process_time()
        for ping in some:
            alerts += len(step(state, ping, book, {}).alerts)
        rates.append(len(some) / max(time.process_time() - began, 1e-9))
    return Speed(round(median(rates)), round(max(rates)), len(events), alerts)


def parts(forecaster: Forecaster, events: Sequence[Ping], count: int, chunk: int) -> dict[str, float]:
    """Tell the microseconds of a ping by part: without a profile, following the day, looking ahead and telling."""
    without = timed(events, town_without(), chunk).pings_s
    following = timed(events, town(forecaster, count, True, Limits(look_ms=NEVER_MS))[0], chunk).pings_s
    whole = timed(events, town(forecaster, count, True, Limits())[0], chunk).pings_s
    at = [1e6 / each for each in (without, following, whole)]
    return {
        "the rest": round(at[0], 1),
        "following the day": round(at[1] - at[0], 1),
        "looking ahead, telling": round(at[2] - at[1], 1),
    }


def town_without() -> Book:
    """A town of which nothing was learned."""
    return Book(CITY, Limits())


def measured(forecaster: Forecaster, events: Sequence[Ping], count: int, chunk: int) -> dict[str, object]:
    """Measure a town in both ways."""
    row: dict[str, object] = {"homes": count}
    for name, spread in (("same told", False), ("spread", True)):
        book, took_s = town(forecaster, count, spread, Limits())
        row[name] = timed(events, book, chunk)._asdict()
        row["placed_s"] = round(took_s, 1)
        del book
    return row


def table(rows: Sequence[dict[str, object]], say: Callable[[str], None]) -> None:
    """Print the rows."""
    say(f"{'homes':>10}  {'the same 20,000 near a truck':>40}{'spread over all rounds':>40}")
    heads = f"{'pings/s':>10}{'best':>10}{'alerts':>10}{'a ping':>10}"
    say(f"{'':10}  {heads}{heads}")
    for row in rows:
        cells = "".join(_cells(row[name]) for name in ("same told", "spread"))
        say(f"{row['homes']:>10,}  {cells}")


def _cells(speed: object) -> str:
    one = msgspec.convert(speed, dict[str, int])
    return f"{one['pings_s']:10,}{one['best']:10,}{one['alerts']:10,}{one['alerts'] / one['pings']:10.2f}"


def main() -> None:
    """Learn, drive, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, nargs="*", default=[20_000, 170_000, 1_000_000], help="5000000 works too")
    parser.add_argument("--pings", type=int, default=12_000)
    parser.add_argument("--chunk", type=int, default=1_000)
    asked = parser.parse_args()
    profile = learned()
    forecaster, events = Forecaster(profile, "lab"), today()[: asked.pings]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}; one core")
    print(f"{len(profile.days)} truck-days, {len(profile.place_x)} places, {len(events):,} pings of {WORKING} trucks\n")
    rows = [measured(forecaster, events, count, asked.chunk) for count in asked.homes]
    table(rows, print)
    shares = parts(forecaster, events, asked.homes[0], asked.chunk)
    print("\nmicroseconds a ping: " + ", ".join(f"{name} {each}" for name, each in shares.items()))
    print(msgspec.json.encode({"minutes": rows, "microseconds": shares}).decode())


if __name__ == "__main__":
    main()
