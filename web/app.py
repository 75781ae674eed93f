"""The page of one city: what each address answers. All addresses are relative, so that it may stand under any path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.ports import ServiceClock
from web.live import Picture, difference
from web.ports import MapSource
from web.worker import LiveView

STATIC = Path(__file__).parent / "static"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "::1")

FRAME_S = 0.2
HEARTBEAT_S = 1.0
MAX_VIEWERS = 100

_json = msgspec.json.Encoder()


def make_app(
    view: LiveView, city_map: MapSource, clock: ServiceClock, leaflet: Path | None, hosts: Sequence[str] = LOCAL_HOSTS
) -> Starlette:
    """Make the page of one city. `leaflet`: Leaflet's dist folder; `hosts`: the names that browsers may use.

    Without Leaflet the page shows its lists without a map. It shows trucks to whoever reaches it: bind it
    to localhost, or put it behind the city's own sign-on.
    """
    routes: list[BaseRoute] = [
        Route("/", _page),
        Route("/map.json", lambda _request: _answer(_map(view, city_map))),
        Route("/live", _Live(view, clock).answer),
        Route("/health", lambda _request: _health(view)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    if leaflet:
        routes.append(Mount("/leaflet", StaticFiles(directory=leaflet)))
    tiles = city_map().base_map
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        Middleware(_Closed, policy=content_policy(tiles)),
    ]
    return Starlette(routes=routes, middleware=middleware)


def content_policy(base_map: str | None) -> str:
    """Write the page's content security policy: nothing from elsewhere, but the base map's tiles where one is set."""
    tiles = urlsplit(base_map) if base_map else None
    images = f"'self' data: {tiles.scheme}://{tiles.netloc.replace('{s}', '*')}" if tiles else "'self' data:"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src {images}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


async def _page(_request: Request) -> Response:
    return FileResponse(STATIC / "page.html", media_type="text/html", headers={"Cache-Control": "no-cache"})


def _map(view: LiveView, city_map: MapSource) -> dict[str, object]:
    """Name the version first and read the map after: a map may be newer than its version says, never older."""
    version = view.picture.map_version
    return msgspec.structs.asdict(city_map()) | {"version": version}


def _answer(value: object) -> Response:
    return Response(_json.encode(value), media_type="application/json", headers={"Cache-Control": "no-cache"})


def _health(view: LiveView) -> Response:
    ok = view.picture.feed_ok
    return PlainTextResponse("ok" if ok else "no news come in; what is shown is old", 200 if ok else 503)


class _Live:
    """Server-sent events. Nothing is queued for a browser: each frame is the way from what it saw to what is now."""

    def __init__(self, view: LiveView, clock: ServiceClock) -> None:
        self._view = view
        self._clock = clock
        self._viewers = 0

    async def answer(self, _request: Request) -> Response:
        if self._viewers >= MAX_VIEWERS:
            return PlainTextResponse("too many viewers; try again", 503, {"Retry-After": "10"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._frames(), media_type="text/event-stream", headers=headers)

    async def _frames(self) -> AsyncIterator[bytes]:
        self._viewers += 1
        try:
            yield b"retry: 2000\n\n"
            async for frame in self._pictures():
                yield b"data: " + _json.encode(frame) + b"\n\n"
        finally:
            self._viewers -= 1

    async def _pictures(self) -> AsyncIterator[dict[str, object]]:
        seen: Picture | None = None
        quiet_s = HEARTBEAT_S
        while not self._view.closed:
            now = self._view.picture
            if now is not seen or quiet_s >= HEARTBEAT_S:
                yield difference(seen, now) | {"now": self._clock.now_ms()}
                seen, quiet_s = now, 0.0
            await asyncio.sleep(FRAME_S)
            quiet_s += FRAME_S


class _Closed:
    """Gives every answer the headers that keep other origins out."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        await self._app(scope, receive, closed if scope["type"] == "http" else send)


def make_house(pages: Mapping[str, ASGIApp]) -> Starlette:
    """Stand the pages of several cities side by side, each under its id, with a list of them in front."""
    links = "".join(f'<li><a href="{quote(city)}/">{escape(city)}</a></li>' for city in pages)
    front = f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>ごみ来る</title><ul>{links}</ul></html>'
    headers = {"Content-Security-Policy": content_policy(None), "X-Content-Type-Options": "nosniff"}
    routes: list[BaseRoute] = [Route("/", lambda _request: HTMLResponse(front, headers=headers))]
    return Starlette(routes=routes + [Mount(f"/{city}", app=page) for city, page in pages.items()])
