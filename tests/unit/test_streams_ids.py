"""Ids as places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ids import following, place, text

PLACES = st.tuples(st.integers(0, 2**48), st.integers(0, 2**64 - 2))


@given(PLACES)
def test_a_place_survives_being_written(where: tuple[int, int]) -> None:
    """Reading what was written gives the same place."""
    assert place(text(where)) == where


@given(PLACES, PLACES)
def test_nothing_stands_between_an_id_and_the_following(one: tuple[int, int], other: tuple[int, int]) -> None:
    """What is greater than an id is not less than the following."""
    assert (other > one) == (other >= place(following(text(one))))


def test_ids_are_not_compared_as_text() -> None:
    """The tenth entry of a millisecond stands after the ninth."""
    assert place("5-10") > place("5-9")


@pytest.mark.parametrize("wrong", ["", "5", "$", "-", "a-b", "5-"])
def test_what_is_no_id_is_refused(wrong: str) -> None:
    """Anything but two numbers is an error."""
    with pytest.raises(ValueError):
        place(wrong)
