"""A home's day as server-sent events, for as long as its page is open. Viewers are bounded; nothing is queued."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.ports import StoreFault, StoreUnavailable
from web.api.app import Door, admitted
from web.api.errors import HEADERS, Refused
from web.api.homes import note_seen, today_of
from web.api.house import Call, House
from web.api.views import TodayView
from web.ports import PageFeed

FRAME_S = 0.5
TODAY_S = 3.0
HEARTBEAT_S = 15.0
MAX_VIEWERS = 2000
MAX_A_HOME = 10
LONGEST_S = 3600.0

_json = msgspec.json.Encoder()


class Live:
    """Follows homes. `closed` tells when the service ends."""

    def __init__(self, door: Door, feeds: Mapping[str, PageFeed], closed: Callable[[], bool]) -> None:
        self._door = door
        self._feeds = feeds
        self._closed = closed
        self._viewers: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    async def answer(self, request: Request) -> Response:
        """Answer with the stream; 503 when there are too many already."""
        call = await admitted(self._door, request, home=True)
        who = (call.city.city.id, call.mine.id)
        if self._viewers.total() >= MAX_VIEWERS or self._viewers[who] >= MAX_A_HOME:
            raise Refused(503, "too_many_viewers", "too many pages are open; try again", headers={"Retry-After": "30"})
        await run_in_threadpool(note_seen, self._door.house, call)
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(call, who), media_type="text/event-stream", headers=headers)

    async def _events(self, call: Call, who: tuple[str, str]) -> AsyncIterator[bytes]:
        self._viewers[who] += 1
        try:
            yield b"retry: 5000\n\n"
            async for event in self._days(call):
                yield event
        finally:
            self._viewers[who] -= 1
            if not self._viewers[who]:
                del self._viewers[who]

    async def _days(self, call: Call) -> AsyncIterator[bytes]:
        house, feed = self._door.house, self._feeds.get(call.city.city.id)
        number = feed.after(-1, call.mine.id)[0] if feed else -1
        seen: TodayView | None = None
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + LONGEST_S
        look_s = beat_s = loop.time()
        while not self._closed() and loop.time() < ends_s:
            if feed:
                number, messages = feed.after(number, call.mine.id)
                for message in messages:
                    yield b"event: alert\ndata: " + _json.encode(message) + b"\n\n"
                    look_s = loop.time()
            if loop.time() >= look_s:
                look_s = loop.time() + TODAY_S
                now = await run_in_threadpool(_look, house, call)
                if now is None:
                    return
                if now != seen:
                    seen, beat_s = now, loop.time() + HEARTBEAT_S
                    yield b"event: today\ndata: " + _json.encode(now) + b"\n\n"
            if loop.time() >= beat_s:
                beat_s = loop.time() + HEARTBEAT_S
                yield b": here\n\n"
            await asyncio.sleep(FRAME_S)


def _look(house: House, call: Call) -> TodayView | None:
    """Ask how today stands; None when the home is gone, or the store is: the page then asks anew."""
    try:
        home = house.registry.get(call.city.city.id, call.mine.id)
        return today_of(house, msgspec.structs.replace(call, home=home)) if home else None
    except (StoreUnavailable, StoreFault):
        return None
