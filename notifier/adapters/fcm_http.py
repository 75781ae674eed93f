"""The way to FCM: one POST a call, never tried again, over connections that are kept (kept_lines.py).

The SDK reads httpx's errors, so these are what comes out. Used from one event loop, which also closes it.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from notifier.adapters.fcm_line import LineBroken
from notifier.adapters.fcm_proxy import port_of
from notifier.adapters.fcm_settings import FcmSettings
from notifier.adapters.kept_lines import KeptLines, Service

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
    """The way to FCM's one service."""

    def __init__(self, settings: FcmSettings, context: ssl.SSLContext) -> None:
        self._lines = KeptLines(context, settings.proxy, settings.timeout_s, _IDLE_S)
        self._parsed: dict[str, httpx.URL] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once; raise httpx.TransportError where no answer came."""
        target = self._parsed.get(url) or self._parsed.setdefault(url, httpx.URL(url))
        service = Service(target.scheme, target.host, port_of(target))
        try:
            reply = await self._lines.ask(service, _request(target, headers, body))
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error) or "no connection in time") from error
        except (LineBroken, OSError, ValueError) as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}") from error
        return Answer(url, *reply)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._lines.aclose()


def _request(target: httpx.URL, headers: Mapping[str, str], body: bytes) -> bytes:
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    path, host = target.raw_path.decode("ascii"), target.netloc.decode("ascii")
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\n{_OWN_HEADERS}{said}content-length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body
