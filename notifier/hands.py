"""The alerts in one worker's hands, and the three ways out of them: finished, let go, buried. No I/O of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from model.ports import Meter
from notifier.errand import Errand
from notifier.ledger import Closing, Ledger
from streams.ports import Delivery

_log = structlog.get_logger()


class Hands:
    """Used from the worker's event loop only."""

    def __init__(self, cities: Iterable[str], most: int, meter: Meter) -> None:
        self._held: dict[str, dict[str, Errand]] = {city: {} for city in cities}
        self._most = most
        self._meter = meter
        self._ledgers: Mapping[str, Ledger] = {}
        self._room = asyncio.Event()

    def use(self, ledgers: Mapping[str, Ledger]) -> None:
        """Learn where the ends are written."""
        self._ledgers = ledgers

    def room(self, city: str) -> int:
        """Tell how many more alerts of a city may be taken."""
        return self._most - len(self._held[city])

    async def wait_for_room(self) -> None:
        """Wait until some alert has left these hands, or `wake`."""
        self._room.clear()
        await self._room.wait()

    def wake(self) -> None:
        """End every wait for room."""
        self._room.set()

    def hold(self, errand: Errand) -> None:
        """Take an alert in hand."""
        self._held[errand.city][errand.delivery.id] = errand

    def holds(self, city: str, entry: str) -> bool:
        """Tell whether an entry is in hand."""
        return entry in self._held[city]

    def count(self) -> int:
        """Tell how many are in hand; may be asked from any thread."""
        return sum(map(len, list(self._held.values())))

    def all(self) -> list[Errand]:
        """Give everything in hand."""
        return [errand for held in self._held.values() for errand in held.values()]

    def finish(self, errand: Errand) -> None:
        """End an alert whose every leg has ended; bury it where a channel refused it and nobody got it."""
        whats = {record.what for record in errand.records}
        if "expired" in whats and "delivered" not in whats:
            self._meter.count("alerts_expired", city=errand.city, kind=errand.alert.kind.value)
        why = None if errand.refusal is None else f"refused: {errand.refusal}"
        if why is not None:
            self._meter.count("dead_letters", city=errand.city)
        self._ledgers[errand.city].put(Closing(errand.delivery, tuple(errand.records), True, why))

    def bury(self, city: str, delivery: Delivery, why: str) -> None:
        """End an entry that will never work."""
        _log.error("alert_buried", city=city, entry=delivery.id, why=why)
        self._meter.count("dead_letters", city=city)
        self._ledgers[city].put(Closing(delivery, (), True, why))

    def let_go(self, errand: Errand) -> None:
        """Leave an alert pending, for whoever reclaims it; what is known of it is written down. May be repeated."""
        errand.let_go = True
        if self._held[errand.city].get(errand.delivery.id) is errand:
            del self._held[errand.city][errand.delivery.id]
        records, errand.records = tuple(errand.records), []
        if records:
            self._ledgers[errand.city].put(Closing(errand.delivery, records, False))
        self._room.set()

    def closed(self, city: str, closing: Closing) -> None:
        """Hear from the ledger that an end is written."""
        if closing.finish:
            self._held[city].pop(closing.delivery.id, None)
            self._room.set()
