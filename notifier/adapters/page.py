"""The channel to the resident's page while it is open: a bounded stream, which the public API follows.

Many at once become one append; nobody may be listening, which is no failure.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

import msgspec
import structlog

from notifier.outcome import Delivered, Outcome
from notifier.payload import Payload, payload_of
from notifier.ports import Push
from streams import keys
from streams.ports import OrderedLog, StoreFault, StoreUnavailable

_log = structlog.get_logger()


class PageEntry(msgspec.Struct, frozen=True):
    """One entry of the stream: whose page, and the same JSON as any push."""

    subscription: str
    message: Payload


def decode_page_entry(data: bytes) -> PageEntry:
    """Read an entry; raise msgspec.MsgspecError if the bytes are none."""
    return _decoder.decode(data)


class PageChannel:
    """The target's value is the id of the subscription. Always delivers."""

    name = "page"
    slots = 200

    def __init__(self, store: OrderedLog, kept: int) -> None:
        """`kept`: how many entries a city's stream holds; a page that lags further behind asks anew."""
        self._store = store
        self._kept = kept
        self._waiting: dict[str, list[bytes]] = defaultdict(list)
        self._writing: asyncio.Future[None] | None = None

    async def send(self, push: Push) -> Outcome:
        """Append, together with what else is waiting."""
        self._waiting[push.city].append(_encoder.encode(PageEntry(push.target.value, payload_of(push))))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())
        await asyncio.shield(self._writing)
        return Delivered("page")

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(0)  # those who are sending now come along
            waiting, self._waiting = self._waiting, defaultdict(list)
            for city, items in waiting.items():
                await loop.run_in_executor(None, self._append, city, items)

    def _append(self, city: str, items: list[bytes]) -> None:
        try:
            self._store.append_bounded(keys.pages(city), items, self._kept)
        except (StoreUnavailable, StoreFault) as error:
            _log.warning("pages_not_told", city=city, entries=len(items), reason=str(error))

    async def aclose(self) -> None:
        """Let what is being written end."""
        if self._writing is not None:
            await self._writing


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(PageEntry)
