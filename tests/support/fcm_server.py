"""A local HTTPS server that speaks FCM HTTP v1 and the OAuth token endpoint, over HTTP/1.1 and HTTP/2, for tests.

Scripted by target: `script(token, *answers)`; the last answer stays. Everything that arrives is kept, parsed, with its
time. `python -m tests.support.fcm_server --account FILE` runs it alone, for benchmarks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import fcm_answers
from tests.support.fcm_answers import OK, Answer
from tests.support.fcm_oauth import TokenDesk
from tests.support.fcm_wire import Request, Response
from tests.support.https_server import HttpsServer

_TTL = re.compile(r"\d+(\.\d{1,9})?s")


@dataclass(frozen=True)
class Sent:
    """One send as it arrived: its time (monotonic), target, and the whole body."""

    at: float
    target: str
    target_kind: str
    body: dict[str, Any]
    headers: dict[str, str]
    http: str

    @property
    def message(self) -> dict[str, Any]:
        """The message within the body."""
        return self.body["message"]

    @property
    def tag(self) -> str:
        """The tag under which Android shows it."""
        return self.message["android"]["notification"]["tag"]


class FcmServer(HttpsServer):
    """Runs in a thread of its own; all methods may be called from any thread."""

    def __init__(self, round_trip_s: float = 0.0, http2: bool = True, project: str = "gomikuru-test") -> None:
        super().__init__(self._handle, http2)
        self.project = project
        self.round_trip_s = round_trip_s
        self.default: Answer = OK
        self.desk = TokenDesk(project)
        self.sent: list[Sent] = []
        self.most_in_flight = 0
        self.keep = True
        self.count = 0
        self._in_flight = 0
        self._script: dict[str, list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()

    @property
    def token_uri(self) -> str:
        """The address of the token endpoint."""
        return f"{self.url}/token"

    def account(self) -> dict[str, str]:
        """Give a service account whose tokens come from here."""
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "test",
            "private_key": self.desk.key_pem(),
            "client_email": self.desk.email,
            "client_id": "1",
            "token_uri": self.token_uri,
        }

    def service_account(self, path: Path) -> Path:
        """Write that service account as a file."""
        path.write_text(json.dumps(self.account()))
        return path

    def script(self, target: str, *answers: Answer) -> None:
        """Say what happens to sends to a target, one after the other; the last stays."""
        self._script[target] = list(answers)

    def to(self, target: str) -> list[Sent]:
        """Give what was sent to a target."""
        return [sent for sent in list(self.sent) if sent.target == target]

    def repeats(self) -> int:
        """Count sends beyond the first of each (target, tag)."""
        return sum(n - 1 for n in Counter((sent.target, sent.tag) for sent in list(self.sent)).values())

    async def _handle(self, request: Request) -> Response:
        if request.path == "/token":
            await asyncio.sleep(self.desk.delay_s)
            status, body = self.desk.answer(request.body)
            return Response(status, body, {"content-type": "application/json"})
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return await self._send(request)
        finally:
            self._in_flight -= 1

    async def _send(self, request: Request) -> Response:
        body = json.loads(request.body)
        message = body.get("message", {})
        targets = [(kind, message[kind]) for kind in ("token", "fid", "topic", "condition") if kind in message]
        kind, target = targets[0] if targets else ("none", "")
        self.count += 1
        if self.keep:
            self.sent.append(Sent(time.monotonic(), target, kind, body, request.headers, request.http))
        answer = self._refusal(request, message, len(targets)) or self._scripted(target)
        wait_s = self.round_trip_s + answer.delay_s
        if wait_s:
            await asyncio.sleep(wait_s)
        if answer.body is None and not answer.drop:
            name = f"projects/{self.project}/messages/{self.count}"
            return Response(200, json.dumps({"name": name}).encode(), {"content-type": "application/json"})
        return Response(answer.status, answer.body or b"", dict(answer.headers), answer.drop)

    def _refusal(self, request: Request, message: dict[str, Any], targets: int) -> Answer | None:
        if request.method != "POST" or request.path != f"/v1/projects/{self.project}/messages:send":
            return fcm_answers.NO_PROJECT
        if not self.desk.takes(request.headers.get("authorization")):
            return fcm_answers.UNAUTHENTICATED
        if targets != 1 or not _TTL.fullmatch(message.get("android", {}).get("ttl", "")):
            return fcm_answers.BAD_PAYLOAD
        shown = {key: message.get(key) for key in ("notification", "data")}
        return fcm_answers.TOO_BIG if len(json.dumps(shown).encode()) > 4096 else None

    def _scripted(self, target: str) -> Answer:
        with self._lock:
            answers = self._script.get(target)
            if not answers:
                return self.default
            return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def fcm_server() -> Iterator[FcmServer]:
    """A running server, stopped at the end of the test."""
    server = FcmServer().start()
    yield server
    server.stop()


def main() -> None:
    """Run alone until standard input ends; print one JSON line with the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where to write account.json and ca.pem")
    parser.add_argument("--round-trip-s", type=float, default=0.0)
    parser.add_argument("--http1", action="store_true")
    options = parser.parse_args()
    server = FcmServer(options.round_trip_s, http2=not options.http1)
    server.keep = False
    server.start()
    account, ca = server.service_account(options.folder / "account.json"), server.ca(options.folder / "ca.pem")
    print(json.dumps({"url": server.url, "account": str(account), "ca": str(ca)}), flush=True)
    sys.stdin.read()
    print(
        json.dumps({"count": server.count, "most_in_flight": server.most_in_flight, "connections": server.connections})
    )
    server.stop()


if __name__ == "__main__":
    main()
