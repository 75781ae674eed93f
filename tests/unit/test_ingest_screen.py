"""Screening: what one ping alone tells of its worth."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.screen import Limits, screen
from model.ping import Ping, Reason, Rejected

NOW_MS = 1_764_000_000_000
PING = Ping(city="minami", truck="17", fix_ms=NOW_MS, received_ms=NOW_MS, lat=34.8, lon=135.4)


def at(age_s: float) -> Ping:
    return msgspec.structs.replace(PING, fix_ms=NOW_MS - round(age_s * 1000))


@pytest.mark.parametrize(("age_s", "late"), [(0, False), (120, False), (120.001, True), (3 * 3600, True), (-60, False)])
def test_a_fix_received_more_than_two_minutes_after_it_was_taken_is_late(age_s: float, late: bool) -> None:
    """It is kept as history, and marked."""
    screened = screen(at(age_s), Limits())
    assert isinstance(screened, Ping)
    assert screened == msgspec.structs.replace(at(age_s), late=late)


def test_a_fix_more_than_a_minute_ahead_of_its_receipt_is_from_the_future() -> None:
    """A tracker whose clock is wrong is refused, and its operator told by how much."""
    refused = screen(at(-60.001), Limits(), "a/topic", b"{}")
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.city, refused.truck) == (Reason.FUTURE, "minami", "17")
    assert (refused.topic, refused.payload) == ("a/topic", b"{}")
    assert "60 s" in refused.detail


@pytest.mark.parametrize("fix_ms", [0, 946_684_799_999, -1])
def test_a_fix_from_before_the_year_2000_is_a_bad_time(fix_ms: int) -> None:
    """A receiver that has not learnt the date says 1970 or 1980."""
    refused = screen(msgspec.structs.replace(PING, fix_ms=fix_ms), Limits())
    assert isinstance(refused, Rejected)
    assert refused.reason == Reason.BAD_TIME


def test_the_limits_are_settings() -> None:
    """A city with slow trackers may call them live for longer."""
    screened = screen(at(200), Limits(late_ms=300_000))
    assert isinstance(screened, Ping)
    assert not screened.late


@given(st.integers(-(2**53), 2**53), st.integers(-(2**53), 2**53))
def test_any_times_have_an_outcome(fix_ms: int, received_ms: int) -> None:
    """Screening is total, and changes nothing but the mark."""
    ping = msgspec.structs.replace(PING, fix_ms=fix_ms, received_ms=received_ms)
    screened = screen(ping, Limits())
    assert isinstance(screened, Rejected) or msgspec.structs.replace(screened, late=False) == ping
