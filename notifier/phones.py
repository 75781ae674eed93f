"""Phones that are not there: receives raw sends as a phone's operating system would, shows and counts them.

The demo looks here for what arrived, and never asks the sender. Thread-safe; bounded memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Protocol

import msgspec

from notifier.ports import Message


class RawPush(msgspec.Struct, frozen=True):
    """One send as it reaches a phone. `sent_ms` and `fired_ms` are service time, `ttl_s` is machine time."""

    target: str
    message: Message
    ttl_s: int
    sent_ms: int
    city: str = ""
    alert: str = ""
    kind: str = ""
    fired_ms: int = 0

    def __repr__(self) -> str:
        return f"RawPush(target masked, tag={self.message.tag!r})"


class Phone(Protocol):
    """What stands at the far end of the on-screen channel."""

    def show(self, push: RawPush) -> None:
        """Receive one send."""
        ...


class Phones:
    """All phones of the demo: what each shows now, the newest pushes, and how many came, and came twice."""

    def __init__(self, recent: int = 1000, remembered: int = 1_000_000, screens: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._recent: deque[RawPush] = deque(maxlen=recent)
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._remembered = remembered
        self._screens: OrderedDict[str, dict[str, RawPush]] = OrderedDict()
        self._most_screens = screens
        self._pushes = 0
        self._duplicates = 0

    def show(self, push: RawPush) -> None:
        """Receive one send; a tag that is shown already is replaced."""
        with self._lock:
            self._pushes += 1
            self._recent.append(push)
            key = hash((push.target, push.alert or push.message.tag))
            if key in self._seen:
                self._duplicates += 1
            self._seen[key] = None
            if len(self._seen) > self._remembered:
                self._seen.popitem(last=False)
            shown = self._screens.setdefault(push.target, {})
            shown.pop(push.message.tag, None)
            shown[push.message.tag] = push
            if len(self._screens) > self._most_screens:
                self._screens.popitem(last=False)

    @property
    def pushes(self) -> int:
        """How many sends came."""
        with self._lock:
            return self._pushes

    @property
    def duplicates(self) -> int:
        """How many alerts came again to the same phone; what replaces an alert is another one under the same tag."""
        with self._lock:
            return self._duplicates

    def recent(self, count: int = 50) -> list[RawPush]:
        """Give the newest sends, newest first."""
        with self._lock:
            newest = list(self._recent)[-count:] if count > 0 else []
        return newest[::-1]

    def screen(self, target: str) -> Sequence[RawPush]:
        """Give what one phone shows, oldest first."""
        with self._lock:
            return tuple(self._screens.get(target, {}).values())
