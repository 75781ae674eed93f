"""The loop of ingest: take a batch, decode, screen, append, and only then acknowledge.

While the store does not answer, the same batch is tried again; the queue fills, the broker waits, nothing is dropped.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import structlog

from ingest.directory import Directory
from ingest.ports import Broker, Message
from ingest.prepare import Prepared, parts, prepare
from ingest.quarantine import encode_rejected, stream_of
from ingest.screen import Limits
from model.event import encode_event
from model.ping import Ping, Rejected
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import OrderedLog, StoreFault, StoreUnavailable

_TRACER = logging.getLogger("gomikuru")
"""Whether single pings are followed in the log: asked before a line for each is made."""


class Pace(msgspec.Struct, frozen=True):
    """How much at a time, how long to wait, and how far the engine may fall behind before ingest stops taking."""

    batch: int = 512
    batch_bytes: int = 1024 * 1024
    append_max: int = 2_000
    wait_s: float = 0.2
    retry_s: float = 0.05
    retry_limit_s: float = 2.0
    high_water: int = 1_000_000
    check_every: int = 50
    check_s: float = 5.0
    quarantine_len: int = 10_000
    drain_s: float = 5.0


class Health(msgspec.Struct, frozen=True):
    """How ingest is: for `doctor`, the health page and the console."""

    connected: bool
    queued: int
    last_message_ms: int | None
    store_ok: bool
    waiting_for_engine: bool
    idle_s: float = 0.0


class IngestWorker:
    """Moves messages from one broker to the ordered log of each city. One thread runs it.

    A StoreFault ends `run`, with everything unacknowledged: somebody must repair the store first.
    """

    def __init__(
        self,
        source: Broker,
        log: OrderedLog,
        clock: ServiceClock,
        directory: Directory,
        meter: Meter,
        limits: Limits | None = None,
        pace: Pace | None = None,
        heard: Callable[[int], None] | None = None,
        on_append: Callable[[Sequence[Ping]], None] | None = None,
    ) -> None:
        self._source = source
        self._store = log
        self._clock = clock
        self._directory = directory
        self._meter = meter
        self._limits = limits or Limits()
        self._pace = pace or Pace()
        self._heard = heard
        self._on_append = on_append
        self._last_message_ms: int | None = None
        self._store_ok = True
        self._turned_s: float | None = None
        self._checked_s = 0.0
        self._waiting_for_engine = False
        self._logger = structlog.get_logger().bind(stage="ingest")

    def use(self, directory: Directory) -> None:
        """Take a new directory into force, from the next batch on. New topics are subscribed at the next start."""
        self._directory = directory

    def health(self) -> Health:
        """Tell how ingest is."""
        return Health(
            connected=self._source.connected,
            queued=self._source.queued,
            last_message_ms=self._last_message_ms,
            store_ok=self._store_ok,
            waiting_for_engine=self._waiting_for_engine,
            idle_s=0.0 if self._turned_s is None else time.monotonic() - self._turned_s,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; then finish what is queued, acknowledge it, and disconnect."""
        self._source.start()
        batches = 0
        try:
            while not stop.is_set():
                due = batches % self._pace.check_every == 0 or time.monotonic() - self._checked_s > self._pace.check_s
                if due and not self._engine_keeps_up(stop):
                    break
                batches += self.turn(stop, self._pace.wait_s)
            self._drain()
        finally:
            self._source.close(self._pace.drain_s)
        self._logger.info("ingest_stopped", left_with_broker=self._source.queued)

    def turn(self, stop: threading.Event, wait_s: float) -> bool:
        """Take one batch and see it through; tell whether there was one."""
        self._turned_s = time.monotonic()
        messages = self._source.take(self._pace.batch, wait_s)
        self._meter.gauge("ingest_queue", self._source.queued)
        if not messages:
            return False
        for part in parts(messages, self._pace.batch_bytes):
            if not self._append(part, stop):
                break
            self._source.done(part)
        return True

    def _drain(self) -> None:
        self._source.pause()
        if not self._store_ok:
            return
        too_late = threading.Event()
        timer = threading.Timer(self._pace.drain_s, too_late.set)
        timer.start()
        while not too_late.is_set() and self.turn(too_late, 0.0):
            pass
        timer.cancel()

    def _append(self, messages: Sequence[Message], stop: threading.Event) -> bool:
        """Append a batch, trying until it is kept (True) or `stop` (False: the broker sends it again)."""
        kept = Prepared({}, {}, [])
        delay_s = self._pace.retry_s
        while True:
            self._turned_s = time.monotonic()
            now_ms = self._clock.now_ms()  # anew for each try: what waited long is history when it is kept
            prepared, failures = prepare(messages, now_ms, self._directory, self._limits)
            try:
                self._write(prepared, kept)
            except StoreUnavailable as error:
                self._note_store(False, str(error))
                self._meter.count("append_retries")
                if stop.wait(delay_s * random.uniform(0.5, 1.0)):
                    return False
                delay_s = min(delay_s * 2, self._pace.retry_limit_s)
                continue
            self._note_store(True)
            self._last_message_ms = now_ms
            for failed in failures:
                self._logger.error("decode_defect", topic=failed.message.topic[:128], error=_place_of(failed.error))
            kept.arrived.extend(prepared.arrived)
            self._account(messages, kept)
            self._tell(kept)
            return True

    def _write(self, prepared: Prepared, kept: Prepared) -> None:
        for city in prepared.pings.keys() | prepared.rejected.keys():
            if city not in kept.pings:
                pings = prepared.pings.get(city, [])
                for at in range(0, len(pings), self._pace.append_max):
                    part = pings[at : at + self._pace.append_max]
                    self._store.append(keys.events(city), [encode_event(ping) for ping in part])
                kept.pings[city] = pings
            if city not in kept.rejected:
                refused = prepared.rejected.get(city, [])
                if refused:
                    self._quarantine(city, refused)
                kept.rejected[city] = refused

    def _quarantine(self, city: str, refused: Sequence[Rejected]) -> None:
        """Keep refusals before they are acknowledged; raise StoreUnavailable, and the batch is tried again."""
        items = [encode_rejected(one) for one in refused[-self._pace.quarantine_len :]]
        try:
            self._store.append_bounded(stream_of(city), items, self._pace.quarantine_len)
        except StoreFault as error:  # a stream that is none must not stop the line: a refusal is counted anyway
            self._logger.warning("quarantine_unusable", refused=len(refused), error=str(error))

    def _account(self, messages: Sequence[Message], kept: Prepared) -> None:
        for (city, dialect), amount in Counter(kept.arrived).items():
            self._meter.count("pings_received", amount, city=city, dialect=dialect)
        for city, pings in kept.pings.items():
            if pings:
                self._meter.count("pings_accepted", len(pings), city=city)
            late = sum(ping.late for ping in pings)
            if late:
                self._meter.count("pings_late", late, city=city)
        for city, refused in kept.rejected.items():
            for reason, amount in Counter(one.reason for one in refused).items():
                self._meter.count("pings_rejected", amount, city=city, reason=reason.value)
        done_s = time.monotonic()
        for message in messages:
            self._meter.observe("append_seconds", done_s - message.arrived_s)

    def _tell(self, prepared: Prepared) -> None:
        pings = [ping for of_city in prepared.pings.values() for ping in of_city]
        if pings and self._heard is not None:
            self._heard(max(ping.received_ms for ping in pings))
        if pings and self._on_append is not None:
            self._on_append(pings)
        if _TRACER.isEnabledFor(logging.DEBUG):
            for ping in pings:
                self._logger.debug("ping_appended", ping=ping.id, city=ping.city, late=ping.late)
            for refused in (one for of_city in prepared.rejected.values() for one in of_city):
                topic, why = refused.topic[:128], refused.reason.value
                self._logger.debug("ping_refused", topic=topic, city=refused.city, truck=refused.truck, reason=why)

    def _engine_keeps_up(self, stop: threading.Event) -> bool:
        """Wait until the store answers and no city is over the high-water mark; False when told to stop."""
        while self._must_wait():
            if stop.wait(self._pace.wait_s):
                return False
        return True

    def _must_wait(self) -> bool:
        self._turned_s = self._checked_s = time.monotonic()
        try:
            full = [city for city in self._directory.cities if self._backlog(city) > self._pace.high_water]
        except StoreUnavailable as error:
            self._note_store(False, str(error))
            return True
        self._note_store(True)
        if full and not self._waiting_for_engine:
            self._logger.warning("ingest_waits_for_engine", cities=full, high_water=self._pace.high_water)
        self._waiting_for_engine = bool(full)
        return bool(full)

    def _backlog(self, city: str) -> int:
        return self._store.length(keys.events(city))

    def _note_store(self, ok: bool, error: str = "") -> None:
        if ok and not self._store_ok:
            self._logger.info("store_answers_again")
        if not ok and self._store_ok:
            self._logger.error("store_unavailable", error=error, remedy="trying again; messages stay with the broker")
        self._store_ok = ok


def _place_of(error: Exception) -> str:
    """Name a defect without its message, which may hold a position."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno}" if frames else type(error).__name__
