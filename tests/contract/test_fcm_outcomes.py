"""Each answer of Google becomes the outcome that it asks for, through the shipped adapter, over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

import msgspec
import pytest

from model.subscription import Target, TargetKind
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.outcome import Delivered, Outcome, Refused, TargetBarred, TargetGone, TryAgain
from notifier.ports import Push
from tests.support import fcm_answers as google
from tests.support.fcm_answers import Answer
from tests.support.fcm_server import FcmServer
from tests.support.notifying import NOW_MS, push, token

NOW_S = NOW_MS / 1000


@pytest.fixture
def settings(fcm_server: FcmServer, tmp_path: Path) -> FcmSettings:
    return FcmSettings(
        service_account_file=fcm_server.service_account(tmp_path / "account.json"),
        endpoint=fcm_server.url,
        ca_file=fcm_server.ca(tmp_path / "ca.pem"),
        timeout_s=1.0,
    )


def send(settings: FcmSettings, pushes: Sequence[Push]) -> list[Outcome]:
    """Send all at once; give the outcomes in order."""

    async def main() -> list[Outcome]:
        channel = FcmChannel(settings, now_s=lambda: NOW_S)
        try:
            return list(await asyncio.gather(*(channel.send(one) for one in pushes)))
        finally:
            await channel.aclose()

    return asyncio.run(main())


EXPECTED: dict[str, tuple[Answer, Outcome | type[Delivered]]] = {
    "success": (google.OK, Delivered),
    "slow success": (google.slow(0.3), Delivered),
    "unregistered": (google.UNREGISTERED, TargetGone("UNREGISTERED")),
    "not a token": (google.BAD_TOKEN, TargetGone("INVALID_TOKEN")),
    "not a token, said in a field": (google.BAD_TOKEN_FIELD, TargetGone("INVALID_TOKEN")),
    "another sender's": (google.SENDER_MISMATCH, TargetBarred("SENDER_ID_MISMATCH")),
    "429 with seconds": (google.quota("5"), TryAgain(5.0, "quota")),
    "429 without": (google.quota(), TryAgain(60.0, "quota")),
    "429 with a date": (google.quota(formatdate(NOW_S + 120, usegmt=True)), TryAgain(120.0, "quota")),
    "503 with seconds": (google.busy("9"), TryAgain(9.0, "http_503")),
    "503 without": (google.busy(), TryAgain(None, "http_503")),
    "503 with a date that has passed": (google.busy(formatdate(NOW_S - 5, usegmt=True)), TryAgain(0.0, "http_503")),
    "503 for a month": (google.busy("2592000"), TryAgain(3600.0, "http_503")),
    "503 with nonsense": (google.busy("soon"), TryAgain(None, "http_503")),
    "503 in Shift JIS": (google.HTML_503_SHIFT_JIS, TryAgain(7.0, "http_503")),
    "503 with an odd error": (google.ERROR_TEXT, TryAgain(9.0, "http_503")),
    "500": (google.INTERNAL, TryAgain(None, "http_500")),
    "502": (google.BAD_GATEWAY, TryAgain(None, "http_502")),
    "garbage": (google.GARBAGE, TryAgain(None, "garbled")),
    "a captive portal's page": (google.HTML, TryAgain(None, "garbled")),
    "a JSON list": (google.JSON_LIST, TryAgain(None, "garbled")),
    "a success without a name": (google.NO_NAME, TryAgain(None, "garbled")),
    "a redirect": (google.REDIRECT, TryAgain(None, "garbled")),
    "a dropped connection": (google.DROP, TryAgain(None, "no_answer")),
    "no answer in time": (google.HANG, TryAgain(None, "no_answer")),
}

REFUSED = {
    "bad payload": (google.BAD_PAYLOAD, "INVALID_ARGUMENT", "the message is at fault"),
    "bad payload with FCM's code": (google.BAD_PAYLOAD_FCM, "INVALID_ARGUMENT", "the message is at fault"),
    "too big": (google.TOO_BIG, "INVALID_ARGUMENT", "the message is at fault"),
    "not allowed": (google.NOT_ALLOWED, "PERMISSION_DENIED", "grant it"),
    "no such project": (google.NO_PROJECT, "NOT_FOUND", "check the service account's project_id"),
    "APNs key missing": (google.THIRD_PARTY, "THIRD_PARTY_AUTH_ERROR", "upload it"),
    "a fresh token that is not taken": (google.UNAUTHENTICATED, "UNAUTHENTICATED", "clock"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_becomes_its_outcome_after_one_request(
    name: str, fcm_server: FcmServer, settings: FcmSettings
) -> None:
    """No answer whatever is asked for twice behind the caller's back."""
    answer, expected = EXPECTED[name]
    fcm_server.script("t", answer)
    (outcome,) = send(settings, [push(token("t"))])
    assert isinstance(outcome, Delivered) if expected is Delivered else outcome == expected
    assert len(fcm_server.sent) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_will_never_work_is_refused_with_advice(name: str, fcm_server: FcmServer, settings: FcmSettings) -> None:
    """Other 4xx are neither tried again nor held against the target."""
    answer, code, advice = REFUSED[name]
    fcm_server.script("t", answer)
    (outcome,) = send(settings, [push(token("t"))])
    assert isinstance(outcome, Refused)
    assert (outcome.code, advice in outcome.detail) == (code, True)
    assert len(fcm_server.sent) == 1


def test_hundreds_of_mixed_messages_at_once_each_get_their_own_outcome(
    fcm_server: FcmServer, settings: FcmSettings
) -> None:
    """Four hundred and fifty sends at once, fifteen kinds of answer, thirty of each; none is mixed up or repeated."""
    kinds = [
        name for name in EXPECTED
        # These cut or hold the connection that all share; they have tests of their own.
        if name not in ("a dropped connection", "no answer in time", "slow success")
    ][:15]  # fmt: skip
    names = [kinds[n % len(kinds)] for n in range(450)]
    for n, name in enumerate(names):
        fcm_server.script(f"t{n}", EXPECTED[name][0])
    fcm_server.round_trip_s = 0.02
    bounded = msgspec.structs.replace(settings, concurrency=40, timeout_s=10.0)
    outcomes = send(bounded, [push(token(f"t{n}"), tag=f"{n:024x}") for n in range(450)])
    for name, outcome in zip(names, outcomes, strict=True):
        expected = EXPECTED[name][1]
        assert isinstance(outcome, Delivered) if expected is Delivered else outcome == expected, name
    assert len(fcm_server.sent) == 450
    assert fcm_server.repeats() == 0
    assert 20 < fcm_server.most_in_flight <= 40


def test_no_more_is_under_way_than_the_setting_allows(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """The bound is counted at the server."""
    fcm_server.round_trip_s = 0.03
    send(msgspec.structs.replace(settings, concurrency=7, timeout_s=10.0), [push(token(f"t{n}")) for n in range(70)])
    assert fcm_server.most_in_flight == 7


def test_a_connection_that_drops_harms_only_what_was_on_it(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """After a cut the next sends go out over a new connection."""
    fcm_server.script("cut", google.DROP)

    async def main() -> tuple[Outcome, Outcome]:
        channel = FcmChannel(settings)
        try:
            return await channel.send(push(token("cut"))), await channel.send(push(token("next")))
        finally:
            await channel.aclose()

    cut, following = asyncio.run(main())
    assert cut == TryAgain(None, "no_answer")
    assert isinstance(following, Delivered)


def test_a_send_that_hangs_holds_nobody_else(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """Each has a connection to itself: forty others arrive while one waits for its time-out."""
    fcm_server.script("hangs", google.HANG)
    outcomes = send(settings, [push(token("hangs")), *(push(token(f"t{n}")) for n in range(40))])
    assert outcomes[0] == TryAgain(None, "no_answer")
    assert all(isinstance(outcome, Delivered) for outcome in outcomes[1:])


def test_installation_ids_are_sent_as_such(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """A target of kind fcm_fid goes out as `fid`, one of kind fcm_token as `token`."""
    send(settings, [push(Target(TargetKind.FCM_FID, "an-installation")), push(token("a-token"))])
    assert {sent.target: sent.target_kind for sent in fcm_server.sent} == {
        "an-installation": "fid",
        "a-token": "token",
    }


def test_an_outcome_never_shows_the_target(fcm_server: FcmServer, settings: FcmSettings) -> None:
    """Neither a refusal's detail nor a push's repr tells whose phone it was."""
    fcm_server.script("secret-token", google.BAD_PAYLOAD)
    (outcome,) = send(settings, [push(token("secret-token"))])
    assert "secret-token" not in repr(outcome)
    assert "secret-token" not in repr(push(token("secret-token")))
