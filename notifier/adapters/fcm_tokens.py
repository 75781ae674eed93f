"""Access tokens of a Google credential, fetched beside the event loop, one fetch at a time.

google-auth is synchronous, and its before_request also looks up regional boundaries at another Google host, which a
municipal firewall would hold up; here only the token is asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import google.auth.exceptions
import google.auth.transport
import httpx
import structlog
from google.auth.credentials import Credentials, TokenState

_log = structlog.get_logger()
_REST_AFTER_FAILURE_S = 1.0
_transport_error: Callable[[str], Exception] = google.auth.exceptions.TransportError


class NoAccessToken(Exception):
    """The token endpoint gave no token; the message says why."""


class TokenAnswer(google.auth.transport.Response):
    """An httpx response as google-auth reads one."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        return self._response.headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self._response.content


class TokenRequest(google.auth.transport.Request):
    """Carries google-auth's requests over httpx, so that proxy, CA and time-out are those of the sends."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  the client has its own
        **_: Any,
    ) -> TokenAnswer:
        """Send one request."""
        try:
            return TokenAnswer(self._http.request(method, url, content=body, headers=headers))
        except httpx.HTTPError as error:
            raise _transport_error(f"{type(error).__name__}: {error}") from error


class AccessTokens:
    """The current access token of one credential; used from one event loop."""

    def __init__(
        self,
        account: str,
        credential: Credentials,
        request: TokenRequest,
        executor: Executor,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._credential = credential
        self._request = request
        self._executor = executor
        self._monotonic = monotonic
        self._fetching: asyncio.Future[None] | None = None
        self._fetched_at = -float("inf")
        self._failure: tuple[float, NoAccessToken] | None = None

    @property
    def age_s(self) -> float:
        """Seconds since the token was fetched."""
        return self._monotonic() - self._fetched_at

    async def bearer(self) -> str:
        """Give a valid token; while it is merely old, fetch the next in the background. Raise NoAccessToken."""
        state = self._credential.token_state
        if state is not TokenState.FRESH:
            fetching = self._fetch()
            if state is TokenState.INVALID:
                await asyncio.shield(fetching)
        return str(self._credential.token)

    def reject(self, bearer: str) -> None:
        """Drop a token that the far side does not take; the next call fetches another."""
        if self._credential.token == bearer:
            self._credential.token = None

    def _fetch(self) -> asyncio.Future[None]:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.ensure_future(self._refresh())
            self._fetching.add_done_callback(_look_at)
        return self._fetching

    async def _refresh(self) -> None:
        now = self._monotonic()
        if self._failure is not None and now < self._failure[0]:
            raise self._failure[1]
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._executor, self._credential.refresh, self._request)
        except (google.auth.exceptions.GoogleAuthError, ValueError, TypeError, AttributeError) as error:
            failure = NoAccessToken(f"the token endpoint gave no access token: {_short(error)}")
            self._failure = (self._monotonic() + _REST_AFTER_FAILURE_S, failure)
            _log.warning("fcm_no_access_token", account=self._account, reason=str(failure))
            raise failure from error
        self._failure = None
        self._fetched_at = self._monotonic()


def _look_at(fetching: asyncio.Future[None]) -> None:
    if not fetching.cancelled():
        fetching.exception()


def _short(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return f"{type(error).__name__}: {reason}"[:200]
