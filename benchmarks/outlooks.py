"""How sharp forecasts are: the log loss of "it comes within 5, 10, 20, 40 minutes", summed over a day's looks.

`python -m benchmarks.outlooks TOWN --pings 'TOWN/test/*.csv' --arrivals ARRIVALS.csv [--set order=0 --set kin=8]`,
where TOWN holds city.toml, residents.csv and the profile.bin that `gomikuru learn` made of earlier days; days played
join the past at night. Every half minute each home is asked that the forecast or the truck will serve within the hour;
the sum is divided by the number of arrivals. Alerts and firing rules play no part, so two ways to weigh past days
(`--set` takes a figure of `Manner`) can be told apart by one run each, of minutes. Prints a line; asserts nothing.
"""

from __future__ import annotations

import argparse
import csv
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path

import msgspec
import numpy as np

from geofence.forecast.learn import grown
from geofence.forecast.library import Day
from geofence.forecast.modes import Manner
from geofence.forecast.profile import FILE, decode_profile
from geofence.forecast.recorded import Recording, midnight_ms
from geofence.forecast.rehearsal import fixes_of, moments
from geofence.forecast.today import Guide
from geofence.forecast.walk import Floats, Ints
from geofence.serving import places_serving
from gomikuru.commands.evaluation_files import wishes_in
from gomikuru.commands.inputs import city_at, pings_of
from gomikuru.evaluation.instants import instants_ms
from gomikuru.evaluation.residents import Residents
from gomikuru.evaluation.timeline import Arrivals, Names, Timeline, joined

WITHIN_S = (300.0, 600.0, 1200.0, 2400.0)
EVERY_S = 30.0
LEAST, MOST = 0.002, 0.998
MAY_COME, HOUR_S = 0.02, 3_600.0
NEVER_MS = np.iinfo(np.int64).max
NOBODY = Timeline(joined([]))


def timelines(file: Path, names: Names) -> dict[str, Timeline]:
    """Read when each vehicle came to whom."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=itemgetter("vehicle_id"))
    found = {}
    for vehicle, some in groupby(rows, itemgetter("vehicle_id")):
        residents, instants = zip(*map(itemgetter("resident_id", "arrived_at"), some), strict=True)
        found[vehicle] = Timeline(Arrivals(names.codes(list(residents)), instants_ms(list(instants), False)))
    return found


def losses(town: Path, pings: list[str], arrivals: Path, manner: Manner) -> tuple[Floats, int]:
    """Sum the log loss over all looks, by WITHIN_S, and count the arrivals; days played join the past at night."""
    city, profile = city_at(town), decode_profile((town / FILE).read_bytes())
    names = Names()
    residents = Residents.of(wishes_in(town / "residents.csv"), names)
    truths = timelines(arrivals, names)
    recording = Recording(city)
    recording.add(pings_of(pings, city.id))
    total = np.zeros(len(WITHIN_S))
    for ordinal, some in groupby(recording.days(profile.stretch), attrgetter("ordinal")):
        played = list(some)
        guide = Guide(profile.library())
        serving = places_serving(residents.lat, residents.lon, profile)
        begins_ms = midnight_ms(ordinal, city.timezone)
        for day in played:
            total += _day_losses(day, guide, serving, begins_ms, truths.get(day.vehicle, NOBODY), manner)
        profile = grown(profile, played)
    return total, sum(map(len, truths.values()))


def _day_losses(day: Day, guide: Guide, serving: Ints, begins_ms: int, truth: Timeline, manner: Manner) -> Floats:
    """Sum the log loss over a truck's day, by WITHIN_S."""
    total = np.zeros(len(WITHIN_S))
    everybody, first = np.arange(len(serving)), guide.library.spots.first
    weekday = (day.ordinal + 6) % 7
    for moment in moments(guide, fixes_of(day.trace), day.vehicle, weekday, manner, EVERY_S):
        ahead, at_ms = moment.outlook, begins_ms + round(1000.0 * moment.at_s)
        likely = first[ahead.place[ahead.within(HOUR_S) >= MAY_COME]]
        row = truth.next(everybody, np.full(len(everybody), at_ms))
        left_s = (np.append(truth.at_ms, NEVER_MS)[row] - at_ms) / 1000.0
        asked = np.flatnonzero(np.isin(serving, likely) | (left_s <= HOUR_S))
        for k, seconds in enumerate(WITHIN_S):
            chances = np.zeros(len(guide.library.place_x) + 1)
            np.maximum.at(chances, first[ahead.place], ahead.within(seconds))
            chance = np.clip(chances[serving[asked]], LEAST, MOST)
            total[k] -= np.log(np.where(left_s[asked] <= seconds, chance, 1.0 - chance)).sum()
    return total


def main() -> None:
    """Print the log loss of one way to weigh past days."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("town", type=Path)
    parser.add_argument("--pings", action="append", required=True)
    parser.add_argument("--arrivals", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], dest="figures", metavar="NAME=VALUE")
    given = parser.parse_args()
    figures = dict(each.split("=", 1) for each in given.figures)
    total, count = losses(given.town, given.pings, given.arrivals, msgspec.convert(figures, Manner, strict=False))
    parts = ", ".join(f"{within / 60:.0f} min {loss / count:.2f}" for within, loss in zip(WITHIN_S, total, strict=True))
    print(f"{count} arrivals, log loss an arrival {total.sum() / count:.1f} ({parts})")


if __name__ == "__main__":
    main()
