"""The truth: who lives where, and when the truck that served them came. No predictor is asked."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date

import msgspec
import numpy as np
from numpy.random import Generator

from gomikuru.simulation.bed.crew_day import Service
from gomikuru.simulation.bed.track import Track
from gomikuru.simulation.plane import Floats

Place = tuple[float, float]

ARRIVED_M = 50.0
ROUTINE_SHARE = 0.6
HOME_M = 40.0
CLEARLY_M = 10.0


class Visit(msgspec.Struct, frozen=True):
    """A service with its arrival, seconds from local midnight."""

    day: date
    stop: int
    vehicle: str
    arrived_s: float
    begin_s: float
    end_s: float


class Home(msgspec.Struct, frozen=True):
    """A household near a stop, in metres on the plane."""

    stop: int
    x: float
    y: float


def arrival_s(track: Track, place: Place, service: Service) -> float:
    """Tell when the truck came within reach: go back from the service to the last moment outside."""
    t = np.arange(service.begin_s, max(track.t_s[0], service.begin_s - 7200), -0.5)
    xy = track.at(t)
    outside = np.hypot(xy[:, 0] - place[0], xy[:, 1] - place[1]) > ARRIVED_M
    first = int(np.argmax(outside)) if outside.any() else len(t) - 1
    return float(t[max(0, first - 1)])


def routine_stops(visits: list[Visit], planned: list[int], least: int) -> list[int]:
    """Tell which stops were served on most of at least so many days. `planned` names each stop once a day and round."""
    served, due = Counter(visit.stop for visit in visits), Counter(planned)
    return sorted(stop for stop, count in served.items() if due[stop] >= least and count >= ROUTINE_SHARE * due[stop])


def homes(routine: list[int], places: dict[int, Place], count: int, rng: Generator) -> list[Home]:
    """Settle households around routine stops, no stop twice before each had one."""
    others = np.array(list(places.values()))
    order: list[int] = []
    found = []
    for _ in range(count if routine else 0):
        order = order or [routine[int(k)] for k in rng.permutation(len(routine))]
        stop = order.pop()
        found.append(Home(stop, *_door(places[stop], others, rng)))
    return found


def _door(place: Place, others: Floats, rng: Generator) -> Place:
    """Draw a home that lies clearly nearest to its own stop: people live at their own collection point."""
    for _ in range(40):
        angle, metres = rng.uniform(0.0, 2 * math.pi), HOME_M * math.sqrt(rng.random())
        door = (place[0] + metres * math.cos(angle), place[1] + metres * math.sin(angle))
        away = np.sort(np.hypot(*(others - door).T))
        if away[0] >= metres - 1e-6 and (len(away) == 1 or away[1] >= metres + CLEARLY_M):
            return door
    return place
