"""Writes down what became of a city's alerts, then finishes their entries: in this order, and in batches.

A crash between the two makes an alert be sent again, under the same tag; the other way round it could be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import structlog

from notifier.backoff import delay_s
from notifier.errand import Record, encode_record
from notifier.limits import Limits
from streams import keys
from streams.ports import Delivery, Store, StoreFault, StoreUnavailable

_log = structlog.get_logger()
_BATCH = 500


class Closing(NamedTuple):
    """An entry's end in this worker: its records; `finish` it, or `bury` it with the reason, or neither: let it go."""

    delivery: Delivery
    records: Sequence[Record] = ()
    finish: bool = True
    bury: str | None = None


class Ledger:
    """One city's."""

    def __init__(
        self,
        store: Store,
        city: str,
        limits: Limits,
        executor: Executor,
        share: Callable[[], float],
        closed: Callable[[str, Closing], None],
    ) -> None:
        self._store = store
        self._city = city
        self._group = limits.group
        self._max_outcomes = limits.max_outcomes
        self._executor = executor
        self._share = share
        self._closed = closed
        self._waiting: asyncio.Queue[Closing] = asyncio.Queue()

    def put(self, closing: Closing) -> None:
        """Have it written soon."""
        self._waiting.put_nowait(closing)

    async def settled(self) -> None:
        """Wait until everything put so far is written."""
        await self._waiting.join()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._write(batch)
            for closing in batch:
                self._closed(self._city, closing)
                self._waiting.task_done()

    async def _write(self, batch: Sequence[Closing]) -> None:
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._executor, self._commit, batch)
                return
            except StoreUnavailable as error:
                attempt += 1
                _log.warning("outcomes_not_written", city=self._city, entries=len(batch), reason=str(error))
                await asyncio.sleep(delay_s(attempt, self._share()))
            except StoreFault as error:
                # Left pending: another worker, or this one, will get them again.
                _log.error("outcomes_refused_by_store", city=self._city, entries=len(batch), reason=str(error))
                return

    def _commit(self, batch: Sequence[Closing]) -> None:
        records = [encode_record(record) for closing in batch for record in closing.records]
        if records:
            self._store.append_bounded(keys.outcomes(self._city), records, self._max_outcomes)
        stream, dead = keys.alerts(self._city), keys.dead(self._city)
        finished = [closing.delivery.id for closing in batch if closing.finish and closing.bury is None]
        if finished:
            self._store.done(stream, self._group, finished)
        for closing in batch:
            if closing.bury is not None:
                self._store.bury(stream, self._group, closing.delivery, closing.bury, dead)
