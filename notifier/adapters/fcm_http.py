"""The way to FCM: one POST a call, never tried again, over connections that are kept, straight or through a proxy.

The SDK reads httpx's errors, so these are what comes out. httpx itself takes half a millisecond of CPU a request
(docs/performance.md). Used from one event loop, which also closes it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from notifier.adapters.fcm_line import Line, LineBroken
from notifier.adapters.fcm_proxy import port_of, proxy_of, through
from notifier.adapters.fcm_settings import FcmSettings

_IDLE_S = 60.0
_OWN_HEADERS = "accept: application/json\r\naccept-encoding: identity\r\ncontent-type: application/json\r\n"


class Answer:
    """What came back: as much of an httpx.Response as the SDK and fcm_answers look at."""

    __slots__ = ("_url", "content", "headers", "status_code")

    def __init__(self, url: str, status_code: int, headers: Mapping[str, str], content: bytes) -> None:
        self._url = url
        self.status_code = status_code
        self.headers = headers
        self.content = content

    def json(self) -> Any:
        """Read the body; raise ValueError if it is no JSON."""
        return msgspec.json.decode(self.content)

    def raise_for_status(self) -> Answer:
        """Raise httpx.HTTPStatusError unless it is a success."""
        if not 200 <= self.status_code < 300:
            request = httpx.Request("POST", self._url)
            headers = [(name, value) for name, value in self.headers.items() if name in ("content-type", "retry-after")]
            httpx.Response(self.status_code, headers=headers, content=self.content, request=request).raise_for_status()
        return self


class Connections:
    """As many connections as are asked for at once; idle ones wait for the next. Nothing connects before a send."""

    def __init__(self, settings: FcmSettings, context: ssl.SSLContext) -> None:
        self._timeout_s = settings.timeout_s
        self._context = context
        self._context.set_alpn_protocols(["http/1.1"])
        self._proxy = proxy_of(settings.proxy)
        self._idle: deque[tuple[float, Line]] = deque()
        self._parsed: dict[str, httpx.URL] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once; raise httpx.TransportError where no answer came."""
        target = self._parsed.get(url) or self._parsed.setdefault(url, httpx.URL(url))
        try:
            line = self._kept() or await self._connect(target)
            reply = await line.ask(_request(target, headers, body), self._timeout_s)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error) or "no connection in time") from error
        except (LineBroken, OSError, ValueError) as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}") from error
        if line.open:
            self._idle.append((time.monotonic(), line))
        return Answer(url, *reply)

    async def aclose(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop()[1].close()
        await asyncio.sleep(0)

    def _kept(self) -> Line | None:
        """Take the connection that was used last; close those that nobody has used for long."""
        oldest_s = time.monotonic() - _IDLE_S
        while self._idle and self._idle[0][0] < oldest_s:
            self._idle.popleft()[1].close()
        while self._idle:
            line = self._idle.pop()[1]
            if line.open:
                return line
        return None

    async def _connect(self, target: httpx.URL) -> Line:
        async with asyncio.timeout(self._timeout_s):
            if self._proxy is not None:
                return await through(self._proxy, target.host, port_of(target), self._context)
            loop = asyncio.get_running_loop()
            context = self._context if target.scheme == "https" else None
            _, line = await loop.create_connection(Line, target.host, port_of(target), ssl=context)
            return line


def _request(target: httpx.URL, headers: Mapping[str, str], body: bytes) -> bytes:
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    path, host = target.raw_path.decode("ascii"), target.netloc.decode("ascii")
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\n{_OWN_HEADERS}{said}content-length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body
