"""What the worker of a city does beside its events: let time pass, measure how far it is behind, drop what is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geofence.book import Book
from geofence.pace import Pace
from geofence.pulse import Pulse
from geofence.trimming import Trimmer
from model.event import Tick, encode_event
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import Store


class Chores:
    """Each is done when it is due, by the holder of the lease."""

    def __init__(
        self,
        city: str,
        store: Store,
        clock: ServiceClock,
        machine_ms: Callable[[], int],
        meter: Meter,
        pulse: Pulse,
        pace: Pace,
        followers: Sequence[str],
    ) -> None:
        self._city, self._store, self._pace = city, store, pace
        self._clock, self._machine_ms = clock, machine_ms
        self._meter, self._pulse = meter, pulse
        self._next_tick_ms = self._next_trim_ms = self._next_measure_ms = 0
        self._trimmer = Trimmer(city, store, meter, followers, pace.hold_events)

    def begin(self) -> None:
        """Begin anew at a city that was just taken."""
        self._trimmer.begin()
        self._next_measure_ms = 0

    def passed(self, cursor: str) -> None:
        """Note that the engine has come to a cursor."""
        self._trimmer.passed(self._machine_ms(), cursor)

    def tick(self) -> None:
        """Let service time pass in the stream, where nobody else says so."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._next_tick_ms:
            self._next_tick_ms = now_ms + self._pace.tick_ms
            self._store.append(keys.events(self._city), [encode_event(Tick(now_ms))])

    def measure(self, cursor: str) -> None:
        """See how far the engine is behind."""
        now_ms = self._machine_ms()
        if now_ms >= self._next_measure_ms:
            self._next_measure_ms = now_ms + self._pace.measure_ms
            self._pulse.measure(cursor)

    def trim(self, book: Book) -> None:
        """Drop events that were passed a while ago, and tell what is in force."""
        now_ms = self._machine_ms()
        if now_ms < self._next_trim_ms:
            return
        self._next_trim_ms = now_ms + self._pace.trim_ms
        self._trimmer.trim(now_ms - self._pace.keep_ms)
        self._pulse.note_followers(self._trimmer.oldest_ms)
        homes, zones = book.count()
        self._pulse.unserved = book.unserved()
        self._meter.gauge("homes", homes, city=self._city)
        self._meter.gauge("zones", zones, city=self._city)
