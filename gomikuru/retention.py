"""Erases homes that nobody looks after any more, once a day for each city, whichever process holds its lease.

The day noted in the store says whether anything is due (leased_jobs.py). What is over in the city's secrets (codes,
answers to repeat) goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import msgspec
import structlog

from gomikuru.leased_jobs import LEASE_MS, do_if_due, scheduler_of
from model.city import City
from model.ports import Meter, ServiceClock
from model.subscription import Subscription
from model.times import local
from residents.adapters.key_files import KeyMissing
from residents.adapters.reception import Reception
from residents.ports import Registry, RegistryBusy
from residents.registry import RecordUnreadable
from residents.retention import Verdict, judge
from streams import keys
from streams.ports import Fence, Store, StoreFault, StoreUnavailable

HASH = "retention"
FIELD = "done"
LOOK_S = 300.0
RENEW_EVERY = 200
AT_HOUR = 3
"""Local hour from which a day's work is due: when hardly anybody has the page open."""

Warn = Callable[[City, Subscription, int], None]
"""Tells a home that it will be erased, at service time (ms)."""

log = structlog.get_logger()


class Bounds(msgspec.Struct, frozen=True):
    """After how many days unseen a home is warned (0: never), and after how many more it is erased."""

    unseen_days: int
    warned_days: int


class Retention:
    """The job of all cities. `start` and `stop` once."""

    def __init__(
        self,
        cities: Sequence[City],
        store: Store,
        registry: Registry,
        reception: Reception,
        clock: ServiceClock,
        meter: Meter,
        owner: str,
        bounds: Bounds,
        warn: Warn,
    ) -> None:
        self._cities, self._store, self._registry, self._reception = cities, store, registry, reception
        self._clock, self._meter, self._owner, self._bounds, self._warn = clock, meter, owner, bounds, warn
        self._scheduler = scheduler_of(((city.id, partial(self.look, city)) for city in cities), LOOK_S)

    def start(self) -> None:
        """Let the jobs run, in a thread of their own."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let a job that is under way end; before `start` there is none."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def look(self, city: City) -> None:
        """Do the day's work if it is due and nobody else is at it."""
        try:
            name = keys.key(HASH, city.id)
            do_if_due(self._store, name, self._owner, partial(self._due, city), partial(self._work, city))
        except (StoreUnavailable, StoreFault, RegistryBusy, RecordUnreadable, KeyMissing) as error:
            log.warning("retention_put_off", city=city.id, why=str(error))

    def _due(self, city: City) -> date | None:
        now = local(self._clock.now_ms(), city.timezone)
        done = self._store.fields(city.id, "settled", [FIELD]).get(FIELD, b"").decode()
        return now.date() if now.hour >= AT_HOUR and done < now.date().isoformat() else None

    def _work(self, city: City, day: date, fence: Fence) -> None:
        counts = dict.fromkeys(Verdict, 0)
        for number, home in enumerate(self._registry.list(city.id), start=1):
            if number % RENEW_EVERY == 0 and not self._store.renew(fence, LEASE_MS):
                return
            counts[self._settle(city, home, day)] += 1
        self._reception.access.sweep(city.id, self._clock.now_ms())
        self._store.transact(city.id, "settled", {FIELD: day.isoformat().encode()}, (), {})
        self._meter.count("residents_erased", counts[Verdict.ERASE], city=city.id)
        log.info("retention", city=city.id, warned=counts[Verdict.WARN], erased=counts[Verdict.ERASE])

    def _settle(self, city: City, home: Subscription, day: date) -> Verdict:
        access = self._reception.access
        holding = access.holding(city.id, home.id) if home.seen_day is not None and self._bounds.unseen_days else None
        warned = holding.warned_day if holding else None
        verdict = judge(home.seen_day, warned, day, self._bounds.unseen_days, self._bounds.warned_days)
        if holding is None and verdict is not Verdict.KEEP:
            return Verdict.KEEP
        match verdict:
            case Verdict.WARN:
                access.note_warned(city.id, home.id, day.isoformat())
                self._warn(city, home, self._clock.now_ms())
            case Verdict.FORGIVE:
                access.note_warned(city.id, home.id, None)
            case Verdict.ERASE:
                self._reception.erase(city.id, home.id)
        return verdict
