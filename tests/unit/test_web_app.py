"""What the page's addresses answer, and the headers that keep other origins out."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from web.app import STATIC, content_policy, make_app, make_house
from web.live import FeedState, MapChanged, News, fold
from web.ports import CityMap
from web.worker import LiveView

EMPTY = {"type": "FeatureCollection", "features": []}
MINAMI = CityMap("minami", "南市", "Asia/Tokyo", "ja", EMPTY, EMPTY, (34.8, 135.4))


class Clock:
    """A service clock that stands still."""

    def now_ms(self) -> int:
        return 5_000


class Silence:
    """A feed without news."""

    def poll(self) -> list[News]:
        return []


class Browser:
    """Asks an app directly, under the name `base`."""

    def __init__(self, app: ASGIApp, base: str = "http://127.0.0.1") -> None:
        self._app = app
        self._base = base

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=self._base) as client:
                return await client.request(method, path)

        return asyncio.run(ask())


def page(leaflet: Path | None = None) -> ASGIApp:
    return make_app(LiveView(Silence()), lambda: MINAMI, Clock(), leaflet)


def client(leaflet: Path | None = None, base: str = "http://127.0.0.1") -> Browser:
    return Browser(page(leaflet), base)


def test_every_answer_is_closed_to_other_origins() -> None:
    """Page, data, scripts and refusals all carry the policy: no inline script, nothing from elsewhere."""
    for path in ("/", "/map.json", "/static/page.js", "/health", "/absent"):
        headers = client().get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path


def test_only_a_base_map_that_was_set_opens_the_policy() -> None:
    """Tiles of the city's base map may be fetched, and nothing else."""
    assert "img-src 'self' data:;" in content_policy(None)
    tiles = content_policy("https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png")
    assert "img-src 'self' data: https://cyberjapandata.gsi.go.jp;" in tiles
    assert "https://*.tiles.example;" in content_policy("https://{s}.tiles.example/{z}/{x}/{y}.png")


def test_a_foreign_host_name_is_refused() -> None:
    """A site that rebinds its name to this machine reads no truck's position."""
    assert client(base="http://evil.example").get("/map.json").status_code == 400
    for own in ("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"):
        assert client(base=own).get("/map.json").status_code == 200, own


def test_the_map_is_read_when_it_is_asked_for() -> None:
    """Zones that changed on disk are in the next answer."""
    shown = client().get("/map.json").json()
    assert (shown["name"], shown["stale_after_s"], shown["centre"]) == ("南市", 120.0, [34.8, 135.4])


def test_a_map_is_never_older_than_the_version_it_names() -> None:
    """The version is taken before the files are read, so that a change in between is asked for again."""
    view = LiveView(Silence())

    def changing() -> CityMap:
        view.picture = fold(view.picture, [MapChanged("v2")])
        return MINAMI

    app = Browser(make_app(view, changing, Clock(), None))
    view.picture = fold(view.picture, [MapChanged("v1")])
    assert app.get("/map.json").json()["version"] == "v1"
    assert app.get("/map.json").json()["version"] == "v2"


def test_health_tells_whether_positions_come() -> None:
    """A lost feed is an unhealthy page."""
    view = LiveView(Silence())
    app = Browser(make_app(view, lambda: MINAMI, Clock(), None))
    assert app.get("/health").status_code == 200
    view.picture = fold(view.picture, [FeedState(ok=False)])
    assert app.get("/health").status_code == 503


def test_leaflet_is_served_where_it_is(tmp_path: Path) -> None:
    """The map library comes from the given folder; without one its addresses are absent and the page still stands."""
    (tmp_path / "leaflet.js").write_text("1")
    assert client(tmp_path).get("/leaflet/leaflet.js").text == "1"
    assert client().get("/leaflet/leaflet.js").status_code == 404
    assert client().get("/").status_code == 200


def test_several_cities_stand_side_by_side() -> None:
    """Each city has its own page under its id, and ids are never markup."""
    front = Browser(make_house({"minami": page(), 'x"><script>': page()}))
    text = front.get("/").text
    assert 'href="minami/"' in text
    assert "<script>" not in text
    assert front.get("/minami/map.json").json()["city"] == "minami"
    assert front.get("/minami/").headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_asks_nobody_else_and_runs_nothing_inline() -> None:
    """The shipped files name no other host and hold no inline script, style or handler."""
    markup = (STATIC / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", markup)
    for file in STATIC.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), file.name
        assert ".innerHTML" not in text, file.name


def test_the_page_is_small() -> None:
    """The page's own files stay below 30 kB, uncompressed."""
    assert sum(file.stat().st_size for file in STATIC.iterdir()) < 30_000


def test_both_languages_have_every_word() -> None:
    """The page's words exist in Japanese and in English."""
    text = (STATIC / "words.js").read_text(encoding="utf-8")
    japanese, english = text.split("  en: {")
    assert set(re.findall(r"(\w+): [\"(`{]", japanese)) - {"ja"} == set(re.findall(r"(\w+): [\"(`{]", english))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_from_the_page(method: str) -> None:
    """The page only shows."""
    assert client().get("/map.json", method).status_code == 405
