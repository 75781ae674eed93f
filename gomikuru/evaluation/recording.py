"""What the baselines look at: homes and fixes as columns on one plane, in metres, by service day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from geofence.geometry import project_many, stretch
from gomikuru.evaluation.timeline import Flags, Floats, Ints
from model.city import City
from model.ping import Ping
from model.times import service_day

FRESH_MS = 120_000
CELLS_AT_ONCE = 8_000_000

_BLOCK_MS = 900_000


class Homes(NamedTuple):
    """Homes with a place: the resident's number, metres on the plane, the lead in minutes (NaN: none)."""

    resident: Ints
    x: Floats
    y: Floats
    lead_min: Floats

    def portions(self, places: int) -> Iterator[Homes]:
        """Give them in portions that keep a table of homes by `places` small."""
        size = max(1, CELLS_AT_ONCE // max(places, 1))
        for start in range(0, len(self.resident), size):
            yield self.only(slice(start, start + size))

    def only(self, rows: slice | Flags) -> Homes:
        """Take some of them."""
        return Homes(self.resident[rows], self.x[rows], self.y[rows], self.lead_min[rows])


class Fixes(NamedTuple):
    """Fixes of one service day in order of time: the vehicle's number, when it was heard, metres on the plane."""

    vehicle: Ints
    at_ms: Ints
    x: Floats
    y: Floats

    def only(self, rows: slice | Flags) -> Fixes:
        """Take some of them."""
        return Fixes(self.vehicle[rows], self.at_ms[rows], self.x[rows], self.y[rows])


class Plane:
    """Puts degrees on a plane whose metres are right around `lat`."""

    def __init__(self, lat: float) -> None:
        self._stretch = stretch(lat)

    def place(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Put many places on the plane."""
        x, y = project_many(lat, lon)
        return x / self._stretch, y / self._stretch


class Recording(NamedTuple):
    """Fixes by service day, and which waste each vehicle collects, by its number (None: all)."""

    days: dict[date, Fixes]
    categories: tuple[str | None, ...]

    def serving(self, wanted: tuple[str, ...]) -> list[Fixes]:
        """Give each day's fixes of the vehicles that collect one of some categories; none named is all."""
        fits = np.array([not (wanted and own) or own in wanted for own in self.categories], dtype=np.bool_)
        some = [fixes.only(fits[fixes.vehicle]) for fixes in self.days.values()]
        return [fixes for fixes in some if len(fixes.at_ms)]


def record(pings: Iterable[Ping], city: City, plane: Plane) -> Recording:
    """Sort fixes into service days; one that came more than two minutes late is history and is left out."""
    vehicles: dict[str, int] = {}
    rows = [
        (vehicles.setdefault(ping.truck, len(vehicles)), ping.received_ms, ping.lat, ping.lon)
        for ping in pings
        if ping.received_ms - ping.fix_ms <= FRESH_MS
    ]
    categories = {truck.id: truck.category for truck in city.trucks}
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    table = table[np.argsort(table[:, 1], kind="stable")]
    at_ms = table[:, 1].astype(np.int64)
    fixes = Fixes(table[:, 0].astype(np.int64), at_ms, *plane.place(table[:, 2], table[:, 3]))
    days = {day: fixes.only(rows) for day, rows in _days(at_ms, city)}
    return Recording(days, tuple(categories.get(vehicle) for vehicle in vehicles))


def _days(at_ms: Ints, city: City) -> Iterator[tuple[date, slice]]:
    """Cut instants that stand in order where the service day changes."""
    blocks, starts = np.unique(at_ms // _BLOCK_MS, return_index=True)
    days = [service_day(block * _BLOCK_MS, city.timezone, city.service_day_starts_min) for block in blocks.tolist()]
    cuts = [k for k in range(len(days)) if k == 0 or days[k] != days[k - 1]]
    edges = [*(int(starts[k]) for k in cuts), len(at_ms)]
    for k, cut in enumerate(cuts):
        yield days[cut], slice(edges[k], edges[k + 1])
