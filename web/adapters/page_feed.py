"""What the open pages of a city are told: follows the stream `pages:{city}` in a thread, and keeps the newest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import msgspec
import structlog

from notifier.adapters.page import decode_page_entry
from streams import keys
from streams.ports import START, OrderedLog, StoreFault, StoreUnavailable
from web.ports import PageMessage

BATCH = 500
BLOCK_MS = 500
KEPT = 5000
RETRY_S = 1.0

log = structlog.get_logger()


class StreamPages:
    """Keeps what came of late; a page that asks too seldom loses the oldest."""

    def __init__(self, store: OrderedLog, city: str) -> None:
        self._store = store
        self._stream = keys.pages(city)
        self._kept: deque[tuple[int, str, PageMessage]] = deque(maxlen=KEPT)
        self._number = 0
        self.store_ok = True
        self._lock = threading.Lock()

    def after(self, number: int, subscription: str) -> tuple[int, Sequence[PageMessage]]:
        """Give the newest number, and this home's messages after `number` (-1: none before now)."""
        with self._lock:
            if number < 0 or number == self._number:
                return self._number, ()
            found = [message for at, home, message in self._kept if at > number and home == subscription]
            return self._number, found

    def run(self, stop: threading.Event) -> None:
        """Follow until stopped."""
        cursor: str | None = None
        while not stop.is_set():
            try:
                if cursor is None:
                    newest = self._store.newest(self._stream, 1)
                    cursor = newest[0].id if newest else START
                entries = self._store.read(self._stream, cursor, BATCH, BLOCK_MS)
            except (StoreUnavailable, StoreFault):
                self.store_ok = False
                stop.wait(RETRY_S)
                continue
            self.store_ok = True
            if entries:
                cursor = entries[-1].id
                self._take([entry.data for entry in entries])

    def _take(self, items: list[bytes]) -> None:
        for data in items:
            try:
                entry = decode_page_entry(data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                log.warning("public.unreadable_page_message")
                continue
            said = entry.message
            message = PageMessage(said.kind, said.title, said.body, said.tag, said.lang)
            with self._lock:
                self._number += 1
                self._kept.append((self._number, entry.subscription, message))
