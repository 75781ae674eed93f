"""Receipts: opaque to everybody but the city that made them."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from model.subscription import Target, TargetKind
from notifier.receipts import LONGEST, Receipts

KEYS = {"minami": b"k" * 32, "kita": b"n" * 32}
OURS = Receipts(KEYS)
BROWSER = Target(TargetKind.WEBPUSH, "https://push.example/abc")
names = st.text(min_size=1, max_size=40)


@given(st.sampled_from(sorted(KEYS)), names, names, names)
def test_what_was_sealed_opens_again(city: str, home: str, value: str, alert: str) -> None:
    """City, home, device and alert come back; the device as its digest only."""
    target = Target(TargetKind.WEBPUSH, value)
    opened = OURS.open(OURS.seal(city, home, target, alert))
    assert opened is not None
    assert (opened.city, opened.subscription, opened.alert) == (city, home, alert)
    assert opened.target == OURS.digest_of(city, home, target)


def test_a_receipt_is_short_the_same_for_a_repeat_and_shows_nothing() -> None:
    """Home, device and alert cannot be read in it."""
    one = OURS.seal("minami", "home-of-sato", BROWSER, "a" * 24)
    assert one == OURS.seal("minami", "home-of-sato", BROWSER, "a" * 24)
    assert one != OURS.seal("minami", "home-of-sato", BROWSER, "b" * 24)
    assert len(one) < 200 < LONGEST
    assert b"sato" not in base64.urlsafe_b64decode(one + "==")


@given(st.text(max_size=300))
def test_what_is_no_receipt_opens_as_nothing(text: str) -> None:
    """Any text whatever."""
    assert OURS.open(text) is None


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=63))
def test_a_receipt_with_one_character_changed_opens_as_nothing(at: int, other: int) -> None:
    """Nobody can say that another device has shown something."""
    one = OURS.seal("minami", "h", BROWSER, "a" * 24)
    at %= len(one) - 1  # the last character may hold bits that mean nothing
    letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[other]
    changed = one[:at] + letter + one[at + 1 :]
    assert changed == one or OURS.open(changed) is None


def test_one_citys_key_opens_nothing_of_anothers() -> None:
    """Nor does it name a device as the other does."""
    theirs = Receipts({"kita": KEYS["kita"], "minami": b"z" * 32})
    assert theirs.open(OURS.seal("minami", "h", BROWSER, "a")) is None
    assert theirs.open(OURS.seal("kita", "h", BROWSER, "a")) is not None
    assert theirs.digest_of("minami", "h", BROWSER) != OURS.digest_of("minami", "h", BROWSER)
    assert OURS.digest_of("kita", "h", BROWSER) != OURS.digest_of("minami", "h", BROWSER)
