"""The driver model: one truck's day as it truly was, second by second. Where it is, how fast, and what it is doing.

Depot, drive to the route, collect stop by stop, leave when full, come back to where it left, finish, tip, drive home.
"""

from __future__ import annotations

import math
from enum import IntEnum

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gomikuru.simulation.plan import Round
from gomikuru.simulation.plane import Floats, Path
from gomikuru.simulation.town import Town

TICK_MS = 1000


class Phase(IntEnum):
    """What a truck is doing."""

    PARKED = 0
    DRIVING = 1
    COLLECTING = 2
    TIPPING = 3


class Manner(msgspec.Struct, frozen=True):
    """How crews drive and work; ranges are drawn from evenly."""

    drive_kmh: tuple[float, float] = (25.0, 45.0)
    collect_kmh: tuple[float, float] = (5.0, 12.0)
    corner_kmh: float = 15.0
    dwell_s: tuple[float, float] = (5.0, 60.0)
    usual_dwell_s: float = 22.0
    wait_chance: float = 0.06
    wait_s: tuple[float, float] = (8.0, 40.0)
    full_after: tuple[float, float] = (0.5, 0.75)
    tipping_s: tuple[float, float] = (300.0, 720.0)
    punctuality_s: float = 240.0
    pace_spread: float = 0.08
    parked_s: float = 90.0


class Track(msgspec.Struct, frozen=True, eq=False):
    """The truth of one truck's day, one row a second; `route_m` is NaN where it does not serve its route."""

    t_ms: NDArray[np.int64]
    xy: Floats
    speed_mps: Floats
    phase: NDArray[np.uint8]
    route_m: Floats
    leg: NDArray[np.int32]


class _Log:
    """Collects the seconds of a day."""

    def __init__(self) -> None:
        self.xy: list[Floats] = []
        self.speed_mps: list[Floats] = []
        self.phase: list[NDArray[np.uint8]] = []
        self.route_m: list[Floats] = []
        self.leg: list[NDArray[np.int32]] = []
        self.legs = 0
        self.seconds = 0

    def add(self, xy: Floats, speed_mps: Floats, phase: Phase, route_m: Floats | None = None) -> None:
        count = len(xy)
        self.xy.append(xy)
        self.speed_mps.append(speed_mps)
        self.phase.append(np.full(count, phase, np.uint8))
        self.route_m.append(np.full(count, np.nan) if route_m is None else route_m)
        self.leg.append(np.full(count, self.legs, np.int32))
        self.seconds += count

    def track(self, begin_ms: int) -> Track:
        xy, speed = np.vstack(self.xy), np.concatenate(self.speed_mps)
        times = begin_ms + np.arange(len(xy), dtype=np.int64) * TICK_MS
        phase, leg = np.concatenate(self.phase), np.concatenate(self.leg)
        return Track(times, xy, speed, phase, np.concatenate(self.route_m), leg)


class Driver:
    """Drives one round; all chance comes from `rng`."""

    def __init__(self, town: Town, manner: Manner, rng: Generator) -> None:
        self._town, self._manner, self._rng = town, manner, rng
        self._pace = float(np.clip(rng.normal(1.0, manner.pace_spread), 0.8, 1.25))
        self._log = _Log()

    def drive(self, round_: Round, first_stop_ms: int) -> Track:
        """Drive the whole round so that its first stop is reached about `first_stop_ms`."""
        route = self._town.paths[round_.route.id]
        depot = self._town.facility("depot")
        home = route.xy[0] if depot is None else depot
        self._rest(home, self._manner.parked_s, Phase.PARKED)
        self._go(home, route.xy[0])
        before = self._log.seconds
        self._serve(round_, route)
        self._go(self._tip(route.xy[-1]), home)
        self._rest(home, self._manner.parked_s, Phase.PARKED)
        late_s = float(np.clip(self._rng.normal(0.0, self._manner.punctuality_s), -600.0, 900.0))
        return self._log.track(first_stop_ms + round(late_s) * 1000 - before * TICK_MS)

    def _serve(self, round_: Round, route: Path) -> None:
        spots = self._town.stops_m[round_.route.id]
        full = self._full_after(len(spots))
        here = 0.0
        self._log.legs += 1
        for number, (stop, spot) in enumerate(zip(round_.route.stops, spots, strict=True)):
            self._collect(route, here, spot)
            here = spot
            self._load(route, here, stop.dwell_s)
            if number == full:
                self._go(self._tip(route.at(np.array([here]))[0]), route.at(np.array([here]))[0])
                self._log.legs += 1
        self._collect(route, here, route.length_m)
        self._log.legs += 1

    def _full_after(self, stops: int) -> int:
        share = self._rng.uniform(*self._manner.full_after)
        return int(share * stops) if self._town.facility("incinerator", "transfer") is not None else -1

    def _tip(self, here: Floats) -> Floats:
        """Drive away to tip the load; tell where the truck is then."""
        tip = self._town.facility("incinerator", "transfer")
        if tip is None:
            return here
        self._go(here, tip)
        self._rest(tip, self._rng.uniform(*self._manner.tipping_s), Phase.TIPPING)
        return tip

    def _rest(self, place: Floats, seconds: float, phase: Phase) -> None:
        count = max(1, round(seconds))
        self._log.add(np.repeat(place[None], count, axis=0), np.zeros(count), phase)

    def _load(self, route: Path, here: float, planned_s: float | None) -> None:
        low, high = self._manner.dwell_s
        usual = (self._manner.usual_dwell_s if planned_s is None else planned_s) / self._pace
        seconds = round(float(np.clip(usual * self._rng.lognormal(0.0, 0.4), low, high)))
        at = np.full(seconds, here)
        self._log.add(route.at(at), np.zeros(seconds), Phase.COLLECTING, at)

    def _collect(self, route: Path, from_m: float, to_m: float) -> None:
        if to_m - from_m < 0.5:
            return
        low, high = self._manner.collect_kmh
        cruise = float(np.clip(self._rng.uniform(low, high) * self._pace, low, high)) / 3.6
        s = from_m + roll(to_m - from_m, np.array([]), np.array([cruise]), cruise)
        self._log.add(route.at(s), np.diff(s, prepend=from_m) * 1000 / TICK_MS, Phase.COLLECTING, s)

    def _go(self, start: Floats, goal: Floats) -> None:
        """Drive without collecting, by the quickest way, waiting at some crossings."""
        way = self._town.streets.way(start, goal)
        chance = self._rng.random(len(way.s))
        halts = [*way.s[1:-1][chance[1:-1] < self._manner.wait_chance], way.length_m]
        here = 0.0
        for halt in halts:
            self._run(way.piece(here, halt))
            if halt < way.length_m:
                self._rest(way.at(np.array([halt]))[0], self._rng.uniform(*self._manner.wait_s), Phase.DRIVING)
            here = halt

    def _run(self, piece: Path) -> None:
        if piece.length_m < 0.5:
            return
        corners = piece.turns(35.0)
        cruise = self._rng.uniform(*self._manner.drive_kmh, size=len(corners) + 1) / 3.6
        s = roll(piece.length_m, corners, cruise, self._manner.corner_kmh / 3.6)
        self._log.add(piece.at(s), np.diff(s, prepend=0.0) * 1000 / TICK_MS, Phase.DRIVING)


def roll(length_m: float, corners: Floats, cruise_mps: Floats, corner_mps: float) -> Floats:
    """Roll from standstill to standstill: the distance after each second, slowing for corners and for the end."""
    gain, brake = 1.2, 1.6
    ahead = [*map(float, corners), math.inf]
    found, s, v, k = [], 0.0, 0.0, 0
    while length_m - s > 0.3:
        while ahead[k] <= s:
            k += 1
        halt = math.sqrt(2 * brake * (length_m - s) + 0.2) - 0.35
        bend = math.sqrt(corner_mps**2 + 2 * brake * (ahead[k] - s)) if ahead[k] < math.inf else math.inf
        v = max(0.3, min(v + gain, float(cruise_mps[k]), halt, bend))
        s = min(length_m, s + v * TICK_MS / 1000)
        found.append(s)
    return np.array([*found[:-1], length_m])
