"""The worker in Chromium: what it shows of web push's JSON and of FCM's envelope, and what it reports.

Registration with a push service needs Google and is stubbed: the page is handed a subscription; CDP delivers the
message to the real service worker. Encryption and the real way are in test_firefox_push.py.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, CDPSession, Page, expect

from streams.redis_streams import RedisStore
from tests.browser.phone import at, controlled, phone, shoot
from tests.support.resident_site import Site, resident_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(240)
SHOWN = """navigator.serviceWorker.ready.then(r => r.getNotifications())
  .then(all => all.map(({title, body, tag, lang, silent}) => ({title, body, tag, lang, silent})))"""
SAID: Mapping[str, Any] = {
    "v": 1,
    "title": "まもなく収集車が来ます",
    "body": "燃えるごみの収集車が約10分で来ます（9:12〜9:20ごろ）",
    "tag": "run-1",
    "lang": "ja",
    "kind": "approaching",
    "useful_until": 4_102_444_800_000,
    "receipt": "receipt-1",
}


def base64url(value: bytes) -> str:
    """Write bytes as push subscriptions do."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def subscribing(point: bytes, secret: bytes) -> str:
    """Write a script that stands in for the browser's registration with Google."""
    keys = {"p256dh": base64url(point), "auth": base64url(secret)}
    given = {"endpoint": "https://fcm.googleapis.com/fcm/send/stub", "expirationTime": None, "keys": keys}
    return f"""
      let made = null;
      const stub = {{
        toJSON: () => ({json.dumps(given)}), options: {{}}, unsubscribe: async () => {{ made = null; }},
      }};
      PushManager.prototype.subscribe = async () => (made = stub);
      PushManager.prototype.getSubscription = async () => made;
      Notification.requestPermission = async () => "granted";
    """


@pytest.fixture
def site(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Site]:
    with resident_site(valkey_store, tmp_path) as running:
        yield running


class Delivery:
    """Hands pushes to the worker as the browser's push client would."""

    def __init__(self, page: Page, origin: str) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._origin = origin
        self._registrations: list[str] = []
        self._cdp.on("ServiceWorker.workerRegistrationUpdated", self._seen)
        self._cdp.send("ServiceWorker.enable")
        self._page = page

    def _seen(self, event: dict[str, Any]) -> None:
        self._registrations += [each["registrationId"] for each in event["registrations"] if not each["isDeleted"]]

    def send(self, said: Mapping[str, Any] | str) -> None:
        """Deliver one message."""
        data = said if isinstance(said, str) else json.dumps(said)
        wait_until(lambda: bool(self._page.evaluate("1")) and bool(self._registrations), 10, "a registration")
        params = {"origin": self._origin, "registrationId": self._registrations[-1], "data": data}
        self._cdp.send("ServiceWorker.deliverPushMessage", params)


def signed_up(page: Page) -> None:
    """Sign up and allow notifications."""
    page.fill("#where", "稲穂町1")
    page.locator(".found button").first.click()
    for number in range(2, 8):
        page.locator(".steps .main").click()
        expect(page.locator(f'progress[value="{number}"]')).to_be_attached()
    page.locator(".answers .main").click()
    at(page, "done")
    controlled(page)


@pytest.fixture
def subscribed(site: Site, chromium_here: Browser) -> Iterator[tuple[Page, Delivery]]:
    """A phone that signed up, and the way to its worker."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    script = subscribing(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), secrets.token_bytes(16))
    with phone(chromium_here, site, permissions=["notifications"]) as page:
        page.evaluate(script)
        signed_up(page)
        yield page, Delivery(page, site.url.partition("/c/")[0] + "/")


def shown(page: Page, **like: Any) -> dict[str, Any]:
    """Wait for the one notification that looks so."""
    expression = f"{SHOWN}.then(all => all.some(n => Object.entries({json.dumps(like)}).every(([k, v]) => n[k] === v)))"
    wait_until(lambda: bool(page.evaluate(expression)), 15, f"a notification like {like}")
    (one,) = page.evaluate(SHOWN)
    found: dict[str, Any] = one
    return found


def test_the_worker_shows_a_push_and_reports_that_it_did(subscribed: tuple[Page, Delivery], site: Site) -> None:
    """Title, body, tag and language are as sent; the receipt comes back; a repeat and a correction take its place."""
    page, delivery = subscribed
    delivery.send(SAID)
    one = shown(page, body=SAID["body"])
    assert (one["title"], one["tag"], one["lang"]) == (SAID["title"], "run-1", "ja")
    assert not one["silent"]
    wait_until(lambda: site.receipts == ["receipt-1"], 10, "the receipt")
    delivery.send(SAID)
    assert shown(page, silent=True)["body"] == SAID["body"]
    delivery.send({**SAID, "kind": "corrected", "body": "9:25ごろに来る見込みです。"})
    assert not shown(page, body="9:25ごろに来る見込みです。")["silent"]


def test_the_worker_reads_fcms_envelope_too(subscribed: tuple[Page, Delivery]) -> None:
    """FCM brings the same fields as texts under `data`."""
    page, delivery = subscribed
    data = {name: str(value) for name, value in SAID.items()}
    delivery.send({"data": data, "from": "1", "fcmMessageId": "m"})
    assert shown(page, body=SAID["body"])["tag"] == "run-1"


def test_a_push_past_its_time_says_until_when_it_was_meant(subscribed: tuple[Page, Delivery]) -> None:
    """A phone that was off shows no stale minutes as news."""
    page, delivery = subscribed
    delivery.send({**SAID, "useful_until": 1_795_825_200_000})
    assert shown(page, tag="run-1")["body"] == SAID["body"] + "（9:20までのお知らせでした）"


@pytest.mark.parametrize("said", ["", "not json", "[]", "null", '{"title": 5}'])
def test_a_push_that_cannot_be_read_still_shows_something(subscribed: tuple[Page, Delivery], said: str) -> None:
    """A browser takes the permission away from who shows nothing."""
    page, delivery = subscribed
    delivery.send(said)
    assert shown(page)["body"] == "新しいお知らせがあります。ページを開いてください。"


def test_a_test_push_that_arrives_is_seen_on_the_page_and_help_is_there_when_not(
    subscribed: tuple[Page, Delivery],
) -> None:
    """ "Did it arrive?" is asked; "no" opens help for the makers that put apps to sleep."""
    page, delivery = subscribed
    page.locator(".button.second", has_text="今すぐ試す").click()
    at(page, "test")
    page.locator("main .button.main").click()
    expect(page.locator(".answers h2")).to_have_text("届きましたか？")
    delivery.send({**SAID, "kind": "test", "tag": "test-1"})
    expect(page.locator(".answers .good")).to_have_text("このスマホに通知が出ました。")
    page.locator(".pair .button").nth(1).click()
    for maker in ("Xiaomi", "Huawei", "Oppo", "Samsung", "Sharp", "Sony", "iPhone"):
        expect(page.locator("summary", has_text=maker)).to_be_visible()
    shoot(page, "help")
