"""Keeps a city's streams small and measured: trims what is finished, bounds the dead letters, tells the backlog."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import structlog

from model.ports import Meter
from notifier.limits import Limits
from streams import followers, keys
from streams.ports import START, Store, StoreFault, StoreUnavailable

_log = structlog.get_logger()


class House:
    """The housekeeping of one worker's cities; harmless when several workers do it."""

    def __init__(self, store: Store, cities: Sequence[str], meter: Meter, limits: Limits, executor: Executor) -> None:
        self._store = store
        self._cities = cities
        self._meter = meter
        self._limits = limits
        self._executor = executor

    async def run(self) -> None:
        """Go round until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._limits.house_every_s)
            for city in self._cities:
                try:
                    await loop.run_in_executor(self._executor, self.tidy, city)
                except (StoreUnavailable, StoreFault) as error:
                    _log.warning("streams_not_tidied", city=city, reason=str(error))

    def tidy(self, city: str) -> None:
        """Do it once for a city; blocks."""
        stream, group = keys.alerts(city), self._limits.group
        self._trim(city, stream)
        self._meter.gauge("alerts_backlog", self._store.backlog(stream, group), city=city)
        self._bound_dead(city)

    def _trim(self, city: str, stream: str) -> None:
        """Drop the alerts that everybody is done with; followers that stand still are waited for within a bound."""
        names = self._limits.followers
        followed = followers.passed(self._store, city, names) if names else None
        if followed is not None and self._store.ahead(stream, followed) > self._limits.hold_alerts:
            _log.error("alerts_not_archived", city=city, remedy="look at the archive stage: disk, rights, is it on?")
            followed = None
        self._store.trim_done(stream, self._limits.group, followed)

    def _bound_dead(self, city: str) -> None:
        surplus = self._store.length(keys.dead(city)) - self._limits.max_dead
        if surplus > 0:
            oldest = self._store.read(keys.dead(city), START, surplus, 0)
            if oldest:
                self._store.trim(keys.dead(city), oldest[-1].id)
                _log.error("dead_letters_forgotten", city=city, count=len(oldest), kept=self._limits.max_dead)
