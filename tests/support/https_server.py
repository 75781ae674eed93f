"""A local HTTPS server in a thread of its own, over HTTP/1.1 and HTTP/2, that hands each request to a handler."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import trustme

from tests.support.fcm_wire import Request, Response, serve


class HttpsServer:
    """Listens on a free port of this machine, under a certificate of its own authority."""

    def __init__(self, handler: Callable[[Request], Awaitable[Response]], http2: bool = True) -> None:
        self._handler = handler
        self._http2 = http2
        self._authority = trustme.CA()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connected: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self.port}"

    def ca(self, path: Path) -> Path:
        """Write the certificate to trust."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def start(self) -> Self:
        """Listen."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self) -> None:
        """Stop, cutting every connection; once more does no harm."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    async def _main(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        context.set_alpn_protocols(["h2", "http/1.1"] if self._http2 else ["http/1.1"])
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=context, backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._connected):
            task.cancel()
        await asyncio.gather(*self._connected, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._connected.add(task)
        try:
            await serve(reader, writer, self._handler)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connected.discard(task)
