"""The trucks with their crews: hours, paces, habits, orders, boxes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from benchmarks.yards.orders import Order, move_block, move_one, usual
from benchmarks.yards.places import Places
from benchmarks.yards.rounds import Round
from benchmarks.yards.settings import Crews
from benchmarks.yards.streets import Point


class Lunch(StrEnum):
    """Where a crew rests."""

    CANTEEN = "canteen"
    SPOT = "spot"  # where the truck stands
    DEPOT = "depot"


@dataclass(frozen=True)
class Driver:
    """Factors of pace and of service, and a canteen's node."""

    pace: float
    service: float
    canteen: int


@dataclass(frozen=True)
class Receiver:
    """One truck's GPS box."""

    sleeps: bool  # is off with the ignition
    holds: bool  # repeats its position while it stands
    blur: float  # factor of the slow error


@dataclass(frozen=True)
class Habits:
    """The hours of a truck, seconds from midnight, and what it usually does."""

    start_s: float
    start_spread_s: float
    lunch_s: float
    lunch: Lunch
    receiver: Receiver
    stays_on_s: float  # in the depot, until the box is off
    other_days: frozenset[int]  # weekdays of its other order
    changeable: float  # by how much more often than usual its order changes


@dataclass(frozen=True)
class Orders:
    """The orders in use."""

    usual: Order
    other: Order
    relief: Order


@dataclass(frozen=True)
class Truck:
    """A truck with its round and its drivers; stops are meant by their numbers."""

    index: int
    round: Round
    usual_driver: Driver
    relief: Driver
    habits: Habits
    orders: Orders
    capacity: float  # the volume of a load
    tips_after: frozenset[int]
    rests_before: int

    @property
    def vehicle_id(self) -> str:
        """As its box says it."""
        return f"truck-{self.index + 1}"


class Recruiter:
    """Draws the trucks of a town."""

    def __init__(self, crews: Crews, places: Places, depot: Point, rng: np.random.Generator) -> None:
        self._crews, self._places, self._depot, self._rng = crews, places, depot, rng

    def truck(self, index: int, served: Round) -> Truck:
        """A truck for a round."""
        crews, rng, stops = self._crews, self._rng, served.stops
        start_s, start_spread_s = rng.uniform(*crews.start_h) * 3600, rng.uniform(*crews.start_spread_min) * 60
        driver = self._driver((0.92, 1.06), (0.9, 1.1))
        habits = self._habits(start_s, start_spread_s)
        orders = self._orders(served)
        relief = self._driver((0.85, 1.08), (0.9, 1.3))
        capacity = sum(stop.volume for stop in stops) * 0.9 / rng.uniform(*crews.loads)
        tips_after = self._full_after(served, orders.usual, capacity)
        rests_before = stops[orders.usual[int(len(stops) * rng.uniform(0.42, 0.58))]].number
        return Truck(index, served, driver, relief, habits, orders, capacity, tips_after, rests_before)

    def _driver(self, paces: tuple[float, float], services: tuple[float, float]) -> Driver:
        rng, canteens = self._rng, self._places.canteens
        return Driver(rng.uniform(*paces), rng.uniform(*services), canteens[int(rng.integers(len(canteens)))])

    def _habits(self, start_s: float, start_spread_s: float) -> Habits:
        crews, rng = self._crews, self._rng
        lunch_s = rng.uniform(*crews.lunch_h) * 3600
        lunch = Lunch(rng.choice([str(kind) for kind in Lunch], p=crews.lunch_kinds))
        sleeps, holds = rng.choice([True, False], p=[0.5, 0.5]), rng.random() < 0.5
        stays_on_s = rng.uniform(2, 15) * 60
        has_other, days = rng.random() < crews.other_order, rng.choice(6, 2, replace=False).tolist()
        changeable, blur = rng.uniform(*crews.changeable), rng.uniform(0.8, 1.5)
        return Habits(
            start_s=start_s,
            start_spread_s=start_spread_s,
            lunch_s=lunch_s,
            lunch=lunch,
            receiver=Receiver(bool(sleeps), bool(holds), blur),
            stays_on_s=stays_on_s,
            other_days=frozenset(days if has_other else ()),
            changeable=changeable,
        )

    def _orders(self, served: Round) -> Orders:
        rng = self._rng
        own = usual(served.stops, self._depot, self._crews, rng)
        other, relief = list(own), list(own)
        for order, blocks, stops in ((other, 1, 0), (relief, 2, 2)):
            for _ in range(blocks):
                move_block(order, rng)
            for _ in range(stops):
                move_one(order, rng)
        return Orders(own, other, relief if rng.random() < self._crews.own_order else list(own))

    def _full_after(self, served: Round, order: Order, capacity: float) -> frozenset[int]:
        """The stops of the usual order with which a load is nearly full."""
        numbers, volume = set[int](), 0.0
        for index in order:
            volume += served.stops[index].volume * 0.95
            if volume > self._crews.tip_near * capacity:
                numbers.add(served.stops[index].number)
                volume = 0.0
        return frozenset(numbers)
