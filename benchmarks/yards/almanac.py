"""The days: dates, light days, weather and traffic, which streets are shut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from benchmarks.yards.layout import Ground
from benchmarks.yards.settings import Days
from benchmarks.yards.streets import Width

FIRST = dt.date(2026, 3, 2)
SUNDAY = 6


class Sunday(StrEnum):
    """What a town's Sundays are like."""

    FULL = "full"
    LIGHT = "light"
    REST = "rest"


@dataclass(frozen=True)
class Day:
    """One service day; its factors are those of pace, of service and of how much peaks weigh."""

    number: int  # from 1 on
    date: dt.date
    light: bool
    pace: float
    service: float
    traffic: float
    shut: frozenset[tuple[int, int]]


class Almanac:
    """The days of a period; weather is drawn when its day comes, so `days` may be gone through once."""

    def __init__(self, ground: Ground, settings: Days, count: int, rng: np.random.Generator) -> None:
        self._count, self._rng = count, rng
        self._first = FIRST + dt.timedelta(days=int(rng.integers(7)))
        self._sunday = Sunday(rng.choice([str(kind) for kind in Sunday], p=settings.sunday))
        has_light_day = rng.random() < settings.light_day
        self._light = int(rng.integers(5, max(6, count))) if has_light_day else 0
        self._works = _roadworks(ground, count, settings.shut_every_days, rng)

    def days(self) -> Iterator[Day]:
        """Day after day."""
        date, number, weather = self._first, 0, 0.0
        while number < self._count:
            sunday = date.weekday() == SUNDAY
            if not sunday or self._sunday is not Sunday.REST:
                number += 1
                weather = 0.6 * weather + self._rng.normal(0, 0.8)
                light = (sunday and self._sunday is Sunday.LIGHT) or number == self._light
                yield self._day(number, date, light, max(0, weather - 0.9))
            date += dt.timedelta(days=1)

    def _day(self, number: int, date: dt.date, light: bool, bad: float) -> Day:
        """A day with weather so bad, 0 or more."""
        shut = [streets for first, last, streets in self._works if first <= number <= last]
        return Day(
            number,
            date,
            light,
            pace=max(0.72, 1 - 0.08 * bad),
            service=1 + 0.05 * bad,
            traffic=max(0.3, 1 + self._rng.normal(0, 0.2) + 0.2 * bad),
            shut=frozenset[tuple[int, int]]().union(*shut),
        )


def _roadworks(
    ground: Ground, count: int, every_days: float, rng: np.random.Generator
) -> list[tuple[int, int, set[tuple[int, int]]]]:
    """The first and the last day, and a lane in both directions."""
    lanes = [
        (start, end)
        for start, row in enumerate(ground.streets.out[: ground.grid_size])
        for end, edge in row.items()
        if edge.width is Width.LANE and end < ground.grid_size
    ]
    works = []
    for _ in range(rng.poisson(count / every_days)):
        start, end = lanes[int(rng.integers(len(lanes)))]
        first = int(rng.integers(count))
        works.append((first, first + int(rng.integers(1, 9)), {(start, end), (end, start)}))
    return works
