"""The index of homes and the told-record against a dict and a set."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.homes import HomeIndex, HomeRow
from geofence.told import CHUNK_BYTES, Told
from tests.support.strategies import LEADS
from tests.support.truckline import place

NUMBERS = st.integers(0, 60)
CHANGES = st.lists(
    st.tuples(
        st.lists(st.tuples(NUMBERS, st.sampled_from(LEADS), st.integers(-500, 500)), max_size=12),
        st.lists(NUMBERS, max_size=5),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(CHANGES)
def test_an_index_that_changes_holds_what_a_dict_holds(
    changes: list[tuple[list[tuple[int, float, int]], list[int]]],
) -> None:
    """Put, replace and remove, in any order and number: the same homes, each once, with its newest value."""
    model: dict[int, HomeRow] = {}
    index = HomeIndex()
    for put, gone in changes:
        rows = [HomeRow(number, f"s{number}-{east}", *place(east), lead, 1) for number, lead, east in put]
        for number in gone:
            model.pop(number, None)
        model.update({row.number: row for row in rows})
        index = index.changed(rows, gone)
        assert len(index) == len(model)
        for number in range(61):
            where = index.find(number)
            assert (where is not None) == (number in model)
            if where is not None:
                layer, row = where
                assert layer.columns.ids[row].decode() == model[number].subscription
                assert layer.columns.reach_m[row] == model[number].reach_m
        living = sorted(int(n) for layer in index.layers for n in layer.living().number)
        assert living == sorted(model)


def test_many_small_changes_keep_few_layers() -> None:
    """Two thousand homes that come one by one lie in a handful of layers."""
    index = HomeIndex()
    for number in range(2000):
        index = index.changed([HomeRow(number, "s", *place(number % 900), 200.0, 0)], ())
    assert len(index.layers) <= 5
    assert len(index) == 2000


TELLINGS = st.lists(st.tuples(st.sampled_from(["tell", "forget"]), st.integers(0, 9000)), max_size=60)


@given(TELLINGS)
def test_a_told_record_is_a_set_and_survives_the_store(tellings: list[tuple[str, int]]) -> None:
    """Tell and forget, write only the chunks that were touched, read them back: the same set."""
    told, model = Told(), set()
    stored: dict[int, bytes] = {}
    for verb, number in tellings:
        if verb == "tell":
            told.tell(number)
            model.add(number)
        else:
            told.forget([number])
            model.discard(number)
        stored |= {index: told.chunk(index) for index in told.touched}
        told.touched.clear()
    again = Told()
    for index in sorted(stored, reverse=True):
        again.load(index, stored[index])
    numbers = {number for _, number in tellings} | {0, 1, 9001, 100_000}
    assert {number for number in numbers if told.has(number)} == model
    assert {number for number in numbers if again.has(number)} == model
    assert all(len(data) == CHUNK_BYTES for data in stored.values())
