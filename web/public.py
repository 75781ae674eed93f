"""The public listener: the resident's page, the calendar feeds and the API, each closed to other origins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.app import Door, api_routes
from web.api.live import Live
from web.ports import PageFeed

CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
METHODS = ("GET", "POST", "PUT", "DELETE")


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """How the listener is reached: host names; origins that scripts of other sites may call from; whether by TLS."""

    hosts: Sequence[str]
    origins: Sequence[str] = ()
    tls: bool = False
    version: str = "0"


def make_public(
    door: Door,
    front: Front,
    *,
    page_feeds: Mapping[str, PageFeed] | None = None,
    resident_routes: Sequence[BaseRoute] = (),
    feed_routes: Sequence[BaseRoute] = (),
    api_extra: Sequence[BaseRoute] = (),
    closed: Callable[[], bool] = lambda: False,
) -> Starlette:
    """Make the app. `resident_routes` (web/resident.py) set their own policy; `api_extra`: such as LINE's webhook."""
    live = Live(door, page_feeds or {}, closed)
    answer: Callable[[Request], Awaitable[Response]] = live.answer
    routes: list[BaseRoute] = [
        Route("/health", lambda _request: PlainTextResponse("ok")),
        *feed_routes,
        *api_extra,
        *api_routes(door, front.version, answer),
        *resident_routes,
    ]
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(front.hosts), www_redirect=False),
        Middleware(_Headers, tls=front.tls),
    ]
    if front.origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(front.origins),
                allow_methods=METHODS,
                allow_headers=("Authorization", "Content-Type", "Idempotency-Key"),
                expose_headers=("Retry-After",),
                max_age=600,
            )
        )
    return Starlette(routes=routes, middleware=middleware)


class _Headers:
    """Gives every answer the headers that keep other origins out, where the answer does not set its own."""

    def __init__(self, app: ASGIApp, tls: bool) -> None:
        self._app = app
        self._headers = {
            b"content-security-policy": CLOSED.encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"no-referrer",
            b"cross-origin-resource-policy": b"same-origin",
            b"cross-origin-opener-policy": b"same-origin",
            b"x-frame-options": b"DENY",
        }
        if tls:
            self._headers[b"strict-transport-security"] = b"max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                has = {name.lower() for name, _ in message["headers"]}
                added = [(name, value) for name, value in self._headers.items() if name not in has]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, closed if scope["type"] == "http" else send)
