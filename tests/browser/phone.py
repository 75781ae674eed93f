"""A resident's phone in Chromium: 360 px wide, in the city's time, with what a person does on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.showing import SCREENSHOTS
from tests.support.chromium import axe_source
from tests.support.resident_site import Site
from tests.support.waiting import wait_until

WIDTH, HEIGHT = 360, 740
STEPS = ("waste", "lead", "language", "told", "quiet", "push")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AS_LARGE_AGAIN = """
addEventListener("DOMContentLoaded", () => {
  const usual = parseFloat(getComputedStyle(document.documentElement).fontSize);
  document.documentElement.style.fontSize = `${2 * usual}px`;
});
"""


@contextlib.contextmanager
def phone(
    browser: Browser,
    site: Site,
    language: str = "ja-JP",
    *,
    large: bool = False,
    before: Callable[[Page], None] = lambda _page: None,
    **options: Any,
) -> Iterator[Page]:
    """Open the page on a new phone; what it says in its console as an error fails the test."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale=language, timezone_id="Asia/Tokyo", **options
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.clock.install(time=site.public.clock.now_ms() / 1000)
    if large:
        page.add_init_script(AS_LARGE_AGAIN)
    try:
        before(page)
        page.goto(site.url)
        ready(page)
        yield page
    finally:
        context.close()
    assert faults == []


def ready(page: Page) -> None:
    """Wait until a screen stands."""
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=15_000)
    expect(page.locator("main h1")).not_to_be_empty()


def controlled(page: Page) -> None:
    """Wait until the service worker serves the page."""
    wait_until(lambda: bool(page.evaluate("navigator.serviceWorker.controller !== null")), 15, "the service worker")


def at(page: Page, screen: str) -> None:
    """Wait until this screen stands."""
    expect(page.locator(f'main[data-screen="{screen}"] h1')).not_to_be_empty()


def sign_up(page: Page, typed: str = "稲穂町1", pick: int = 0) -> None:
    """Answer all questions by tapping, without notifications, up to the home's page."""
    page.fill("#where", typed)
    page.locator(".found button").nth(pick).click()
    for number in range(2, 8):
        page.locator(".steps .main").click()
        expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
    page.locator(".answers .button.link").click()
    at(page, "done")
    page.locator("main .button.main").click()
    at(page, "home")
    expect(page.locator(".state .big")).not_to_be_empty()


def tab_to(page: Page, selector: str, most: int = 40) -> None:
    """Press Tab until this is focused."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by Tab")


def violations(page: Page) -> list[str]:
    """Let axe look at the page as it stands."""
    page.evaluate(axe_source())
    found = page.evaluate(f"axe.run(document, {{runOnly: {TAGS}, resultTypes: ['violations']}})")
    return [
        f"{each['id']}: {node['target']} {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]
    ]


def shoot(page: Page, name: str) -> None:
    """Leave a picture."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def too_wide(page: Page) -> int:
    """Tell by how many pixels the page must be scrolled sideways, and each text that is cut."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
