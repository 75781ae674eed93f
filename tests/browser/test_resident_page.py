"""The resident's page in Chromium: by tapping, by keyboard, at 360 px with type twice as large, offline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from residents.today import NearTruck, State, Today, Window
from streams.redis_streams import RedisStore
from tests.browser.phone import at, controlled, phone, ready, shoot, sign_up, tab_to, too_wide, violations
from tests.support.resident_site import Site, resident_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


def days(now_ms: int) -> dict[str, Today]:
    """One day of each state."""
    minute = 60_000
    window = Window(now_ms + 70 * minute, now_ms + 77 * minute, now_ms + 85 * minute)
    return {
        "not_started": Today(state=State.NOT_STARTED),
        "on_its_way": Today(state=State.ON_ITS_WAY),
        "window": Today(state=State.WINDOW, window=window, trucks=(NearTruck(34.8235, 135.4575, now_ms),)),
        "passed": Today(state=State.PASSED, passed_ms=now_ms - 5 * minute),
        "no_signal": Today(state=State.NO_SIGNAL, heard_ms=now_ms - 20 * minute),
        "no_collection": Today(state=State.NO_COLLECTION),
        "unknown": Today(state=State.UNKNOWN),
    }


SAID = {
    "not_started": "収集車はまだ出ていません",
    "on_its_way": "収集車が向かっています",
    "window": "9:10〜9:25\nごろ来ます",
    "passed": "7:55に収集しました",
    "no_signal": "収集車の位置がわかりません",
    "no_collection": "今日の収集はありません",
    "unknown": "まだ情報がありません",
}


def test_a_resident_signs_up_and_sees_each_state_of_the_day_at_a_glance(site: Site, chromium_here: Browser) -> None:
    """The first line of the card says how the day stands, as it changes, without reloading."""
    with phone(chromium_here, site) as page:
        sign_up(page)
        for state, today in days(site.public.clock.now_ms()).items():
            site.day.now = today
            expect(page.locator(".state .big")).to_have_text(SAID[state], timeout=10_000, use_inner_text=True)
            expect(page.locator(".state")).to_have_attribute("aria-live", "polite")
            shoot(page, f"home-{state}")
        (home,) = site.public.registry.list("sample")
        assert (home.zone, home.language, len(home.categories)) == ("inaho-1", "ja", 3)
        assert home.kinds == ()


def test_a_lost_signal_says_since_when_and_what_the_plan_is(site: Site, chromium_here: Browser) -> None:
    """Nobody waits in the cold for a tracker that died."""
    site.day.now = days(site.public.clock.now_ms())["no_signal"]
    with phone(chromium_here, site) as page:
        sign_up(page)
        expect(page.locator(".state")).to_contain_text("7:40から信号がありません")
        expect(page.locator(".state")).to_contain_text("いつもの時間に")
        expect(page.locator(".state")).to_contain_text("燃えるごみ：8:00まで")


def test_without_a_connection_the_page_says_how_old_its_state_is(site: Site, chromium_here: Browser) -> None:
    """The shell opens from the phone itself; the last state stands there as past, never as live."""
    site.day.now = days(site.public.clock.now_ms())["window"]
    with phone(chromium_here, site) as page:
        sign_up(page)
        expect(page.locator(".age")).to_have_text("8:00現在")
        controlled(page)
        page.reload()
        ready(page)
        expect(page.locator(".age")).to_have_text("8:00現在")
        page.context.set_offline(True)
        page.reload()
        ready(page)
        expect(page.locator(".state .big")).to_have_text(SAID["window"], use_inner_text=True)
        expect(page.locator(".age")).to_have_text("8:00現在の情報です。今はつながっていません")
        expect(page.locator(".state.stale")).to_be_visible()
        expect(page.locator(".near")).to_be_hidden()
        shoot(page, "home-offline")


def test_an_answer_on_its_way_is_no_missing_connection(site: Site, chromium_here: Browser) -> None:
    """On a slow line the page says that it is asking; only an answer that does not come is a missing connection."""
    with phone(chromium_here, site) as page:
        sign_up(page)
        expect(page.locator(".age")).to_have_text("8:00現在")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/home/today", hold)
        page.route("**/home/live", lambda route: route.abort())
        page.add_init_script(
            "localStorage.setItem('gomikuru:sample',"
            " JSON.stringify({...JSON.parse(localStorage.getItem('gomikuru:sample')), heard: 0}));"
        )
        page.reload()
        ready(page)
        expect(page.locator(".age")).to_have_text("確認しています…")
        expect(page.locator(".age.warn")).to_have_count(0)
        wait_until(
            lambda: page.evaluate("1") and held, 10, "the page to ask"
        )  # Playwright hears it only while it works
        held[0].abort()
        expect(page.locator(".age.warn")).to_have_text("つながっていません")


def test_a_service_that_went_away_leaves_no_state_that_looks_live(site: Site, chromium_here: Browser) -> None:
    """The phone believes that it is online; what is shown is past all the same after a minute and a half."""
    site.day.now = days(site.public.clock.now_ms())["on_its_way"]
    with phone(chromium_here, site) as page:
        sign_up(page)
        expect(page.locator(".age")).to_have_text("8:00現在")
        site.public.server.stop()
        page.clock.fast_forward(120_000)
        expect(page.locator(".age")).to_have_text("8:00現在の情報です。今はつながっていません")
        expect(page.locator(".state.stale")).to_contain_text(SAID["on_its_way"])


def test_a_reload_in_the_middle_loses_nothing_and_back_goes_back(site: Site, chromium_here: Browser) -> None:
    """Closed and opened again, the sign-up stands where it was, with its answers."""
    with phone(chromium_here, site) as page:
        page.fill("#where", "さくらがおか")
        page.locator(".found button").first.click()
        page.locator(".steps .main").click()
        page.locator("input[value=plastic]").uncheck()
        page.locator(".steps .main").click()
        page.locator("input[value='10']").check()
        expect(page.locator(".result")).to_contain_text("15分前")
        page.reload()
        ready(page)
        expect(page.locator(".result")).to_contain_text("15分前")
        page.go_back()
        expect(page.locator("input[value=plastic]")).not_to_be_checked()
        page.locator(".steps .plain").click()
        expect(page.locator(".chosen")).to_contain_text("桜ヶ丘一丁目")
        page.context.new_page().goto(site.url)
        page.goto(site.url + "privacy/ja")
        page.goto(site.url)
        ready(page)
        expect(page.locator(".chosen")).to_contain_text("桜ヶ丘一丁目")


def test_a_link_printed_on_the_calendar_fills_in_the_zone(site: Site, chromium_here: Browser) -> None:
    """Scanning it answers the first question."""
    with phone(chromium_here, site) as page:
        page.goto("about:blank")
        page.goto(site.url + "#z=inaho-2")
        ready(page)
        expect(page.locator("progress")).to_have_attribute("value", "2")
        assert "#" not in page.url
        page.locator(".steps .plain").click()
        expect(page.locator(".chosen")).to_contain_text("稲穂町二丁目")


@pytest.mark.parametrize(
    ("language", "tag", "first"),
    [
        ("vi-VN", "vi", "Bạn đổ rác ở đâu?"),
        ("zh-TW", "zh-Hant", "您在哪裡倒垃圾？"),
        ("pt-BR", "pt", "Onde você coloca o lixo?"),
    ],
)
def test_the_page_begins_in_the_browsers_language(
    site: Site, chromium_here: Browser, language: str, tag: str, first: str
) -> None:
    """A newcomer need not find the switch; the switch stands on every screen."""
    with phone(chromium_here, site, language) as page:
        expect(page.locator("h1")).to_have_text(first)
        assert page.locator("html").get_attribute("lang") == tag
        page.locator("#language").focus()
        page.select_option("#language", "en")
        expect(page.locator("#language")).to_be_focused()
        expect(page.locator("h1")).to_have_text("Where do you put out your rubbish?")
        page.reload()
        ready(page)
        expect(page.locator("h1")).to_have_text("Where do you put out your rubbish?")


def test_signing_up_needs_no_pointer_and_fits_360_px_with_type_twice_as_large(
    site: Site, chromium_here: Browser
) -> None:
    """By keyboard alone, in Japanese: every step is reached, seen in focus, and nothing is cut or scrolled sideways."""
    with phone(chromium_here, site, large=True) as page:
        tab_to(page, "#where")
        page.keyboard.insert_text("わかばだい")
        expect(page.locator(".found button").first).to_be_visible()
        tab_to(page, ".found button")
        page.keyboard.press("Enter")
        for number in range(2, 8):
            tab_to(page, ".steps .main")
            assert page.evaluate(
                "(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)"
                "(getComputedStyle(document.activeElement))"
            ), "the focus is not seen"
            page.keyboard.press("Enter")
            expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
            expect(page.locator("h1")).to_be_focused()
            assert too_wide(page) == 0, f"step {number} is wider than the screen"
            shoot(page, f"large-{number}")
        tab_to(page, ".answers .button.link")
        page.keyboard.press("Enter")
        at(page, "done")
        assert too_wide(page) == 0
        tab_to(page, "main .button.main:last-of-type")
        page.keyboard.press("Enter")
        at(page, "home")
        expect(page.locator(".state .big")).to_have_text(SAID["not_started"])
        assert too_wide(page) == 0
        shoot(page, "large-home")


SCREENS = ("calendar", "test", "pause", "link", "settings", "devices", "other", "code", "erase", "recover")


def test_axe_finds_nothing_on_any_page_or_step(site: Site, chromium_here: Browser) -> None:
    """Every question, every state, every screen, the privacy page in each language, and the list of cities."""
    found: dict[str, list[str]] = {}
    with phone(chromium_here, site, bypass_csp=True) as page:
        found["place"] = violations(page)
        page.fill("#where", "稲穂町1")
        expect(page.locator(".found button").first).to_be_visible()
        found["found"] = violations(page)
        page.locator(".found button").first.click()
        for number in range(2, 8):
            page.locator(".steps .main").click()
            expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            found[f"question {number}"] = violations(page)
        page.locator(".answers .button.link").click()
        at(page, "done")
        found["done"] = violations(page)
        page.locator("main .button.main").click()
        for state, today in days(site.public.clock.now_ms()).items():
            site.day.now = today
            expect(page.locator(".state .big")).to_have_text(SAID[state], timeout=10_000, use_inner_text=True)
            found[state] = violations(page)
        for screen in SCREENS:
            page.evaluate("screen => import('./assets/main.js').then(({app}) => app.go(screen))", screen)
            at(page, screen)
            found[screen] = violations(page)
            assert too_wide(page) == 0
            shoot(page, f"screen-{screen}")
        for language in ("ja", "ja-easy", "en", "zh-Hans", "zh-Hant", "ko", "vi", "pt"):
            page.goto(f"{site.url}privacy/{language}")
            found[f"privacy {language}"] = violations(page)
    assert list(itertools.chain.from_iterable(found.values())) == []
    assert len(found) == 2 + 6 + 1 + 7 + len(SCREENS) + 8


def test_everything_that_can_be_pressed_is_large_enough(site: Site, chromium_here: Browser) -> None:
    """Buttons, choices and links of their own line are at least 44 px high, 24 px wide."""
    small = """[...document.querySelectorAll("button, .choice, select, summary, input[type]")]
      .filter(e => !["checkbox", "radio"].includes(e.type))
      .filter(e => e.offsetParent && !e.closest(".unseen"))
      .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
      .filter(([, b]) => b.height < 44 || b.width < 24).map(([text, b]) => `${text} ${b.width}x${b.height}`)"""
    with phone(chromium_here, site) as page:
        assert page.evaluate(small) == []
        sign_up(page)
        assert page.evaluate(small) == []
        for screen in SCREENS:
            page.evaluate("screen => import('./assets/main.js').then(({app}) => app.go(screen))", screen)
            at(page, screen)
            assert page.evaluate(small) == [], screen


def test_a_second_phone_joins_by_the_link_and_the_first_erases_everything(site: Site, chromium_here: Browser) -> None:
    """What the QR code holds opens the home once; after "delete everything" nothing is left of it."""
    with phone(chromium_here, site) as first, phone(chromium_here, site) as second:
        sign_up(first)
        first.locator(".menu button", has_text="別のスマホ").click()
        expect(first.locator(".qr")).to_be_visible()
        assert first.evaluate("document.querySelector('.qr').naturalWidth") > 100
        code = first.locator(".recovery").inner_text()
        second.goto("about:blank")
        second.goto(f"{site.url}#l={code}")
        ready(second)
        second.locator("main .button.main").click()
        at(second, "signup")
        second.locator(".answers .button.link").click()
        second.locator("main .button.main").click()
        expect(second.locator("h1")).to_have_text("稲穂町一丁目")
        assert "#" not in second.url
        first.go_back()
        at(first, "home")
        first.locator(".menu button", has_text="設定を変える").click()
        first.locator(".menu button", has_text="すべて消す").click()
        first.locator(".danger").click()
        expect(first.locator("#said")).to_have_text("すべて消しました。")
        assert list(site.public.registry.list("sample")) == []
        kept = first.evaluate("JSON.parse(localStorage.getItem('gomikuru:sample'))")
        assert set(kept) <= {"lang", "city", "step", "draft"}
        assert kept["draft"]["place"] is None, "the next sign-up begins empty"


def test_a_resident_reports_what_was_not_collected(site: Site, chromium_here: Browser) -> None:
    """The button stands after the truck has passed, once, and the city gets the report without the home."""
    site.day.now = days(site.public.clock.now_ms())["passed"]
    with phone(chromium_here, site) as page:
        sign_up(page)
        page.locator(".after button").click()
        expect(page.locator("#said")).to_have_text("ありがとうございます。市に伝えました。")
        expect(page.locator(".after button")).to_have_count(0)


def test_a_holiday_pauses_and_ends(site: Site, chromium_here: Browser) -> None:
    """The pause lasts until the day that was chosen begins in the city."""
    with phone(chromium_here, site) as page:
        sign_up(page)
        page.locator(".menu button", has_text="お休みする").click()
        page.fill("#until", "2026-12-24")
        page.locator("main .button.main").click()
        expect(page.locator(".result")).to_contain_text("12月24日")
        (home,) = site.public.registry.list("sample")
        assert home.paused_until_ms == 1_798_038_000_000
        page.locator("main .button.main").click()
        expect(page.locator("#until")).to_be_visible()
        (home,) = site.public.registry.list("sample")
        assert home.paused_until_ms is None
