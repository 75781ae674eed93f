"""The recorded Jersey City day offline: how many homes were alerted, and why the others were not.

`python -m benchmarks.jersey [--homes 5000] [--seed 7]`. Needs ../shared/data. Asserts nothing; prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

import numpy as np

from geofence.batch import run_batch
from geofence.book import Book
from geofence.geometry import project_many, stretch_many
from geofence.limits import Limits
from geofence.state import State
from gomikuru.pings_csv import read_pings
from ingest import screen
from model.city import City
from model.event import HomesChanged
from model.ping import Rejected
from model.subscription import Home, MetresLead, Pin
from tests.support import jersey

REASONS = (
    "no live fix of any truck within reach",
    "trucks within reach, none of them collecting",
    "a collecting truck within reach, already leaving or not confirmed",
)


def explain(count: int, seed: int) -> dict[str, object]:
    """Play the day, and sort the homes that were not alerted by the best chance they had."""
    city = City("jersey", "Jersey City", "America/New_York")
    homes = list(jersey.homes(count, seed))
    book, state = Book(city, Limits()), State()
    put = tuple(
        Home(number, name, Pin(lat, lon), MetresLead(float(lead)))
        for number, (name, lat, lon, lead) in enumerate(homes, start=1)
    )
    run_batch(state, book, [HomesChanged(0, put)], {})
    lat, lon = np.array([home[1] for home in homes]), np.array([home[2] for home in homes])
    x, y = project_many(lat, lon)
    reach = np.array([home[3] for home in homes]) * stretch_many(lat)
    chance = np.zeros(count, dtype=int)
    alerted: set[str] = set()
    alerts = 0
    verdicts: Counter[str] = Counter()
    with jersey.recording().open(encoding="utf-8", newline="") as lines:
        for ping in read_pings("pings_arrival.csv", lines, city.id):
            screened = screen.screen(ping, screen.Limits())
            if isinstance(screened, Rejected):
                verdicts[screened.reason.value] += 1
                continue
            outcome = run_batch(state, book, [screened], {})
            verdicts.update(outcome.verdicts)
            alerts += len(outcome.alerts)
            alerted.update(alert.subscription for alert in outcome.alerts)
            truck = state.trucks.get(ping.truck)
            if not outcome.verdicts.keys() & {"matched", "reordered", "reacquired"} or truck is None:
                continue
            px, py = project_many(np.array([ping.lat]), np.array([ping.lon]))
            near = np.hypot(x - px[0], y - py[0]) <= reach
            chance[near] = np.maximum(chance[near], 2 if truck.collecting else 1)
    missed = Counter(REASONS[chance[i]] for i, home in enumerate(homes) if home[0] not in alerted)
    return {
        "homes": count,
        "alerted": len(alerted),
        "alerts": alerts,
        "pings": dict(verdicts),
        "not_alerted": dict(missed),
    }


def main() -> None:
    """Print the table as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(json.dumps(explain(options.homes, options.seed)))


if __name__ == "__main__":
    main()
