"""A TCP proxy that a test can cut: the network between a client and a server."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.support.waiting import wait_until


class TcpProxy:
    """Listens on a free port and passes bytes on, until `cut` (once) or `block` (until `unblock`)."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._blocked = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection that there is now."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def block(self) -> None:
        """Break every connection, and refuse new ones."""
        self._blocked = True
        self.cut()

    def unblock(self) -> None:
        """Let connections through again."""
        self._blocked = False

    def close(self) -> None:
        """Stop listening."""
        self.block()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait_for(self, connections: int) -> None:
        """Wait until there were this many connections."""
        wait_until(lambda: self.connections >= connections, 15, f"{connections} connections")

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._blocked:
                    raise OSError("blocked")
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self.connections += 1
            self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for side in (source, sink):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
        side.close()
