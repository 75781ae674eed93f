"""The recorded Jersey City day for tests and benchmarks: its city, its messages, and homes along what trucks served."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from model.times import parse_rfc3339
from tests.support.brokers import CITY, GATEWAY
from tests.support.needs import shared_data

LEADS = (150, 200, 300, 500, 1000)
METRES_A_DEGREE = 111_320.0


class Row(NamedTuple):
    """One line of the recording."""

    vehicle: str
    timestamp: str
    lat: str
    lon: str
    received_at: str


def recording() -> Path:
    """Tell where the day in the order of arrival is."""
    return shared_data("jersey_city/pings_arrival.csv")


def rows() -> list[Row]:
    """Read the day."""
    with recording().open(encoding="utf-8", newline="") as file:
        return [
            Row(line["vehicle_id"], line["timestamp"], line["lat"], line["lon"], line["received_at"])
            for line in csv.DictReader(file)
        ]


def write_city(folder: Path) -> Path:
    """Make the city's folder, with a gateway that is trusted with the time of receipt."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(
        f'id = "{CITY}"\nname = "Jersey City"\ntimezone = "America/New_York"\nlanguage = "en"\n'
        f"[gateways.{GATEWAY}]\nreceived_at_allowed = true\n",
        encoding="utf-8",
    )
    return folder


def message(row: Row) -> tuple[str, bytes]:
    """Word a line as the gateway would publish it: topic and payload."""
    topic = f"gomikuru/v1/{CITY}/gateways/{GATEWAY}/trucks/{row.vehicle}/ping"
    body = {"t": row.timestamp, "lat": float(row.lat), "lon": float(row.lon), "received_at": row.received_at}
    return topic, msgspec.json.encode(body)


def served(day: list[Row]) -> list[tuple[float, float]]:
    """Tell where trucks went at a collecting pace: places reached by 20 to 240 m within two minutes."""
    last: dict[str, Row] = {}
    places = []
    for row in day:
        before, last[row.vehicle] = last.get(row.vehicle), row
        if before is None:
            continue
        seconds = (parse_rfc3339(row.timestamp) - parse_rfc3339(before.timestamp)) / 1000
        north = (float(row.lat) - float(before.lat)) * METRES_A_DEGREE
        east = (float(row.lon) - float(before.lon)) * METRES_A_DEGREE * math.cos(math.radians(float(row.lat)))
        if 20 <= seconds <= 120 and 20 <= math.hypot(north, east) <= 2 * seconds:
            places.append((float(row.lat), float(row.lon)))
    return places


def homes(count: int, seed: int = 7) -> Iterator[tuple[str, float, float, int]]:
    """Scatter homes (id, lat, lon, lead in metres) some 30 m about the places that trucks served."""
    chance = random.Random(seed)
    places = served(rows())
    for number in range(count):
        lat, lon = chance.choice(places)
        north, east = chance.gauss(0, 30), chance.gauss(0, 30)
        stretch = math.cos(math.radians(lat))
        home = (lat + north / METRES_A_DEGREE, lon + east / METRES_A_DEGREE / stretch)
        yield f"home-{number}", round(home[0], 6), round(home[1], 6), chance.choice(LEADS)


def write_residents(path: Path, count: int, targets: bool = True) -> Path:
    """Write the homes as residents.csv, each with one device."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        header = ["resident_id", "lat", "lon", "category", "lead_minutes", "lead_metres"]
        out.writerow([*header, "target_kind", "target"] if targets else header)
        for name, lat, lon, lead in homes(count):
            out.writerow([name, lat, lon, "", "", lead, *(["fcm_token", f"phone-of-{name}"] if targets else [])])
    return path
