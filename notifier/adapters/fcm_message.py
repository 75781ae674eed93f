"""A Push as FCM's HTTP v1 message: the same tag, life and urgency said to Android, Apple and the web. No I/O.

The life must be said to each: without it Google keeps a message for four weeks. Nothing tells where the household is.
"""

from __future__ import annotations

from datetime import timedelta

from firebase_admin import messaging

from model.subscription import TargetKind
from notifier.payload import collapse_tag, payload_texts
from notifier.policy import Urgency
from notifier.ports import Push

MAX_BYTES = 4096
_LONGEST_CHARACTER = 12
"""Bytes that `size` counts for one character at most (two escapes, \\uXXXX each)."""
_FIXED_BYTES = 1500
"""More than what `size` counts for the rest: names of fields, tags, headers, language and channel."""


def build(push: Push, android_channel: str, now_s: float, link: str | None = None) -> messaging.Message:
    """Build the message; `now_s` is machine time (Apple wants an absolute end of life), `link` the resident's page."""
    tag = collapse_tag(push.message.tag)
    data = {"alert_id": push.alert_id, "kind": push.kind.value, "city": push.city, "tag": tag}
    if push.receipt:
        data["receipt"] = push.receipt
    message = messaging.Message(
        data=data,
        notification=messaging.Notification(title=push.message.title, body=push.message.body),
        android=_android(push, tag, android_channel),
        apns=_apns(push, tag, now_s),
        webpush=_webpush(push, tag, link),
    )
    # Set afterwards: the constructor's `token` warns of its deprecation on every message.
    if push.target.kind is TargetKind.FCM_FID:
        message.fid = push.target.value
    else:
        message.token = push.target.value
    return message


def surely_fits(push: Push) -> bool:
    """Tell, without encoding it, that a push of ordinary length is below MAX_BYTES by `size`."""
    said = len(push.message.title) + len(push.message.body)
    plain = len(push.city) + len(push.alert_id)
    return _FIXED_BYTES + 2 * len(push.receipt) + _LONGEST_CHARACTER * (3 * said + plain) < MAX_BYTES


def size(message: messaging.Message) -> int:
    """Tell the bytes of the message without its target as JSON, which is no less than what FCM counts."""
    return len(str(message).encode()) - len((message.fid or message.token).encode())


def _android(push: Push, tag: str, android_channel: str) -> messaging.AndroidConfig:
    return messaging.AndroidConfig(
        collapse_key=tag,
        priority="high" if push.urgency is Urgency.HIGH else "normal",
        ttl=timedelta(seconds=push.ttl_s),
        notification=messaging.AndroidNotification(tag=tag, channel_id=android_channel),
    )


def _apns(push: Push, tag: str, now_s: float) -> messaging.APNSConfig:
    high = push.urgency is Urgency.HIGH
    level = "time-sensitive" if high else "active"
    return messaging.APNSConfig(
        headers={
            "apns-collapse-id": tag,
            "apns-expiration": str(int(now_s) + push.ttl_s),
            "apns-priority": "10" if high else "5",
            "apns-push-type": "alert",
        },
        payload=messaging.APNSPayload(
            messaging.Aps(sound="default" if high else None, custom_data={"interruption-level": level})
        ),
    )


def _webpush(push: Push, tag: str, link: str | None) -> messaging.WebpushConfig:
    """For browsers: `data` takes the place of the message's, and is the JSON that our service worker reads."""
    return messaging.WebpushConfig(
        headers={
            "TTL": str(push.ttl_s),
            "Urgency": "high" if push.urgency is Urgency.HIGH else "normal",
            "Topic": tag,
        },
        data=payload_texts(push),
        notification=messaging.WebpushNotification(
            title=push.message.title, body=push.message.body, tag=tag, language=push.message.lang
        ),
        fcm_options=messaging.WebpushFCMOptions(link=link) if link else None,
    )
