"""The files of a town: city.toml, pings by day, residents, arrivals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fleet.driving import Floats
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.sites import Stop
from benchmarks.fleet.town import ServiceDay
from benchmarks.fleet.truth import Home, arrived
from model.times import format_rfc3339

ZONE = dt.timezone(dt.timedelta(hours=9))
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Folder:
    """Writes one town; with `late_backlog` what a box held back arrives late, else with its stamp."""

    path: Path
    settings: Settings
    late_backlog: bool = False

    def city(self) -> None:
        """The city's three keys."""
        (self.path / "pings").mkdir(parents=True, exist_ok=True)
        (self.path / "city.toml").write_text('id = "fleet"\nname = "Fleet"\ntimezone = "Asia/Tokyo"\n', "utf-8")

    def pings(self, one: ServiceDay) -> None:
        """A day's fixes of all trucks, in the order of arrival."""
        rows: list[tuple[int, int, str]] = []
        midnight = _midnight(one.day.date)
        for truck, fixes in zip(one.trucks, one.fixes, strict=True):
            vehicle = self.settings.vehicles[truck.vehicle]
            arrived = fixes.arrived if self.late_backlog else fixes.t
            for received_s, t, (lat, lon) in zip(arrived, fixes.t, self._degrees(fixes.xy), strict=True):
                received_ms, fix_ms = (round((midnight + float(second)) * 1000) for second in (received_s, t))
                line = f"{vehicle},{format_rfc3339(fix_ms)},{lat:.6f},{lon:.6f},{format_rfc3339(received_ms)}"
                rows.append((received_ms, fix_ms, line))
        lines = [line for _, _, line in sorted(rows)]
        self._write(f"pings/{one.day.date.isoformat()}.csv", "vehicle_id,timestamp,lat,lon,received_at", lines)

    def residents(self, homes: Iterable[Home], lead_minutes: int) -> None:
        """Who is to be told."""
        lines = []
        for home in homes:
            lat, lon = self._degrees(np.array([[home.x, home.y]]))[0].tolist()
            lines.append(f"{home.resident_id},{lat:.6f},{lon:.6f},{lead_minutes}")
        self._write("residents.csv", "resident_id,lat,lon,lead_minutes", lines)

    def arrivals(self, comings: Iterable[Coming], homes: Iterable[Home]) -> None:
        """The truth, by time."""
        by_stop: dict[int, list[str]] = {}
        for home in homes:
            by_stop.setdefault(home.stop, []).append(home.resident_id)
        rows = [(c.at, c.vehicle, resident) for c in comings for resident in by_stop.get(c.stop, [])]
        lines = [
            f"{self.settings.vehicles[vehicle]},{home},{format_rfc3339(1000 * round(at))}"
            for at, vehicle, home in sorted(rows)
        ]
        self._write("arrivals.csv", "vehicle_id,resident_id,arrived_at", lines)

    def _degrees(self, xy: Floats) -> Floats:
        town = self.settings.town
        east = METRES_PER_DEGREE * np.cos(np.radians(town.lat))
        return np.column_stack([town.lat + xy[:, 1] / METRES_PER_DEGREE, town.lon + xy[:, 0] / east])

    def _write(self, name: str, header: str, lines: list[str]) -> None:
        (self.path / name).write_text("\n".join([header, *lines, ""]), "utf-8", newline="\n")


@dataclass(frozen=True)
class Coming:
    """A truck came to serve a stop; `at` in seconds since the epoch."""

    at: float
    vehicle: int
    stop: int


def comings(one: ServiceDay, stops: tuple[Stop, ...]) -> list[Coming]:
    """All of a day."""
    return [
        Coming(
            _midnight(one.day.date) + arrived(truck.track, service, stops[service.stop]), truck.vehicle, service.stop
        )
        for truck in one.trucks
        for service in truck.services
    ]


def _midnight(date: dt.date) -> float:
    return dt.datetime.combine(date, dt.time(), ZONE).timestamp()
