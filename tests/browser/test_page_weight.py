"""How much the page weighs, and what a slow phone waits for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from streams.redis_streams import RedisStore
from tests.support.resident_site import Site, resident_site

pytestmark = pytest.mark.timeout(120)
MOST_BYTES = 200_000
FIRST_BYTES = 60_000
"""What may come before the first question: at 400 kbit/s some 1.2 s."""
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


class Wire:
    """Counts what crosses the wire, as the browser's network stack sees it."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(viewport={"width": 360, "height": 740}, locale="ja-JP")
        self.page = self.context.new_page()
        self.sent: dict[str, float] = {}
        self.sizes: dict[str, int] = {}
        self._urls: dict[str, str] = {}
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("Network.enable")
        self.cdp.on("Network.requestWillBeSent", self._asked)
        self.cdp.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict[str, object]) -> None:
        self._urls[str(event["requestId"])] = str(event["request"]["url"])  # type: ignore[index]

    def _came(self, event: dict[str, object]) -> None:
        self.sizes[self._urls.get(str(event["requestId"]), "?")] = int(float(str(event["encodedDataLength"])))


def test_the_whole_page_weighs_less_than_200_kb(site: Site) -> None:
    """All that a phone ever loads of it, packed, with headers: every screen, drawing and icon, before any map."""
    total, asked = 0, 0
    with httpx.Client(base_url=site.url, headers={"Accept-Encoding": "gzip"}) as client:
        shell = json.loads(re.search(r"SHELL = (.*);", client.get("sw.js").text)[1])  # type: ignore[index]
        for address in [*shell, "sw.js", "app.webmanifest", "words/ja.json", "words/vi.json"]:
            with client.stream("GET", address) as answer:
                assert answer.status_code == 200, address
                total += sum(map(len, answer.iter_raw())) + sum(len(k) + len(v) + 4 for k, v in answer.headers.raw)
                asked += 1
    assert asked > 30
    assert total < MOST_BYTES
    print(f"the whole page: {total} bytes in {asked} answers")


def test_the_first_question_is_usable_on_a_slow_phone(site: Site, chromium_here: Browser) -> None:
    """At 400 kbit/s and 400 ms a round trip: few bytes, and no more than three rounds of requests after one another."""
    wire = Wire(chromium_here)
    wire.cdp.send("Network.emulateNetworkConditions", SLOW)
    wire.page.goto(site.url, wait_until="commit")
    expect(wire.page.locator("#where")).to_be_editable(timeout=30_000)
    took_ms = wire.page.evaluate("performance.now()")
    before = dict(wire.sizes)
    entries = wire.page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.startTime, e.responseEnd, e.initiatorType])"
    )
    assert sum(before.values()) < FIRST_BYTES, before
    assert rounds(entries) <= 3, entries
    print(f"the first question: {sum(before.values())} bytes in {len(before)} answers, {took_ms:.0f} ms")
    wire.context.close()


def rounds(entries: list[tuple[str, float, float, str]]) -> int:
    """Count requests that had to wait for one another: the page itself, and the longest chain after it."""
    chains: list[int] = []
    ordered = sorted(entries, key=lambda each: each[1])
    for place, (_, start, _, _) in enumerate(ordered):
        waited_for = [chains[earlier] for earlier in range(place) if ordered[earlier][2] <= start]
        chains.append(1 + max(waited_for, default=0))
    return 1 + max(chains, default=0)
