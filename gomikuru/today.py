"""Today for one home, out of the engine's committed state: what the resident's page shows in one glance.

One look a city serves all who ask within `FRESH_S`; it reads the trucks' states, and no told-record and no other home.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from geofence.book import PROFILE, ZONES, profile_version, zones_version
from geofence.expecting import Expected, Stage, expected, soonest
from geofence.files import read_zones
from geofence.forecast.profile import decode_profile
from geofence.forecast.walk import Ints
from geofence.forecaster import Forecaster
from geofence.geometry import unproject
from geofence.limits import Limits
from geofence.minutes_zones import places_in
from geofence.runs import day_of
from geofence.serving import places_serving
from geofence.state import TRUCK, Truck, state_of
from geofence.zones import ZoneBook
from model.city import City
from model.subscription import AtPoint, InZone, Place, Subscription
from residents.today import NearTruck, State, Today, Window
from streams.ports import Store
from web.ports import TodaySource

FRESH_S = 5.0
STATES = {
    Stage.NOTHING: State.NOT_STARTED,
    Stage.SILENT: State.NO_SIGNAL,
    Stage.ON_ITS_WAY: State.ON_ITS_WAY,
    Stage.WINDOW: State.WINDOW,
    Stage.SERVED: State.PASSED,
}


class _Book(NamedTuple):
    """What is in force, and of which versions."""

    forecaster: Forecaster | None
    zones: ZoneBook
    version: str


class EngineToday:
    """Looks at one city's trucks. Thread-safe; raises StoreUnavailable."""

    def __init__(self, city: City, store: Store, limits: Limits | None = None) -> None:
        self._city = city
        self._store = store
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._look_due_s = 0.0
        self._book = _Book(None, ZoneBook((), self._limits), "")
        self._trucks: dict[str, Truck] = {}
        self._seen: Expected | None = None
        self._served: dict[int, int] = {}
        self._day = ""

    def at(self, place: Place, now_ms: int) -> Today | None:
        """Tell how today stands for a home; None where no profile says anything about its place."""
        with self._lock:
            self._look(now_ms)
            if self._seen is None:
                return None
            row = self._row(place)
            return None if row is None else self._today(row, self._seen)

    def _look(self, now_ms: int) -> None:
        """Read what is committed, at most once in `FRESH_S`."""
        machine_s = time.monotonic()
        if machine_s < self._look_due_s:
            return
        self._look_due_s = machine_s + FRESH_S
        self._read_book()
        forecaster = self._book.forecaster
        if forecaster is None:
            self._seen = None
            return
        self._trucks = state_of(dict(self._store.scan_fields(self._city.id, "state", prefix=TRUCK))).trucks
        limits = self._limits
        self._seen = expected(self._trucks, forecaster, self._city, limits.manner, now_ms, limits.silence_ms)
        self._note_served(self._seen, now_ms)

    def _read_book(self) -> None:
        """Take the profile and the zones that are in force, when others are."""
        fields = self._store.fields(self._city.id, "state", [PROFILE, ZONES])
        version = f"{profile_version(fields)} {zones_version(fields)}"
        if version == self._book.version:
            return
        profile, zones = version.split(" ")
        data = self._store.get(self._city.id, f"profile-{profile}") if profile else None
        drawn = self._store.get(self._city.id, f"zones-{zones}") if zones else None
        forecaster = Forecaster(decode_profile(data), profile) if data else None
        self._book = _Book(forecaster, ZoneBook(read_zones(drawn)[0] if drawn else (), self._limits), version)
        self._served = {}

    def _note_served(self, seen: Expected, now_ms: int) -> None:
        """Remember when each place was first seen served: its stage alone does not say when."""
        day = day_of(now_ms, self._city)
        first = day != self._day
        if first:
            self._day, self._served = day, {}
        for row in np.flatnonzero(seen.stage == Stage.SERVED).tolist():
            self._served.setdefault(row, 0 if first else now_ms)

    def _row(self, place: Place) -> int | None:
        """Tell the place of the profile that serves a home."""
        forecaster, seen = self._book.forecaster, self._seen
        if forecaster is None or seen is None:
            return None
        if isinstance(place, InZone):
            fence = self._book.zones.fences.get(place.zone)
            return soonest(seen, places_in(forecaster.profile, fence)) if fence is not None else None
        row = int(places_serving(np.array([place.lat]), np.array([place.lon]), forecaster.profile)[0])
        return self._next(forecaster.guide.library.spots.at(row), seen) if row >= 0 else None

    def _next(self, rows: Ints, seen: Expected) -> int | None:
        """Tell which of a spot's services concerns a household: the next, or, when all are over, the last."""
        row = soonest(seen, rows)
        if row is None or seen.stage[row] != Stage.SERVED:
            return row
        served = rows[seen.stage[rows] == Stage.SERVED].tolist()
        return int(max(served, key=lambda each: (self._served.get(each, 0), each)))

    def _today(self, row: int, seen: Expected) -> Today:
        stage, by = Stage(int(seen.stage[row])), int(seen.truck[row])
        times = (int(each[row]) for each in (seen.low_ms, seen.mid_ms, seen.high_ms))
        moving = stage in (Stage.WINDOW, Stage.ON_ITS_WAY)
        return Today(
            state=STATES[stage],
            window=Window(*times) if stage is Stage.WINDOW else None,
            passed_ms=(self._served.get(row) or None) if stage is Stage.SERVED else None,
            heard_ms=seen.heard_ms[by] if stage is Stage.SILENT else None,
            trucks=self._near(seen.trucks[by]) if moving else (),
        )

    def _near(self, name: str) -> tuple[NearTruck, ...]:
        last = self._trucks[name].track.last
        return () if last is None else (NearTruck(*unproject(last.x, last.y), last.at_ms),)


class EnginesToday:
    """Today as the engines see it, and where they say nothing, as the source behind them does; see web.ports."""

    def __init__(self, engines: Mapping[str, EngineToday], behind: TodaySource) -> None:
        self._engines = engines
        self._behind = behind

    def today(self, city: str, subscription: Subscription, now_ms: int) -> Today:
        """Tell it for one home: on a day without a collection no truck is its truck."""
        told = self._behind.today(city, subscription, now_ms)
        return self._better(city, subscription.place, told, now_ms)

    def at_point(self, city: str, point: AtPoint, zone: str | None, now_ms: int) -> Today:
        """Tell it for a collection point."""
        return self._better(city, point, self._behind.at_point(city, point, zone, now_ms), now_ms)

    def _better(self, city: str, place: Place, told: Today, now_ms: int) -> Today:
        if told.state is State.NO_COLLECTION:
            return told
        seen = self._engines[city].at(place, now_ms)
        if seen is None or seen.state is State.NOT_STARTED:
            return told
        if seen.state is State.PASSED is told.state:
            return told
        return seen
