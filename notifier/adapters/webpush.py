"""The channel to browsers by Web Push, without any account: encrypted for the browser (RFC 8291), signed (RFC 8292).

pywebpush encrypts; the sending is ours (webpush_http.py), since its own starts a session a message.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from pywebpush import WebPusher

from notifier.adapters.fcm_line import Reply
from notifier.adapters.outgoing import Way, retry_after_s
from notifier.adapters.webpush_http import Lines, NoReply
from notifier.adapters.webpush_keys import VapidKey, vapid_key
from notifier.outcome import Delivered, Outcome, Refused, TargetBarred, TargetGone, TryAgain
from notifier.payload import collapse_tag, payload_json
from notifier.policy import Urgency
from notifier.ports import ChannelFault, Push
from notifier.webpush_target import SERVICES, BrowserTarget, TargetUnreadable, is_allowed, read_target

MAX_BYTES = 3993
"""What a push service must take at least: 4096 bytes, less what encryption adds (RFC 8291)."""
_log = structlog.get_logger()
_BARRED = (
    "the push service does not take our signature: these browsers subscribed under another key, or this machine's "
    "clock or webpush.subject is wrong; restore webpush.key_file, then `gomikuru subscriptions --unbar`"
)


class WebPushSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`subject`: whom a push service asks when something is wrong, mailto: or https:."""

    key_file: Path
    subject: str
    services: tuple[str, ...] = SERVICES
    way: Way = Way()


class WebPushChannel:
    """Make it anywhere; send and close it in one event loop."""

    name = "webpush"

    def __init__(self, settings: WebPushSettings, now_s: Callable[[], float] = time.time) -> None:
        """Prepare; the key is read, or made, at the first send. Raise ChannelFault."""
        self._settings = settings
        self._now_s = now_s
        self._http = Lines(settings.way)
        self._bound = asyncio.Semaphore(settings.way.concurrency)
        self._numbers = itertools.count(1)
        self._key: VapidKey | None = None

    @property
    def slots(self) -> int:
        """How many sends may be under way at once."""
        return self._settings.way.concurrency

    async def send(self, push: Push) -> Outcome:
        """Encrypt and send once."""
        try:
            target = read_target(push.target.value)
        except TargetUnreadable:
            return TargetGone("unreadable")
        if not is_allowed(target.endpoint, self._settings.services):
            return TargetBarred("service_not_allowed", "its push service is not in webpush.services")
        data = payload_json(push)
        if len(data) > MAX_BYTES:
            return Refused("TOO_LARGE", f"the message has {len(data)} bytes, a push {MAX_BYTES}: shorten it")
        try:
            # Of both: encryption is some 0.3 ms of CPU, a signature is made every few hours.
            body = encrypted(target, data)
            headers = self._headers(push, target)
        except ChannelFault as fault:
            return Refused("no_key", str(fault))
        except ValueError:  # 65 bytes that are no point of the curve
            return TargetGone("bad_keys")
        async with self._bound:
            return await self._post(target, headers, body)

    async def _post(self, target: BrowserTarget, headers: dict[str, str], body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(2 * self._settings.way.timeout_s):
                answer = await self._http.post(target.endpoint, headers, body)
        except TimeoutError:
            return TryAgain(None, "timeout")
        except NoReply as error:
            _log.warning("webpush_no_answer", service=target.origin, reason=str(error))
            return TryAgain(None, "no_answer")
        return self._outcome(target, answer)

    def _outcome(self, target: BrowserTarget, answer: Reply) -> Outcome:
        status = answer.status
        if status in (200, 201, 202, 204):
            return Delivered(f"webpush/{next(self._numbers)}")
        if status in (404, 410):
            return TargetGone(f"HTTP_{status}")
        if status in (401, 403):
            self._vapid().forget(target.origin)
            return TargetBarred(f"HTTP_{status}", _BARRED)
        if status == 429 or status >= 500:
            asked_s = retry_after_s(answer.headers.get("retry-after"), self._now_s())
            return TryAgain(60.0 if asked_s is None and status == 429 else asked_s, f"http_{status}")
        if status < 400:
            return TryAgain(None, "garbled")  # a redirect: something between us and the service answered for it
        return Refused(f"HTTP_{status}", f"{target.origin} refuses the message itself: look for an update of Gomikuru")

    def _headers(self, push: Push, target: BrowserTarget) -> dict[str, str]:
        return {
            "Authorization": self._vapid().authorization(target.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(push.ttl_s),
            "Topic": collapse_tag(push.message.tag),
            "Urgency": "high" if push.urgency is Urgency.HIGH else "normal",
        }

    def _vapid(self) -> VapidKey:
        if self._key is None:
            self._key = vapid_key(self._settings.key_file, self._settings.subject, self._now_s)
        return self._key

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()


def encrypted(target: BrowserTarget, data: bytes) -> bytes:
    """Encrypt for one browser; raise ValueError where its key is none."""
    subscription = {"endpoint": target.endpoint, "keys": {"p256dh": target.keys.p256dh, "auth": target.keys.auth}}
    return bytes(WebPusher(subscription).encode(data, content_encoding="aes128gcm")["body"])
