"""How the API says no: a status, a code for programs, words for whoever writes them. Never anything of a home."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from web.api.forms import Failed, Fault

HEADERS = {"Cache-Control": "no-store"}

_json = msgspec.json.Encoder()


class Refused(Exception):
    """An answer that is no success."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        problems: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.fault = Fault(code, message, problems)
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """Write it as a response."""
        return json_answer(self.status, Failed(self.fault), self.headers)


def unauthorized() -> Refused:
    """Give the one answer for every key that opens nothing, whatever the reason."""
    return Refused(
        *(401, "unauthorized", "this key opens no home here"),
        headers={"WWW-Authenticate": "Bearer"},
    )


def not_found(what: str) -> Refused:
    """Say that there is no such thing at this address."""
    return Refused(404, "not_found", f"there is no such {what}")


def too_many(retry_after_s: int) -> Refused:
    """Say when to come again."""
    text = "too many requests; come again after the seconds of Retry-After"
    return Refused(429, "too_many", text, headers={"Retry-After": str(max(1, retry_after_s))})


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Write a value as JSON; None as an empty answer."""
    if value is None:
        return Response(status_code=status, headers={**HEADERS, **(headers or {})})
    body = _json.encode(value)
    return Response(body, status, {**HEADERS, **(headers or {})}, media_type="application/json")
