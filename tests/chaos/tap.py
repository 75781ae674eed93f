"""Reads everything that the streams of a run ever held, before it is trimmed, from outside the service."""

from __future__ import annotations

import msgspec
import redis

from ingest.quarantine import decode_rejected, stream_of
from model.alert import Alert, decode_alert
from model.event import Event, decode_event
from model.ping import Ping
from residents.adapters.redis_registry import dead_letter_names
from streams import keys
from streams.ids import place
from streams.ports import START, StoreUnavailable
from streams.redis_streams import RedisStore
from tests.support.brokers import CITY

GROUP = "chaos-ledger"
_PAGE = 5_000


class Tap:
    """Each call may raise StoreUnavailable, and is then repeated; nothing is read twice."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.events: list[Event] = []
        self.pings: set[tuple[str, int]] = set()
        self.refused: dict[bytes, str] = {}
        self.alerts: list[Alert] = []
        self._last = dict.fromkeys(("events", "alerts", "refused"), START)

    def join(self) -> None:
        """Hold the alert stream: what this group has not finished is not trimmed."""
        self._store.join(keys.alerts(CITY), GROUP)

    def read(self) -> None:
        """Read what is new."""
        for entry in self._store.read(keys.events(CITY), self._last["events"], _PAGE, 0):
            event = decode_event(entry.data)
            self.events.append(event)
            if isinstance(event, Ping):
                self.pings.add((event.truck, event.fix_ms))
            self._last["events"] = entry.id
        for entry in self._store.read(stream_of(CITY), self._last["refused"], _PAGE, 0):
            refused = decode_rejected(entry.data)
            self.refused[refused.payload] = refused.reason.value
            self._last["refused"] = entry.id
        for entry in self._store.read(keys.alerts(CITY), self._last["alerts"], _PAGE, 0):
            self.alerts.append(decode_alert(entry.data))
            self._last["alerts"] = entry.id

    def worked_off(self) -> bool:
        """Tell whether the engine has taken every event that was read, and the notifier finished every alert."""
        try:
            cursor = self._store.client.get(keys.cursor(CITY)) or START.encode()
        except redis.RedisError as error:
            raise StoreUnavailable(str(error)) from error
        if place(cursor.decode()) < place(self._last["events"]):
            return False
        self.read()
        return self._store.backlog(keys.alerts(CITY), "notifier") == 0

    def let_trim(self) -> None:
        """Finish what was read, so that the service may trim it."""
        alerts = keys.alerts(CITY)
        while taken := self._store.take(alerts, GROUP, "tap", _PAGE, 0):
            self._store.done(alerts, GROUP, [delivery.id for delivery in taken])

    def buried(self) -> list[tuple[str, str]]:
        """List the dead letters: why, and whom."""
        letters = self._store.read(keys.dead(CITY), START, _PAGE, 0)
        whys = [msgspec.msgpack.decode(entry.data)[0] for entry in letters]
        return [(why, *dead_letter_names(entry.data)) for why, entry in zip(whys, letters, strict=True)]  # type: ignore[misc]

    def set_aside(self) -> int:
        """Count the events that the engine could not take."""
        return self._store.length(keys.key("aside", CITY))
