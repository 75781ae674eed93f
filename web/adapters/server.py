"""uvicorn in a thread of this process, on a socket that is bound before anything starts."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

START_S = 10.0
GRACE_S = 3
LOOK_S = 0.5


class WebUnavailable(Exception):
    """The page cannot be served at the address that was asked for."""


class WebServer:
    """Serves an app, by HTTPS with a certificate; port 0 takes any free one. `url` is where it is, once started."""

    def __init__(
        self,
        app: ASGIApp,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        cert_file: Path | None = None,
        key_file: Path | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._scheme = "https" if cert_file else "http"
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=cert_file,
            ssl_keyfile=key_file,
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104
        return f"{self._scheme}://{f'[{name}]' if ':' in name and name[0] != '[' else name}:{self._port}/"

    def start(self) -> None:
        """Bind and serve. Raise WebUnavailable with the address and the reason."""
        self._socket = self._bind()
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="web-server", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise WebUnavailable(f"web: the server at {self.url} did not start")
            time.sleep(0.01)

    def serve(self, stop: threading.Event) -> None:
        """Wait until `stop`. Raise WebUnavailable when the server's thread ends before: nobody would be answered."""
        while not stop.wait(LOOK_S):
            self.check()

    def check(self) -> None:
        """Raise WebUnavailable when the server's thread has ended."""
        if self._thread is None or not self._thread.is_alive():
            raise WebUnavailable(f"web: the server at {self.url} ended by itself; see the log before this")

    def stop(self) -> None:
        """Finish what is being answered, for a few seconds, and close."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(GRACE_S + 2)
        if self._socket:
            self._socket.close()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # the protocol is named, or asyncio leaves TCP_NODELAY off and each answer waits 40 ms for an acknowledgement
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise WebUnavailable(
                f"web: cannot listen at {self._host} port {self._port}: {error.strerror}; set another address or port"
            ) from error
        return listener
