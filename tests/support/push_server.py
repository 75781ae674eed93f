"""A push service and the browsers behind it, for tests: checks signatures, decrypts as a browser does, and shows.

Scripted by browser: `script(name, *(status, headers))`; the last answer stays.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from model.subscription import Target, TargetKind
from tests.support.fcm_wire import Request, Response
from tests.support.https_server import HttpsServer

Scripted = tuple[int, dict[str, str]]


def b64(data: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """Read it."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One subscription's secrets, as a browser keeps them."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = name.encode().ljust(16, b"-")[:16]
        self.endpoint = f"{url}/push/{name}"

    def target(self) -> Target:
        """What the page hands to the API."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        value = {"endpoint": self.endpoint, "keys": {"p256dh": b64(public), "auth": b64(self.auth)}}
        return Target(TargetKind.WEBPUSH, json.dumps(value, separators=(",", ":")))

    def decrypted(self, body: bytes) -> dict[str, Any]:
        """Open a message."""
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return json.loads(plain)


@dataclass(frozen=True)
class Pushed:
    """One message as it arrived, decrypted."""

    browser: str
    message: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]
    key: str
    http: str
    size: int


class PushServer:
    """Refuses what a real service refuses: a bad signature, a wrong audience, a missing TTL, too much."""

    def __init__(self) -> None:
        self.pushed: list[Pushed] = []
        self.refused: list[str] = []
        self.only_key: str | None = None
        self.slow_s = 0.0
        self._browsers: dict[str, Browser] = {}
        self._script: dict[str, list[Scripted]] = {}
        self.server = HttpsServer(self._handle)

    def browser(self, name: str) -> Browser:
        """Give a browser, made at the first call."""
        return self._browsers.setdefault(name, Browser(name, self.server.url))

    def script(self, name: str, *answers: Scripted) -> None:
        """Say what happens to messages for a browser."""
        self._script[name] = list(answers)

    async def _handle(self, request: Request) -> Response:
        await asyncio.sleep(self.slow_s)
        name = request.path.rpartition("/")[2]
        browser = self._browsers.get(name)
        if browser is None or request.method != "POST":
            return Response(404)
        problem, claims, key = self._signature(request.headers.get("authorization", ""))
        problem = problem or self._form(request)
        if problem:
            self.refused.append(problem)
            return Response(400 if "key" not in problem else 403)
        answers = self._script.get(name)
        if answers:
            status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            if status >= 300:
                return Response(status, b"", headers)
        message = browser.decrypted(request.body)
        self.pushed.append(Pushed(name, message, request.headers, claims, key, request.http, len(request.body)))
        return Response(201, b"", {"location": f"{self.server.url}/message/{len(self.pushed)}"})

    def _signature(self, header: str) -> tuple[str, dict[str, Any], str]:
        try:
            if not Vapid02.verify(header):
                return "the key did not sign this", {}, ""
            parts = dict(part.split("=", 1) for part in header.split(" ", 1)[1].split(","))
            claims = json.loads(unb64(parts["t"].split(".")[1]))
        except (AssertionError, KeyError, IndexError, ValueError):
            return "no vapid header", {}, ""
        if claims.get("aud") != self.server.url:
            return "wrong audience", {}, ""
        if not 0 < claims.get("exp", 0) - time.time() <= 86_400:
            return "expires never, or has", {}, ""
        if self.only_key is not None and parts["k"] != self.only_key:
            return "another key than the browser's", {}, ""
        return "", claims, parts["k"]

    @staticmethod
    def _form(request: Request) -> str:
        topic = request.headers.get("topic", "")
        if not request.headers.get("ttl", "").isdigit():
            return "no TTL"
        if len(topic) > 32 or not topic.replace("-", "").replace("_", "").isalnum():
            return "bad topic"
        if request.headers.get("content-encoding") != "aes128gcm" or len(request.body) > 4096:
            return "not aes128gcm, or too much"
        return ""


@pytest.fixture
def push_server() -> Iterator[PushServer]:
    """A running push service."""
    made = PushServer()
    made.server.start()
    yield made
    made.server.stop()
