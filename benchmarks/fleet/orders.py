"""In which order a crew serves its round: its habits, its other habits, and what today makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.settings import Settings, Unsteady
from benchmarks.fleet.sites import Sort, Stop

Order = list[int]


@dataclass(frozen=True)
class Habits:
    """All orders in use, by crew, round and variant; the first variant is the usual one."""

    orders: dict[tuple[int, int, int], tuple[int, ...]]
    variants: int = 3

    def today(self, crew: int, round_no: int, unsteady: Unsteady, rng: np.random.Generator) -> Order:
        """The order the crew sets out with."""
        variant = int(rng.integers(1, self.variants)) if rng.random() < unsteady.other_variant else 0
        return list(self.orders[crew, round_no, variant])


def habits(stops: Sequence[Stop], settings: Settings, rng: np.random.Generator) -> Habits:
    """The orders of every crew on every round; the relief drives by the sheet, so do crews on foreign rounds."""
    orders: dict[tuple[int, int, int], tuple[int, ...]] = {}
    for round_no in range(3):
        members = [stop for stop in stops if stop.round_no == round_no]
        own = _sheet(members, settings, rng)
        sheet = reshaped(own, 3, 2, rng)
        for crew in range(4):
            base = own if crew == round_no else sheet
            for variant in range(Habits.variants):
                orders[crew, round_no, variant] = tuple(base if variant == 0 else reshaped(base, 2, 1, rng))
    return Habits(orders)


def _sheet(members: list[Stop], settings: Settings, rng: np.random.Generator) -> Order:
    """Neighbourhood after neighbourhood, afternoon containers last, some stops late by habit."""
    morning = [stop for stop in members if stop.sort is not Sort.CONTAINER]
    containers = [stop for stop in members if stop.sort is Sort.CONTAINER]
    order: list[Stop] = []
    for sector in _sectors(morning, settings.sites.sectors, rng):
        order += _walked(sector, settings.sites.wander, rng)
    late = [s for s in order if s.far_side or rng.random() < settings.sites.late_share]
    order = [s for s in order if s not in late]
    for stop in _walked(late, settings.sites.wander, rng):
        order.insert(int(len(order) * rng.uniform(0.55, 1.0)), stop)
    return _gates_together([s.number for s in order + _walked(containers, settings.sites.wander, rng)], members)


def _sectors(members: list[Stop], count: int, rng: np.random.Generator) -> list[list[Stop]]:
    """Neighbourhoods, in the order a crew takes them: not the shortest."""
    xy = _places(members)
    centres = xy[rng.permutation(len(xy))[:count]]
    for _ in range(8):
        label = np.argmin(np.hypot(*(xy[:, None, :] - centres[None]).transpose(2, 0, 1)), axis=1)
        centres = np.array([xy[label == k].mean(axis=0) if (label == k).any() else centres[k] for k in range(count)])
    return [[members[i] for i in np.flatnonzero(label == k)] for k in rng.permutation(count)]


def _walked(members: list[Stop], wander: float, rng: np.random.Generator) -> list[Stop]:
    """From stop to stop, often but not always to the nearest."""
    left, walked = list(members), list[Stop]()
    while left:
        here = walked[-1] if walked else left[0]
        far = np.hypot(*(_places(left) - (here.x, here.y)).T)
        chosen = int(np.argmin(far * np.exp(2.0 * wander * rng.standard_normal(len(left)))))
        walked.append(left.pop(chosen))
    return walked


def _places(stops: list[Stop]) -> NDArray[np.float64]:
    return np.array([[stop.x, stop.y] for stop in stops]).reshape(-1, 2)


def _gates_together(order: Order, members: list[Stop]) -> Order:
    for stop in members:
        if stop.other_gate:
            order.remove(stop.number)
            order.insert(order.index(stop.number - 1) + 1, stop.number)
    return order


def reshaped(order: Sequence[int], moved: int, turned: int, rng: np.random.Generator) -> Order:
    """The order with some blocks moved elsewhere and some turned round."""
    new = list(order)
    for kind in rng.permutation([0] * moved + [1] * turned):
        if len(new) < 4:
            break
        start = int(rng.integers(len(new) - 2))
        block = new[start : start + int(rng.integers(2, 8))]
        rest = new[:start] + new[start + len(block) :]
        into = start if kind else int(np.clip(start + rng.integers(-14, 15), 0, len(rest)))
        new = rest[:into] + (block[::-1] if kind else block) + rest[into:]
    return new


def unsettled(order: Order, unsteady: Unsteady, rng: np.random.Generator) -> Order:
    """Today's own changes: blocks moved or turned round, neighbours exchanged."""
    new = reshaped(order, int(rng.poisson(unsteady.blocks_moved)), int(rng.poisson(unsteady.blocks_reversed)), rng)
    for i in range(len(new) - 1):
        if rng.random() < unsteady.neighbours_turned:
            new[i], new[i + 1] = new[i + 1], new[i]
    return new
