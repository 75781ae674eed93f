"""Lets every city learn each night, once, whichever process does it (leased_jobs.py).

`night.py` says whether anything is due by service time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
import structlog

from gomikuru.city_files import CityFolder
from gomikuru.learning import night
from gomikuru.learning.child import LearningFailed, Stopped, learn_in_child
from gomikuru.learning.night import FIELD, HASH, Night, decode_night, encode_night
from gomikuru.learning.profile_file import Learned
from gomikuru.leased_jobs import LEASE_MS, do_if_due, scheduler_of
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import Fence, Store, StoreFault, StoreUnavailable

RENEW_S = 15.0

Child = Callable[[Path, Path, date, int, Callable[[], bool]], Learned]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """When to learn (minutes after local midnight), from where, from how many days; `look_s` is machine time."""

    at_min: int
    archive: Path
    days: int = 35
    look_s: float = 20.0


class LearnWorker:
    """Runs the jobs until it is told to stop. `child` does the learning of one city; it asks whether to go on."""

    def __init__(
        self,
        cities: Sequence[CityFolder],
        store: Store,
        clock: ServiceClock,
        meter: Meter,
        owner: str,
        plan: Plan,
        child: Child = learn_in_child,
    ) -> None:
        self._cities = cities
        self._store = store
        self._clock = clock
        self._meter = meter
        self._owner = owner
        self._plan = plan
        self._child = child
        self._nights: dict[str, Night | None] = {folder.city.id: None for folder in cities}
        self._stop = threading.Event()
        self._turned_s: float | None = None
        self._logger = structlog.get_logger().bind(stage="learner")

    def health(self) -> Mapping[str, Night | None]:
        """Tell what became of each city's last night; may be asked from any thread."""
        return dict(self._nights)

    @property
    def idle_s(self) -> float:
        """Tell how long ago the loop turned last."""
        return 0.0 if self._turned_s is None else time.monotonic() - self._turned_s

    def run(self, stop: threading.Event) -> None:
        """Let the jobs run until `stop`; a learning that is under way is ended, and begun anew at the next start."""
        jobs = ((folder.city.id, partial(self.look, folder)) for folder in self._cities)
        scheduler = scheduler_of(jobs, self._plan.look_s)
        scheduler.start()
        while not stop.wait(min(1.0, self._plan.look_s)):
            self._turned_s = time.monotonic()
        self._stop.set()
        scheduler.shutdown(wait=True)

    def look(self, folder: CityFolder) -> None:
        """Learn if a night of the city is due and nobody else is at it."""
        city = folder.city
        try:
            name = keys.key("learner", city.id)
            do_if_due(self._store, name, self._owner, partial(self._due, folder), partial(self._learn, folder))
        except (StoreUnavailable, StoreFault) as error:
            self._logger.warning("learning_put_off", city=city.id, why=str(error))

    def _due(self, folder: CityFolder) -> int | None:
        """Tell the night that is to be done, or None."""
        city = folder.city
        stored = self._store.fields(city.id, HASH, [FIELD]).get(FIELD)
        last = decode_night(stored)
        self._note(city.id, last)
        now_ms = self._clock.now_ms()
        planned = night.planned_ms(now_ms, city, self._plan.at_min)
        return planned if night.is_due(last, planned, now_ms) else None

    def _learn(self, folder: CityFolder, planned: int, fence: Fence) -> None:
        city, last = folder.city, self._nights[folder.city.id]
        began_s, now_ms = time.monotonic(), self._clock.now_ms()
        self._logger.info("learning_begins", city=city.id)
        try:
            learned = self._child(
                folder.folder, self._plan.archive, night.over(now_ms, city), self._plan.days, self._holding(fence)
            )
        except Stopped:
            self._logger.info("learning_stopped", city=city.id)
            return
        except (LearningFailed, OSError) as error:
            self._logger.error("learning_failed", city=city.id, why=str(error))
            self._meter.count("learnings", city=city.id, outcome="failed")
            self._keep(city.id, night.failed(last, planned, self._clock.now_ms(), str(error)))
            return
        seconds = time.monotonic() - began_s
        outcome = "learned" if learned.truck_days else "nothing"
        self._logger.info(f"learning_{outcome}", city=city.id, seconds=round(seconds, 1), truck_days=learned.truck_days)
        self._meter.count("learnings", city=city.id, outcome=outcome)
        self._keep(city.id, night.learned(last, planned, self._clock.now_ms(), learned.truck_days, seconds))

    def _holding(self, fence: Fence) -> Callable[[], bool]:
        """Make the child's question whether to go on: not when the service ends, nor without the lease."""
        renewed_s = time.monotonic()

        def go_on() -> bool:
            nonlocal renewed_s
            if self._stop.is_set():
                return False
            if time.monotonic() - renewed_s < RENEW_S:
                return True
            renewed_s = time.monotonic()
            return self._store.renew(fence, LEASE_MS)

        return go_on

    def _keep(self, city: str, now: Night) -> None:
        self._store.transact(city, HASH, {FIELD: encode_night(now)}, (), {})
        self._note(city, now)

    def _note(self, city: str, now: Night | None) -> None:
        self._nights[city] = now
        if now is not None:
            self._meter.gauge("learned_timestamp_seconds", (now.learned_ms or 0) / 1000, city=city)
            self._meter.gauge("learned_truck_days", now.truck_days, city=city)
            self._meter.gauge("learning_seconds", now.seconds, city=city)
            self._meter.gauge("learning_failing", 0 if now.failing_ms is None else 1, city=city)
