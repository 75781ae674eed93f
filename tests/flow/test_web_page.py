"""The live page in a real browser: what dispatch sees, at which width, with the keyboard, and when the link is lost."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from gomikuru import places
from tests.support.needs import absent
from tests.support.waiting import wait_until
from web.adapters.server import WebServer
from web.app import make_app
from web.live import AlertSeen, FeedState, MapChanged, News, PushSeen, TruckSeen
from web.ports import CityMap
from web.worker import LiveView

NOW = 1_795_392_000_000
SQUARE = [[135.46, 34.82], [135.48, 34.82], [135.48, 34.84], [135.46, 34.84], [135.46, 34.82]]


def zones(name: str) -> dict[str, object]:
    shape = {"type": "Polygon", "coordinates": [SQUARE]}
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"id": "sakura-1", "name": name}, "geometry": shape}],
    }


ROUTES = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": SQUARE[:3]}}],
}


class Clock:
    """A service clock that the test sets."""

    now = NOW

    def now_ms(self) -> int:
        return self.now


class Told:
    """A feed that gives what the test tells it."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[Sequence[News]] = queue.SimpleQueue()

    def poll(self) -> Sequence[News]:
        try:
            return self.news.get(timeout=0.05)
        except queue.Empty:
            return ()


class Site:
    """A running page; `tell` gives it news."""

    def __init__(self) -> None:
        self.clock, self.feed, self.name = Clock(), Told(), "桜町一丁目"
        self.view = LiveView(self.feed)
        self.app = make_app(self.view, self.city_map, self.clock, places.leaflet() or absent("Leaflet in node_modules"))
        self.server = WebServer(self.app)

    def city_map(self) -> CityMap:
        return CityMap("minami", "南市", "Asia/Tokyo", "ja", zones(self.name), ROUTES, (34.83, 135.47))

    def tell(self, *news: News) -> None:
        self.feed.news.put(news)

    def start(self) -> None:
        self.view.start()
        self.server.start()

    def stop(self) -> None:
        self.view.stop()
        self.server.stop()

    @property
    def port(self) -> int:
        return int(self.server.url.rstrip("/").rpartition(":")[2])


def truck(name: str, age_s: float = 0.0, **more: object) -> TruckSeen:
    return TruckSeen(name, 34.83, 135.47, NOW - int(age_s * 1000), **more)  # type: ignore[arg-type]


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(chromium_here: Browser, site: Site) -> Iterator[Page]:
    context = chromium_here.new_context(locale="ja-JP", viewport={"width": 1200, "height": 800})
    opened = context.new_page()
    faults: list[str] = []
    elsewhere: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    opened.on(
        "request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith(site.server.url) else None
    )
    opened.goto(site.server.url)
    yield opened
    context.close()
    assert faults == []
    assert [url for url in elsewhere if not url.startswith("data:")] == []


def test_a_truck_is_live_until_its_fix_is_old(site: Site, page: Page) -> None:
    """A fresh truck is drawn live with its age; once nothing newer comes it is stale, on the map and in the list."""
    site.tell(truck("17", speed_mps=4.0, collecting=True, heading_deg=90.0))
    mark, line = page.locator("#map .truck"), page.locator("#trucks .line")
    expect(line).to_contain_text("17収集中 · 時速14km · 0秒前")
    expect(mark).to_have_class("truck collecting")
    site.clock.now = NOW + 121_000
    expect(mark).to_have_class("truck stale")
    expect(mark).to_contain_text("17 ? 09:00:00")
    expect(line).to_contain_text("信号なし（最後は2分前）")


def test_an_old_fix_is_never_drawn_as_live(site: Site, page: Page) -> None:
    """A truck whose backlog arrives now is stale from the first moment."""
    site.tell(truck("17", age_s=600, speed_mps=4.0, collecting=True))
    expect(page.locator("#map .truck")).to_have_class("truck stale")


def test_a_lost_link_makes_everything_stale_and_comes_back_by_itself(site: Site, page: Page) -> None:
    """Without the server the page says so and draws no truck as live; when it returns, the page does too."""
    site.tell(truck("17", speed_mps=4.0))
    expect(page.locator("#map .truck")).to_have_class("truck driving")
    port = site.port
    site.stop()
    expect(page.locator("#trouble")).to_contain_text("接続が切れました")
    expect(page.locator("#map .truck")).to_have_class("truck stale")
    again = LiveView(site.feed)
    site.view, site.server = again, WebServer(make_app(again, site.city_map, site.clock, places.leaflet()), port=port)
    site.start()
    site.tell(truck("18", speed_mps=4.0))
    expect(page.locator("#map .truck.driving")).to_have_text("18", timeout=15_000)
    expect(page.locator("#map .truck")).to_have_count(1)
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_lost_store_is_told_on_the_page(site: Site, page: Page) -> None:
    """When no positions come from the store the page says that what it shows is old."""
    site.tell(truck("17", speed_mps=4.0))
    expect(page.locator("#map .truck")).to_have_class("truck driving")
    site.feed.poll = lambda: [FeedState(ok=False)]  # type: ignore[method-assign]
    expect(page.locator("#map .truck")).to_have_class("truck stale")
    expect(page.locator("#trouble")).to_contain_text("位置情報の取得が止まっています")


def test_a_push_appears_as_on_a_phone_and_its_home_flashes(site: Site, page: Page) -> None:
    """The words of a push stand in the list as text, the made-up home lights up, and a repeated tag replaces."""
    expect(page.locator("#clock")).to_have_text("09:00:00")
    expect(page.locator("#pushes-section")).to_be_hidden()
    site.tell(PushSeen("t1", "まもなく<b>来ます</b>", "袋を出してください", NOW, 34.831, 135.471, "R1"))
    expect(page.locator(".push .title")).to_have_text("まもなく<b>来ます</b>")
    expect(page.locator("#map path.home")).to_have_count(1)
    site.tell(PushSeen("t2", "二つ目", "", NOW), PushSeen("t1", "訂正", "", NOW))
    expect(page.locator(".push .title")).to_have_text(["訂正", "二つ目"])
    expect(page.locator("#push-count")).to_have_text("3")
    expect(page.locator("#map path.home")).to_have_count(0, timeout=8_000)


def test_an_alert_lights_its_zone_and_stands_in_the_list(site: Site, page: Page) -> None:
    """A decided alert is shown with the zone's name, without anybody's home."""
    expect(page.locator("#clock")).to_have_text("09:00:00")
    site.tell(AlertSeen("a1", "approaching", "17", NOW, "sakura-1"))
    expect(page.locator("#map path.zone.told")).to_have_count(1)
    expect(page.locator("#alerts")).to_contain_text("09:00:00まもなく到着17 · 桜町一丁目")


def test_new_zones_are_drawn_without_reloading(site: Site, page: Page) -> None:
    """When zones take force the page asks for the map again."""
    expect(page.locator("#map path.zone")).to_have_count(1)
    site.name = "新町"
    site.tell(MapChanged("v2"))
    wait_until(lambda: page.evaluate("zones.get('sakura-1').feature.properties.name") == "新町", what="the new zones")


def test_zones_that_change_while_the_page_opens_are_drawn(chromium_here: Browser, site: Site) -> None:
    """Zones that take force between the map's answer and the first frame are asked for again."""
    context = chromium_here.new_context(locale="ja-JP")
    try:
        shown = context.new_page()

        def change_before_it_arrives(route: Route) -> None:
            answer = route.fetch()
            site.name = "新町"
            site.tell(MapChanged("v2"))
            wait_until(lambda: site.view.picture.map_version == "v2", what="the new version in the picture")
            route.fulfill(response=answer)

        shown.route("**/map.json", change_before_it_arrives, times=1)
        shown.goto(site.server.url)
        name = "typeof zones !== 'undefined' && zones.get('sakura-1')?.feature.properties.name"
        wait_until(lambda: shown.evaluate(name) == "新町", what="the new zones")
    finally:
        context.close()


def test_the_page_fits_a_small_phone_with_large_type(site: Site, page: Page) -> None:
    """At 360 px and at twice the type size nothing runs out of the screen sideways."""
    site.tell(
        truck("truck-with-a-long-name-17", age_s=600),
        PushSeen(
            "t1", "まもなく収集車が来ます", "燃えるごみの収集車が約300メートル先に来ています。", NOW, None, None, "R1"
        ),
        AlertSeen("a1", "approaching", "truck-with-a-long-name-17", NOW, "sakura-1"),
    )
    page.set_viewport_size({"width": 360, "height": 640})
    expect(page.locator(".push")).to_be_visible()
    for size in ("112.5%", "200%"):
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, size


def test_everything_can_be_reached_with_the_keyboard(site: Site, page: Page) -> None:
    """Tab reaches the language, the map and each truck; Enter on a truck brings it to the middle of the map."""
    site.tell(truck("17", speed_mps=4.0))
    expect(page.locator("#trucks button")).to_have_count(1)
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.truck || ''"))
        if "17" in reached:
            break
    assert {"language", "map", "17"} <= reached
    page.keyboard.press("Enter")
    wait_until(lambda: page.evaluate("map.getZoom() >= 16"), what="the map at the truck")
    site.tell(truck("18", speed_mps=4.0))
    expect(page.locator("#trucks button")).to_have_count(2)
    assert page.evaluate("document.activeElement.dataset.truck") == "17"


def test_the_page_speaks_english_at_a_press(site: Site, page: Page) -> None:
    """One button changes every word and the document's language, and the choice is kept."""
    site.tell(truck("17", speed_mps=4.0))
    page.get_by_role("button", name="English").click()
    expect(page.locator("#trucks")).to_contain_text("moving · 14 km/h")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("heading", name="Trucks")).to_be_visible()


def test_while_the_server_does_not_answer_the_page_speaks_one_language(chromium_here: Browser, site: Site) -> None:
    """Banner and all fixed words are in the browser's language, or the chosen one, before the first answer."""
    context = chromium_here.new_context(locale="en-GB")
    try:
        shown = context.new_page()
        shown.route("**/map.json", lambda route: route.abort())
        shown.goto(site.server.url)
        expect(shown.locator("#trouble")).to_contain_text("Disconnected")
        expect(shown.get_by_role("heading", name="Trucks")).to_be_visible()
        expect(shown.locator("html")).to_have_attribute("lang", "en")
        shown.get_by_role("button", name="日本語").click()
        expect(shown.locator("#trouble")).to_contain_text("接続が切れました")
        expect(shown.get_by_role("heading", name="お知らせ一覧")).to_be_visible()
        shown.unroute("**/map.json")
        expect(shown.locator("#city")).to_have_text("南市", timeout=15_000)
        expect(shown.locator("#trouble")).to_be_hidden()
    finally:
        context.close()


def test_without_the_map_library_the_lists_still_work(chromium_here: Browser) -> None:
    """Where Leaflet was not fetched the page says so and goes on."""
    running = Site()
    running.app = make_app(running.view, running.city_map, running.clock, None)
    running.server = WebServer(running.app)
    running.start()
    context = chromium_here.new_context(locale="en")
    try:
        shown = context.new_page()
        shown.goto(running.server.url)
        running.tell(truck("17", speed_mps=4.0))
        expect(shown.locator("#trucks")).to_contain_text("moving")
        expect(shown.locator("#map")).to_contain_text("The map library is not installed")
        shown.get_by_role("button", name="日本語").click()
        expect(shown.locator("#map")).to_contain_text("地図を表示できません")
    finally:
        context.close()
        running.stop()
