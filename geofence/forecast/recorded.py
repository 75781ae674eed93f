"""Recorded pings as past days: by vehicle and service day, in seconds of the day and ground metres. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np

from geofence.forecast.library import Day
from geofence.forecast.walk import Floats, trace_of
from geofence.geometry import project_many, stretch
from model.city import City
from model.ping import Ping
from model.times import service_day, zone_info

MOST_ACCURACY_M = 100.0
LEAST_FIXES = 30


class Recording:
    """Gathers pings; `days` gives what they add up to."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._columns: dict[tuple[int, str], tuple[array[int], array[float], array[float]]] = {}

    def add(self, pings: Iterable[Ping]) -> int:
        """Take pings, in any order; tell how many were of use."""
        taken = 0
        for ping in pings:
            if ping.accuracy_m is not None and ping.accuracy_m > MOST_ACCURACY_M:
                continue
            key = (day_ordinal(ping.fix_ms, self._city), ping.truck)
            columns = self._columns.get(key)
            if columns is None:
                columns = self._columns[key] = (array("q"), array("d"), array("d"))
            columns[0].append(ping.fix_ms)
            columns[1].append(ping.lat)
            columns[2].append(ping.lon)
            taken += 1
        return taken

    def stretch(self) -> float:
        """Tell the plane metres to a ground metre in the middle of all that was recorded."""
        lats = [float(np.median(columns[1])) for columns in self._columns.values()]
        return stretch(float(np.median(lats))) if lats else 1.0

    def days(self, scale: float | None = None, before: int | None = None) -> list[Day]:
        """Give the days (before an ordinal) that have enough fixes, oldest first."""
        scale = scale or self.stretch()
        found = []
        for (ordinal, vehicle), (fix_ms, lat, lon) in sorted(self._columns.items()):
            if len(fix_ms) < LEAST_FIXES or (before is not None and ordinal >= before):
                continue
            times = np.array(fix_ms, dtype=np.int64)
            order = np.argsort(times, kind="stable")
            x, y = project_many(np.array(lat)[order], np.array(lon)[order])
            at_s: Floats = (times[order] - midnight_ms(ordinal, self._city.timezone)) / 1000.0
            found.append(Day(vehicle, ordinal, trace_of(at_s, x / scale, y / scale)))
        return found

    def forget(self, before: int) -> None:
        """Forget all that was gathered of days before an ordinal."""
        self._columns = {key: columns for key, columns in self._columns.items() if key[0] >= before}


def day_ordinal(instant_ms: int, city: City) -> int:
    """Tell the service day of an instant as a proleptic ordinal."""
    return _ordinal(instant_ms // 60_000, city.timezone, city.service_day_starts_min)


@lru_cache(maxsize=4096)
def _ordinal(minute: int, timezone: str, starts_min: int) -> int:
    return service_day(minute * 60_000, timezone, starts_min).toordinal()


@lru_cache(maxsize=4096)
def midnight_ms(ordinal: int, timezone: str) -> int:
    """Tell the local midnight with which a service day's seconds begin, in ms UTC."""
    midnight = datetime.combine(date.fromordinal(ordinal), datetime.min.time(), zone_info(timezone))
    return (midnight - datetime(1970, 1, 1, tzinfo=zone_info("UTC"))) // timedelta(milliseconds=1)


def second_of(at_ms: int, ordinal: int, timezone: str) -> float:
    """Tell the second of a service day at which an instant is."""
    return (at_ms - midnight_ms(ordinal, timezone)) / 1000.0
