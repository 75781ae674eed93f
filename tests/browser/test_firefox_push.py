"""A real push in a real browser: Firefox signs up on the page, subscribes, and shows what the notifier's channel sent.

Nothing is stubbed but the push service, which is ours and local (tests/support/autopush.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.kind import Kind
from model.subscription import Target
from model.times import parse_rfc3339
from notifier.adapters.webpush import WebPushChannel, WebPushSettings
from notifier.outcome import Delivered, Outcome
from notifier.policy import Urgency
from notifier.ports import Message, Push
from streams.redis_streams import RedisStore
from tests.browser.showing import SCREENSHOTS
from tests.support.autopush import Autopush
from tests.support.firefox import Firefox, firefox
from tests.support.resident_site import VAPID_SUBJECT, Site, resident_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
SHOWN = (
    "navigator.serviceWorker.getRegistration().then(r => r.getNotifications())"
    ".then(all => all.map(({title, body, tag, lang}) => ({title, body, tag, lang})))"
)
FAR_MS = 4_102_444_800_000
TITLE, BODY = "まもなく収集車が来ます", "燃えるごみの収集車が約10分で来ます（9:12〜9:20ごろ）"


@pytest.fixture(scope="module")
def push_service() -> Iterator[Autopush]:
    service = Autopush()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


@pytest.fixture
def browser(push_service: Autopush, tmp_path: Path) -> Iterator[Firefox]:
    prefs = {
        "dom.push.serverURL": push_service.url,
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.testing.ignorePermission": True,
        "alerts.useSystemBackend": False,
        "intl.accept_languages": "ja",
        "intl.locale.requested": "ja",
    }
    with firefox(tmp_path / "firefox", prefs) as running:
        running.size(360, 740)
        yield running


def sign_up(browser: Firefox, site: Site) -> None:
    """Answer every question as a person does, and allow notifications."""
    browser.allow("notifications", site.url.partition("/c/")[0])
    browser.go(site.url)
    browser.wait_for("document.body.dataset.ready === 'yes'")
    browser.press("#where")
    browser.type("いなほちょう")
    browser.wait_for("document.querySelectorAll('.found button').length > 0")
    browser.shoot(SCREENSHOTS / "firefox-1-place.png")
    browser.press(".found button")
    for number in range(2, 8):
        browser.press(".steps .main")
        browser.wait_for(f"document.querySelector('progress')?.value === {number}")
        browser.shoot(SCREENSHOTS / f"firefox-{number}.png")
    browser.press(".answers .main")
    browser.wait_for("document.getElementById('main').dataset.screen === 'done'")
    browser.wait_for("!!document.querySelector('.recovery')")
    browser.shoot(SCREENSHOTS / "firefox-8-done.png")


class Sender:
    """The notifier's own channel, with the key that the page was given."""

    def __init__(self, site: Site, push_service: Autopush, folder: Path) -> None:
        self._settings = WebPushSettings(
            key_file=folder / "vapid.pem", subject=VAPID_SUBJECT, services=(push_service.origin,)
        )
        self.target = target_of(site)

    def send(self, body: str = BODY, *, kind: Kind = Kind.APPROACHING, useful_until_ms: int = FAR_MS) -> Outcome:
        """Send one push."""
        push = Push(
            city="sample",
            alert_id="a1",
            kind=kind,
            target=self.target,
            message=Message(TITLE, body, "tag-of-the-run", "ja"),
            ttl_s=600,
            urgency=Urgency.HIGH,
            fired_ms=0,
            useful_until_ms=useful_until_ms,
            receipt=f"receipt-of-{kind.value}",
        )
        return asyncio.run(self._sent(push))

    async def _sent(self, push: Push) -> Outcome:
        channel = WebPushChannel(self._settings)
        try:
            return await channel.send(push)
        finally:
            await channel.aclose()


def target_of(site: Site) -> Target:
    """Give the one device of the one home, as the notifier reads it."""
    (home,) = site.public.registry.list("sample")
    (target,) = home.targets
    return target


def test_a_push_from_the_notifier_is_shown_by_firefox_with_its_words_and_tag(
    site: Site, browser: Firefox, push_service: Autopush, tmp_path: Path
) -> None:
    """Sign up by hand, send by the notifier's channel: the right notification stands on the screen, and is reported."""
    sign_up(browser, site)
    sender = Sender(site, push_service, tmp_path)
    assert isinstance(sender.send(), Delivered)
    taken = push_service.taken.get(timeout=10)
    assert BODY.encode() not in taken.body
    assert taken.headers["ttl"] == "600"
    assert push_service.acked.get(timeout=20)["code"] == 100
    shown = browser.wait_for(f"{SHOWN}.then(all => all.length && all)")
    assert shown == [{"title": TITLE, "body": BODY, "tag": "tag-of-the-run", "lang": "ja"}]
    wait_until(lambda: site.receipts == ["receipt-of-approaching"], 10, "the receipt")

    later = "燃えるごみの収集車は9:25ごろに来る見込みです。"
    assert isinstance(sender.send(later, kind=Kind.CORRECTED), Delivered)
    shown = browser.wait_for(f"{SHOWN}.then(all => all[0]?.body !== {json.dumps(BODY)} && all)")
    assert [each["body"] for each in shown] == [later], "a correction stands in the place of what it corrects"

    past_ms = parse_rfc3339("2026-11-28T09:20:00+09:00")
    assert isinstance(sender.send("もう着いています。", useful_until_ms=past_ms), Delivered)
    (late,) = browser.wait_for(f"{SHOWN}.then(all => all[0]?.body !== {json.dumps(later)} && all)")
    assert late["body"] == "もう着いています。（9:20までのお知らせでした）"
