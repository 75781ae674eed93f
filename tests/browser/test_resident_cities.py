"""The page where city or phone are of another kind: a base map, a fixed time for bags, an iPhone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from model.subscription import Pin
from residents.today import NearTruck, State, Today
from streams.redis_streams import RedisStore
from tests.browser.phone import at, phone, ready, shoot, sign_up, tab_to, violations
from tests.support.resident_site import Site, resident_site

pytestmark = pytest.mark.timeout(240)
TILES = "https://tiles.example/{z}/{x}/{y}.svg"
TILE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">'
    '<rect width="256" height="256" fill="#dde5d8"/></svg>'
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


@pytest.fixture
def mapped(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path, base_map=TILES) as running:
        yield running


def tiled(page: Page) -> None:
    """Answer for the provider of tiles."""
    page.context.route("https://tiles.example/**", lambda route: route.fulfill(body=TILE, content_type="image/svg+xml"))


def site_zones(site: Site) -> frozenset[str]:
    """Name the city's zones."""
    return site.public.house.cities["sample"].known().zones or frozenset()


def test_a_pin_on_the_map_needs_no_name_of_the_ward(mapped: Site, chromium_here: Browser) -> None:
    """A tenant moves the map, or uses the arrow keys; the home is that spot, in the zone that it lies in."""
    with phone(chromium_here, mapped, before=tiled) as page:
        assert page.evaluate("performance.getEntriesByName(new URL('leaflet/leaflet.js', location).href).length") == 0
        page.locator(".ways .button", has_text="地図で選ぶ").click()
        expect(page.locator(".map .leaflet-tile-loaded").first).to_be_visible()
        expect(page.locator(".map")).to_be_focused()
        page.keyboard.press("ArrowUp")
        shoot(page, "map-pin")
        tab_to(page, ".ways div .button")
        page.keyboard.press("Enter")
        page.locator(".found button", has_text="今いるこの場所").click()
        for number in range(2, 8):
            page.locator(".steps .main").click()
            expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
        (home,) = mapped.public.registry.list("sample")
        assert isinstance(home.place, Pin)
        assert home.zone in site_zones(mapped)


def test_the_small_map_shows_the_trucks_that_concern_the_home_and_says_the_same_in_words(
    mapped: Site, chromium_here: Browser
) -> None:
    """How far, and when it was seen there; nothing of other trucks."""
    now_ms = mapped.public.clock.now_ms()
    mapped.day.now = Today(state=State.ON_ITS_WAY, trucks=(NearTruck(34.8235, 135.4575, now_ms),))
    with phone(chromium_here, mapped, before=tiled, bypass_csp=True) as page:
        sign_up(page, "稲穂町一丁目 公園前")
        expect(page.locator(".trucks li")).to_have_text("8:00に約500m先にいました。")
        expect(page.locator(".mark.truck")).to_have_count(1)
        expect(page.locator(".mark.pin")).to_have_count(1)
        assert violations(page) == []
        shoot(page, "home-map")


def test_where_i_am_now_offers_the_exact_spot_or_the_nearest_collection_point(
    site: Site, chromium_here: Browser
) -> None:
    """How precisely a home is kept is the resident's choice."""
    here = {"latitude": 34.8209, "longitude": 135.455}
    with phone(chromium_here, site, geolocation=here, permissions=["geolocation"]) as page:
        page.locator(".ways .button", has_text="今いる場所を使う").click()
        rows = page.locator(".found button")
        expect(rows.nth(0)).to_contain_text("今いるこの場所")
        expect(rows.nth(1)).to_contain_text("稲穂町一丁目")
        rows.filter(has_text="公園前").first.click()
        expect(page.locator(".chosen")).to_contain_text("公園前")


def by_deadline(page: Page) -> None:
    """Turn the city into one with a fixed time for bags, on the way to the page."""

    def changed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "policy": "by_deadline"}))

    page.route("**/api/v1/cities/sample", changed)


def test_where_bags_must_be_out_by_a_fixed_time_that_time_is_the_news(site: Site, chromium_here: Browser) -> None:
    """Before it: by when. After it: that it is over, whatever the truck does; no late bag is invited."""
    site.day.now = Today(state=State.NOT_STARTED)
    site.public.clock.ms -= 30 * 60_000
    with phone(chromium_here, site, before=by_deadline, service_workers="block") as page:
        page.fill("#where", "稲穂町1")
        page.locator(".found button").first.click()
        page.locator(".steps .main").click()
        page.locator(".steps .main").click()
        expect(page.locator(".result")).to_have_text("袋を出す締め切りの10分前にお知らせします。")
        expect(page.locator("details")).to_have_count(0)
        for number in range(4, 8):
            page.locator(".steps .main").click()
            expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
        page.locator(".answers .button.link").click()
        at(page, "done")
        page.locator("main .button.main").click()
        expect(page.locator(".state .big")).to_have_text("8:00までに出してください")
        site.public.clock.ms += 45 * 60_000
        site.day.now = Today(state=State.ON_ITS_WAY)
        page.clock.set_fixed_time(site.public.clock.now_ms() / 1000)
        page.reload()
        ready(page)
        expect(page.locator(".state")).to_contain_text("燃えるごみを出す時間は8:00で終わりました")
        expect(page.locator(".state")).not_to_contain_text("までに出して")


def test_an_iphone_is_led_to_its_home_screen_and_goes_on_there(site: Site, chromium_here: Browser) -> None:
    """The installed page shares nothing with Safari: a one-time code in the address carries the home over."""
    with phone(chromium_here, site, user_agent=IPHONE, service_workers="block") as page:
        page.fill("#where", "稲穂町1")
        page.locator(".found button").first.click()
        for number in range(2, 8):
            page.locator(".steps .main").click()
            expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
        expect(page.locator(".numbered li")).to_have_count(3)
        expect(page.locator("link[rel=manifest]")).to_have_attribute("href", "app.webmanifest?start=here")
        shoot(page, "iphone")
        installed = page.url
        assert "#l=" in installed
    with phone(chromium_here, site) as page:
        page.goto("about:blank")
        page.goto(installed)
        ready(page)
        page.locator("main .button.main").click()
        at(page, "signup")
        expect(page.locator("progress")).to_have_attribute("value", "7")
        page.goto("about:blank")
        page.goto(installed)
        ready(page)
        at(page, "home")
