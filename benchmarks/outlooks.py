"""How sharp forecasts are: the log loss of "it comes within 5, 10, 20, 40 minutes", summed over a day's looks.

`python -m benchmarks.outlooks TOWN --pings 'TOWN/test/*.csv' --arrivals ARRIVALS.csv [--set order=0 --set kin=8]`,
where TOWN holds city.toml, residents.csv and the profile.bin that `gomikuru learn` made of other days. Every half
minute each home that may still be served is asked; the sum is divided by the number of arrivals. Alerts and firing
rules play no part, so two ways to weigh past days (`--set` takes a figure of `Manner`) can be told apart by one run
each, of a minute or so. Prints a line; asserts nothing.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from geofence.forecast.library import Day, Library
from geofence.forecast.modes import Manner
from geofence.forecast.outlook import outlook
from geofence.forecast.profile import FILE, Profile, decode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.today import Guide
from geofence.forecast.walk import Floats, Trace
from geofence.serving import places_serving
from gomikuru.commands.inputs import city_at, pings_of

WITHIN_S = (300.0, 600.0, 1200.0, 2400.0)
EVERY_S = 30.0
LEAST, MOST = 0.002, 0.998
MAY_COME = 0.02


def tested(town: Path, pings: list[str], profile: Profile) -> list[Day]:
    """Walk the tested days, on the profile's own scale."""
    city = city_at(town)
    recording = Recording(city)
    recording.add(pings_of(pings, city.id))
    ratio = recording.stretch() / profile.stretch
    return [
        msgspec.structs.replace(day, trace=Trace(day.trace.x * ratio, day.trace.y * ratio, *_times(day.trace)))
        for day in recording.days()
    ]


def _times(trace: Trace) -> tuple[Floats, Floats]:
    return trace.in_s, trace.out_s


def arrivals_of(file: Path, zone: ZoneInfo) -> dict[tuple[str, int], dict[str, list[float]]]:
    """Read when each truck came to each home, by vehicle and day, in seconds from midnight."""
    found: dict[tuple[str, int], dict[str, list[float]]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["arrived_at"].replace("Z", "+00:00")).astimezone(zone)
            second = (at - datetime.combine(at.date(), datetime.min.time(), zone)).total_seconds()
            day = found.setdefault((row["vehicle_id"], at.date().toordinal()), {})
            day.setdefault(row["resident_id"], []).append(second)
    return found


def looks(guide: Guide, day: Day, manner: Manner) -> Iterator[tuple[float, dict[int, list[float]]]]:
    """Follow a day; every half minute tell the chances of arrival within WITHIN_S by place."""
    so_far, due_s, weekday = None, -1.0, date.fromordinal(day.ordinal).weekday()
    trace = day.trace
    for at_s, out_s, x, y in zip(*(column.tolist() for column in (*_times(trace), trace.x, trace.y)), strict=True):
        for moment in np.append(np.arange(at_s, out_s, EVERY_S / 2.0), out_s).tolist():
            if so_far is None:
                so_far = guide.begin("", moment, x, y, day.vehicle)
            else:
                so_far, _ = guide.follow(so_far, moment, x, y, day.vehicle)
            if moment < due_s:
                continue
            due_s = moment + EVERY_S
            ahead = outlook(guide.library, so_far.progress, guide.until(so_far, moment, weekday), manner)
            chances = np.column_stack([ahead.within(seconds) for seconds in (*WITHIN_S, 3_600.0)])
            likely = chances[:, -1] >= MAY_COME
            yield moment, dict(zip(ahead.place[likely].tolist(), chances[likely].tolist(), strict=True))


def losses(town: Path, pings: list[str], arrivals: Path, manner: Manner) -> tuple[Floats, int]:
    """Sum the log loss over all looks, by WITHIN_S, and count the arrivals."""
    profile = decode_profile((town / FILE).read_bytes())
    guide = Guide(Library(profile.days, profile.place_x, profile.place_y))
    with (town / "residents.csv").open(encoding="utf-8", newline="") as lines:
        homes = list(csv.DictReader(lines))
    lat, lon = (np.array([float(home[name]) for home in homes]) for name in ("lat", "lon"))
    truth = arrivals_of(arrivals, ZoneInfo(city_at(town).timezone))
    serving = list(
        zip(places_serving(lat, lon, profile).tolist(), [home["resident_id"] for home in homes], strict=True)
    )
    total, count = np.zeros(len(WITHIN_S)), 0
    for day in tested(town, pings, profile):
        came = truth.get((day.vehicle, day.ordinal), {})
        count += sum(len(times) for times in came.values())
        for at_s, chances in looks(guide, day, manner):
            for place, home in serving:
                if place in chances:
                    left_s = min((time - at_s for time in came.get(home, ()) if time > at_s), default=np.inf)
                    chance = np.clip(chances[place][: len(WITHIN_S)], LEAST, MOST)
                    total -= np.log(np.where(left_s <= np.array(WITHIN_S), chance, 1.0 - chance))
    return total, count


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
