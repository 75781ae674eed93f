"""One lane a channel: legs wait in the order of their urgency, and as many as the channel has slots are under way.

A slow channel fills its own lane and no other.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from notifier.errand import Leg
from notifier.ports import Channel

Carry = Callable[[Leg], Awaitable[None]]


class Lane:
    """The queue before one channel."""

    def __init__(self, channel: Channel, carry: Carry) -> None:
        self._channel = channel
        self._carry = carry
        self._numbers = itertools.count()
        self._waiting: asyncio.PriorityQueue[tuple[tuple[int, int, int], int, Leg]] = asyncio.PriorityQueue()

    def put(self, leg: Leg) -> None:
        """Let a leg wait for its turn."""
        self._waiting.put_nowait((leg.rank, next(self._numbers), leg))

    async def run(self) -> None:
        """Carry legs until cancelled."""
        await asyncio.gather(*(self._slot() for _ in range(self._channel.slots)))

    async def _slot(self) -> None:
        while True:
            _, _, leg = await self._waiting.get()
            await self._carry(leg)
