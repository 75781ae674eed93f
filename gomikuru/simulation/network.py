"""The network model: when each fix leaves the truck. Latency, dead zones, outages, and the backlog after them."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gomikuru.simulation.gps import Fixes
from gomikuru.simulation.plane import Floats


class Network(msgspec.Struct, frozen=True):
    """How well a town is covered; an outage strikes one truck anywhere."""

    latency_s: tuple[float, float] = (0.15, 1.2)
    dead_zones: int = 3
    dead_radius_m: tuple[float, float] = (90.0, 180.0)
    outages_per_h: float = 0.3
    outage_s: tuple[float, float] = (40.0, 420.0)
    backlog_most: int = 50


class DeadZone(msgspec.Struct, frozen=True):
    """A disk on the plane in which no truck has signal."""

    x: float
    y: float
    radius_m: float


def dead_zones(nodes: Floats, network: Network, rng: Generator) -> list[DeadZone]:
    """Lay the town's dead zones at crossings, the same for every truck."""
    chosen = rng.choice(len(nodes), size=min(network.dead_zones, len(nodes)), replace=False)
    places = nodes[chosen].tolist()
    return [DeadZone(x, y, float(rng.uniform(*network.dead_radius_m))) for x, y in places]


def silent(found: Fixes, zones: list[DeadZone], network: Network, rng: Generator) -> NDArray[np.bool_]:
    """Tell at which fixes the truck had no signal."""
    quiet = np.zeros(len(found.t_ms), np.bool_)
    for zone in zones:
        quiet |= np.hypot(found.true_xy[:, 0] - zone.x, found.true_xy[:, 1] - zone.y) < zone.radius_m
    if len(found.t_ms):
        first, last = float(found.t_ms[0]), float(found.t_ms[-1])
        for _ in range(int(rng.poisson(network.outages_per_h * (last - first) / 3_600_000))):
            begin = rng.uniform(first, last)
            quiet |= (found.t_ms >= begin) & (found.t_ms < begin + 1000 * rng.uniform(*network.outage_s))
        quiet[-1] = False
    return quiet


class Message(msgspec.Struct, frozen=True):
    """One transmission: when it left, and which fixes (by number) it carried."""

    sent_ms: int
    fixes: range


def messages(found: Fixes, zones: list[DeadZone], network: Network, rng: Generator) -> list[Message]:
    """Pack the fixes into transmissions in order: one each, or backlogs once there is signal again."""
    quiet = silent(found, zones, network, rng)
    latency = rng.uniform(*network.latency_s, size=len(quiet))
    sent: list[Message] = []
    begin, last_ms = 0, 0
    for k in np.flatnonzero(~quiet).tolist():
        at = max(last_ms + 1, int(found.t_ms[k] + 1000 * latency[k]))
        while begin < k:
            upto = min(begin + network.backlog_most, k)
            sent.append(Message(at, range(begin, upto)))
            begin, at = upto, at + 40
        sent.append(Message(at, range(k, k + 1)))
        begin, last_ms = k + 1, at
    return sent
