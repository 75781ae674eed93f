"""Codes, keys and seals, by themselves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.access import MAX_KEYS, Holding, with_names
from residents.codes import ALPHABET, LINK_LENGTH, RECOVERY_LENGTH, bits_of, code_index, code_of, read_code
from residents.keys import CityKeys, KeyUnreadable, city_key, derived, read_keys, write_key
from residents.retention import Verdict, judge
from residents.sealing import SealBroken, Sealer

LENGTHS = st.sampled_from([RECOVERY_LENGTH, LINK_LENGTH])
DAY = date(2026, 11, 30)


@given(LENGTHS, st.data())
def test_a_code_is_read_as_it_was_written_however_it_is_typed(length: int, data: st.DataObject) -> None:
    """In small letters, full width, with spaces or without anything between."""
    code = code_of(data.draw(st.integers(0, 2 ** bits_of(length) - 1)), length)
    plain = code.replace("-", "")
    wide = "".join(chr(ord(each) + 0xFEE0) for each in plain)
    assert {read_code(typed, length) for typed in (code, plain.lower(), plain[:5] + "  " + plain[5:], wide)} == {plain}


@given(LENGTHS, st.data())
def test_one_wrong_character_is_always_noticed(length: int, data: st.DataObject) -> None:
    """A slip of the pen costs no try of a code that is another's."""
    plain = code_of(data.draw(st.integers(0, 2 ** bits_of(length) - 1)), length).replace("-", "")
    at = data.draw(st.integers(0, length - 1))
    other = data.draw(st.sampled_from([each for each in ALPHABET if each != plain[at]]))
    assert read_code(plain[:at] + other + plain[at + 1 :], length) is None


def test_a_printed_code_holds_75_bits_and_nothing_that_looks_alike() -> None:
    """No 0 and O, no 1 and I."""
    assert bits_of(RECOVERY_LENGTH) == 75
    assert not set("01OI") & set(ALPHABET)
    assert len(set(ALPHABET)) == 32
    assert code_of(2**75 - 1, RECOVERY_LENGTH) != code_of(2**75 - 2, RECOVERY_LENGTH)


def test_a_codes_place_depends_on_the_key() -> None:
    """Without the city's key nobody can look a code up."""
    assert code_index(b"a" * 32, "ABCD") != code_index(b"b" * 32, "ABCD")


def test_keys_of_cities_and_purposes_are_apart() -> None:
    """None follows from another."""
    master = b"m" * 32
    found = {city_key(master, city) for city in ("a", "b")} | {derived(city_key(master, "a"), p) for p in ("x", "y")}
    assert len(found | {master}) == 5


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", write_key(b"k" * 31), write_key(b"k" * 32) + "??\n"])
def test_a_file_that_holds_no_key_is_refused_without_repeating_it(text: str) -> None:
    """It says which line, and what to do."""
    with pytest.raises(KeyUnreadable, match="backup") as raised:
        read_keys(text)
    assert "short" not in str(raised.value)


def sealer(*keys: bytes, city: str = "a", nonce: bytes = b"n" * 12) -> Sealer:
    """A sealer with the first key in force."""
    return Sealer(lambda: CityKeys(city, keys[0], keys[1:]), lambda: nonce)


@given(st.binary(max_size=200), st.text(max_size=10))
def test_what_is_sealed_opens_for_whom_it_was_sealed_alone(data: bytes, whose: str) -> None:
    """Not for another home, not in another city, not with a bit changed."""
    one = sealer(b"k" * 32)
    sealed = one.seal(whose, data)
    assert one.unseal(whose, sealed) == data
    for other, name, text in (
        (one, whose + "x", sealed),
        (sealer(b"k" * 32, city="b"), whose, sealed),
        (one, whose, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (one, whose, sealed[:8]),
        (sealer(b"l" * 32), whose, sealed),
    ):
        with pytest.raises(SealBroken):
            other.unseal(name, text)


def test_old_keys_open_and_the_new_one_seals() -> None:
    """And it can be told which is which."""
    sealed = sealer(b"1" * 32).seal("h", b"data")
    both = sealer(b"2" * 32, b"1" * 32)
    assert both.unseal("h", sealed) == b"data"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("h", b"data"))


def test_the_oldest_key_of_a_home_gives_way() -> None:
    """Names of other kinds stay."""
    holding = Holding(("r:1", *(f"k:{n}" for n in range(MAX_KEYS))))
    after, gone = with_names(holding, "k:new")
    assert gone == ("k:0",)
    assert (after.names[0], after.names[-1], len(after.names)) == ("r:1", "k:new", MAX_KEYS + 1)


@pytest.mark.parametrize(
    ("seen", "warned", "verdict"),
    [
        (None, None, Verdict.KEEP),
        (0, None, Verdict.KEEP),
        (399, None, Verdict.KEEP),
        (400, None, Verdict.WARN),
        (429, 29, Verdict.KEEP),
        (430, 30, Verdict.ERASE),
        (5, 30, Verdict.FORGIVE),
    ],
)
def test_a_home_is_warned_and_then_erased(seen: int | None, warned: int | None, verdict: Verdict) -> None:
    """After 400 days unseen, 30 days after the warning; a visit between forgives."""

    def ago(days: int | None) -> str | None:
        return None if days is None else (DAY - timedelta(days=days)).isoformat()

    assert judge(ago(seen), ago(warned), DAY, 400, 30) is verdict
    assert judge(ago(seen), ago(warned), DAY, 0, 30) is Verdict.KEEP
