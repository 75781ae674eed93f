"""The way to Google: tokens, a proxy, a certificate authority, a name that does not resolve; and set-up errors."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.outcome import Delivered, Outcome, TryAgain
from notifier.ports import ChannelFault
from tests.support.fcm_server import FcmServer
from tests.support.notifying import push, token
from tests.support.proxying import connect_proxy


@pytest.fixture
def settings(fcm_server: FcmServer, tmp_path: Path) -> FcmSettings:
    return FcmSettings(
        service_account_json=json.dumps(fcm_server.account()),
        endpoint=fcm_server.url,
        ca_file=fcm_server.ca(tmp_path / "ca.pem"),
        timeout_s=2.0,
    )


def using(settings: FcmSettings, act: Callable[[FcmChannel], Awaitable[None]]) -> None:
    async def main() -> None:
        channel = FcmChannel(settings)
        try:
            await act(channel)
        finally:
            await channel.aclose()

    asyncio.run(main())


async def many(channel: FcmChannel, count: int) -> list[Outcome]:
    return list(await asyncio.gather(*(channel.send(push(token(f"t{n}"))) for n in range(count))))


def test_one_access_token_serves_all_sends(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """Three hundred sends ask the token endpoint once, and open no more connections than may be under way."""

    async def act(channel: FcmChannel) -> None:
        assert all(isinstance(outcome, Delivered) for outcome in await many(channel, 300))

    using(msgspec.structs.replace(settings, concurrency=20), act)
    assert len(fcm_server.desk.requests) == 1
    assert fcm_server.connections <= 1 + 20


def test_fetching_a_token_does_not_hold_up_the_loop(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """While the token endpoint takes half a second, the loop turns."""
    fcm_server.desk.delay_s = 0.5

    async def act(channel: FcmChannel) -> None:
        sending = asyncio.ensure_future(channel.send(push(token())))
        longest, last = 0.0, time.monotonic()
        while not sending.done():
            await asyncio.sleep(0.005)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert isinstance(sending.result(), Delivered)
        assert longest < 0.25

    using(settings, act)


def test_an_old_token_is_renewed_beside_the_sends(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """A token near its end is still used while the next one is fetched; nobody waits for it."""
    fcm_server.desk.lifetime_s = 200

    async def act(channel: FcmChannel) -> None:
        assert isinstance(await channel.send(push(token())), Delivered)
        fcm_server.desk.delay_s = 1.0
        begun_s = time.monotonic()
        assert isinstance(await channel.send(push(token())), Delivered)
        assert time.monotonic() - begun_s < 0.8
        while len(fcm_server.desk.requests) < 2:
            await asyncio.sleep(0.01)

    using(settings, act)


def test_a_token_that_was_revoked_is_replaced(
    fcm_server: FcmServer, settings: FcmSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The send that finds out is told to try again at once, and then works."""

    async def act(channel: FcmChannel) -> None:
        assert isinstance(await channel.send(push(token())), Delivered)
        fcm_server.desk.revoke_all()
        real = time.monotonic
        channel._tokens._monotonic = lambda: real() + 3000.0
        assert await channel.send(push(token())) == TryAgain(0.0, "token_rejected")
        assert isinstance(await channel.send(push(token())), Delivered)

    using(settings, act)


@pytest.mark.parametrize(
    "failure",
    [
        (400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'),
        (401, b'{"error": "invalid_client"}'),
        (404, b"<html>proxy</html>"),
        (200, b"<html>captive portal</html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"access_token": "x", "expires_in": "never"}'),
    ],
)
def test_a_token_endpoint_that_fails_means_try_again(
    fcm_server: FcmServer, settings: FcmSettings, failure: tuple[int, bytes]
) -> None:
    """No send leaves without a token, fifty sends ask once, and all work when the endpoint does again."""
    fcm_server.desk.fail_with = failure

    async def act(channel: FcmChannel) -> None:
        outcomes = await many(channel, 50)
        assert outcomes == [TryAgain(None, "no_access_token")] * 50
        assert len(fcm_server.desk.requests) <= 3
        fcm_server.desk.fail_with = None
        channel._tokens._failure = None
        assert isinstance(await channel.send(push(token())), Delivered)

    using(settings, act)
    assert len(fcm_server.sent) == 1


def test_a_proxy_carries_sends_and_tokens(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """Municipal networks let nothing out directly."""
    with connect_proxy() as proxy:
        proxied = msgspec.structs.replace(settings, proxy=f"http://127.0.0.1:{proxy.port}")

        async def act(channel: FcmChannel) -> None:
            assert isinstance(await channel.send(push(token())), Delivered)

        using(proxied, act)
    assert proxy.asked == [f"CONNECT localhost:{fcm_server.port}"] * 2
    assert fcm_server.sent[0].http == "1.1"


@pytest.mark.parametrize(
    "change",
    [
        {"ca_file": None},
        {"endpoint": "https://no-such-host.invalid"},
        {"endpoint": "https://localhost:1"},
        {"proxy": "http://127.0.0.1:1"},
    ],
)
def test_a_way_that_is_closed_means_try_again(settings: FcmSettings, change: dict[str, str | None]) -> None:
    """An unknown authority, a name that does not resolve, a closed port, a proxy that is down."""

    async def act(channel: FcmChannel) -> None:
        outcome = await channel.send(push(token()))
        assert isinstance(outcome, TryAgain)
        assert outcome.after_s is None

    using(msgspec.structs.replace(settings, **change), act)


def test_the_environment_does_not_redirect_sends(
    fcm_server: FcmServer, settings: FcmSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is a setting, not something found."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    async def act(channel: FcmChannel) -> None:
        assert isinstance(await channel.send(push(token())), Delivered)

    using(settings, act)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is no service account"),
        ('{"type": "authorized_user"}', "is no service account"),
        ('{"type": "service_account", "project_id": "p"}', "lacks client_email, private_key, token_uri"),
        (
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": "p",
                    "client_email": "a@b.invalid",
                    "token_uri": "https://x.invalid",
                    "private_key": "secret-key",
                }
            ),
            "the private key cannot be read",
        ),
    ],
)
def test_a_service_account_that_is_wrong_says_how(tmp_path: Path, text: str, said: str) -> None:
    """The error names the file and what to do, and never the key."""
    path = tmp_path / "account.json"
    path.write_text(text)
    for settings in (FcmSettings(service_account_file=path), FcmSettings(service_account_json=text)):
        with pytest.raises(ChannelFault) as fault:
            FcmChannel(settings)
        assert said in str(fault.value)
        assert "secret-key" not in str(fault.value)
        assert "secret-key" not in repr(settings)


def test_a_missing_file_or_two_accounts_at_once_are_told(tmp_path: Path) -> None:
    """Whose fault, where, and what to do."""
    for settings, said in [
        (FcmSettings(service_account_file=tmp_path / "none.json"), "none.json: cannot read"),
        (FcmSettings(), "exactly one"),
        (FcmSettings(service_account_file=tmp_path / "a", service_account_json="{}"), "exactly one"),
    ]:
        with pytest.raises(ChannelFault, match=said):
            FcmChannel(settings)


def test_a_bad_authority_or_proxy_is_told_at_start_up(
    fcm_server: FcmServer, settings: FcmSettings, tmp_path: Path
) -> None:
    """Not at the first push."""
    nothing = tmp_path / "empty.pem"
    nothing.write_text("not a certificate")
    with pytest.raises(ChannelFault, match=r"empty\.pem"):
        FcmChannel(msgspec.structs.replace(settings, ca_file=nothing))
    with pytest.raises(ChannelFault, match="proxy"):
        FcmChannel(msgspec.structs.replace(settings, proxy="ftp://x"))
