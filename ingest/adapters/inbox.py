"""The bounded queue between the thread that hears the broker and the thread that appends.

It refuses nothing: whoever fills it looks at `full` first and stops reading, so that the broker waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ingest.ports import Message

MOST_BYTES = 64 * 1024 * 1024
"""A queue with payloads of so many bytes is full, however few they are."""


class Inbox:
    """Messages in the order of arrival. `on_room` is called when a full queue has room again."""

    def __init__(self, limit: int, on_room: Callable[[], None], limit_bytes: int = MOST_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._on_room = on_room
        self._messages: deque[Message] = deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Tell whether the reader must stop."""
        return len(self._messages) >= self._limit or self._bytes >= self._limit_bytes

    def put(self, message: Message) -> None:
        """Add a message."""
        with self._changed:
            self._messages.append(message)
            self._bytes += len(message.payload)
            if len(self._messages) == 1:
                self._changed.notify()

    def take(self, count: int, wait_s: float) -> list[Message]:
        """Take the oldest messages, waiting up to `wait_s` for the first."""
        with self._changed:
            if not self._messages:
                self._changed.wait(wait_s)
            was_full = self.full
            taken = [self._messages.popleft() for _ in range(min(count, len(self._messages)))]
            self._bytes -= sum(len(message.payload) for message in taken)
        if was_full:
            self._on_room()
        return taken
