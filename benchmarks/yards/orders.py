"""In which order a crew serves its stops: a tour of its quarters, its habits, and what changes on a day.

An order is a list of indices into the round's stops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np

from benchmarks.yards.settings import Crews, Days
from benchmarks.yards.sites import Stop
from benchmarks.yards.streets import Point

Order = list[int]


def usual(stops: Sequence[Stop], depot: Point, crews: Crews, rng: np.random.Generator) -> Order:
    """Quarter after quarter, in each mostly to the nearest stop; some stops are elsewhere by habit."""
    order, here = Order(), depot
    for quarter in _toured(stops, depot, rng):
        left = [k for k, stop in enumerate(stops) if stop.quarter == quarter]
        while left:
            away = {k: math.dist(stops[k].yard.stand, here) * rng.uniform(0.8, 1.25) for k in left}
            order.append(min(left, key=away.__getitem__))
            left.remove(order[-1])
            here = stops[order[-1]].yard.stand
    for _ in range(rng.binomial(len(order), crews.jumps)):
        move_one(order, rng)
    return order


def _toured(stops: Sequence[Stop], depot: Point, rng: np.random.Generator) -> list[int]:
    """The quarters in the order of a short tour from the depot and back, one way round or the other."""
    quarters = sorted({stop.quarter for stop in stops})
    middles: dict[int, Point] = {}
    for quarter in quarters:
        x, y = np.mean([stop.yard.stand for stop in stops if stop.quarter == quarter], axis=0).tolist()
        middles[quarter] = x, y
    tour = quarters[:]
    rng.shuffle(tour)
    tour = _shortened(tour, lambda tour: _length_m([depot, *(middles[quarter] for quarter in tour), depot]))
    return tour[::-1] if rng.random() < 0.5 else tour


def _shortened(tour: Order, length_m: Callable[[Order], float]) -> Order:
    """Turns parts of the tour round as long as that saves more than a metre."""
    best, better = length_m(tour), True
    while better:
        better = False
        for first, last in combinations(range(len(tour)), 2):
            other = tour[:first] + tour[first : last + 1][::-1] + tour[last + 1 :]
            if length_m(other) < best - 1:
                tour, best, better = other, length_m(other), True
    return tour


def _length_m(places: Sequence[Point]) -> float:
    return sum(math.dist(one, other) for one, other in pairwise(places))


def move_one(order: Order, rng: np.random.Generator) -> None:
    """One stop is served at any other time."""
    stop = order.pop(int(rng.integers(len(order))))
    order.insert(int(rng.integers(len(order) + 1)), stop)


def move_block(order: Order, rng: np.random.Generator) -> None:
    """Two to six stops in a row are served the other way round, or a little earlier or later."""
    if len(order) < 4:
        return
    length = int(rng.integers(2, min(7, len(order))))
    start = int(rng.integers(0, len(order) - length + 1))
    block = order[start : start + length]
    del order[start : start + length]
    if rng.random() < 0.4:
        order[start:start] = block[::-1]
    else:
        into = int(np.clip(start + rng.integers(-5, 6), 0, len(order)))
        order[into:into] = block


def change(order: Order, days: Days, often: float, rng: np.random.Generator) -> None:
    """What a day makes of an order, `often` times as often as usual."""
    if rng.random() < days.block_moved * often:
        move_block(order, rng)
    k = 0
    while k < len(order) - 1:
        if rng.random() < days.neighbours_turned * often:
            order[k], order[k + 1] = order[k + 1], order[k]
            k += 1
        k += 1
    for _ in range(rng.binomial(len(order), min(1, days.moved * often))):
        move_one(order, rng)
