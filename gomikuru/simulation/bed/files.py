"""Writes a test bed in the file forms of docs/replay.md: a pings.csv a day, residents, arrivals, a city."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path

import msgspec
import numpy as np

from gomikuru.simulation.bed import Bed, BedDay, BedPlan, Home, Visit
from gomikuru.simulation.plane import Floats, Plane
from model.times import format_rfc3339, zone_info


class Written(msgspec.Struct, frozen=True):
    """What was written."""

    days: int
    truck_days: int
    pings: int
    residents: int
    arrivals: int
    tips: int


def write_bed(bed: Bed, out: Path) -> Written:
    """Live through the bed's days and write all files into a folder."""
    plan, plane = bed.plan, Plane(bed.plan.longitude, bed.plan.latitude)
    (out / "pings").mkdir(parents=True, exist_ok=True)
    (out / "city.toml").write_text(
        f'id = "bed{plan.seed}"\nname = "Test bed {plan.seed}"\ntimezone = "{plan.timezone}"\n', encoding="utf-8"
    )
    visits: list[Visit] = []
    days = truck_days = pings = tips = 0
    for each in bed.days():
        lines = _pings(each, plan, plane)
        _write(out / "pings" / f"{each.day}.csv", "vehicle_id,timestamp,lat,lon,received_at", lines)
        visits += each.visits
        days, truck_days = days + 1, truck_days + len(each.heard)
        pings, tips = pings + len(lines), tips + len(each.tips)
    homes = bed.settle(visits)
    arrivals = _arrivals(homes, visits, plan)
    header = "resident_id,lat,lon,category,lead_minutes,lead_metres"
    _write(out / "residents.csv", header, _residents(homes, plan, plane))
    _write(out / "arrivals.csv", "resident_id,vehicle_id,arrived_at", arrivals)
    return Written(days, truck_days, pings, len(homes), len(arrivals), tips)


def _write(path: Path, header: str, lines: Iterable[str]) -> None:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")


def _midnight_ms(day: date, timezone: str) -> int:
    return int(datetime.combine(day, time(), zone_info(timezone)).timestamp()) * 1000


def _pings(each: BedDay, plan: BedPlan, plane: Plane) -> list[str]:
    midnight = _midnight_ms(each.day, plan.timezone)
    rows: list[tuple[int, str, int, str]] = []
    for said in each.heard:
        lonlat = plane.to_lonlat(said.xy).tolist()
        for fix, received, (lon, lat) in zip(said.fix_ms.tolist(), said.received_ms.tolist(), lonlat, strict=True):
            rows.append((received + midnight, said.vehicle, fix + midnight, f"{lat:.6f},{lon:.6f}"))
    rows.sort()
    return [
        f"{vehicle},{format_rfc3339(fix)},{place},{format_rfc3339(received)}" for received, vehicle, fix, place in rows
    ]


def resident_id(number: int) -> str:
    """Name a household."""
    return f"r{number + 1:04d}"


def _residents(homes: list[Home], plan: BedPlan, plane: Plane) -> list[str]:
    lines = []
    for number, home in enumerate(homes):
        ((lon, lat),) = plane.to_lonlat(_row(home)).tolist()
        lines.append(f"{resident_id(number)},{lat:.6f},{lon:.6f},,{plan.lead_minutes:g},")
    return lines


def _row(home: Home) -> Floats:
    return np.array([[home.x, home.y]])


def _arrivals(homes: list[Home], visits: list[Visit], plan: BedPlan) -> list[str]:
    living: dict[int, list[int]] = {}
    for number, home in enumerate(homes):
        living.setdefault(home.stop, []).append(number)
    rows = []
    for visit in visits:
        at = _midnight_ms(visit.day, plan.timezone) + round(visit.arrived_s) * 1000
        rows += [(at, resident_id(number), visit.vehicle) for number in living.get(visit.stop, ())]
    return [f"{resident},{vehicle},{format_rfc3339(at)}" for at, resident, vehicle in sorted(rows)]
