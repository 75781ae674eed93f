"""The resident's page of every city: what each address answers. It asks nothing of the store; the API does.

Everything is read once and held packed. A page may load from here only; map tiles from where the city has them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from web.adapters.page_words import PageWords
from web.app import content_policy
from web.ports import PublicCity
from web.resident_files import HTML, JSON, Stored, answered, read_assets, worker_of
from web.resident_pages import Shown, city_page, front_page, manifest, privacy_page, words_of

LAST_RESORT = "en"
MAX_QR = 512

Act = Callable[[Request, PublicCity], Response]


class ResidentPages:
    """Answers for all cities. `cities` by id, as they are in force when asked."""

    def __init__(
        self, cities: Mapping[str, PublicCity], words: Mapping[str, PageWords], leaflet: Path | None = None
    ) -> None:
        self._cities = cities
        self._words = words
        self._leaflet = leaflet
        self._assets = read_assets()
        self._said = {tag: Stored.of(JSON, words_of(tag, words)) for tag in words}
        self._version = hashlib.sha256(
            b"".join(each.body for each in (*self._assets.values(), *self._said.values()))
        ).hexdigest()[:16]

    def routes(self) -> list[BaseRoute]:
        """List the addresses."""
        at = "/c/{city}/"
        found: list[BaseRoute] = [
            Route("/", self._front),
            Route("/c/{city}", lambda request: RedirectResponse(request.url.path.rpartition("/")[2] + "/", 308)),
            Route(at, self._of_city(self._page)),
            Route(at + "sw.js", self._of_city(self._worker)),
            Route(at + "app.webmanifest", self._of_city(self._manifest)),
            Route(at + "words/{name}", self._of_city(self._word_file)),
            Route(at + "privacy/{language}", self._of_city(self._privacy)),
            Route(at + "privacy/assets/{name}", self._of_city(self._asset)),
            Route(at + "assets/{name}", self._of_city(self._asset)),
            Route(at + "qr", _qr, methods=["POST"]),
        ]
        if self._leaflet:
            found.append(Mount(at + "leaflet", StaticFiles(directory=self._leaflet)))
        return found

    def _of_city(self, act: Act) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            city = self._cities.get(request.path_params["city"])
            return act(request, city) if city else _missing()

        return answer

    def _front(self, request: Request) -> Response:
        cities = [each.city for each in self._cities.values()]
        if len(cities) == 1:
            return RedirectResponse(f"c/{cities[0].id}/", 307)
        text = front_page(cities, self._words[self._language(request, None)])
        return self._html(request, text.replace("assets/", f"c/{cities[0].id}/assets/") if cities else text, None)

    def _page(self, request: Request, city: PublicCity) -> Response:
        language = self._language(request, city)
        shown = Shown(city.city, self._words[language], bool(self._leaflet))
        return self._html(request, city_page(shown), city)

    def _privacy(self, request: Request, city: PublicCity) -> Response:
        words = self._words.get(request.path_params["language"])
        return self._html(request, privacy_page(Shown(city.city, words)), city) if words else _missing()

    def _html(self, request: Request, text: str, city: PublicCity | None) -> Response:
        policy = page_policy(city.city.base_map if city else None)
        extra = {"Content-Security-Policy": policy, "Vary": "Accept-Language, Accept-Encoding"}
        return answered(request, Stored.of(HTML, text.encode()), extra)

    def _worker(self, request: Request, city: PublicCity) -> Response:
        worker = worker_of(self._assets, f"{self._version}")
        # A worker's own fetches fall under its own policy, not the page's.
        extra = {"Content-Security-Policy": "default-src 'self'", "Service-Worker-Allowed": f"/c/{city.city.id}/"}
        return answered(request, worker, extra)

    def _manifest(self, request: Request, city: PublicCity) -> Response:
        words = self._words[self._language(request, city)]
        here = request.query_params.get("start") == "here"
        return answered(request, Stored.of("application/manifest+json", manifest(Shown(city.city, words), here)))

    def _word_file(self, request: Request, _city: PublicCity) -> Response:
        stored = self._said.get(request.path_params["name"].removesuffix(".json"))
        return answered(request, stored) if stored else _missing()

    def _asset(self, request: Request, _city: PublicCity) -> Response:
        stored = self._assets.get(request.path_params["name"])
        return answered(request, stored) if stored and request.path_params["name"] != "page.html" else _missing()

    def _language(self, request: Request, city: PublicCity | None) -> str:
        """Choose by what the browser asks for, else the city's own, else English."""
        for tag in (*wanted(request.headers.get("accept-language", "")), city.city.language if city else ""):
            if found := closest(tag, self._words):
                return found
        return LAST_RESORT


def resident_routes(
    cities: Mapping[str, PublicCity], words: Mapping[str, PageWords], leaflet: Path | None = None
) -> list[BaseRoute]:
    """Make the routes of the pages. `leaflet`: the map library's dist folder; without it there are no maps."""
    return ResidentPages(cities, words, leaflet).routes()


def page_policy(base_map: str | None) -> str:
    """Write the page's content security policy: as the staff's, and a worker and a manifest of its own."""
    return content_policy(base_map) + "; worker-src 'self'; manifest-src 'self'"


def wanted(header: str) -> list[str]:
    """List the tags of an Accept-Language header, best first."""
    weighed = []
    for order, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), order, tag))
        except ValueError:
            continue
    return [tag for _, _, tag in sorted(weighed) if tag]


_HANT = {"tw", "hk", "mo", "hant"}


def closest(tag: str, known: Mapping[str, object]) -> str | None:
    """Find the language that serves a tag: itself, its script for Chinese, or the same language without its region."""
    by_lower = {each.lower(): each for each in known}
    lower = tag.lower()
    parts = lower.split("-")
    if parts[0] == "zh":
        lower = "zh-hant" if _HANT & set(parts[1:]) else "zh-hans"
    return by_lower.get(lower) or by_lower.get(parts[0])


async def _qr(request: Request) -> Response:
    """Draw a link as a QR code. A POST, because the link holds a code that no log may keep."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_QR:
            return Response("too long", 413)
    if not data.isascii() or not data.startswith((b"http://", b"https://")):
        return Response("send a link", 422)
    drawn = io.BytesIO()
    segno.make(data.decode(), error="m").save(drawn, kind="svg", scale=8, border=4, xmldecl=False)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def _missing() -> Response:
    return Response("not found", 404, media_type="text/plain")
