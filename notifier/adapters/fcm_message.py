"""A Push as FCM's HTTP v1 message: the same tag, life and urgency said to Android, Apple and the web. No I/O.

The life must be said to each: without it Google keeps a message for four weeks. Nothing tells where the household is.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from firebase_admin import messaging

from model.subscription import TargetKind
from notifier.policy import Urgency
from notifier.ports import Push

MAX_BYTES = 4096
_LONGEST_TAG = 32
_LONGEST_CHARACTER = 12
"""Bytes that `size` counts for one character at most (two escapes, \\uXXXX each)."""
_FIXED_BYTES = 1200
"""More than what `size` counts for the rest: names of fields, tags, headers, language and channel."""


def collapse_tag(tag: str) -> str:
    """Make a tag fit all three worlds: at most 32 characters of base64url, else its digest."""
    plain = tag.isascii() and tag.replace("-", "").replace("_", "").isalnum()
    return tag if plain and len(tag) <= _LONGEST_TAG else hashlib.blake2b(tag.encode(), digest_size=16).hexdigest()


def build(push: Push, android_channel: str, now_s: float) -> messaging.Message:
    """Build the message; `now_s` is machine time (Apple wants an absolute end of life)."""
    tag = collapse_tag(push.message.tag)
    message = messaging.Message(
        data={"alert_id": push.alert_id, "kind": push.kind.value, "city": push.city, "tag": tag},
        notification=messaging.Notification(title=push.message.title, body=push.message.body),
        android=_android(push, tag, android_channel),
        apns=_apns(push, tag, now_s),
        webpush=_webpush(push, tag),
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
    return _FIXED_BYTES + _LONGEST_CHARACTER * (2 * said + len(push.city) + len(push.alert_id)) < MAX_BYTES


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


def _webpush(push: Push, tag: str) -> messaging.WebpushConfig:
    return messaging.WebpushConfig(
        headers={
            "TTL": str(push.ttl_s),
            "Urgency": "high" if push.urgency is Urgency.HIGH else "normal",
            "Topic": tag,
        },
        notification=messaging.WebpushNotification(
            title=push.message.title, body=push.message.body, tag=tag, language=push.message.lang
        ),
    )
