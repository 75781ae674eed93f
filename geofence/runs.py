"""Which run a truck is on: the service of its route on a service day, by whatever vehicle.

Where no route is known, the run is the day's service of the whole area by the vehicles of one category: so a city that
has drawn nothing yet tells each household at most once a day and category (docs/decisions/0003-runs.md).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec

from model.city import City
from model.times import service_day

ROUTE = "route:"
"""With it begins the name of a run that serves a known route."""


class Run(msgspec.Struct, frozen=True):
    """One run; its key names the told-record.

    `name` is `route:<id>`, `area:<category>`, `area:` for any, or, for leads in minutes, `learned:<vehicle>`; its
    `ordinal` is then the how many-th service of the spot that is meant.
    """

    day: str
    name: str
    ordinal: int = 1

    @property
    def key(self) -> str:
        """The run as one word, such as 2026-11-23/route:A1/1."""
        return f"{self.day}/{self.name}/{self.ordinal}"


def day_of(instant_ms: int, city: City) -> str:
    """Tell the service day of an instant in a city, as YYYY-MM-DD."""
    return _day(instant_ms // 60_000, city.timezone, city.service_day_starts_min)


@lru_cache(maxsize=4096)
def _day(minute: int, timezone: str, starts_min: int) -> str:
    return service_day(minute * 60_000, timezone, starts_min).isoformat()


def run_of(key: str) -> Run:
    """Read a run's key."""
    day, _, rest = key.partition("/")
    name, _, ordinal = rest.rpartition("/")
    return Run(day, name, int(ordinal))


def name_of(route: str | None, category: str | None) -> str:
    """Name the service that a truck belongs to."""
    return f"{ROUTE}{route}" if route else f"area:{category or ''}"


def ended(key: str, today: str) -> bool:
    """Tell whether a run's day is over for good: it lies two service days back or more."""
    day = key.split("/", 1)[0]
    return day < today and _days_between(day, today) >= 2


@lru_cache(maxsize=256)
def _days_between(one: str, two: str) -> int:
    return (date.fromisoformat(two) - date.fromisoformat(one)).days
