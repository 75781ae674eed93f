"""What axe does not see: the accessibility tree, text spacing, narrow screens, motion, contrast of what is no text.

docs/accessibility.md says which criterion each of these answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.redis_streams import RedisStore
from tests.browser.phone import at, phone, sign_up, too_wide
from tests.support.resident_site import Site, resident_site

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[2]
SCREENS = ("home", "calendar", "test", "pause", "link", "settings", "devices", "other", "code", "erase", "recover")
PRESSED = {"button", "link", "textbox", "searchbox", "checkbox", "radio", "combobox", "Date", "InputTime"}
SPACING = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
SPACING += " p { margin-bottom: 2em !important; }"


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


def go(page: Page, screen: str) -> None:
    """Open a screen."""
    page.evaluate("screen => import('./assets/main.js').then(({app}) => app.go(screen))", screen)
    at(page, screen)


def tree(page: Page) -> list[tuple[str, str]]:
    """Read the accessibility tree as a screen reader gets it: each role with its name."""
    cdp = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = cdp.send("Accessibility.getFullAXTree")["nodes"]
    cdp.detach()
    return [
        (str(node["role"]["value"]), str(node.get("name", {}).get("value", "")))
        for node in nodes
        if not node["ignored"]
    ]


def test_every_screen_has_its_landmarks_one_heading_and_names_for_all_that_can_be_used(
    site: Site, chromium_here: Browser
) -> None:
    """Banner, main and footer; one first heading, which is where the focus goes; nothing without a name."""
    with phone(chromium_here, site) as page:
        seen = [tree(page)]
        sign_up(page)
        for screen in SCREENS:
            go(page, screen)
            expect(page.locator("h1")).to_be_focused()
            seen.append(tree(page))
    for nodes in seen:
        roles = [role for role, _ in nodes]
        assert (roles.count("banner"), roles.count("main"), roles.count("contentinfo")) == (1, 1, 1)
        assert [(role, name) for role, name in nodes if role in PRESSED and not name.strip()] == []
    assert any(role == "status" for role, _ in seen[0])


def test_an_answer_says_its_question_and_whether_it_is_chosen(site: Site, chromium_here: Browser) -> None:
    """Groups of answers carry the question as their name; ticks are real ticks."""
    with phone(chromium_here, site) as page:
        page.fill("#where", "稲穂町1")
        page.locator(".found button").first.click()
        page.locator(".steps .main").click()
        expect(page.get_by_role("group", name="どのごみをお知らせしますか？")).to_be_attached()
        expect(page.get_by_role("checkbox", name="燃えるごみ")).to_be_checked()
        page.get_by_role("checkbox", name="燃えるごみ").press("Space")
        expect(page.get_by_role("checkbox", name="燃えるごみ")).not_to_be_checked()
        page.locator(".steps .main").click()
        page.get_by_role("radio", name="5分くらい", exact=True).press("ArrowDown")
        expect(page.get_by_role("radio", name="10分くらい")).to_be_checked()
        expect(page.get_by_role("status").filter(has_text="約15分前")).to_be_visible()


@pytest.mark.parametrize("language", ["ja-JP", "vi-VN", "pt-BR", "en-GB", "ko-KR"])
def test_at_320_px_with_wide_text_spacing_nothing_is_cut(site: Site, chromium_here: Browser, language: str) -> None:
    """No sideways scrolling and no text outside its box, in long languages too."""
    cut = """[...document.querySelectorAll("button, p, h1, h2, b, small, label, summary, li")]
      .filter(e => e.offsetParent && !e.closest(".unseen, .map") && getComputedStyle(e).overflow !== "visible")
      .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map(e => e.outerHTML)"""
    with phone(chromium_here, site, language, bypass_csp=True) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        sign_up(page)
        for screen in SCREENS:
            go(page, screen)
            page.add_style_tag(content=SPACING)
            assert too_wide(page) == 0, screen
            assert page.evaluate(cut) == [], screen


def test_who_wants_less_motion_gets_none(site: Site, chromium_here: Browser) -> None:
    """No transition is left."""
    moving = """[...document.querySelectorAll("*")].filter(e => {
      const s = getComputedStyle(e);
      return s.animationName !== "none" || parseFloat(s.transitionDuration) > 0;
    }).length"""
    with phone(chromium_here, site, reduced_motion="reduce") as page:
        assert page.evaluate(moving) == 0
    with phone(chromium_here, site) as page:
        assert page.evaluate(moving) > 0, "the look-up sees motion where there is some"


def test_a_language_change_is_told_to_screen_readers_and_each_name_is_in_its_own_language(
    site: Site, chromium_here: Browser
) -> None:
    """The page's lang follows the choice; names in the list carry theirs."""
    with phone(chromium_here, site) as page:
        page.select_option("#language", "ko")
        expect(page.locator("html")).to_have_attribute("lang", "ko")
        assert page.locator("#language option[value=vi]").get_attribute("lang") == "vi"
        assert page.locator("#language option[value=ja-easy]").get_attribute("lang") == "ja"


def luminance(colour: str) -> float:
    """Tell the relative luminance of #rrggbb, as WCAG defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Tell the contrast of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("paper", "ground", "mint", "sky", "sand", "rose")


@pytest.mark.parametrize(
    ("colour", "grounds", "least"),
    [
        ("ink", GROUNDS, 7.0),
        ("soft", ("paper", "ground"), 4.5),
        ("green", ("paper", "ground", "mint"), 4.5),
        ("blue", ("paper", "ground", "sky"), 4.5),
        ("amber", ("paper", "ground", "sand"), 4.5),
        ("red", ("paper", "ground", "rose"), 4.5),
        ("edge", ("paper", "ground"), 3.0),
    ],
)
def test_colours_stand_out_enough(colour: str, grounds: tuple[str, ...], least: float) -> None:
    """Text by 4.5 to 1 at least, most of it by 7; edges of fields and drawings by 3."""
    text = (ROOT / "web" / "resident_static" / "page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", text))
    assert {
        ground: round(contrast(colours[colour], colours[ground]), 2)
        for ground in grounds
        if contrast(colours[colour], colours[ground]) < least
    } == {}
