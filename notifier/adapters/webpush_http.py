"""The way to the push services: HTTP/1.1 over connections that are kept for each of them, straight or through a proxy.

As for FCM (fcm_http.py), since httpx takes some milliseconds of CPU a request. Redirects are answers, never followed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from notifier.adapters.fcm_line import Line, LineBroken, Reply
from notifier.adapters.fcm_proxy import proxy_of, through
from notifier.adapters.outgoing import Way, trusting

_IDLE_S = 45.0
_MOST_SERVICES = 64
"""Who subscribes chooses the service within the allowed ones; those not used for long lose their connections."""


class NoReply(Exception):
    """No answer came; the message names the kind of failure only."""


class Lines:
    """Used from one event loop, which also closes it. Nothing connects before a send. Raise ChannelFault when made."""

    def __init__(self, way: Way) -> None:
        self._timeout_s = way.timeout_s
        self._context: ssl.SSLContext = trusting(way.ca_file)
        self._context.set_alpn_protocols(["http/1.1"])
        self._proxy = proxy_of(way.proxy)
        self._idle: OrderedDict[tuple[str, str, int], deque[tuple[float, Line]]] = OrderedDict()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send once; raise NoReply."""
        parts = urlsplit(url)
        service = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n{said}content-length: {len(body)}\r\n\r\n"
        try:
            line = self._kept(service) or await self._connect(*service)
            reply = await line.ask(head.encode("ascii") + body, self._timeout_s)
        except (TimeoutError, LineBroken, OSError, ValueError) as error:
            raise NoReply(type(error).__name__) from error
        if line.open:
            self._keep(service, line)
        return reply

    async def aclose(self) -> None:
        """Close all connections."""
        while self._idle:
            for _, line in self._idle.popitem()[1]:
                line.close()
        await asyncio.sleep(0)

    def _kept(self, service: tuple[str, str, int]) -> Line | None:
        """Take the connection that was used last; close those that nobody has used for long."""
        idle, oldest_s = self._idle.get(service, deque()), time.monotonic() - _IDLE_S
        while idle and idle[0][0] < oldest_s:
            idle.popleft()[1].close()
        while idle:
            line = idle.pop()[1]
            if line.open:
                return line
        return None

    def _keep(self, service: tuple[str, str, int], line: Line) -> None:
        self._idle.setdefault(service, deque()).append((time.monotonic(), line))
        self._idle.move_to_end(service)
        while len(self._idle) > _MOST_SERVICES:
            for _, old in self._idle.popitem(last=False)[1]:
                old.close()

    async def _connect(self, scheme: str, host: str, port: int) -> Line:
        async with asyncio.timeout(self._timeout_s):
            if self._proxy is not None and scheme == "https":
                return await through(self._proxy, host, port, self._context)
            context = self._context if scheme == "https" else None
            _, line = await asyncio.get_running_loop().create_connection(Line, host, port, ssl=context)
            return line
