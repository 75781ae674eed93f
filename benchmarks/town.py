"""The town of the load benchmarks: 5,000 homes a square kilometre, of which the western half was told this morning.

Most trucks work in the west, where every ping sweeps homes that were told already; a few drive east over new ground,
and so fix the rate of alerts. Positions are metres from the south-western corner, and follow from their arguments.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from model.subscription import MetresLead, Pin, Target, TargetKind
from residents.wish import Wish

LAT, LON = 34.83, 135.47
M_LAT, M_LON = 110_940.0, 91_480.0
A_SQUARE_METRE = 0.005
LEADS_M = (200.0, 300.0, 500.0)
WORK_MPS, NEWS_MPS = 3.0, 8.0
LANE_M = 1_100.0
"""Explorers drive so far apart, and so reach no home twice: about 27 new homes a second each."""
TURN_S = 10

Floats = npt.NDArray[np.float64]


class Town(msgspec.Struct, frozen=True):
    """How many homes; the same number makes the same town."""

    homes: int

    @property
    def side_m(self) -> float:
        """The length of the square's sides."""
        return float(np.sqrt(self.homes / A_SQUARE_METRE))

    def places(self) -> tuple[Floats, Floats, Floats]:
        """Give metres east, metres north and lead of each home, by its number."""
        chance = np.random.default_rng(self.homes)
        east, north = chance.uniform(0, self.side_m, (2, self.homes))
        return east, north, chance.choice(LEADS_M, self.homes)

    def wishes(self) -> Iterator[Wish]:
        """Word the subscriptions, in the order of their numbers."""
        east, north, lead = self.places()
        lat, lon = LAT + north / M_LAT, LON + east / M_LON
        rows = zip(lat.tolist(), lon.tolist(), lead.tolist(), strict=True)
        for number, (one_lat, one_lon, metres) in enumerate(rows):
            target = Target(TargetKind.FCM_TOKEN, f"{number:0>140}")
            yield Wish(id=f"h{number}", place=Pin(one_lat, one_lon), lead=MetresLead(metres), targets=(target,))

    def told(self) -> npt.NDArray[np.bool_]:
        """Tell which homes were told before the measurement: the west, and what lies in reach of its border."""
        east, _, lead = self.places()
        return np.asarray(east < self.side_m / 2 + lead + 20.0)

    def most_explorers(self) -> int:
        """Tell how many lanes there are."""
        return max(1, int(self.side_m / LANE_M))


class Fleet(msgspec.Struct, frozen=True):
    """`explorers` of the trucks drive east from `start_m` beyond the border, the others work in the west."""

    town: Town
    trucks: int
    explorers: int
    start_m: float = 0.0

    def at(self, second: int) -> tuple[list[float], list[float]]:
        """Give each truck's latitude and longitude in a second."""
        chance = np.random.default_rng(self.trucks)
        side = self.town.side_m
        room = max(side / 2 - 100.0, 1.0)
        east, north = chance.uniform(0, room, self.trucks), chance.uniform(0, side, self.trucks)
        turn = second % (2 * TURN_S)
        east += WORK_MPS * min(turn, 2 * TURN_S - turn)
        first = np.arange(self.explorers)
        east[: self.explorers] = side / 2 + self.start_m + NEWS_MPS * second
        north[: self.explorers] = (first + 0.5) * side / max(1, self.explorers)
        return (LAT + north / M_LAT).tolist(), (LON + east / M_LON).tolist()
