"""Who lives where, and when a truck came and served them: from true paths, never from fixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.fleet.driving import Track
from benchmarks.fleet.sites import Stop
from benchmarks.fleet.tasks import Service

NEAR_M = 50.0
ROUTINE_SHARE = 0.7


@dataclass(frozen=True)
class Home:
    """A resident by a stop."""

    resident_id: str
    x: float
    y: float
    stop: int


def homes(stops: Sequence[Stop], routine: Sequence[int], count: int, rng: np.random.Generator) -> list[Home]:
    """Homes 5 to 40 m from routine stops, no other stop nearly as near; stops repeat only when all have one."""
    order = [int(k) for k in rng.permutation(np.array(routine))]
    places = np.array([[stop.x, stop.y] for stop in stops])
    found: list[Home] = []
    for turn in range(40 * count):
        if len(found) == count:
            return found
        stop = stops[order[turn % len(order)]]
        far, angle = rng.uniform(5, 39), rng.uniform(0, 2 * np.pi)
        x, y = stop.x + far * np.cos(angle), stop.y + far * np.sin(angle)
        others = np.sort(np.hypot(*(places - (x, y)).T))
        if len(others) == 1 or others[1] > far + 25.0:
            found.append(Home(f"R{len(found) + 1:03d}", float(x), float(y), stop.number))
    raise ValueError(f"--homes {count}: only {len(found)} fit by {len(order)} routine stops")


def arrived(track: Track, service: Service, stop: Stop) -> float:
    """Back from the service, the moment the truck last came within 50 m of the stop."""
    t = np.arange(np.floor(track.span[0]), np.floor(service.start_s) + 1)
    away = np.hypot(*(track.at(t) - (stop.x, stop.y)).T) > NEAR_M
    return float(t[np.flatnonzero(away)[-1] + 1]) if away.any() else float(t[0])
