"""What the rooms write to each other: it comes back as it was, and bytes that are none give one error, DecodeError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.quarantine import decode_rejected, encode_rejected
from model.alert import Alert, Kind, decode_alert, encode_alert
from model.event import HomesChanged, Tick, Word, WordKind, ZonesChanged, decode_event, encode_event
from model.ping import Ping, Reason, Rejected
from model.subscription import AtPoint, Home, InZone, MetresLead, MinutesLead, Pin, ZoneLead
from notifier.errand import Record, decode_record, encode_record
from streams.ports import Delivery
from streams.shared import buried

WHOLE = st.integers(-(2**62), 2**62)
DEGREES = st.floats(-180, 180)
NAMES = st.text(max_size=20)
FIGURES = st.none() | st.floats(allow_nan=False)
PLACES = (
    st.builds(Pin, DEGREES, DEGREES) | st.builds(InZone, NAMES) | st.builds(AtPoint, NAMES, DEGREES, DEGREES)
)  # fmt: skip
LEADS = st.just(ZoneLead()) | st.builds(MetresLead, st.floats(100, 2000)) | st.builds(MinutesLead, st.integers(3, 60))
HOMES = st.builds(Home, WHOLE, NAMES, PLACES, LEADS, st.lists(NAMES, max_size=3).map(tuple))
PINGS = st.builds(
    Ping, NAMES, NAMES, WHOLE, WHOLE, DEGREES, DEGREES, FIGURES, FIGURES, FIGURES, st.none() | st.booleans()
)
EVENTS = (
    PINGS
    | st.builds(Tick, WHOLE)
    | st.builds(HomesChanged, WHOLE, st.lists(HOMES, max_size=3).map(tuple), st.lists(WHOLE, max_size=3).map(tuple))
    | st.builds(ZonesChanged, WHOLE, NAMES)
    | st.builds(Word, WHOLE, st.sampled_from(WordKind), NAMES)
)
ALERTS = st.builds(
    Alert,
    id=NAMES, city=NAMES, subscription=NAMES, kind=st.sampled_from(Kind), service_day=NAMES, run=NAMES, ordinal=WHOLE,
    vehicle=NAMES, fired_ms=WHOLE, useful_until_ms=WHOLE, lead=LEADS, ping=NAMES, zone=st.none() | NAMES,
)  # fmt: skip
REFUSALS = st.builds(Rejected, st.sampled_from(Reason), NAMES, NAMES, st.binary(max_size=50), WHOLE)
RECORDS = st.builds(Record, NAMES, NAMES, NAMES, WHOLE)
CODECS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "event": (EVENTS, encode_event, decode_event),
    "alert": (ALERTS, encode_alert, decode_alert),
    "refusal": (REFUSALS, encode_rejected, decode_rejected),
    "record": (RECORDS, encode_record, decode_record),
}
EACH = pytest.mark.parametrize("name", CODECS)


@EACH
@settings(deadline=None)
@given(data=st.data())
def test_what_is_written_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    """Whatever stands in it, to the last bit."""
    values, encode, decode = CODECS[name]
    value = data.draw(values)
    assert decode(encode(value)) == value


@EACH
@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=80))
@example(noise=b"")
@example(noise=b"\x91" * 100_000)
@example(noise=b"\x81\xa1x" + b"\x91" * 100_000)
@example(noise=b"\x95\xa4ping\xa2\xff\xfe\xa117\x01\x02")
def test_bytes_that_are_none_give_one_kind_of_error(name: str, noise: bytes) -> None:
    """Whoever reads a stream must guard against DecodeError only, or poison stops its line."""
    decode = CODECS[name][2]
    try:
        decode(noise)
    except msgspec.DecodeError:
        return


@EACH
@settings(max_examples=300, deadline=None)
@given(data=st.data(), at=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_damaged_byte_gives_a_value_or_one_kind_of_error(name: str, data: st.DataObject, at: int, flip: int) -> None:
    """One byte of what was written is wrong, as a failing disk makes it."""
    values, encode, decode = CODECS[name]
    written = bytearray(encode(data.draw(values)))
    written[at % len(written)] ^= flip
    try:
        decode(bytes(written))
    except msgspec.DecodeError:
        return


@given(st.text(max_size=40), st.binary(max_size=60), st.integers(1, 100))
def test_a_dead_letter_holds_what_it_buries(why: str, data: bytes, tries: int) -> None:
    """Whatever the bytes were, an operator reads them back."""
    assert msgspec.msgpack.decode(buried(Delivery("1-1", data, tries), why)) == [why, tries, data]
