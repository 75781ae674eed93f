"""LINE's Messaging API on this machine, for tests: push with retry keys, reply tokens, quota, blocked users, webhooks.

As its reference describes it: a retry key that was accepted answers 409; a push to who has blocked the account answers
200 and arrives nowhere; beyond the month's quota 429 says "You have reached your monthly limit.".
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from notifier.line import signature_of
from tests.support.fcm_wire import Request, Response
from tests.support.https_server import HttpsServer

TOKEN, SECRET = "line-token", "line-secret"


@dataclass(frozen=True)
class Text:
    """One text that a user got; `key` is the retry key, None for a reply."""

    user: str
    text: str
    key: str | None


class LineServer:
    """One official account."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.pushes = 0
        self.cap: int | None = None
        self.used = 0
        self.blocked: set[str] = set()
        self.busy: list[Response] = []
        self._keys: dict[str, str] = {}
        self._reply_tokens: dict[str, str] = {}
        self.server = HttpsServer(self._handle)

    def webhook(self, kind: str, user: str, text: str | None = None) -> tuple[bytes, str]:
        """Make what LINE would send for an event of a user: body and signature."""
        token = secrets.token_hex(16)
        event: dict[str, Any] = {
            "type": kind,
            "mode": "active",
            "timestamp": 1795391460000,
            "source": {"type": "user", "userId": user},
            "webhookEventId": secrets.token_hex(13),
            "deliveryContext": {"isRedelivery": False},
        }
        if kind != "unfollow":
            event["replyToken"] = token
            self._reply_tokens[token] = user
        if text is not None:
            event["message"] = {"type": "text", "id": "1", "text": text}
        body = json.dumps({"destination": "U0", "events": [event]}, ensure_ascii=False).encode()
        return body, signature_of(SECRET, body)

    def to(self, user: str) -> list[str]:
        """Give what a user got."""
        return [each.text for each in self.texts if each.user == user]

    async def _handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _said(401, "Authentication failed. Confirm that the access token is valid.")
        if request.path == "/v2/bot/message/quota":
            return _json({"type": "none"} if self.cap is None else {"type": "limited", "value": self.cap})
        if request.path == "/v2/bot/message/quota/consumption":
            return _json({"totalUsage": self.used})
        read = json.loads(request.body)
        if request.path == "/v2/bot/message/push":
            return self._push(request, read)
        return self._reply(read) if request.path == "/v2/bot/message/reply" else _said(404, "Not found")

    def _push(self, request: Request, read: dict[str, Any]) -> Response:
        self.pushes += 1
        if self.busy:
            return self.busy.pop(0)
        key = request.headers.get("x-line-retry-key", "")
        try:
            uuid.UUID(key)
        except ValueError:
            return _said(400, "The retry key is invalid.")
        if key in self._keys:
            return _said(409, "The retry key is already accepted", {"x-line-accepted-request-id": self._keys[key]})
        user = read.get("to", "")
        if not user.startswith("U"):
            return _said(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
        if self.cap is not None and self.used >= self.cap:
            return _said(429, "You have reached your monthly limit.")
        name = self._keys[key] = str(uuid.uuid4())
        if user not in self.blocked:
            self.used += 1
            self.texts += [Text(user, message["text"], key) for message in read["messages"]]
        return _json({"sentMessages": [{"id": str(self.pushes)}]}, {"x-line-request-id": name})

    def _reply(self, read: dict[str, Any]) -> Response:
        user = self._reply_tokens.pop(read.get("replyToken", ""), None)
        if user is None:
            return _said(400, "Invalid reply token")
        if not 1 <= len(read["messages"]) <= 5:
            return _said(400, "Size must be between 1 and 5")
        self.texts += [Text(user, message["text"], None) for message in read["messages"]]
        return _json({})


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(200, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})


def _said(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps({"message": message}).encode(), headers or {})


@pytest.fixture
def line_server() -> Iterator[LineServer]:
    """A running account."""
    made = LineServer()
    made.server.start()
    yield made
    made.server.stop()
