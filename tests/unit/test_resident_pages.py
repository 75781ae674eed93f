"""What the addresses of the resident's page answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from gomikuru.city_files import CityFolder, load_city
from gomikuru.places import sample_cities
from gomikuru.public_city import PublicFiles
from web.adapters.page_words import read_page_words
from web.adapters.server import WebServer
from web.resident import closest, page_policy, resident_routes, wanted

WORDS = read_page_words()


_serving: list[tuple[WebServer, httpx.Client]] = []


@pytest.fixture(autouse=True, scope="module")
def _stopping() -> Iterator[None]:
    yield
    for server, asking in _serving:
        asking.close()
        server.stop()


@lru_cache
def client(*ids: str, base_map: str | None = None) -> httpx.Client:
    """Serve the pages of so many cities."""
    folder = sample_cities() / "sample"
    read, _ = load_city(folder)
    assert read is not None
    cities = {}
    for each in ids:
        city = msgspec.structs.replace(read, id=each, name=f"<{each}市>", base_map=base_map)
        cities[each] = PublicFiles(CityFolder(city, folder), frozenset({"ja"}), lambda _city: None)
    leaflet = Path(__file__).parent  # any folder: its files are not asked for here
    server = WebServer(Starlette(routes=resident_routes(cities, WORDS, leaflet)))
    server.start()
    asking = httpx.Client(base_url=server.url)
    _serving.append((server, asking))
    return asking


def test_the_front_leads_to_the_only_city_or_lists_them() -> None:
    """Nobody chooses among one."""
    assert client("a").get("/").headers["location"] == "c/a/"
    text = client("a", "b").get("/").text
    assert 'href="c/a/"' in text
    assert 'href="c/b/"' in text


def test_a_citys_name_is_text_and_never_markup() -> None:
    """Whatever a city calls itself, no tag of its own comes into the page."""
    both = client("a", "b")
    for address in ("/", "/c/a/", "/c/a/privacy/ja"):
        assert "<a市>" not in both.get(address).text
        assert "&lt;a市&gt;" in both.get(address).text


def test_a_page_may_load_from_here_only_and_tiles_from_the_base_map() -> None:
    """No inline script, no other origin, no frame."""
    policy = client("a").get("/c/a/").headers["content-security-policy"]
    assert policy == page_policy(None)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    with_map = client("a", base_map="https://tiles.example/{z}/{x}/{y}.png").get("/c/a/").headers
    assert "img-src 'self' data: https://tiles.example;" in with_map["content-security-policy"]


def test_the_frame_holds_no_inline_script_or_style() -> None:
    """The policy would stop it, and the page with it."""
    text = client("a").get("/c/a/").text
    assert "<style" not in text
    assert " style=" not in text
    assert text.count("<script") == text.count('<script type="module" src=')
    assert " on" not in text.replace(" one", "")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr;q=0.9,zh-TW;q=0.8", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hant-HK", "zh-Hant"),
        ("pt-PT", "pt"),
        ("en-GB;q=0.1,ko;q=0.2", "ko"),
        ("fr", "ja"),
        ("", "ja"),
        (";;q=x,,*;q=", "ja"),
    ],
)
def test_the_page_begins_in_what_the_browser_asks_for_else_the_citys_language(header: str, language: str) -> None:
    """The city is Japanese."""
    text = client("a").get("/c/a/", headers={"Accept-Language": header}).text
    assert f'data-lang="{language}"' in text


def test_easy_japanese_is_japanese_to_a_screen_reader() -> None:
    """Its tag is ours; the page's lang is one that voices know."""
    assert '<html lang="ja"' in client("a").get("/c/a/privacy/ja-easy").text
    assert closest("ja-easy", WORDS) == "ja-easy"
    assert wanted("a;q=0.1,b") == ["b", "a"]


def test_what_has_not_changed_is_not_sent_again() -> None:
    """By its tag, packed or not."""
    here = client("a")
    first = here.get("/c/a/assets/main.js")
    assert first.headers["content-encoding"] == "gzip"
    again = here.get("/c/a/assets/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = here.get("/c/a/assets/main.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text


def test_the_worker_keeps_every_file_that_the_page_can_ask_for() -> None:
    """A screen that was never opened opens without a connection too."""
    here = client("a")
    text = here.get("/c/a/sw.js").text
    line = next(each for each in text.splitlines() if each.startswith("const SHELL"))
    shell = json.loads(line.partition("= ")[2].rstrip(";"))
    assert {here.get(f"/c/a/{each}").status_code for each in shell} == {200}
    assert "{version}" not in text
    folder = Path(__file__).resolve().parents[2] / "web" / "resident_static"
    assert {f"assets/{path.name}" for path in folder.iterdir()} - set(shell) == {"assets/page.html", "assets/sw.js"}


def test_an_iphone_keeps_the_address_that_stands_when_it_installs() -> None:
    """The manifest without a start address leaves the one-time code where it is; others begin at the page."""
    here = client("a")
    assert here.get("/c/a/app.webmanifest").json()["start_url"] == "./"
    kept = here.get("/c/a/app.webmanifest?start=here").json()
    assert "start_url" not in kept
    assert kept["display"] == "standalone"


def test_words_for_the_browser_hold_no_privacy_page() -> None:
    """It has an address of its own, and a slow phone need not load it."""
    sent = client("a").get("/c/a/words/ja.json").json()
    assert {key for key in sent["words"] if key.startswith("privacy.")} == {"privacy.link"}
    assert [each["tag"] for each in sent["languages"]][:3] == ["ja", "ja-easy", "en"]
    assert {each["name"] for each in sent["languages"]} >= {"日本語", "Tiếng Việt", "한국어"}


@pytest.mark.parametrize(
    "address", ["/c/x/", "/c/a/words/xx.json", "/c/a/privacy/xx", "/c/a/assets/page.html", "/c/a/assets/none"]
)
def test_what_is_not_there_is_404(address: str) -> None:
    """No city, language or file."""
    assert client("a").get(address).status_code == 404


def qr(data: bytes) -> httpx.Response:
    return client("a").post("/c/a/qr", content=data)


def test_a_link_becomes_a_qr_code() -> None:
    """As a drawing that no cache keeps."""
    answer = qr(b"https://gomi.example/c/a/#l=ABCD-EFGH")
    assert ElementTree.fromstring(answer.content).tag.endswith("svg")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"", 422), (b"javascript:1", 422), ("https://é".encode(), 422), (b"https://" + b"a" * 600, 413)],
)
def test_what_is_no_link_becomes_none(data: bytes, status: int) -> None:
    """It draws links, and short ones."""
    assert qr(data).status_code == status
