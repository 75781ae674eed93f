"""A stand-in for FCM that costs little: TLS and HTTP/1.1, every send taken after the round trip, its tag and time kept.

`python -m benchmarks.fcm_stand_in --folder DIR [--round-trip-s S]` prints a JSON line with where it is, runs until
standard input ends, and then prints what it saw; DIR/sent.txt holds tag and ms UTC of each send. The server of the
tests is the one that checks; this one must not be what a benchmark measures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import trustme

from tests.support.fcm_oauth import TokenDesk

_PROJECT = "gomikuru-bench"
_TAG = b'"collapse_key":"'


class StandIn:
    """What all connections share."""

    def __init__(self, round_trip_s: float, out: TextIO) -> None:
        self.round_trip_s = round_trip_s
        self.desk = TokenDesk(_PROJECT)
        self._out = out
        self.sent = 0
        self.connections = self.in_flight = self.most_in_flight = 0

    def take(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        """Answer a request: after how long, and with what."""
        if head.startswith(b"POST /token"):
            status, answer = self.desk.answer(body)
            return 0.0, _response(answer, status)
        at = body.find(_TAG) + len(_TAG)
        tag = body[at : body.index(b'"', at)].decode()
        self.sent += 1
        self._out.write(f"{tag} {time.time() * 1000:.1f}\n")
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        name = b"projects/%s/messages/%d" % (_PROJECT.encode(), self.sent)
        return self.round_trip_s, _response(b'{"name":"%s"}' % name)


def _response(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


class Connection(asyncio.Protocol):
    """One connection; its requests come one after the other."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._stand_in.connections += 1

    def data_received(self, data: bytes) -> None:
        """Take requests."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            wait_s, answer = self._stand_in.take(head, body)
            if head.startswith(b"POST /token"):
                self._transport.write(answer)
            else:
                asyncio.get_running_loop().call_later(wait_s, self._answer, answer)

    def _answer(self, answer: bytes) -> None:
        self._stand_in.in_flight -= 1
        if not self._transport.is_closing():
            self._transport.write(answer)


async def _serve(folder: Path, round_trip_s: float) -> StandIn:
    stand_in, authority = StandIn(round_trip_s, (folder / "sent.txt").open("w", buffering=1)), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "fcm-ca.pem"))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stand_in), "127.0.0.1", 0, ssl=context, backlog=1000)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    account = {
        "type": "service_account",
        "project_id": _PROJECT,
        "private_key_id": "bench",
        "private_key": stand_in.desk.key_pem(),
        "client_email": stand_in.desk.email,
        "client_id": "1",
        "token_uri": f"{url}/token",
    }
    (folder / "service-account.json").write_text(json.dumps(account))
    print(json.dumps({"url": url}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    return stand_in


@contextlib.contextmanager
def running(folder: Path, round_trip_s: float = 0.05) -> Iterator[str]:
    """Run it beside us for the length of the block; give its address. The account and the CA lie in `folder`."""
    command = [sys.executable, "-m", "benchmarks.fcm_stand_in", "--folder", str(folder)]
    command += ["--round-trip-s", str(round_trip_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.stdin.close()
            print("stand-in saw", server.stdout.readline().strip(), file=sys.stderr)


def sent_so_far(folder: Path) -> dict[str, float]:
    """Tell when each tag was first sent, in ms UTC."""
    seen: dict[str, float] = {}
    for line in (folder / "sent.txt").read_text().splitlines():
        tag, at_ms = line.split()
        seen.setdefault(tag, float(at_ms))
    return seen


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--round-trip-s", type=float, default=0.05)
    options = parser.parse_args()
    stand_in = asyncio.run(_serve(options.folder, options.round_trip_s))
    cpu_ms = 1000 * time.process_time() / max(1, stand_in.sent)
    seen = {"sends": stand_in.sent, "most_in_flight": stand_in.most_in_flight}
    print(json.dumps({**seen, "connections": stand_in.connections, "cpu_ms_a_send": round(cpu_ms, 3)}))


if __name__ == "__main__":
    main()
