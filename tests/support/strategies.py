"""Hypothesis strategies of the engine: homes on the plane, legs, and a city's events."""

from __future__ import annotations

from math import cos, pi, sin
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from geofence.geometry import project
from geofence.homes import HomeRow
from model.event import Event, HomesChanged, Tick, Word, WordKind, ZonesChanged
from model.subscription import Home, InZone, MetresLead, Pin, ZoneLead
from tests.support.truckline import LAT, LON, START_MS, Truckline, late, place, zone, zones_file

Leg = tuple[float, float, float, float]

X0, Y0 = project(LAT, LON)

LEADS = (100.0, 150.0, 200.0, 300.0, 333.0, 500.0, 1000.0, 2000.0)


class Neighbourhood(NamedTuple):
    """Homes, and legs among them."""

    rows: list[HomeRow]
    legs: list[Leg]


@st.composite
def legs(draw: st.DrawFn, spread_m: float = 3000.0) -> Leg:
    """Draw a leg on the plane: mostly some metres, at times none, along an axis, or across the town."""
    x, y = (X0 + draw(st.floats(-spread_m, spread_m)), Y0 + draw(st.floats(-spread_m, spread_m)))
    length = draw(st.sampled_from([0.0, 0.001, 2.0, 7.3, 60.0, 400.0, 5000.0]))
    angle = draw(st.sampled_from([0.0, pi / 2, pi, -pi / 2]) | st.floats(0.0, 2 * pi))
    return x, y, x + length * cos(angle), y + length * sin(angle)


@st.composite
def neighbourhoods(draw: st.DrawFn, most: int = 3000) -> Neighbourhood:
    """Draw homes by a seed: a town, a few far beyond its rim (up to the far side of the earth), several categories."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 40) | st.sampled_from([200, 1500, most]))
    spread = draw(st.sampled_from([0.0, 50.0, 800.0, 4000.0]))
    wanted = draw(st.lists(st.sampled_from(LEADS), min_size=1, max_size=4))
    outliers = draw(st.sampled_from([0.0, 0.002, 0.3]))
    rows = []
    for number in range(1, count + 1):
        far = 100.0 ** chance.uniform(0.0, 2.2) if chance.random() < outliers else 1.0
        lat, lon = place(*np.clip(chance.normal(0.0, max(spread, 0.1), 2) * far, -5e6, 5e6).tolist())
        mask = int(chance.choice([0, 1, 2, 3]))
        reach = float(chance.choice(wanted))
        rows.append(
            HomeRow(number, f"s{number}", float(np.clip(lat, -84, 84)), float(np.clip(lon, -179, 179)), reach, mask)
        )
    return Neighbourhood(rows, draw(st.lists(legs(max(spread, 100.0)), min_size=1, max_size=8)))


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Event], dict[str, bytes]]:
    """Draw a city's events: trucks at work and driving, bad fixes, subscriptions and zones that change, words."""
    zone_sets = {
        "one": zones_file(zone("west", -300, -300, 300, 300), zone("east", 360, -300, 900, 300, "burnable")),
        "two": zones_file(zone("west", -300, -300, 600, 300)),
    }
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pings = [
        ping
        for truck in draw(st.sampled_from([("17",), ("17", "18"), ("17", "21", "30")]))
        for ping in _line(truck, chance).pings(
            every_s=float(chance.choice([2.0, 5.0, 20.0, 60.0])), noise_m=4.0, seed=int(chance.integers(1000))
        )
    ]
    received: list[Event] = [late(p, 150.0 if chance.random() < 0.02 else chance.uniform(0.2, 6.0)) for p in pings]
    received += [received[int(chance.integers(len(received)))] for _ in range(len(received) // 10)]
    end_ms = max(ping.fix_ms for ping in pings)
    others = [_other(chance, number, int(chance.integers(START_MS - 10_000, end_ms))) for number in range(1, 60)]
    events = [*received, *others]
    events.sort(key=lambda event: getattr(event, "received_ms", None) or getattr(event, "at_ms", 0))
    return [ZonesChanged(START_MS - 20_000, "one"), *events], zone_sets


def _line(truck: str, chance: np.random.Generator) -> Truckline:
    line = Truckline(truck, *chance.uniform(-600, 600, 2).tolist(), begin_s=float(chance.uniform(0, 60)))
    for _ in range(int(chance.integers(2, 7))):
        east, north = [(1, 0), (0, 1), (-1, 0), (0, -1)][int(chance.integers(4))]
        metres = float(chance.uniform(30, 500))
        if chance.random() < 0.65:
            line.collect(east * metres, north * metres)
        elif chance.random() < 0.8:
            line.drive(east * metres, north * metres)
        else:
            line.stop(float(chance.choice([40.0, 700.0])))
    return line


def _other(chance: np.random.Generator, number: int, at_ms: int) -> Event:
    kind = chance.random()
    if kind < 0.75:
        return _homes(chance, number, at_ms)
    if kind < 0.85:
        return Tick(at_ms)
    if kind < 0.92:
        return ZonesChanged(at_ms, str(chance.choice(["one", "two"])))
    return Word(at_ms, list(WordKind)[int(chance.integers(3))], str(chance.choice(["17", "21"])))


def _homes(chance: np.random.Generator, number: int, at_ms: int) -> HomesChanged:
    some = []
    for _ in range(int(chance.integers(1, 8))):
        wanted = int(chance.integers(1, 400))
        categories = ((), ("burnable",), ("plastic", "burnable"))[int(chance.integers(3))]
        lat, lon = place(*chance.uniform(-900, 900, 2).tolist())
        place_, lead = Pin(lat, lon), MetresLead(float(chance.choice(LEADS[:6])))
        how = chance.random()
        if how < 0.2:
            some.append(
                Home(wanted, f"s{wanted}", InZone(str(chance.choice(["west", "east"]))), ZoneLead(), categories)
            )
        else:
            some.append(Home(wanted, f"s{wanted}", place_, ZoneLead() if how < 0.35 else lead, categories))
    gone = tuple(int(each) for each in chance.integers(1, 400, int(chance.integers(0, 3))))
    put = {home.number: home for home in some if home.number not in gone}
    return HomesChanged(at_ms, tuple(put.values()), gone)
