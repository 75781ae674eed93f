"""A small language for engine tests: drive a truck along metres east and north of an origin, and see who is told.

town = Town()
town.home("sato", east=600, lead=200)
town.play(Truckline().collect(east=800).pings())
assert town.told() == ["sato"]
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from math import cos, hypot, radians, sin, sqrt
from typing import Any

import msgspec

from geofence.batch import run_batch
from geofence.book import Book
from geofence.limits import Limits
from geofence.state import State
from model.alert import Alert
from model.city import Category, City, Facility, Truck
from model.event import Event, HomesChanged, Tick, Word, WordKind, ZonesChanged
from model.ping import Ping
from model.subscription import Home, InZone, MetresLead, Pin, ZoneLead
from model.times import parse_rfc3339

LAT, LON = 34.827, 135.470
"""The origin, beside Minoh."""

START_MS = parse_rfc3339("2026-11-24T08:30:00+09:00")

CITY = City(
    id="minami",
    name="Minami",
    timezone="Asia/Tokyo",
    trucks=(
        Truck("17", category="burnable", route="A"),
        Truck("18", category="burnable", route="A"),
        Truck("21", category="plastic", route="P"),
        Truck("30", category="burnable"),
        Truck("31", category="burnable"),
        Truck("40"),
    ),
    categories=(Category("burnable"), Category("plastic")),
)
"""17 and 18 serve route A, 21 serves P; 30 and 31 have a category but no route, 40 has neither."""


def place(east: float, north: float = 0.0) -> tuple[float, float]:
    """Tell the latitude and longitude of a place in metres from the origin (to some cm within 5 km)."""
    a, e2 = 6378137.0, 0.0066943799901413165
    bend = 1.0 - e2 * sin(radians(LAT)) ** 2
    lat = LAT + north / radians(1.0) / (a * (1.0 - e2) / bend**1.5)
    lon = LON + east / radians(1.0) / (a * cos(radians(lat)) / sqrt(1.0 - e2 * sin(radians(lat)) ** 2))
    return lat, lon


def fix(at_s: float, east: float, north: float = 0.0, truck: str = "17", delay_s: float = 0.4, **said: Any) -> Ping:
    """Make one ping, `at_s` seconds after half past eight."""
    lat, lon = place(east, north)
    at_ms = START_MS + round(at_s * 1000)
    return Ping("minami", truck, at_ms, at_ms + round(delay_s * 1000), lat, lon, **said)


def late(ping: Ping, seconds: float) -> Ping:
    """Let a ping be received so much later; ingest marks it as history beyond two minutes."""
    received_ms = ping.fix_ms + round(seconds * 1000)
    return msgspec.structs.replace(ping, received_ms=received_ms, late=received_ms - ping.fix_ms > 120_000)


def at_s(alert: Alert) -> float:
    """Tell when an alert fired, in seconds after half past eight."""
    return (alert.fired_ms - START_MS) / 1000


class Truckline:
    """A truck's day as waypoints; each verb goes on from where the last one ended."""

    def __init__(self, truck: str = "17", east: float = 0.0, north: float = 0.0, begin_s: float = 0.0) -> None:
        self.truck = truck
        self.way: list[tuple[float, float, float]] = [(begin_s, east, north)]

    @property
    def now_s(self) -> float:
        """When the line ends so far."""
        return self.way[-1][0]

    def drive(self, east: float = 0.0, north: float = 0.0, speed: float = 11.0) -> Truckline:
        """Drive straight on, m/s."""
        when, x, y = self.way[-1]
        self.way.append((when + hypot(east, north) / speed, x + east, y + north))
        return self

    def stop(self, seconds: float) -> Truckline:
        """Stand."""
        when, x, y = self.way[-1]
        self.way.append((when + seconds, x, y))
        return self

    def collect(self, east: float = 0.0, north: float = 0.0, speed: float = 2.8, every: float = 40.0) -> Truckline:
        """Go bag by bag: walk-and-stop, 15 s at every stop, `every` metres apart."""
        length = hypot(east, north)
        done = 0.0
        while done < length:
            piece = min(every, length - done)
            self.drive(east * piece / length, north * piece / length, speed).stop(15.0)
            done += piece
        return self

    def where(self, when_s: float) -> tuple[float, float]:
        """Tell the place at a time."""
        for (t0, x0, y0), (t1, x1, y1) in zip(self.way, self.way[1:], strict=False):
            if t0 <= when_s <= t1:
                share = (when_s - t0) / (t1 - t0) if t1 > t0 else 1.0
                return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        return self.way[-1][1:]

    def pings(self, every_s: float = 5.0, noise_m: float = 0.0, seed: int = 1, **said: Any) -> list[Ping]:
        """Take a fix every so often, each off by Gaussian noise."""
        chance = random.Random(seed)
        count = int((self.now_s - self.way[0][0]) / every_s) + 1
        found = []
        for k in range(count):
            when = self.way[0][0] + k * every_s
            x, y = self.where(when)
            x, y = x + chance.gauss(0.0, noise_m), y + chance.gauss(0.0, noise_m)
            found.append(fix(when, x, y, self.truck, **said))
        return found


def zone(name: str, west: float, south: float, east: float, north: float, *categories: str) -> dict[str, Any]:
    """Draw a rectangular zone in metres, as a GeoJSON feature."""
    corners = [place(west, south), place(east, south), place(east, north), place(west, north), place(west, south)]
    ring = [[lon, lat] for lat, lon in corners]
    return {
        "type": "Feature",
        "properties": {"id": name, "name": name, "categories": list(categories)},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def zones_file(*features: dict[str, Any]) -> bytes:
    """Write a zones.geojson."""
    return msgspec.json.encode({"type": "FeatureCollection", "features": list(features)})


class Town:
    """The engine of one city, with residents known by name."""

    def __init__(
        self, *zones: dict[str, Any], limits: Limits | None = None, facilities: Sequence[Facility] = (), batch: int = 7
    ) -> None:
        self.city = msgspec.structs.replace(CITY, facilities=tuple(facilities))
        self.state, self.book = State(), Book(self.city, limits or Limits())
        self.batch = batch
        self.alerts: list[Alert] = []
        self.verdicts: list[str] = []
        self.numbers: dict[str, int] = {}
        self.now_ms = START_MS
        if zones:
            self.draw(*zones)

    def draw(self, *zones: dict[str, Any]) -> None:
        """Let a new set of zones take force."""
        data = zones_file(*zones)
        self._run([ZonesChanged(self.now_ms, "v")], {"v": data})

    def home(
        self, name: str, east: float, north: float = 0.0, lead: float = 200.0, categories: Sequence[str] = ()
    ) -> None:
        """Subscribe a pin with a lead in metres, or change it."""
        self._put(name, Pin(*place(east, north)), MetresLead(lead), categories)

    def resident_of(self, name: str, zone: str, categories: Sequence[str] = ()) -> None:
        """Subscribe somebody who only names the zone."""
        self._put(name, InZone(zone), ZoneLead(), categories)

    def resident_at(self, name: str, east: float, north: float = 0.0, categories: Sequence[str] = ()) -> None:
        """Subscribe a pin to the zone in which it lies."""
        self._put(name, Pin(*place(east, north)), ZoneLead(), categories)

    def leave(self, name: str) -> None:
        """Unsubscribe."""
        self._run([HomesChanged(self.now_ms, (), (self.numbers.pop(name),))])

    def say(self, kind: WordKind, truck: str = "17") -> None:
        """Let dispatch speak."""
        self._run([Word(self.now_ms, kind, truck)])

    def tick(self, later_s: float) -> None:
        """Let time pass."""
        self.now_ms += round(later_s * 1000)
        self._run([Tick(self.now_ms)])

    def play(self, pings: Iterable[Ping]) -> list[Alert]:
        """Take pings in the given order, in small batches; give the new alerts."""
        pings = list(pings)
        before = len(self.alerts)
        for first in range(0, len(pings), self.batch):
            some = pings[first : first + self.batch]
            self.now_ms = max(self.now_ms, *(ping.received_ms for ping in some))
            self._run(some)
        return self.alerts[before:]

    def told(self) -> list[str]:
        """Name everybody who was told, in order, as often as they were."""
        return [alert.subscription for alert in self.alerts]

    def _put(self, name: str, where: Pin | InZone, lead: MetresLead | ZoneLead, categories: Sequence[str]) -> None:
        number = self.numbers.setdefault(name, max(self.numbers.values(), default=0) + 1)
        self._run([HomesChanged(self.now_ms, (Home(number, name, where, lead, tuple(categories)),))])

    def _run(self, events: Sequence[Event], documents: dict[str, bytes] | None = None) -> None:
        outcome = run_batch(self.state, self.book, events, documents or {})
        self.alerts.extend(outcome.alerts)
        self.verdicts.extend(outcome.verdicts.elements())
