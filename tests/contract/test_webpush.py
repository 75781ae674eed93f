"""Web Push against a real push service on this machine, which checks signatures and decrypts as a browser does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from model.subscription import Target, TargetKind
from notifier.adapters.outgoing import Way
from notifier.adapters.webpush import WebPushChannel, WebPushSettings
from notifier.adapters.webpush_keys import vapid_key
from notifier.outcome import Delivered, Outcome, Refused, TargetBarred, TargetGone, TryAgain
from notifier.policy import Urgency
from notifier.ports import ChannelFault, Message, Push
from tests.support.notifying import push
from tests.support.proxying import connect_proxy
from tests.support.push_server import PushServer


def made(server: PushServer, folder: Path, **changes: object) -> WebPushSettings:
    plain = WebPushSettings(
        key_file=folder / "keys" / "vapid.pem",
        subject="mailto:it@minami.example",
        services=(server.server.url,),
        way=Way(ca_file=server.server.ca(folder / "ca.pem"), timeout_s=2.0),
    )
    return msgspec.structs.replace(plain, **changes)


def sent(settings: WebPushSettings, *pushes: Push) -> list[Outcome]:
    async def main() -> list[Outcome]:
        channel = WebPushChannel(settings)
        try:
            return [await channel.send(each) for each in pushes]
        finally:
            await channel.aclose()

    return asyncio.run(main())


def test_a_browser_decrypts_the_json_of_the_contract(push_server: PushServer, tmp_path: Path) -> None:
    """Title, body, tag, language, kind, life and receipt; no home, no zone; signed, with TTL and topic."""
    one = push(push_server.browser("a").target(), ttl_s=431, useful_until_ms=1795391460000, receipt="r-1")
    settings = made(push_server, tmp_path)
    (outcome,) = sent(settings, one)
    assert isinstance(outcome, Delivered)
    (got,) = push_server.pushed
    assert got.message == {
        "v": 1,
        "title": one.message.title,
        "body": one.message.body,
        "tag": "a" * 24,
        "lang": "ja",
        "kind": "approaching",
        "useful_until": 1795391460000,
        "receipt": "r-1",
    }
    assert (got.headers["ttl"], got.headers["urgency"], got.headers["topic"]) == ("431", "high", "a" * 24)
    assert got.claims["sub"] == "mailto:it@minami.example"
    assert got.key == vapid_key(settings.key_file, settings.subject).public
    assert got.http == "1.1"


def test_a_tag_that_is_no_topic_becomes_one_and_what_is_not_imminent_wakes_nobody(
    push_server: PushServer, tmp_path: Path
) -> None:
    """At most 32 characters of base64url."""
    sent(
        made(push_server, tmp_path),
        push(push_server.browser("a").target(), tag="袋 " * 30, urgency=Urgency.NORMAL),
    )
    (got,) = push_server.pushed
    assert len(got.headers["topic"]) == 32
    assert got.message["tag"] == got.headers["topic"]
    assert got.headers["urgency"] == "normal"


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (404, {}, TargetGone("HTTP_404")),
        (410, {}, TargetGone("HTTP_410")),
        (429, {"retry-after": "7"}, TryAgain(7.0, "http_429")),
        (429, {}, TryAgain(60.0, "http_429")),
        (503, {"retry-after": "9"}, TryAgain(9.0, "http_503")),
        (500, {}, TryAgain(None, "http_500")),
        (302, {"location": "https://localhost/"}, TryAgain(None, "garbled")),
    ],
)
def test_an_answer_gives_its_outcome(
    push_server: PushServer, tmp_path: Path, status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    """Gone is pruned, busy is tried again when it was asked, a redirect is never followed."""
    push_server.script("a", (status, headers))
    assert sent(made(push_server, tmp_path), push(push_server.browser("a").target())) == [outcome]


@pytest.mark.parametrize("status", [400, 413])
def test_a_message_that_is_refused_costs_no_browser(push_server: PushServer, tmp_path: Path, status: int) -> None:
    """One bad template must not wipe every target."""
    push_server.script("a", (status, {}))
    (outcome,) = sent(made(push_server, tmp_path), push(push_server.browser("a").target()))
    assert isinstance(outcome, Refused)


def test_a_browser_that_subscribed_under_another_key_is_barred_and_kept(
    push_server: PushServer, tmp_path: Path
) -> None:
    """The operator's mistake, told with what to do; the browser is not forgotten."""
    push_server.only_key = "another"
    (outcome,) = sent(made(push_server, tmp_path), push(push_server.browser("a").target()))
    assert isinstance(outcome, TargetBarred)
    assert "restore webpush.key_file" in outcome.detail


def test_an_address_that_is_no_known_push_service_is_never_asked(push_server: PushServer, tmp_path: Path) -> None:
    """Whoever subscribes chooses the address: ours must not be made to knock anywhere."""
    settings = made(push_server, tmp_path, services=("fcm.googleapis.com",))
    (outcome,) = sent(settings, push(push_server.browser("a").target()))
    assert outcome == TargetBarred("service_not_allowed", "its push service is not in webpush.services")
    assert push_server.server.connections == 0


@pytest.mark.parametrize("value", ["", "x", "{}", '{"endpoint":"https://a","keys":{"p256dh":"AA","auth":"AA"}}'])
def test_a_value_that_is_no_subscription_is_given_up(push_server: PushServer, tmp_path: Path, value: str) -> None:
    """It can never work."""
    assert sent(made(push_server, tmp_path), push(Target(TargetKind.WEBPUSH, value))) == [TargetGone("unreadable")]


def test_a_key_that_is_no_point_of_the_curve_is_given_up(push_server: PushServer, tmp_path: Path) -> None:
    """65 bytes are not yet a key."""
    value = json.loads(push_server.browser("a").target().value)
    value["keys"]["p256dh"] = "BA" + "A" * 85
    one = push(Target(TargetKind.WEBPUSH, json.dumps(value, separators=(",", ":"))))
    assert sent(made(push_server, tmp_path), one) == [TargetGone("bad_keys")]


def test_a_message_that_is_too_long_never_leaves_the_house(push_server: PushServer, tmp_path: Path) -> None:
    """A push service takes 4096 bytes, encrypted."""
    long = push(push_server.browser("a").target(), message=Message("t", "あ" * 1400, "x", "ja"))
    (outcome,) = sent(made(push_server, tmp_path), long)
    assert isinstance(outcome, Refused)
    assert push_server.server.connections == 0


def test_a_service_that_is_away_is_tried_again(push_server: PushServer, tmp_path: Path) -> None:
    """Nothing is lost, and nothing raised."""
    settings, one = made(push_server, tmp_path), push(push_server.browser("a").target())
    push_server.server.stop()
    assert sent(settings, one) == [TryAgain(None, "no_answer")]


def test_the_key_is_made_once_for_its_owner_only_and_read_ever_after(tmp_path: Path) -> None:
    """Mode 600; a second process reads the same; a broken file is told and never overwritten."""
    path = tmp_path / "var" / "vapid.pem"
    public = vapid_key(path, "mailto:a@b.example").public
    assert path.stat().st_mode & 0o777 == 0o600
    assert vapid_key(path, "mailto:a@b.example").public == public
    assert len(public) == 87
    assert [each.name for each in path.parent.iterdir()] == ["vapid.pem"]
    path.write_text("no key")
    with pytest.raises(ChannelFault, match=r"vapid\.pem: no private key"):
        vapid_key(path, "mailto:a@b.example")
    assert path.read_text() == "no key"


def test_a_signature_is_kept_for_hours_and_made_anew_in_time(tmp_path: Path) -> None:
    """Not one a message, and never one that has run out."""
    now = [1_795_391_460.0]
    key = vapid_key(tmp_path / "vapid.pem", "mailto:a@b.example", lambda: now[0])
    first = key.authorization("https://push.example")
    assert key.authorization("https://push.example") == first
    assert key.authorization("https://other.example") != first
    now[0] += 6 * 3600 + 1
    assert key.authorization("https://push.example") != first


def test_a_proxy_is_asked_for_a_tunnel_and_connections_are_kept(push_server: PushServer, tmp_path: Path) -> None:
    """As municipal networks want it; ten messages over one connection."""
    with connect_proxy() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        way = Way(ca_file=push_server.server.ca(tmp_path / "ca.pem"), timeout_s=5.0, proxy=address)
        one = push(push_server.browser("a").target())
        assert all(
            isinstance(outcome, Delivered) for outcome in sent(made(push_server, tmp_path, way=way), *[one] * 10)
        )
        assert push_server.server.connections == 1
        assert proxy.asked == [f"CONNECT localhost:{push_server.server.port}"]


def test_a_service_that_does_not_answer_is_given_up_in_time(push_server: PushServer, tmp_path: Path) -> None:
    """The push is tried again; the lane goes on."""
    push_server.script("a", (201, {}))
    push_server.slow_s = 30.0
    way = Way(ca_file=push_server.server.ca(tmp_path / "ca.pem"), timeout_s=0.3)
    (outcome,) = sent(made(push_server, tmp_path, way=way), push(push_server.browser("a").target()))
    assert isinstance(outcome, TryAgain)
