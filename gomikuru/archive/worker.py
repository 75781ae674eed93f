"""Follows the streams of every city into its archive: read, write, sync, and only then move the cursor.

A crash between writing and moving writes again: lines stand twice and are read once. One process works a city, by
lease; what it has not passed is not trimmed (streams/followers.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from gomikuru.archive.folder import Folder
from gomikuru.archive.rows import ALERTS, HOMES, PINGS, Kind, alert_lines, home_lines, ping_lines
from model.alert import Alert, decode_alert
from model.city import City
from model.event import Event, HomesChanged, decode_event
from model.ping import Ping
from model.ports import Meter, ServiceClock
from model.times import service_day
from streams import followers, keys
from streams.ports import Entry, Fence, Store, StoreFault, StoreUnavailable

T = TypeVar("T")
Line = tuple[date, str]

EVENTS, ALERTS_SENT = "archive/events", "archive/alerts"
"""The names under which the archive follows both streams."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How much at a time, how often, and how much is kept. Machine time but for `keep_days`."""

    every_s: float = 10.0
    batch: int = 5_000
    lease_ms: int = 60_000
    tidy_s: float = 3_600.0
    keep_days: int = 42
    most_bytes: int = 2_000_000_000


class Kept(msgspec.Struct, frozen=True):
    """How the archive of a city stands. `problem` is empty while all is well; `held_elsewhere`: another works it."""

    problem: str = ""
    held_elsewhere: bool = False
    days: int = 0
    bytes: int = 0


class ArchiveWorker:
    """The archive's loop over its cities; `run` in a thread of its own."""

    def __init__(
        self,
        cities: Sequence[City],
        store: Store,
        root: Path,
        clock: ServiceClock,
        meter: Meter,
        owner: str,
        pace: Pace | None = None,
    ) -> None:
        self._cities = cities
        self._store = store
        self._root = root
        self._clock = clock
        self._meter = meter
        self._owner = owner
        self._pace = pace or Pace()
        self._kept = {city.id: Kept() for city in cities}
        self._tidied: dict[str, tuple[date, float]] = {}
        self._fences: dict[str, Fence] = {}
        self._turned_s: float | None = None
        self._logger = structlog.get_logger().bind(stage="archive")

    def health(self) -> Mapping[str, Kept]:
        """Tell how the archives stand; may be asked from any thread."""
        return dict(self._kept)

    @property
    def idle_s(self) -> float:
        """Tell how long ago the loop turned last."""
        return 0.0 if self._turned_s is None else time.monotonic() - self._turned_s

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; then write what is there, and give the leases back."""
        while True:
            ending = stop.is_set()
            for city in self._cities:
                self.turn(city)
            if ending:
                break
            stop.wait(self._pace.every_s)
        for name, fence in self._fences.items():
            try:
                self._store.release(fence)
            except (StoreUnavailable, StoreFault):
                self._logger.info("lease_left_to_expire", city=name)

    def turn(self, city: City) -> None:
        """Write what is new of one city, whatever fails with another."""
        self._turned_s = time.monotonic()
        try:
            fence = self._store.acquire(keys.key("archiving", city.id), self._owner, self._pace.lease_ms)
            if fence is None:
                self._fences.pop(city.id, None)
                self._note(city, Kept(held_elsewhere=True))
                return
            self._fences[city.id] = fence
            self._write(city)
            self._tidy(city)
            folder = Folder(self._root, city.id)
            self._note(city, Kept(days=len(folder.days(PINGS)), bytes=folder.size()))
        except (StoreUnavailable, StoreFault) as error:
            self._note(city, Kept(problem=f"the store does not answer ({error})"))
        except OSError as error:
            self._note(city, Kept(problem=f"{error.filename or self._root}: {error.strerror}; what is new waits"))

    def _write(self, city: City) -> None:
        self._follow(city, keys.events(city.id), EVENTS, decode_event, lambda some: self._take_events(city, some))
        self._follow(city, keys.alerts(city.id), ALERTS_SENT, decode_alert, lambda some: self._take_alerts(city, some))

    def _follow(
        self,
        city: City,
        stream: str,
        name: str,
        decode: Callable[[bytes], T],
        take: Callable[[list[T]], None],
    ) -> None:
        """Read to the end of a stream; stop where the lease or the cursor has become another's."""
        cursor = followers.cursor_of(self._store, city.id, name)
        while entries := self._store.read(stream, cursor, self._pace.batch, 0):
            take([item for item in (_decoded(entry, decode) for entry in entries) if item is not None])
            if not followers.move(self._store, city.id, name, cursor, entries[-1].id):
                return
            cursor = entries[-1].id
            self._turned_s = time.monotonic()
            if not self._store.renew(self._fences[city.id], self._pace.lease_ms):
                return

    def _take_events(self, city: City, events: list[Event]) -> None:
        pings = [event for event in events if isinstance(event, Ping)]
        lines = [line for ping in pings for line in _dated(city, ping.received_ms, ping_lines, ping)]
        self._append(city, PINGS, lines)
        changes = [event for event in events if isinstance(event, HomesChanged)]
        self._append(city, HOMES, [line for each in changes for line in _dated(city, each.at_ms, home_lines, each)])
        for day in sorted({day for day, _ in lines}):
            self._append(city, ALERTS, (), day)
        if pings:
            self._meter.count("archive_pings", len(lines), city=city.id)

    def _take_alerts(self, city: City, alerts: list[Alert]) -> None:
        alerts = [each for each in alerts if each.tries is None]
        self._append(city, ALERTS, [line for each in alerts for line in _dated(city, each.fired_ms, alert_lines, each)])
        if alerts:
            self._meter.count("archive_alerts", len(alerts), city=city.id)

    def _append(self, city: City, kind: Kind, lines: Sequence[Line], day: date | None = None) -> None:
        """Append lines by their day; with `day` see that its file is there."""
        by_day: dict[date, list[str]] = {day: []} if day else {}
        for of, line in lines:
            by_day.setdefault(of, []).append(line)
        folder = Folder(self._root, city.id)
        for of, some in sorted(by_day.items()):
            if some or of not in folder.days(kind):
                folder.append(kind, of, some)

    def _tidy(self, city: City) -> None:
        """Compress what is over and delete what is old: at a new day, and every hour."""
        today = service_day(self._clock.now_ms(), city.timezone, city.service_day_starts_min)
        before = self._tidied.get(city.id)
        if before and before[0] == today and time.monotonic() - before[1] < self._pace.tidy_s:
            return
        folder = Folder(self._root, city.id)
        folder.pack(today)
        gone = folder.forget(today - timedelta(days=self._pace.keep_days), self._pace.most_bytes)
        if gone:
            self._logger.info("archive_days_deleted", city=city.id, first=str(gone[0]), last=str(gone[-1]))
        self._tidied[city.id] = (today, time.monotonic())

    def _note(self, city: City, now: Kept) -> None:
        before = self._kept[city.id].problem
        if now.problem and not before:
            self._logger.error("archive_stands_still", city=city.id, why=now.problem)
        if before and not now.problem:
            self._logger.info("archive_goes_on", city=city.id)
        self._kept[city.id] = now
        self._meter.gauge("archive_days", now.days, city=city.id)
        self._meter.gauge("archive_bytes", now.bytes, city=city.id)


def _decoded(entry: Entry, decode: Callable[[bytes], T]) -> T | None:
    try:
        return decode(entry.data)
    except msgspec.DecodeError:
        return None  # the engine, or the notifier, sets it aside and says so


def _dated(city: City, at_ms: int, lines: Callable[[T], Iterable[str]], item: T) -> list[Line]:
    """Give lines with their service day; nothing of what has no day, such as an instant that no calendar knows."""
    try:
        day = service_day(at_ms, city.timezone, city.service_day_starts_min)
        return [(day, line) for line in lines(item)]
    except (ValueError, OverflowError):
        return []
