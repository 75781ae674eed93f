"""Decoding: the corpus gives what its names say; whatever is made of it gives a Ping or a Rejected, within bounds."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.decode import MAX_PAYLOAD
from ingest.letter import KEPT_BYTES
from ingest.quarantine import decode_rejected, encode_rejected
from model.event import decode_event, encode_event
from model.ping import Ping, Rejected
from tests.fuzz.corpus import NOW_MS, TOPICS, Entry, outcome, screened
from tests.fuzz.mutation import CORPUS, spoilt

MOST_CPU_S = 2.0
"""For one message of the largest size, on a slow machine, under tracemalloc; a tenth is usual."""

BYTES_A_BYTE = 48
FLOOR_BYTES = 2_000_000
"""How much memory one message may take at its worst: per byte of it, and besides."""


def hold(results: list[Ping | Rejected]) -> None:
    """Hold results to what the rest of the house relies on."""
    assert results
    for one in results:
        assert one.city in ("minami", None)
        if isinstance(one, Ping):
            assert one.city == "minami"
            assert abs(one.lat) <= 85
            assert abs(one.lon) <= 180
            assert 946_684_800_000 <= one.fix_ms <= one.received_ms + 60_000
            assert one.received_ms < 4_102_444_800_001
            assert decode_event(encode_event(one)) == one
        else:
            assert len(one.payload) <= KEPT_BYTES
            assert decode_rejected(encode_rejected(one)) == one


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.name)
def test_each_payload_of_the_corpus_has_the_outcome_of_its_name(entry: Entry) -> None:
    """Valid and broken payloads of every dialect stay what they are."""
    results = screened(entry.topic, entry.payload)
    hold(results)
    assert outcome(results) == entry.outcome


def test_the_corpus_has_every_dialect_valid_and_broken() -> None:
    """No folder is empty of either."""
    for topic in TOPICS.values():
        outcomes = {entry.outcome for entry in CORPUS if entry.topic == topic}
        assert "ping" in outcomes
        assert len(outcomes) > 3


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt())
def test_a_spoilt_payload_has_an_outcome_in_bounded_time_and_memory(case: tuple[Entry, bytes]) -> None:
    """Bits flip, links cut, trackers repeat themselves: never an exception, never more than a bounded effort."""
    entry, payload = case
    tracemalloc.start()
    began_s = time.process_time()
    try:
        results = screened(entry.topic, payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - began_s < MOST_CPU_S
    assert peak < FLOOR_BYTES + BYTES_A_BYTE * len(payload)
    hold(results)


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=80) | st.binary(max_size=80) | st.sampled_from(list(TOPICS.values())).map(lambda t: t + "/x"),
    st.sampled_from(CORPUS),
)
def test_a_good_payload_on_any_topic_has_an_outcome(topic: str | bytes, entry: Entry) -> None:
    """Also a topic that is no text."""
    hold(screened(topic, entry.payload))


HOSTILE = {
    "an array of noughts": b"[" + b"0," * (MAX_PAYLOAD // 2 - 2) + b"0]",
    "an array of empty objects": b"[" + b"{}," * 80_000 + b"{}]",
    "ten thousand fixes from the future": b"["
    + b",".join(b'{"t":%d,"lat":1,"lon":2}' % (NOW_MS // 1000 + 9_999) for _ in range(7_000))
    + b"]",
    "open brackets": b"[" * MAX_PAYLOAD,
    "open objects": b'{"a":' * (MAX_PAYLOAD // 5),
    "one number": b'{"t":' + b"9" * (MAX_PAYLOAD - 40) + b',"lat":1,"lon":2}',
    "one text": b'{"t":"' + b"9" * (MAX_PAYLOAD - 40) + b'","lat":1,"lon":2}',
    "one key": b'{"' + b"k" * (MAX_PAYLOAD - 40) + b'":1}',
    "escapes": b'{"t":"' + b"\\u3042" * ((MAX_PAYLOAD - 40) // 6) + b'","lat":1,"lon":2}',
    "many keys": b"{" + b",".join(b'"k%d":%d' % (k, k) for k in range(18_000)) + b"}",
    "the same key": b"{" + b'"t":1764000000,' * 17_000 + b'"lat":1,"lon":2}',
    "white space": b" " * (MAX_PAYLOAD - 10) + b"[]",
}


@pytest.mark.parametrize("topic", TOPICS.values(), ids=list(TOPICS))
@pytest.mark.parametrize("name", HOSTILE)
def test_the_largest_hostile_payload_is_read_in_bounded_time_and_memory(name: str, topic: str) -> None:
    """A payload may be made to cost much; it costs no more than so many bytes a byte, and no seconds."""
    payload = HOSTILE[name]
    assert len(payload) <= MAX_PAYLOAD
    tracemalloc.start()
    began_s = time.process_time()
    try:
        results = screened(topic, payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - began_s < MOST_CPU_S
    assert peak < FLOOR_BYTES + BYTES_A_BYTE * len(payload)
    hold(results)
