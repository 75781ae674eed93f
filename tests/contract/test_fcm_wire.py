"""What goes over the wire to Google: the fields that decide when a phone rings and what it replaces."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.alert import Kind
from notifier.adapters import fcm_message
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.outcome import Refused
from notifier.policy import Urgency
from notifier.ports import Message, Push
from tests.support.fcm_server import FcmServer, Sent
from tests.support.notifying import NOW_MS, WORDS, alert, city, push, token

NOW_S = NOW_MS // 1000


def sent(server: FcmServer, folder: Path, one: Push) -> Sent:
    settings = FcmSettings(
        service_account_json=json.dumps(server.account()), endpoint=server.url, ca_file=server.ca(folder / "ca.pem")
    )

    async def main() -> None:
        channel = FcmChannel(settings, now_s=lambda: float(NOW_S))
        await channel.send(one)
        await channel.aclose()

    asyncio.run(main())
    (only,) = server.sent
    return only


def test_an_urgent_push_says_the_same_life_tag_and_urgency_to_all_three_worlds(
    fcm_server: FcmServer, tmp_path: Path
) -> None:
    """Android, Apple and the web each get it in their own words; nothing tells where the household is."""
    one = push(token("t"), tag="c0ffee" * 4, ttl_s=431)
    only = sent(fcm_server, tmp_path, one)
    tag = "c0ffee" * 4
    assert only.message == {
        "token": "t",
        "notification": {"title": one.message.title, "body": one.message.body},
        "data": {"alert_id": one.alert_id, "kind": "approaching", "city": "minami", "tag": tag},
        "android": {
            "collapse_key": tag,
            "priority": "high",
            "ttl": "431s",
            "notification": {"tag": tag, "channel_id": "arrivals"},
        },
        "apns": {
            "headers": {
                "apns-collapse-id": tag,
                "apns-expiration": str(NOW_S + 431),
                "apns-priority": "10",
                "apns-push-type": "alert",
            },
            "payload": {"aps": {"sound": "default", "interruption-level": "time-sensitive"}},
        },
        "webpush": {
            "headers": {"TTL": "431", "Urgency": "high", "Topic": tag},
            "notification": {"title": one.message.title, "body": one.message.body, "tag": tag, "lang": "ja"},
            "data": {
                "v": "1",
                "title": one.message.title,
                "body": one.message.body,
                "tag": tag,
                "lang": "ja",
                "kind": "approaching",
                "useful_until": "0",
                "receipt": "",
            },
        },
    }
    assert "validate_only" not in only.body
    assert only.http == "1.1"


def test_what_is_not_imminent_wakes_nobody(fcm_server: FcmServer, tmp_path: Path) -> None:
    """Normal priority everywhere, no sound, another Android channel."""
    only = sent(fcm_server, tmp_path, push(token("t"), urgency=Urgency.NORMAL, kind=Kind.REMINDER)).message
    assert (only["android"]["priority"], only["android"]["notification"]["channel_id"]) == ("normal", "notices")
    assert only["apns"]["headers"]["apns-priority"] == "5"
    assert only["apns"]["payload"] == {"aps": {"interruption-level": "active"}}
    assert only["webpush"]["headers"]["Urgency"] == "normal"


def test_a_message_that_is_too_long_never_leaves_the_house(fcm_server: FcmServer, tmp_path: Path) -> None:
    """It is refused here, with its size."""
    one = push(token("t"))
    long = msgspec.structs.replace(one, message=Message("t", "あ" * 2000, "x", "ja"))
    settings = FcmSettings(service_account_json=json.dumps(fcm_server.account()), endpoint=fcm_server.url)

    async def main() -> object:
        channel = FcmChannel(settings)
        outcome = await channel.send(long)
        await channel.aclose()
        return outcome

    outcome = asyncio.run(main())
    assert isinstance(outcome, Refused)
    assert outcome.code == "TOO_LARGE"
    assert fcm_server.sent == []


@pytest.mark.parametrize("language", WORDS.languages)
def test_everything_that_we_say_fits_in_a_message(language: str) -> None:
    """No catalogue entry comes near FCM's 4096 bytes."""
    for kind in Kind:
        message = WORDS.compose(alert(kind=kind), language, city())
        built = fcm_message.build(push(token("x" * 300), tag=message.tag), "arrivals", 0.0)
        assert fcm_message.size(built) < 2048


@given(st.text(max_size=200), st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_what_surely_fits_does_fit(body: str, title: str, tag: str) -> None:
    """The short cut that spares encoding a message twice never lets a long one through."""
    one = push(token("x" * 300), tag=tag, message=Message(title, body, tag, "zh-Hant"))
    if fcm_message.surely_fits(one):
        assert fcm_message.size(fcm_message.build(one, "arrivals", 9e9)) <= fcm_message.MAX_BYTES
    assert fcm_message.surely_fits(push(token("t")))


@given(st.text(min_size=1, max_size=100))
def test_any_tag_fits_apple_and_the_web(tag: str) -> None:
    """At most 32 characters of base64url, different for different tags, unchanged where it fits."""
    short = fcm_message.collapse_tag(tag)
    assert 1 <= len(short.encode()) <= 32
    assert set(short) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert fcm_message.collapse_tag(tag + "x") != short
    assert fcm_message.collapse_tag(alert().id) == alert().id


def _all_strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _all_strings(each)]
    return [value] if isinstance(value, str) else []


def test_no_field_tells_home_zone_truck_or_subscription(fcm_server: FcmServer, tmp_path: Path) -> None:
    """What is in the alert and not in the sentence stays in the house."""
    one = alert(zone="zone-secret", vehicle="truck-secret", route="route-secret", run="run-secret", sub_id="sub-secret")
    message = WORDS.compose(one, "ja", city())
    only = sent(fcm_server, tmp_path, push(token("t"), alert_id=one.id, message=message))
    assert not [text for text in _all_strings(only.body) if "secret" in text]
