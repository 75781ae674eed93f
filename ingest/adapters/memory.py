"""The broker port in memory: for tests, and for running the stages without a broker. Keeps what is not acknowledged."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from ingest.decode import cut
from ingest.ports import Message


class MemoryBroker:
    """A broker within the process. `reconnect` sends what is unacknowledged again, as a real one does."""

    def __init__(self, in_flight: int = 1_024) -> None:
        self._in_flight = in_flight
        self._waiting: deque[Message] = deque()
        self._held: dict[int, Message] = {}
        self._receipt = 0
        self._changed = threading.Condition()
        self._started = False
        self._queued_at_pause: int | None = None

    def publish(self, topic: str, payload: bytes, retained: bool = False) -> None:
        """Publish as a truck would, QoS 1."""
        with self._changed:
            kept, cut_from = cut(payload)
            self._waiting.append(Message(topic, kept, retained, time.monotonic(), cut_from=cut_from))
            self._changed.notify()

    def reconnect(self) -> None:
        """Break the connection and make a new one: earlier receipts are void, what they stood for comes again."""
        with self._changed:
            self._waiting.extendleft(message for _, message in sorted(self._held.items(), reverse=True))
            self._held.clear()
            self._changed.notify()

    def start(self) -> None:
        """Begin."""
        with self._changed:
            self._started, self._queued_at_pause = True, None
            self._changed.notify()

    def take(self, count: int, wait_s: float) -> list[Message]:
        """Take at most `count` messages in the order of arrival, waiting up to `wait_s` for the first."""
        with self._changed:
            self._changed.wait_for(self._can_take, wait_s)
            taken: list[Message] = []
            while self._can_take() and len(taken) < count:
                self._receipt += 1
                message = self._waiting.popleft()._replace(receipt=self._receipt)
                self._held[self._receipt] = message
                taken.append(message)
                if self._queued_at_pause is not None:
                    self._queued_at_pause -= 1
            return taken

    def done(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages that are safe; one that came on an earlier connection stays."""
        with self._changed:
            for message in messages:
                if message.receipt is not None:
                    self._held.pop(message.receipt, None)
            self._changed.notify()

    def pause(self) -> None:
        """Accept nothing more; what was published before can still be taken."""
        with self._changed:
            self._queued_at_pause = len(self._waiting)

    def close(self, timeout_s: float) -> None:  # noqa: ARG002 (nothing here can be slow)
        """End the connection, keeping the session."""
        self._started = False
        self.reconnect()

    @property
    def connected(self) -> bool:
        """Tell whether messages can arrive."""
        return self._started

    @property
    def queued(self) -> int:
        """Tell how many messages wait to be taken."""
        return len(self._waiting)

    @property
    def unacknowledged(self) -> int:
        """Tell how many messages were taken and not acknowledged."""
        return len(self._held)

    def _can_take(self) -> bool:
        may = self._started and self._queued_at_pause != 0
        return may and bool(self._waiting) and len(self._held) < self._in_flight
