"""The days that are played: the sample city simulated, Jersey City recorded; each with homes, phones and bad payloads.

A gateway speaks for all trucks and says when it received each fix, so that what is late is late in every run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

import msgspec

from gomikuru.places import sample_cities
from model.subscription import MetresLead, Pin, Target, TargetKind, ZoneLead
from model.times import parse_rfc3339
from residents.wish import Wish
from tests.support import jersey
from tests.support.brokers import CITY, GATEWAY

HOMES = {"sample": 800, "jersey": 150}
_BUSY_DAYS = tuple(date(2026, 11, day) for day in (2, 5, 9, 12, 16, 19, 26, 30))
"""Mondays and Thursdays, on which the sample city's burnable waste is collected."""


class Said(msgspec.Struct, frozen=True):
    """One message as the gateway publishes it; `repeat`: it was said before."""

    at_ms: int
    truck: str
    topic: str
    payload: bytes
    repeat: bool = False


class Day(msgspec.Struct, frozen=True):
    """A part of a day: the city's folder, its homes, and what is said, in order."""

    name: str
    folder: Path
    wishes: tuple[Wish, ...]
    said: tuple[Said, ...]


def phone(home: str) -> str:
    """Name a home's phone."""
    return f"phone-of-{home}"


def old_phone(home: str) -> str:
    """Name a device that a home has had and that is gone."""
    return f"old-phone-of-{home}"


def sample_day(folder: Path, chance: Random, minutes: int = 60) -> Day:
    """Simulate part of a day of the sample city."""
    from gomikuru import simulate

    shutil.copytree(sample_cities() / "sample", folder)
    toml = (folder / "city.toml").read_text(encoding="utf-8").replace('id = "sample"', f'id = "{CITY}"')
    toml += f"\n[gateways.{GATEWAY}]\nreceived_at_allowed = true\n"
    (folder / "city.toml").write_text(toml, encoding="utf-8")
    town, seed = simulate.read_town(folder), chance.randrange(1000)
    day, models = chance.choice(_BUSY_DAYS), simulate.Simulation()
    tours = simulate.drive_day(town, day, seed, models)
    begin_ms = (simulate.lively_start_ms(tours) or 0) + chance.randrange(40) * 60_000
    pings = simulate.tour_pings(town, tours, day, seed, models)
    part = [ping for ping in pings if begin_ms <= ping.sent_ms < begin_ms + minutes * 60_000]
    homes = [(home.lat, home.lon, home.category) for home in simulate.homes(town, HOMES["sample"], seed)]
    leads = (MetresLead(200.0), MetresLead(300.0), MetresLead(500.0), ZoneLead())
    wishes = tuple(
        _wish(number, Pin(lat, lon), leads[number % 4], (category,) if category else ())
        for number, (lat, lon, category) in enumerate(homes)
    )
    return Day("sample", folder, wishes, tuple(_with_noise(chance, _simulated(simulate.payloads(CITY, part)))))


def jersey_day(folder: Path, chance: Random, minutes: int = 120) -> Day:
    """Take a part of the recorded day; each truck serves a route of its own, so that none waits for another."""
    jersey.write_city(folder)
    rows = jersey.rows()
    begin_ms = parse_rfc3339("2015-12-10T12:30:00Z") + chance.randrange(300) * 60_000
    part = [row for row in rows if begin_ms <= parse_rfc3339(row.received_at) < begin_ms + minutes * 60_000]
    wishes = tuple(
        _wish(number, Pin(lat, lon), MetresLead(float(lead)), ())
        for number, (_, lat, lon, lead) in enumerate(jersey.homes(HOMES["jersey"], chance.randrange(1000)))
    )
    said = (
        Said(parse_rfc3339(row.received_at), row.vehicle, *_routed(*jersey.message(row), f"route-{row.vehicle}"))
        for row in part
    )
    return Day("jersey", folder, wishes, tuple(_with_noise(chance, said)))


def _wish(number: int, place: Pin, lead: MetresLead | ZoneLead, categories: tuple[str, ...]) -> Wish:
    home = f"home-{number}"
    devices = [phone(home), old_phone(home)] if number % 10 == 3 else [phone(home)]
    targets = tuple(Target(TargetKind.FCM_TOKEN, device) for device in devices)
    return Wish(id=home, place=place, lead=lead, categories=categories, language="en", targets=targets)


def _routed(topic: str, payload: bytes, route: str) -> tuple[str, bytes]:
    return topic, msgspec.json.encode(msgspec.json.decode(payload) | {"route": route})


def _simulated(payloads: Iterator[object]) -> Iterator[Said]:
    """Let the gateway speak for simulated trucks; it received each message when it was sent."""
    for one in payloads:
        at_ms, truck, body = one.sent_ms, one.truck, msgspec.json.decode(one.body)  # type: ignore[attr-defined]
        fixes = [fix | {"received_at": at_ms} for fix in (body if isinstance(body, list) else [body])]
        payload = msgspec.json.encode(fixes if len(fixes) > 1 else fixes[0])
        yield Said(at_ms, truck, topic_of(truck), payload)


def topic_of(truck: str) -> str:
    """Name the topic under which the gateway speaks for a truck."""
    return f"gomikuru/v1/{CITY}/gateways/{GATEWAY}/trucks/{truck}/ping"


def _with_noise(chance: Random, said: Iterator[Said]) -> Iterator[Said]:
    """Put in what trackers do: now and then a message comes twice, much later again, or is none."""
    before: list[Said] = []
    for number, one in enumerate(said):
        yield one
        before.append(one)
        if chance.random() < 0.04:
            again = before[-1 - min(len(before) - 1, int(chance.expovariate(0.1)))]
            yield msgspec.structs.replace(again, at_ms=one.at_ms, repeat=True)
        if chance.random() < 0.04:
            yield _bad(chance, one, number)


def _bad(chance: Random, one: Said, number: int) -> Said:
    later = one.at_ms + 3_600_000
    forms: Sequence[object] = (
        {"t": one.at_ms, "lat": 91.0, "lon": 0.0, "seq": number},
        {"t": later, "lat": 34.8, "lon": 135.4, "seq": number, "received_at": one.at_ms},
        {"t": one.at_ms, "lat": 34.8, "lon": 135.4, "truck": "another", "seq": number},
        {"nonsense": number},
    )
    return msgspec.structs.replace(one, payload=msgspec.json.encode(chance.choice(forms)))


def in_slices(day: Day, count: int) -> list[list[Said]]:
    """Cut a day into slices of time that each hold something."""
    first, last = day.said[0].at_ms, day.said[-1].at_ms
    slices: dict[int, list[Said]] = {}
    for one in day.said:
        slices.setdefault((one.at_ms - first) * count // (last - first + 1), []).append(one)
    return [slices[number] for number in sorted(slices)]
