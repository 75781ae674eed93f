"""Connections that are kept for the next request, a few for each service: straight, or through a proxy. HTTP/1.1.

httpx itself takes half a millisecond of CPU a request and more (docs/performance.md). Used from one event loop, which
also closes it; nothing connects before the first request.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import OrderedDict, deque
from typing import NamedTuple
from weakref import WeakSet

from notifier.adapters.fcm_line import Line, Reply
from notifier.adapters.fcm_proxy import proxy_of, through

_MOST_SERVICES = 64
"""Whoever gives the addresses chooses the services; those not used for long lose their connections."""


class Service(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int


class KeptLines:
    """As many connections as are asked for at once; idle ones wait for the next request, for `idle_s` at most."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None, timeout_s: float, idle_s: float) -> None:
        self._context = context
        self._context.set_alpn_protocols(["http/1.1"])
        self._proxy = proxy_of(proxy)
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._idle: OrderedDict[Service, deque[tuple[float, Line]]] = OrderedDict()
        self._lines: WeakSet[Line] = WeakSet()

    async def ask(self, service: Service, request: bytes) -> Reply:
        """Send once; raise TimeoutError, LineBroken, OSError or ValueError where no answer came."""
        line = self._kept(service)
        if line is None:
            line = await self._connect(service)
            self._lines.add(line)
        reply = await line.ask(request, self._timeout_s)
        if line.open:
            self._keep(service, line)
        return reply

    async def aclose(self) -> None:
        """Close all connections, and wait until none is left that could outlive the loop."""
        self._idle.clear()
        lines = list(self._lines)
        for line in lines:
            line.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await asyncio.gather(*(line.gone() for line in lines))

    def _kept(self, service: Service) -> Line | None:
        """Take the connection that was used last; close those that nobody has used for long."""
        idle, oldest_s = self._idle.get(service, deque()), time.monotonic() - self._idle_s
        while idle and idle[0][0] < oldest_s:
            idle.popleft()[1].close()
        while idle:
            line = idle.pop()[1]
            if line.open:
                return line
        return None

    def _keep(self, service: Service, line: Line) -> None:
        self._idle.setdefault(service, deque()).append((time.monotonic(), line))
        self._idle.move_to_end(service)
        while len(self._idle) > _MOST_SERVICES:
            for _, old in self._idle.popitem(last=False)[1]:
                old.close()

    async def _connect(self, service: Service) -> Line:
        secure = service.scheme == "https"
        async with asyncio.timeout(self._timeout_s):
            if self._proxy is not None and secure:
                return await through(self._proxy, service.host, service.port, self._context)
            context = self._context if secure else None
            _, line = await asyncio.get_running_loop().create_connection(Line, service.host, service.port, ssl=context)
            return line
