"""A town's simulated day: its truth, its pings in the order of sending, and their payloads. Pure; all from a seed.

The models stand in gomikuru/simulation/, each with its own chance: changing one leaves the others alone.
"""

from __future__ import annotations

import heapq
import itertools
import zlib
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.driver import Driver, Manner
from gomikuru.simulation.gps import Receiver, fixes
from gomikuru.simulation.homes import NoHomes, SimHome, Tour, homes
from gomikuru.simulation.network import DeadZone, Network, dead_zones, messages
from gomikuru.simulation.plan import Round, next_collection_day, rounds
from gomikuru.simulation.town import Town, TownUnusable, read_town

__all__ = [
    "NoHomes",
    "Payload",
    "SimHome",
    "SimPing",
    "Simulation",
    "Tour",
    "Town",
    "TownUnusable",
    "drive_day",
    "homes",
    "lively_start_ms",
    "next_collection_day",
    "payloads",
    "read_town",
    "shifted",
    "simulate_day",
    "tour_pings",
]

_FIRST_STOP_MIN = 8 * 60 + 40


class Simulation(msgspec.Struct, frozen=True):
    """The models of one simulation, and how many trucks take part."""

    manner: Manner = Manner()
    receiver: Receiver = Receiver()
    network: Network = Network()
    trucks: int | None = None


class SimPing(msgspec.Struct, frozen=True):
    """One fix as a truck sends it; pings with the same truck and `message` travel together."""

    truck: str
    message: int
    sent_ms: int
    fix_ms: int
    lat: float
    lon: float
    speed_mps: float
    heading_deg: float | None
    accuracy_m: float
    route: str


class Payload(msgspec.Struct, frozen=True):
    """One MQTT publish, due at `sent_ms` of the service clock."""

    sent_ms: int
    truck: str
    topic: str
    body: bytes


def _rng(seed: int, day: date, what: str) -> Generator:
    return np.random.default_rng([seed, day.toordinal(), zlib.crc32(what.encode())])


def drive_day(town: Town, day: date, seed: int, simulation: Simulation | None = None) -> list[Tour]:
    """Drive all rounds of a day: the truth."""
    simulation = simulation or Simulation()
    tours = []
    for each in rounds(town, day, simulation.trucks):
        driver = Driver(town, simulation.manner, _rng(seed, day, f"driver {each.truck.id}"))
        tours.append(Tour(each, driver.drive(each, town.instant_ms(day, _planned_start_min(each)))))
    return tours


def _planned_start_min(each: Round) -> float:
    times = [stop.scheduled_min for stop in each.route.stops if stop.scheduled_min is not None]
    if times:
        return times[0]
    return each.route.window[0] if each.route.window else _FIRST_STOP_MIN


def simulate_day(town: Town, day: date, seed: int, simulation: Simulation | None = None) -> Iterator[SimPing]:
    """Give every ping of a day in the order of sending."""
    simulation = simulation or Simulation()
    return tour_pings(town, drive_day(town, day, seed, simulation), day, seed, simulation)


def tour_pings(town: Town, tours: Iterable[Tour], day: date, seed: int, simulation: Simulation) -> Iterator[SimPing]:
    """Give the pings of known tours in the order of sending."""
    dead = dead_zones(town.streets.xy, simulation.network, np.random.default_rng([seed, 7002]))
    each = [_pings(town, tour, dead, day, seed, simulation) for tour in tours]
    return heapq.merge(*each, key=lambda ping: (ping.sent_ms, ping.truck, ping.message, ping.fix_ms))


def _pings(
    town: Town, tour: Tour, dead: list[DeadZone], day: date, seed: int, simulation: Simulation
) -> Iterator[SimPing]:
    truck = tour.round.truck.id
    found = fixes(tour.track, simulation.receiver, _rng(seed, day, f"gps {truck}"))
    lonlat = town.plane.to_lonlat(found.xy).round(6).tolist()
    times, speeds = found.t_ms.tolist(), found.speed_mps.tolist()
    headings, accuracies = found.heading_deg.tolist(), found.accuracy_m.tolist()
    sent = messages(found, dead, simulation.network, _rng(seed, day, f"network {truck}"))
    for number, message in enumerate(sent):
        for k in message.fixes:
            heading = headings[k] if headings[k] == headings[k] else None
            lon, lat = lonlat[k]
            motion = (speeds[k], heading, accuracies[k])
            yield SimPing(truck, number, message.sent_ms, times[k], lat, lon, *motion, tour.round.route.id)


def payloads(city: str, pings: Iterable[SimPing]) -> Iterator[Payload]:
    """Pack pings as trucks speak the native dialect: one object, or an array for a backlog."""
    for (truck, _, sent_ms), group in itertools.groupby(
        pings, key=lambda ping: (ping.truck, ping.message, ping.sent_ms)
    ):
        said = [_native(ping) for ping in group]
        body = msgspec.json.encode(said if len(said) > 1 else said[0])
        yield Payload(sent_ms, truck, f"gomikuru/v1/{city}/trucks/{truck}/ping", body)


def shifted(pings: Iterable[SimPing], later_ms: int) -> Iterator[SimPing]:
    """Move pings in time."""
    for ping in pings:
        yield msgspec.structs.replace(ping, sent_ms=ping.sent_ms + later_ms, fix_ms=ping.fix_ms + later_ms)


def _native(ping: SimPing) -> dict[str, float | str]:
    said: dict[str, float | str] = {"t": ping.fix_ms, "lat": ping.lat, "lon": ping.lon, "speed": ping.speed_mps}
    if ping.heading_deg is not None:
        said["heading"] = ping.heading_deg
    said["accuracy"] = ping.accuracy_m
    said["route"] = ping.route
    return said


def lively_start_ms(tours: Iterable[Tour]) -> int | None:
    """Tell from when on a watcher sees trucks at work: the half of them have left the depot for their routes."""
    starts = sorted(int(tour.track.t_ms[int(np.argmax(~np.isnan(tour.track.route_m)))]) for tour in tours)
    return starts[len(starts) // 2] if starts else None
