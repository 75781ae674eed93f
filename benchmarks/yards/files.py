"""The files of a town: city.toml, pings by day, residents, arrivals."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.yards.fleet import ServiceDay
from benchmarks.yards.streets import Point
from benchmarks.yards.town import Town

ZONE = dt.timezone(dt.timedelta(hours=9))
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Arrival:
    """A truck stopped at a home's stand, at such an instant."""

    at: str
    vehicle_id: str
    stop: int


@dataclass(frozen=True)
class Folder:
    """Writes one town."""

    path: Path
    town: Town

    def city(self) -> None:
        """The city's three keys."""
        (self.path / "pings").mkdir(parents=True, exist_ok=True)
        (self.path / "city.toml").write_text('id = "yards"\nname = "Yards"\ntimezone = "Asia/Tokyo"\n', "utf-8")

    def pings(self, one: ServiceDay) -> None:
        """A day's fixes of all trucks, in order of time."""
        rows: list[tuple[float, str, str]] = []
        for truck in one.trucks:
            vehicle = truck.truck.vehicle_id
            for t, place in zip(truck.fixes.t.tolist(), truck.fixes.xy.tolist(), strict=True):
                rows.append((t, vehicle, f"{vehicle},{instant(one.day.date, t)},{self._degrees(place)}"))
        rows.sort(key=lambda row: row[:2])
        date = one.day.date.isoformat()
        self._write(f"pings/{date}.csv", "vehicle_id,timestamp,lat,lon", (line for _, _, line in rows))

    def residents(self, lead_minutes: int) -> None:
        """Who is to be told."""
        lines = (f"{home.resident_id},{self._degrees((home.x, home.y))},{lead_minutes}" for home in self.town.homes)
        self._write("residents.csv", "resident_id,lat,lon,lead_minutes", lines)

    def arrivals(self, came: Iterable[Arrival]) -> None:
        """The truth, by time."""
        residents = {home.stop: home.resident_id for home in self.town.homes}
        by_time = sorted(came, key=lambda arrival: arrival.at)
        lines = (f"{one.vehicle_id},{residents[one.stop]},{one.at}" for one in by_time)
        self._write("arrivals.csv", "vehicle_id,resident_id,arrived_at", lines)

    def _degrees(self, place: Point) -> str:
        """Latitude and longitude, as they stand in a line."""
        lat = self.town.lat + place[1] / METRES_PER_DEGREE
        lon = self.town.lon + place[0] / (METRES_PER_DEGREE * math.cos(math.radians(self.town.lat)))
        return f"{lat:.6f},{lon:.6f}"

    def _write(self, name: str, header: str, lines: Iterable[str]) -> None:
        (self.path / name).write_text("\n".join([header, *lines, ""]), "utf-8", newline="\n")


def arrivals(one: ServiceDay) -> list[Arrival]:
    """All of a day at homes, as often as a truck came."""
    return [
        Arrival(instant(one.day.date, service.start_s), truck.truck.vehicle_id, service.stop.number)
        for truck in one.trucks
        for service in truck.services
        if service.stop.home
    ]


def instant(date: dt.date, second: float) -> str:
    """A moment of a local day in UTC, always with milliseconds."""
    local = dt.datetime.combine(date, dt.time(), ZONE) + dt.timedelta(seconds=round(second, 3))
    return local.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
