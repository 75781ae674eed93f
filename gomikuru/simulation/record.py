"""Writes a simulated day in the file forms of the offline twin: pings.csv, residents.csv, arrivals.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from typing import TextIO

from gomikuru.simulate import SimPing
from gomikuru.simulation.homes import Arrival, SimHome
from model.subscription import Lead, MetresLead, MinutesLead
from model.times import format_rfc3339

PINGS = ("vehicle_id", "timestamp", "lat", "lon", "speed_mps", "heading", "accuracy", "received_at")
RESIDENTS = ("resident_id", "lat", "lon", "category", "lead_minutes", "lead_metres")
ARRIVALS = ("resident_id", "vehicle_id", "arrived_at")


def resident_id(number: int) -> str:
    """Name a simulated resident."""
    return f"r{number + 1:05d}"


def write_pings(file: TextIO, pings: Iterable[SimPing]) -> int:
    """Write the pings as given, which is in order of sending; tell how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(PINGS)
    count = 0
    for ping in pings:
        count += 1
        heading = "" if ping.heading_deg is None else ping.heading_deg
        place = (f"{ping.lat:.6f}", f"{ping.lon:.6f}", ping.speed_mps, heading, ping.accuracy_m)
        writer.writerow((ping.truck, format_rfc3339(ping.fix_ms), *place, format_rfc3339(ping.sent_ms)))
    return count


def write_residents(file: TextIO, homes: Iterable[SimHome], lead: Callable[[int], Lead]) -> int:
    """Write one resident a home, with the lead that `lead` gives to its number; tell how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(RESIDENTS)
    count = 0
    for number, home in enumerate(homes):
        wish = lead(number)
        minutes = f"{wish.minutes:g}" if isinstance(wish, MinutesLead) else ""
        metres = f"{wish.metres:g}" if isinstance(wish, MetresLead) else ""
        writer.writerow((resident_id(number), f"{home.lat:.6f}", f"{home.lon:.6f}", home.category, minutes, metres))
        count += 1
    return count


def write_arrivals(file: TextIO, arrivals: Iterable[Arrival]) -> int:
    """Write the truth; tell how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(ARRIVALS)
    count = 0
    for arrival in arrivals:
        count += 1
        writer.writerow((resident_id(arrival.home), arrival.truck, format_rfc3339(arrival.at_ms)))
    return count
