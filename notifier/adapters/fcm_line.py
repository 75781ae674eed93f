"""One HTTP/1.1 connection that is kept: a request at a time, its answer read by httptools (the parser of Node, in C).

Knows bytes and futures; nothing of FCM, TLS or proxies. An answer that breaks the protocol, grows without end, or comes
unasked ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import httptools

_MOST_BYTES = 1_000_000


class LineBroken(Exception):
    """The connection ended before the answer was whole, or the answer was none."""


class Reply(NamedTuple):
    """An answer as it came; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line(asyncio.Protocol):
    """The connection. `ask` only while it is `open` and nothing else is asked."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._begun = False
        self._gone = asyncio.Event()

    @property
    def open(self) -> bool:
        """Tell whether another request may go out."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, timeout_s: float) -> Reply:
        """Send a request and wait for its answer. Raise LineBroken or TimeoutError; then the connection is over."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Reply] = loop.create_future()
        self._waiting = waiting
        timer = loop.call_later(timeout_s, self._fail, TimeoutError("no answer in time"))
        try:
            self._transport.write(request)
            return await waiting
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
            self._waiting = None

    def close(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def gone(self) -> None:
        """Wait until the connection is over and its socket closed; at once where none was made."""
        if self._transport is not None:
            await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on (asyncio)."""
        if self._waiting is None:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            self._fail(LineBroken(f"{type(error).__name__}: {error}"))

    def eof_received(self) -> None:
        """Take the end of the stream for the end of an answer that had no other (asyncio)."""
        measured = {"content-length", "transfer-encoding"} & self._headers.keys()
        if self._begun and not measured:
            self._finish(keep=False)

    def connection_lost(self, error: Exception | None) -> None:
        """End (asyncio)."""
        self._transport = None
        self._gone.set()
        self._fail(LineBroken(f"the far side closed the connection: {error or 'no reason given'}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header (httptools)."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Know that only the body is to come (httptools)."""
        self._begun = True

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body (httptools)."""
        self._body += piece
        if len(self._body) > _MOST_BYTES:
            raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")

    def on_message_complete(self) -> None:
        """Hand over the answer; one with 1xx is not yet it (httptools)."""
        if self._parser.get_status_code() >= 200:
            self._finish(self._parser.should_keep_alive())
        else:
            self._headers, self._begun = {}, False

    def _finish(self, keep: bool) -> None:
        waiting = self._waiting
        reply = Reply(self._parser.get_status_code(), self._headers, bytes(self._body))
        self._reset()
        if waiting is None or waiting.done():
            self.close()  # nobody asked for this one
            return
        waiting.set_result(reply)
        if not keep:
            self.close()  # all of the answer is here: a farewell would outlast the loop

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def _reset(self) -> None:
        self._headers = {}
        self._body = bytearray()
        self._begun = False
