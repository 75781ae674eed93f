"""Works one city by lease: read events in order, step, commit with the fence; watch its zones; tick; trim.

Keeps nothing that it cannot lose: after a crash, a lost lease, or a commit in doubt, all is loaded anew from the
store at its cursor. An event that the engine cannot take is set aside, and never stops the line.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import accumulate

import msgspec
import structlog

from geofence.aside import encode_aside
from geofence.batch import Outcome, run_batch
from geofence.book import Book
from geofence.chores import Chores
from geofence.documents import Documents, versions
from geofence.limits import Limits
from geofence.pace import Pace
from geofence.ports import FileSource
from geofence.pulse import Health, Pulse
from geofence.state import State, state_of
from model.alert import encode_alert
from model.city import City
from model.event import Event, decode_event
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import Commit, CursorMoved, Entry, Fence, LeaseLost, Store, StoreUnavailable

_TRACER = logging.getLogger("gomikuru")
"""Whether single pings are followed in the log: asked before a line for each is made."""


LONGEST_LEASE_MS = 60_000
"""How far a lease grows for a worker that keeps losing it: on a starved machine one step may outlast `lease_ms`."""


class _Held(msgspec.Struct):
    """What is only valid while the lease is held."""

    fence: Fence
    cursor: str
    state: State
    book: Book
    renewed_ms: int


class CityWorker:
    """The engine's loop over one city. Any number may run; the holder of the lease works, the others wait."""

    def __init__(
        self,
        city: City,
        store: Store,
        zones: FileSource,
        clock: ServiceClock,
        machine_ms: Callable[[], int],
        meter: Meter,
        owner: str,
        limits: Limits | None = None,
        pace: Pace | None = None,
        profile: FileSource | None = None,
        followers: Sequence[str] = (),
        assignments: FileSource | None = None,
    ) -> None:
        self._city = city
        self._store = store
        self._documents = Documents(city.id, store, clock, meter, zones, profile, assignments)
        self._machine_ms = machine_ms
        self._meter = meter
        self._owner = owner
        self._limits = limits or Limits()
        self._pace = pace or Pace()
        self._held: _Held | None = None
        self._lease_ms = self._pace.lease_ms
        self._stop = threading.Event()
        patience_ms = max(3 * self._pace.lease_ms, self._pace.load_ms)
        self._pulse = Pulse(city.id, store, machine_ms, meter, patience_ms)
        self._careful = 0
        self._portion = self._pace.batch
        self._chores = Chores(city.id, store, clock, machine_ms, meter, self._pulse, self._pace, followers)
        self._logger = structlog.get_logger().bind(stage="geofence", city=city.id)

    def health(self) -> Health:
        """Tell how the work stands."""
        return self._pulse.health(self._held is not None, *self._documents.problems)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`, then give the lease back."""
        self._stop = stop
        while not stop.is_set():
            self._pulse.beat()
            try:
                self.turn()
                self._pulse.store("")
                self._pulse.failing = False
            except StoreUnavailable as error:
                self._pulse.store(str(error))
                stop.wait(self._pace.retry_ms / 1000)
            except (LeaseLost, CursorMoved) as error:
                self._logger.warning("lease_lost", why=type(error).__name__)
                self._meter.count("engine_lease_lost", city=self._city.id)
                self._lease_ms = min(2 * self._lease_ms, max(self._pace.lease_ms, LONGEST_LEASE_MS))
                self._drop()
            except Exception:
                self._pulse.failing = True
                self._logger.exception("turn_failed")
                self._drop()
                stop.wait(self._pace.lease_ms / 3000)
        self._leave()

    def turn(self) -> None:
        """Do the next piece of work: take the lease, or one batch under it."""
        held = self._held or self._take_over()
        if held is None:
            self._pulse.look_on()
            self._stop.wait(self._pace.lease_ms / 3000)
            return
        self._renew(held)
        self._documents.look()
        self._chores.tick()
        entries = self._next(held)
        if entries:
            self._work(held, entries)
        if self._held is held:
            self._chores.measure(held.cursor)
        self._chores.trim(held.book)

    def _next(self, held: _Held) -> list[Entry]:
        """Read a batch: less at a time while events are large, so that a step does not outlast the lease."""
        count = 1 if self._careful else self._portion
        entries = self._store.read(keys.events(self._city.id), held.cursor, count, self._pace.block_ms)
        sizes = accumulate(len(entry.data) for entry in entries)
        fitting = max(1, sum(size <= self._pace.batch_bytes for size in sizes))
        self._portion = min(self._pace.batch, 2 * fitting if fitting < len(entries) else 2 * self._portion)
        return entries[:fitting]

    def _take_over(self) -> _Held | None:
        """Take the lease if it is free, and load everything at the cursor."""
        lease_ms = self._lease_ms
        fence = self._store.acquire(keys.lease(self._city.id), self._owner, max(lease_ms, self._pace.load_ms))
        if fence is None:
            return None
        loaded = self._store.load(self._city.id)
        book = Book(self._city, self._limits)
        self._documents.load(book, loaded.fields)
        book.load(loaded.fields)
        now_ms = self._machine_ms()
        if not self._store.renew(fence, lease_ms):
            raise LeaseLost(fence.name)
        self._held = _Held(fence, loaded.cursor, state_of(loaded.fields), book, now_ms)
        self._chores.begin()
        self._pulse.taken(self._held.state)
        self._meter.gauge("lease_held", 1, city=self._city.id)
        self._logger.info("city_taken", fence=fence.number, cursor=loaded.cursor)
        return self._held

    def _renew(self, held: _Held) -> None:
        now_ms = self._machine_ms()
        if now_ms - held.renewed_ms < self._pace.lease_ms / 3:
            return
        if not self._store.renew(held.fence, self._lease_ms):
            raise LeaseLost(held.fence.name)
        held.renewed_ms = now_ms

    def _work(self, held: _Held, entries: list[Entry]) -> None:
        """Step through entries and commit what follows from them."""
        began_ms = self._machine_ms()
        before = versions(held.book)
        events = [event for event in map(self._event, entries) if event is not None]
        documents = self._documents.wanted_by(events)
        trace: list[tuple[str, str]] | None = [] if _TRACER.isEnabledFor(logging.DEBUG) else None
        try:
            outcome = run_batch(held.state, held.book, events, documents, trace)
        except Exception:
            self._logger.exception("step_failed", first=entries[0].id, count=len(entries))
            self._isolate(held, entries)
            return
        self._careful = max(0, self._careful - 1)
        self._commit(held, entries[-1].id, outcome)
        self._documents.superseded(before, held.book)
        self._meter.observe("step_seconds", (self._machine_ms() - began_ms) / 1000, city=self._city.id)
        self._pulse.saw(events)
        for ping, verdict in trace or ():
            self._logger.debug("ping_weighed", ping=ping, verdict=verdict)
        self._pulse.decided(outcome)

    def _commit(self, held: _Held, cursor: str, outcome: Outcome) -> None:
        """Write until it is certain; the cursor makes a repeat of a commit whose answer was lost harmless."""
        alerts = [encode_alert(alert) for alert in outcome.alerts]
        appends = {keys.alerts(self._city.id): alerts} if alerts else {}
        commit = Commit(held.cursor, cursor, outcome.puts, outcome.deletes, appends)
        while True:
            try:
                self._store.commit(self._city.id, held.fence, commit)
                break
            except StoreUnavailable as error:
                self._pulse.store(str(error), commit=cursor)
                self._pulse.beat()
                if self._stop.wait(self._pace.retry_ms / 1000):
                    raise
        held.cursor = cursor
        self._lease_ms = max(self._pace.lease_ms, self._lease_ms // 2)
        self._chores.passed(cursor)

    def _isolate(self, held: _Held, entries: list[Entry]) -> None:
        """After a failed step load anew and go one by one; an entry that fails alone is set aside."""
        alone = len(entries) == 1
        self._drop()
        self._careful = self._pace.batch
        if not alone:
            return
        self._set_aside(entries[0], "the engine failed on it; see the log of the geofence stage")
        self._store.commit(self._city.id, held.fence, Commit(held.cursor, entries[0].id))

    def _event(self, entry: Entry) -> Event | None:
        try:
            return decode_event(entry.data)
        except msgspec.DecodeError as error:
            self._set_aside(entry, f"no event: {error}")
            return None

    def _set_aside(self, entry: Entry, why: str) -> None:
        self._logger.error("event_set_aside", entry=entry.id, why=why)
        self._meter.count("events_set_aside", city=self._city.id)
        self._store.append_bounded(keys.aside(self._city.id), [encode_aside(why, entry)], self._pace.aside_max)

    def _drop(self) -> None:
        self._held = None
        self._pulse.lost()
        self._meter.gauge("lease_held", 0, city=self._city.id)

    def _leave(self) -> None:
        if self._held is None:
            return
        try:
            self._store.release(self._held.fence)
        except StoreUnavailable:
            self._logger.info("lease_left_to_expire")
        self._drop()
