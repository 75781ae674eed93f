"""Which events may be dropped: those that the engine passed a while ago, and that every follower has passed too.

A follower (the archive) that stands still holds at most so many events: then the oldest are dropped and counted, since
a full store would stop the service itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import structlog

from model.ports import Meter
from streams import followers, keys
from streams.ids import place
from streams.ports import START, Store


class Trimmer:
    """Keeps one city's event stream small, for the worker that holds it."""

    def __init__(self, city: str, store: Store, meter: Meter, names: Sequence[str], hold: int) -> None:
        self._city = city
        self._store = store
        self._meter = meter
        self._names = tuple(names)
        self._hold = hold
        self._passed: deque[tuple[int, str]] = deque()
        self._upto = self._trimmed = START
        self._logger = structlog.get_logger().bind(stage="geofence", city=city)
        self.oldest_ms: int | None = None

    def begin(self) -> None:
        """Begin anew at a city that was just taken: what was passed before is another worker's knowledge."""
        self._passed.clear()
        self._upto = self._trimmed = START
        self.oldest_ms = None

    def passed(self, at_ms: int, cursor: str) -> None:
        """Note that the engine has come to a cursor."""
        self._passed.append((at_ms, cursor))

    def trim(self, until_ms: int) -> None:
        """Drop what was passed by an instant of machine time."""
        while self._passed and self._passed[0][0] <= until_ms:
            self._upto = self._passed.popleft()[1]
        if self._upto == START:
            return
        followed = followers.passed(self._store, self._city, self._names) if self._names else self._upto
        behind = place(followed) < place(self._upto)
        self._drop(followed if behind else self._upto)
        self.oldest_ms = self._oldest_ms(followed) if behind else None
        if behind and self._store.ahead(keys.events(self._city), followed) > self._hold:
            self._give_up()

    def _drop(self, upto: str) -> int:
        if upto == self._trimmed:
            return 0
        self._trimmed = upto
        return self._store.trim(keys.events(self._city), upto)

    def _give_up(self) -> None:
        """Drop what no follower will get any more."""
        lost = self._drop(self._upto)
        self._meter.count("archive_missed", lost, city=self._city)
        self._logger.error(
            "events_not_archived", count=lost, remedy="look at the archive stage: disk, rights, is it on?"
        )

    def _oldest_ms(self, followed: str) -> int | None:
        """Tell when the oldest event that a follower still needs was appended: an id holds that time."""
        first = self._store.read(keys.events(self._city), followed, 1, 0)
        return place(first[0].id)[0] if first else None
