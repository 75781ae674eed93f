"""How the work on one city stands, noted as it goes: the last turn, the newest ping, what is left to decide.

Kept beside the worker, which tells it; `health` may be asked from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import structlog

from geofence.batch import Outcome
from geofence.state import State
from model.event import Event
from model.ping import Ping
from model.ports import Meter
from streams import keys
from streams.ids import place
from streams.ports import Store


class Health(msgspec.Struct, frozen=True):
    """How the work on a city stands.

    `behind_ms`: how long the oldest undecided event has waited. `last_ping_ms` is service time, and unknown while
    another works the city. `held_up`: whoever holds the lease does not get on. `idle_ms`: since the loop's last turn.
    `unarchived_ms`: how long the oldest event has waited for the archive.
    `unserved`: homes with a lead in minutes that wait for a profile.
    """

    holds_lease: bool
    store_ok: bool
    backlog: int
    zones_problems: tuple[str, ...] = ()
    profile_problems: tuple[str, ...] = ()
    behind_ms: int = 0
    last_ping_ms: int | None = None
    failing: bool = False
    held_up: bool = False
    idle_ms: int = 0
    unarchived_ms: int = 0
    assignments_problems: tuple[str, ...] = ()
    unserved: int = 0


class Pulse:
    """One worker's notes of one city."""

    def __init__(self, city: str, store: Store, machine_ms: Callable[[], int], meter: Meter, patience_ms: int) -> None:
        self._city = city
        self._store = store
        self._machine_ms = machine_ms
        self._meter = meter
        self._patience_ms = patience_ms
        self._turned_ms: int | None = None
        self._seen = ("", 0)
        self.backlog = 0
        self.behind_ms = 0
        self.unarchived_ms = 0
        self.last_ping_ms: int | None = None
        self.store_ok = True
        self.failing = False
        self.held_up = False
        self.unserved = 0
        self._logger = structlog.get_logger().bind(stage="geofence", city=city)

    def health(
        self,
        holds_lease: bool,
        zones_problems: tuple[str, ...],
        profile_problems: tuple[str, ...],
        assignments_problems: tuple[str, ...] = (),
    ) -> Health:
        """Tell how the work stands."""
        idle_ms = 0 if self._turned_ms is None else max(0, self._machine_ms() - self._turned_ms)
        return Health(
            holds_lease,
            self.store_ok,
            self.backlog,
            zones_problems,
            profile_problems,
            self.behind_ms,
            self.last_ping_ms,
            self.failing,
            self.held_up,
            idle_ms,
            self.unarchived_ms,
            assignments_problems,
            self.unserved,
        )

    def beat(self) -> None:
        """Note that the loop turns."""
        self._turned_ms = self._machine_ms()

    def taken(self, state: State) -> None:
        """Note that the city is ours now, and what its committed state knows of the newest fix."""
        fixes = (truck.track.last for truck in state.trucks.values())
        self.last_ping_ms = max((fix.at_ms for fix in fixes if fix is not None), default=None)
        self.held_up = False

    def lost(self) -> None:
        """Note that the city is no longer ours: what we knew of it grows old."""
        self.last_ping_ms, self.backlog, self.behind_ms = None, 0, 0
        self.unarchived_ms, self.unserved = 0, 0

    def saw(self, events: Iterable[Event]) -> None:
        """Note the newest ping."""
        newest = max((event.received_ms for event in events if isinstance(event, Ping)), default=None)
        if newest is not None:
            self.last_ping_ms = max(newest, self.last_ping_ms or newest)

    def decided(self, outcome: Outcome) -> None:
        """Count what a batch led to, and tell each alert."""
        for verdict, count in outcome.verdicts.items():
            self._meter.count("engine_pings", count, city=self._city, verdict=verdict)
        for alert in outcome.alerts:
            self._meter.count("engine_alerts", city=self._city, kind=alert.kind.value)
            self._logger.info("alert_decided", alert=alert.id, ping=alert.ping, kind=alert.kind.value)

    def store(self, why: str, **details: str) -> None:
        """Note why the store did not answer, empty when it did; tell when it goes and comes back, not at every try."""
        if why and self.store_ok:
            self._logger.warning("store_unavailable", why=why, remedy="trying again", **details)
        if not why and not self.store_ok:
            self._logger.info("store_answers_again")
        self.store_ok = not why

    def measure(self, cursor: str) -> None:
        """Ask the store what is left to decide."""
        stream = keys.events(self._city)
        self.backlog = self._store.ahead(stream, cursor)
        self.behind_ms = self._lag_ms(cursor) if self.backlog else 0
        self._meter.gauge("events_backlog", self.backlog, city=self._city)
        self._meter.gauge("events_behind_seconds", self.behind_ms / 1000, city=self._city)

    def note_followers(self, oldest_ms: int | None) -> None:
        """Note since when the oldest event has waited for a follower; None when none waits."""
        self.unarchived_ms = 0 if oldest_ms is None else max(1, self._machine_ms() - oldest_ms)

    def look_on(self) -> None:
        """While another holds the city: see whether events wait and its cursor stands still."""
        cursor, now_ms = self._store.cursor(self._city), self._machine_ms()
        if cursor != self._seen[0] or not self._lag_ms(cursor):
            self._seen = (cursor, now_ms)
        self.held_up = now_ms - self._seen[1] >= self._patience_ms

    def _lag_ms(self, cursor: str) -> int:
        """Tell how long the oldest event has waited: an id holds the time of its append."""
        waiting = self._store.read(keys.events(self._city), cursor, 1, 0)
        return max(1, self._machine_ms() - place(waiting[0].id)[0]) if waiting else 0
