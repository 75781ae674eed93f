"""Google's answers to a send, as its documentation and public bug reports show them, for the local FCM server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
NEVER = 3600.0


@dataclass(frozen=True)
class Answer:
    """What the server does with one send: wait, then answer, or drop the connection."""

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False


def _error(status: int, name: str, message: str, *details: dict[str, Any], **headers: str) -> Answer:
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = list(details)
    wire_headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return Answer(status, json.dumps({"error": error}).encode(), wire_headers)


def _fcm(code: str) -> dict[str, Any]:
    return {"@type": _FCM_ERROR, "errorCode": code}


def _field(name: str, description: str) -> dict[str, Any]:
    return {"@type": _BAD_REQUEST, "fieldViolations": [{"field": name, "description": description}]}


def _waiting(retry_after: str | None) -> dict[str, str]:
    return {} if retry_after is None else {"retry_after": retry_after}


OK = Answer()
UNREGISTERED = _error(404, "NOT_FOUND", "Requested entity was not found.", _fcm("UNREGISTERED"))
NO_PROJECT = _error(404, "NOT_FOUND", "Requested entity was not found.")
SENDER_MISMATCH = _error(403, "PERMISSION_DENIED", "SenderId mismatch", _fcm("SENDER_ID_MISMATCH"))
NOT_ALLOWED = _error(403, "PERMISSION_DENIED", "Permission 'cloudmessaging.messages.create' denied on resource.")
BAD_TOKEN = _error(
    400,
    "INVALID_ARGUMENT",
    "The registration token is not a valid FCM registration token",
    _fcm("INVALID_ARGUMENT"),
)
BAD_TOKEN_FIELD = _error(
    400,
    "INVALID_ARGUMENT",
    "Request contains an invalid argument.",
    _fcm("INVALID_ARGUMENT"),
    _field("message.token", "Invalid registration token"),
)
BAD_PAYLOAD = _error(
    400,
    "INVALID_ARGUMENT",
    "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), \"x\"",
    _field("message.android.ttl", "Invalid value at 'message.android.ttl'"),
)
BAD_PAYLOAD_FCM = _error(
    400,
    "INVALID_ARGUMENT",
    "Request contains an invalid argument.",
    _fcm("INVALID_ARGUMENT"),
    _field("message.notification.title", "Invalid title"),
)
TOO_BIG = _error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
THIRD_PARTY = _error(401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service", _fcm("THIRD_PARTY_AUTH_ERROR"))
UNAUTHENTICATED = _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
INTERNAL = _error(500, "INTERNAL", "Internal error encountered.", _fcm("INTERNAL"))
GARBAGE = Answer(200, b"\x00\xff\xfe{not json")
HTML = Answer(200, b"<!DOCTYPE html><title>Sign in to the network</title>", {"content-type": "text/html"})
HTML_503_SHIFT_JIS = Answer(503, "<title>混雑しています</title>".encode("shift_jis"), {"retry-after": "7"})
ERROR_TEXT = Answer(503, b'{"error": "busy"}', {"retry-after": "9"})
JSON_LIST = Answer(200, b"[]")
NO_NAME = Answer(200, b"{}")
REDIRECT = Answer(302, b"", {"location": "https://portal.invalid/"})
BAD_GATEWAY = Answer(502, b"<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title>")
DROP = Answer(drop=True)
HANG = Answer(delay_s=NEVER)


def quota(retry_after: str | None = None) -> Answer:
    """Answer 429."""
    return _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", _fcm("QUOTA_EXCEEDED"), **_waiting(retry_after))


def busy(retry_after: str | None = None) -> Answer:
    """Answer 503."""
    message = "The service is currently unavailable."
    return _error(503, "UNAVAILABLE", message, _fcm("UNAVAILABLE"), **_waiting(retry_after))


def slow(seconds: float) -> Answer:
    """Answer well, late."""
    return Answer(delay_s=seconds)
