"""The demo's on-screen channel: hands each raw send to a stand-in for a phone."""

from __future__ import annotations

import itertools

from model.ports import ServiceClock
from notifier.outcome import Delivered, Outcome
from notifier.phones import Phone, RawPush
from notifier.ports import Push


class ScreenChannel:
    """Always delivers, at once."""

    name = "screen"
    slots = 8
    account = "screen"

    def __init__(self, phone: Phone, clock: ServiceClock) -> None:
        self._phone = phone
        self._clock = clock
        self._numbers = itertools.count(1)

    async def send(self, push: Push) -> Outcome:
        """Show it."""
        self._phone.show(
            RawPush(
                push.target.value,
                push.message,
                push.ttl_s,
                self._clock.now_ms(),
                push.city,
                push.alert_id,
                push.kind.value,
                push.fired_ms,
            )
        )
        return Delivered(f"screen/{next(self._numbers)}")

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""
