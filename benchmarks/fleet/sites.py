"""Where waste is put out: yards of apartment blocks, kerbs, markets, boulevards, containers by the works."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from benchmarks.fleet.layout import Ground
from benchmarks.fleet.settings import Settings
from benchmarks.fleet.streets import Edge, Kind

DAILY, ODD, EVEN = frozenset(range(6)), frozenset({0, 2, 4}), frozenset({1, 3, 5})


class Sort(StrEnum):
    """How a stop is served."""

    KERB = "kerb"
    YARD = "yard"
    CREEPING = "creeping"
    MARKET = "market"
    CONTAINER = "container"


@dataclass(frozen=True)
class Stop:
    """A place where a truck lifts waste; `load` in ordinary stops' daily waste."""

    number: int
    node: int
    x: float
    y: float
    sort: Sort
    round_no: int
    weekdays: frozenset[int]
    by_fullness: bool
    lift_s: float
    load: float
    fills_in: float = 1.0  # nights until a container by fullness is full
    by_school: bool = False
    far_side: bool = False  # the other carriageway of a boulevard, served on the way back
    other_gate: bool = False  # the second gate of the compound just before it
    opens: int = 0  # first day
    closes: int = 10_000  # first day without it


@dataclass
class Surveyor:
    """Finds room for stops, round by round."""

    ground: Ground
    settings: Settings
    rng: np.random.Generator
    stops: list[Stop] = field(default_factory=list)

    def surveyed(self, days: int) -> tuple[Stop, ...]:
        """All stops of the town."""
        sites = self.settings.sites
        self._mosaic = self.rng.uniform(-1, 1, (16, 2)) * (self.settings.town.half_width_m * 0.9)
        for round_no in range(3):
            while self._count(round_no) < sites.per_round[round_no]:
                self._place(round_no)
        for _ in range(sites.afternoon_containers):
            self._lay(2, Sort.CONTAINER)
        for number in self.rng.permutation(len(self.stops))[: sites.markets]:
            self.stops[number] = replace(self.stops[number], sort=Sort.MARKET, weekdays=DAILY, by_fullness=False)
        self._by_schools()
        self._come_and_go(days)
        return tuple(self.stops)

    def _count(self, round_no: int) -> int:
        return sum(stop.round_no == round_no for stop in self.stops)

    def _place(self, round_no: int) -> None:
        sites, share = self.settings.sites, self.rng.random()
        if self._count(round_no) < 2 * sites.boulevard_pairs * (round_no == 1 or round_no == 2):
            self._boulevard_pair(round_no)
        elif share < sites.yard_share:
            self._lay(round_no, Sort.YARD)
        else:
            creeping = share > 1 - sites.creeping_share
            self._lay(round_no, Sort.CREEPING if creeping else Sort.KERB)

    def _in_round(self, x: float, y: float, sort: Sort) -> int:
        town, sites = self.settings.town, self.settings.sites
        if sort is Sort.CONTAINER:
            return 2 if x < -0.1 * town.half_width_m and y < -0.25 * town.half_height_m else -1  # the works, south-west
        border = town.half_width_m * (0.25 - sites.overlap * float(self.rng.random()))
        if x > border:
            return 2
        tile = int(np.argmin(np.hypot(*(self._mosaic - (x, y)).T)))
        return tile % 2

    def _edge(self, kinds: tuple[Kind, ...]) -> Edge:
        streets = self.ground.streets
        while True:
            node = self.ground.junctions[int(self.rng.integers(len(self.ground.junctions)))]
            edges = [e for e in streets.out[node].values() if e.kind in kinds and not e.covered and e.length_m > 70]
            if edges:
                return edges[int(self.rng.integers(len(edges)))]

    def _lay(self, round_no: int, sort: Sort) -> None:
        streets = self.ground.streets
        for turn in range(6000):
            edge = self._edge((Kind.LOCAL,) if sort is Sort.CREEPING else (Kind.LOCAL, Kind.COLLECTOR))
            share = float(self.rng.uniform(0.25, 0.75))
            start, end = edge.line[0], edge.line[-1]
            x, y = (start + share * (end - start)).tolist()
            if sort is Sort.YARD:
                deep = float(self.rng.uniform(35, 85)) * float(self.rng.choice([-1, 1]))
                ahead = (end - start) / max(float(np.hypot(*(end - start))), 1.0)
                x, y = x - ahead[1] * deep, y + ahead[0] * deep
            if self._in_round(x, y, sort) == round_no and self._free(x, y, round_no, 0.9 ** (turn // 500)):
                break
        else:
            raise ValueError(f"--seed {self.settings.seed}: no room for another {sort} stop in round {round_no}")
        node = streets.cut(edge.start, edge.end, share)
        if sort is Sort.YARD:
            gate, node = node, streets.node(x, y)
            streets.join(gate, node, Kind.YARD)
        self._add(node, sort, round_no)
        if sort is Sort.YARD and sum(s.other_gate for s in self.stops) < self.settings.sites.two_gates:
            self._second_gate(gate, node, round_no)

    def _second_gate(self, gate: int, yard: int, round_no: int) -> None:
        streets = self.ground.streets
        away = np.array(streets.nodes[yard]) - streets.nodes[gate]
        x, y = (np.array(streets.nodes[yard]) + 75.0 * away / np.hypot(*away)).tolist()
        node = streets.node(x, y)
        streets.join(yard, node, Kind.YARD)
        self._add(node, Sort.YARD, round_no, other_gate=True)

    def _boulevard_pair(self, round_no: int) -> None:
        streets = self.ground.streets
        for _ in range(200):
            edge = self._edge((Kind.BOULEVARD,))
            x, y = edge.line.mean(axis=0).tolist()
            back = streets.out[edge.end].get(edge.start)
            if back is not None and self._free(x, y, round_no) and (x > 0) == (round_no == 2):
                break
        else:
            self._lay(round_no, Sort.KERB)
            return
        self._add(streets.cut(edge.start, edge.end, 0.3), Sort.KERB, round_no)
        self._add(streets.cut(back.start, back.end, 0.3), Sort.KERB, round_no, far_side=True)

    def _free(self, x: float, y: float, round_no: int, ease: float = 1.0) -> bool:
        sites = self.settings.sites
        wanted = [sites.own_spacing_m * ease if s.round_no == round_no else sites.spacing_m for s in self.stops]
        return all(math.hypot(s.x - x, s.y - y) >= max(w, 80.0) for s, w in zip(self.stops, wanted, strict=True))

    def _add(self, node: int, sort: Sort, round_no: int, far_side: bool = False, other_gate: bool = False) -> None:
        sites, rng = self.settings.sites, self.rng
        long = rng.random() < (0.7 if sort is Sort.YARD else sites.long_share)
        lift_s = (sites.long_lift_s if long else sites.quick_lift_s) * float(rng.uniform(0.6, 1.5))
        thin = rng.random() < sites.every_other_day_share
        before = self.stops[-1] if other_gate else None
        self.stops.append(
            Stop(
                number=len(self.stops),
                node=node,
                x=self.ground.streets.nodes[node][0],
                y=self.ground.streets.nodes[node][1],
                sort=sort,
                round_no=round_no,
                weekdays=before.weekdays if before else ((ODD, EVEN)[int(rng.integers(2))] if thin else DAILY),
                by_fullness=sort is Sort.CONTAINER or (not before and bool(rng.random() < sites.by_fullness_share)),
                lift_s=lift_s,
                load=lift_s / 190.0 * float(rng.uniform(0.6, 1.4)),
                fills_in=float(rng.choice([0.9, 1.0, 1.7])),
                far_side=far_side,
                other_gate=other_gate,
            )
        )

    def _by_schools(self) -> None:
        schools = [self.stops[int(k)] for k in self.rng.permutation(len(self.stops))[: self.settings.sites.schools]]
        for stop in self.stops:
            near = any(math.hypot(stop.x - s.x, stop.y - s.y) < 200 for s in schools)
            self.stops[stop.number] = replace(stop, by_school=near)

    def _come_and_go(self, days: int) -> None:
        weeks = days / 24
        unsteady = self.settings.unsteady
        order = [int(k) for k in self.rng.permutation(len(self.stops)) if not self.stops[int(k)].other_gate]
        come, go = (int(self.rng.poisson(mean * weeks)) for mean in (unsteady.stops_come, unsteady.stops_go))
        for number in order[:come]:
            self.stops[number] = replace(self.stops[number], opens=int(self.rng.integers(1, max(days, 2))))
        for number in order[come : come + go]:
            self.stops[number] = replace(self.stops[number], closes=int(self.rng.integers(1, max(days, 2))))
