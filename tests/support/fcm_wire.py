"""HTTP/1.1 and HTTP/2 for the local FCM server: bytes to requests and back, over h11 and h2. Knows nothing of FCM."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h11

STREAMS = 250


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    http: str


@dataclass
class Response:
    """One answer; `drop` cuts the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


Handler = Callable[[Request], Awaitable[Response]]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    """Serve one connection until it ends, in the protocol that TLS agreed on."""
    tls = writer.get_extra_info("ssl_object")
    try:
        if tls is not None and tls.selected_alpn_protocol() == "h2":
            await _Http2(reader, writer, handler).run()
        else:
            await _http1(reader, writer, handler)
    except (ConnectionError, asyncio.IncompleteReadError, h11.RemoteProtocolError):
        pass
    finally:
        writer.close()


async def _http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    wire = h11.Connection(h11.SERVER)
    while True:
        request = await _next_http1(wire, reader)
        if request is None:
            return
        response = await handler(request)
        if response.drop:
            writer.transport.abort()
            return
        headers = {**response.headers, "content-length": str(len(response.body))}
        out = [wire.send(h11.Response(status_code=response.status, headers=list(headers.items())))]
        out += [wire.send(h11.Data(data=response.body)), wire.send(h11.EndOfMessage())]
        writer.write(b"".join(part or b"" for part in out))
        await writer.drain()
        if wire.our_state is h11.MUST_CLOSE:
            return
        wire.start_next_cycle()


async def _next_http1(wire: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {k.decode().lower(): v.decode() for k, v in head.headers}
            return Request(head.method.decode(), head.target.decode(), headers, bytes(body), "1.1")
        elif isinstance(event, h11.ConnectionClosed):
            return None


class _Http2:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader, self._writer, self._handler = reader, writer, handler
        self._wire = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytearray] = {}
        self._answering: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        self._wire.local_settings.max_concurrent_streams = STREAMS
        self._wire.initiate_connection()
        self._flush()
        try:
            while data := await self._reader.read(65536):
                for event in self._wire.receive_data(data):
                    self._take(event)
                self._flush()
        finally:
            for task in self._answering.values():
                task.cancel()

    def _flush(self) -> None:
        self._writer.write(self._wire.data_to_send())

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._headers[event.stream_id] = dict(event.headers)
            self._bodies[event.stream_id] = bytearray()
        elif isinstance(event, h2.events.DataReceived):
            self._bodies[event.stream_id] += event.data
            self._wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._answering[event.stream_id] = asyncio.ensure_future(self._answer(event.stream_id))
        elif isinstance(event, h2.events.StreamReset):
            task = self._answering.pop(event.stream_id, None)
            if task is not None:
                task.cancel()

    async def _answer(self, stream: int) -> None:
        headers, body = self._headers.pop(stream), bytes(self._bodies.pop(stream))
        request = Request(headers[":method"], headers[":path"], headers, body, "2")
        response = await self._handler(request)
        self._answering.pop(stream, None)
        if response.drop:
            self._writer.transport.abort()
            return
        out = [(":status", str(response.status)), *response.headers.items()]
        self._wire.send_headers(stream, out)
        self._wire.send_data(stream, response.body, end_stream=True)
        self._flush()
