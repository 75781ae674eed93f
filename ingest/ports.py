"""What ingest asks of the world: a broker that keeps a message until it is told that the message is safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One message as it arrived; `arrived_s` is machine time (monotonic), `receipt` belongs to the broker's adapter.

    Of a payload that is too large to be read only the beginning is kept, and `cut_from` says how many bytes it had.
    """

    topic: str
    payload: bytes
    retained: bool
    arrived_s: float
    receipt: int | None = None
    cut_from: int = 0


class Broker(Protocol):
    """A source of messages, each delivered at least once until it is acknowledged with `done`."""

    def start(self) -> None:
        """Begin to connect, and to reconnect for ever; returns at once."""
        ...

    def take(self, count: int, wait_s: float) -> list[Message]:
        """Take at most `count` messages in the order of arrival, waiting up to `wait_s` for the first."""
        ...

    def done(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages that are safe; one that came on an earlier connection is left to the broker."""
        ...

    def pause(self) -> None:
        """Accept nothing more from the broker; what is queued can still be taken and acknowledged."""
        ...

    def close(self, timeout_s: float) -> None:
        """Hand over the last acknowledgements, then disconnect, keeping the session at the broker."""
        ...

    @property
    def connected(self) -> bool:
        """Tell whether messages can arrive."""
        ...

    @property
    def queued(self) -> int:
        """Tell how many messages wait to be taken."""
        ...
