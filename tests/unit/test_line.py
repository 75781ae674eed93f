"""LINE as values: answers, signatures, events, the month's budget."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.subscription import Target, TargetKind
from notifier import line
from notifier.line_budget import Month, cost_of, forecast, is_scarce
from notifier.outcome import Delivered, Outcome, Refused, TargetGone, TryAgain
from tests.support.line_server import SECRET, LineServer
from tests.support.notifying import push

USER = Target(TargetKind.LINE, "U1")
INVALID_TO = b'{"message":"The property, \'to\', in the request body is invalid (line: -, column: -)"}'


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"{}", Delivered("r1")),
        (409, b'{"message":"The retry key is already accepted"}', Delivered("r1")),
        (429, b'{"message":"The API rate limit has been exceeded. Try again later."}', TryAgain(30.0, "rate")),
        (500, b"", TryAgain(None, "http_500")),
        (503, b"<html>", TryAgain(None, "http_503")),
        (302, b"", TryAgain(None, "http_302")),
        (400, INVALID_TO, TargetGone("INVALID_USER")),
    ],
)
def test_an_answer_gives_its_outcome(status: int, body: bytes, outcome: Outcome) -> None:
    """Accepted before is delivered; a user that cannot be is given up."""
    assert line.outcome_of(line.answer_of(status, body, "r1", None)) == outcome


@pytest.mark.parametrize(
    ("status", "body", "code", "advice"),
    [
        (429, b'{"message":"You have reached your monthly limit."}', "MONTHLY_LIMIT", "buy more"),
        (
            400,
            b'{"message":"A message (messages[0]) in the request body is invalid"}',
            "HTTP_400",
            "message is at fault",
        ),
        (401, b'{"message":"Authentication failed"}', "HTTP_401", "line.token_file"),
        (403, b'{"message":"Access to this API is not available for your account"}', "HTTP_403", "plan"),
    ],
)
def test_a_refusal_says_what_to_do_and_costs_no_user(status: int, body: bytes, code: str, advice: str) -> None:
    """The account is at fault, or the message."""
    outcome = line.outcome_of(line.answer_of(status, body, "", None))
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert advice in outcome.detail


@given(st.integers(100, 599), st.binary(max_size=80))
def test_any_answer_gives_an_outcome(status: int, body: bytes) -> None:
    """Whatever stands in it."""
    assert isinstance(line.outcome_of(line.answer_of(status, body, "", None)), Outcome)


def test_a_retry_key_is_a_uuid_and_the_same_for_the_same_alert_and_user_only() -> None:
    """LINE takes a push once under it."""
    one = line.retry_key(push(USER))
    assert one == line.retry_key(push(USER))
    assert len({one, line.retry_key(push(USER, tag="b")), line.retry_key(push(Target(TargetKind.LINE, "U2")))}) == 3
    assert [len(part) for part in one.split("-")] == [8, 4, 4, 4, 12]


def test_only_what_line_has_signed_is_believed() -> None:
    """Another secret, another body, no signature."""
    body, signature = LineServer().webhook("message", "U1", "いつ来る？")
    assert line.is_signed(SECRET, body, signature)
    assert not line.is_signed("other", body, signature)
    assert not line.is_signed(SECRET, body + b" ", signature)
    assert not line.is_signed(SECRET, body, "")
    assert not line.is_signed(SECRET, body, "ü")


def test_events_of_users_are_read_and_others_passed_over() -> None:
    """Follow, unfollow and text; not groups, not stickers, not what another module answers."""
    server = LineServer()
    bodies = [
        server.webhook(kind, "U1", text)[0] for kind, text in [("follow", None), ("message", "あ"), ("unfollow", None)]
    ]
    assert [each.what for body in bodies for each in line.happened(body)] == ["follow", "text", "unfollow"]
    group = {"type": "message", "source": {"type": "group", "userId": "U1"}, "message": {"type": "text", "text": "x"}}
    sticker = {"type": "message", "source": {"type": "user", "userId": "U1"}, "message": {"type": "sticker"}}
    standby = {"type": "follow", "mode": "standby", "source": {"type": "user", "userId": "U1"}}
    assert line.happened(msgspec.json.encode({"events": [group, sticker, standby, None, 3]})) == ()


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(max_size=9), lambda x: st.dictionaries(
    st.sampled_from(["events", "type", "source", "userId", "message", "text"]), x | st.lists(x, max_size=3), max_size=4)
    ).map(msgspec.json.encode))  # fmt: skip
def test_no_body_whatever_raises(body: bytes) -> None:
    """The address is open to everybody."""
    assert isinstance(line.happened(body), tuple)


@pytest.mark.parametrize(
    "text",
    ["K7PW-9Q2M-ABCD", "k7pw 9q2m abcd", "Ｋ７ＰＷ－９Ｑ２Ｍ－ＡＢＣＤ", "K7PWー9Q2MーABCD\n", "K7PW9Q2MABCD"],
)
def test_a_code_is_known_however_it_is_typed(text: str) -> None:
    """Full width, small letters, spaces, the long-vowel mark of a Japanese keyboard."""
    assert line.code_in(text) == "K7PW9Q2MABCD"


@pytest.mark.parametrize(
    "text", ["こんにちは、お元気ですか", "abc", "https://example.org/x", "ありがとう", "1" * 17, ""]
)
def test_what_people_say_is_no_code(text: str) -> None:
    """Nor is an address, or a number that is too long."""
    assert line.code_in(text) is None


def test_a_month_is_foretold_from_what_has_passed_of_it() -> None:
    """Ten a day in the first half of a month of 30 days make a little over 300; the first days say too little."""
    assert forecast(Month(None, 150, 16, 30)) == 315
    assert forecast(Month(None, 30, 3, 30)) is None
    assert forecast(Month(None, 0, 20, 30)) == 0


@pytest.mark.parametrize(
    ("month", "scarce"),
    [
        (Month(None, 10**6, 20, 30), False),
        (Month(1000, 150, 16, 30), False),
        (Month(300, 150, 16, 30), True),
        (Month(300, 299, 31, 31), True),
        (Month(300, 270, 31, 31), False),
        (Month(300, 300, 2, 30), True),
        (Month(300, 299, 2, 30), False),
    ],
)
def test_a_cap_that_will_be_reached_is_seen_before(month: Month, scarce: bool) -> None:
    """So that people with another way are moved in time; one that is reached is seen on any day."""
    assert is_scarce(month) is scarce


def test_a_citys_month_is_priced_beyond_the_free_messages() -> None:
    """1,000 households, 8 collections, 1.3 alerts: 10,400, of which 200 are free."""
    cost = cost_of(1000, 8, 1.3, 200, 3.0)
    assert (cost.messages, cost.paid, cost.price) == (10_400, 10_200, 30_600.0)
    assert cost_of(10, 8, 1.0, 200, 3.0).price == 0
