"""The named kill points, and how a victim is made to pass them: by wrapping what its stage is wired to.

Nothing in the product knows of this. `before` stands before a call, `after` between its answer and its use, `during`
a few milliseconds into it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

STORE_CALLS: dict[str, dict[str, str]] = {
    "ingest": {"append": "append", "append_bounded": "quarantine"},
    "geofence": {
        "acquire": "lease",
        "load": "load",
        "renew": "renew",
        "put": "zones",
        "append": "announce",
        "read": "read",
        "commit": "commit",
        "trim": "trim",
    },
    "notifier": {
        "join": "join",
        "take": "take",
        "reclaim": "reclaim",
        "fields": "residents",
        "transact": "prune",
        "append_bounded": "outcome",
        "done": "done",
        "bury": "bury",
        "trim_done": "tidy",
    },
}
"""Each stage's calls to the store (streams.ports), and the names of their points."""

OTHER_CALLS = {"ingest": ("receive", "acknowledge", "puback"), "geofence": (), "notifier": ("send",)}
"""What a stage does with others than the store: the broker's messages, the channel's pushes."""

AT_START = {"geofence": ("lease", "load", "zones"), "notifier": ("join", "reclaim")}
"""Points that a victim passes soon after it starts, and seldom later."""


class Order(msgspec.Struct, frozen=True):
    """What a victim is told to do to itself: at the `nth` passing of a point, `kill` or `stop`."""

    point: str
    nth: int
    how: str


def points_of(stage: str) -> list[str]:
    """Name a stage's points."""
    calls = [*STORE_CALLS[stage].values(), *OTHER_CALLS[stage]]
    named = [f"{call}.{side}" for call in calls for side in ("before", "after")]
    return [*named, "send.during"] if "send" in calls else named


class Trap:
    """Ends or freezes this process at the point that was ordered; tells it first. Any thread may pass a point."""

    def __init__(self, tell: Callable[[Order], None]) -> None:
        self._tell = tell
        self._order: Order | None = None
        self._left = 0
        self._lock = threading.Lock()

    def set(self, order: Order) -> None:
        """Take an order in place of the one before."""
        with self._lock:
            self._order, self._left = order, order.nth

    def passing(self, point: str) -> None:
        """Pass a point, perhaps for the last time."""
        with self._lock:
            order = self._order
            if order is None or order.point != point:
                return
            self._left -= 1
            if self._left > 0:
                return
            self._order = None
            self._tell(order)
            os.kill(os.getpid(), signal.SIGKILL if order.how == "kill" else signal.SIGSTOP)


class TrappedStore:
    """A store whose calls of one stage pass points; idle polls that bring nothing pass no `after`."""

    def __init__(self, real: Any, stage: str, trap: Trap) -> None:
        self._real = real
        self._calls = STORE_CALLS[stage]
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        point = self._calls.get(name)
        if point is None:
            return real
        polls = name in ("read", "take", "reclaim")

        def call(*arguments: Any, **named: Any) -> Any:
            self._trap.passing(f"{point}.before")
            answer = real(*arguments, **named)
            if answer or not polls:
                self._trap.passing(f"{point}.after")
            return answer

        return call


def lay(stage: str, trap: Trap) -> None:
    """Put traps about everything that a stage will be wired to in this process."""
    from gomikuru import wiring

    store_at = wiring.store_at
    wiring.store_at = lambda settings: TrappedStore(store_at(settings), stage, trap)  # type: ignore[assignment,return-value]
    if stage == "ingest":
        _lay_about_broker(trap)
    elif stage == "notifier":
        _lay_about_channel(trap)


def _lay_about_broker(trap: Trap) -> None:
    from ingest.adapters import mqtt
    from ingest.ports import Message

    class TrappedLink(mqtt.MqttLink):
        def acknowledge(self, message: Message) -> None:
            trap.passing("puback.before")
            super().acknowledge(message)
            trap.passing("puback.after")

    class TrappedBroker(mqtt.MqttBroker):
        def take(self, count: int, wait_s: float) -> list[Message]:
            trap.passing("receive.before")
            messages = super().take(count, wait_s)
            if messages:
                trap.passing("receive.after")
            return messages

        def done(self, messages: Sequence[Message]) -> None:
            trap.passing("acknowledge.before")
            super().done(messages)
            trap.passing("acknowledge.after")

    mqtt.MqttLink, mqtt.MqttBroker = TrappedLink, TrappedBroker  # type: ignore[misc]


def _lay_about_channel(trap: Trap) -> None:
    from notifier.adapters import fcm
    from notifier.outcome import Outcome
    from notifier.ports import Push

    class TrappedChannel(fcm.FcmChannel):
        async def send(self, push: Push) -> Outcome:
            trap.passing("send.before")
            asyncio.get_running_loop().call_later(0.004, trap.passing, "send.during")
            outcome = await super().send(push)
            trap.passing("send.after")
            return outcome

    fcm.FcmChannel = TrappedChannel  # type: ignore[misc]
