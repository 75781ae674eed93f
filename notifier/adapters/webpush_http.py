"""The way to the push services: one POST a call over connections that are kept for each of them (kept_lines.py).

Redirects are answers, never followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from notifier.adapters.fcm_line import LineBroken, Reply
from notifier.adapters.kept_lines import KeptLines, Service
from notifier.adapters.outgoing import Way, trusting

_IDLE_S = 45.0


class NoReply(Exception):
    """No answer came; the message names the kind of failure only."""


class Lines:
    """Used from one event loop, which also closes it. Raise ChannelFault when made."""

    def __init__(self, way: Way) -> None:
        self._lines = KeptLines(trusting(way.ca_file), way.proxy, way.timeout_s, _IDLE_S)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send once; raise NoReply."""
        parts = urlsplit(url)
        service = Service(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n{said}content-length: {len(body)}\r\n\r\n"
        try:
            return await self._lines.ask(service, head.encode("ascii") + body)
        except (TimeoutError, LineBroken, OSError, ValueError) as error:
            raise NoReply(type(error).__name__) from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._lines.aclose()
