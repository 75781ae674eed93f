"""Ways to spoil a payload: what links, trackers and people do to bytes, as a hypothesis strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.corpus import Entry, entries

CORPUS = entries()
TOKENS = [
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"true", b"NaN", b"-Infinity", b"-0", b"1e999", b"1e-999"),
    *(b"9" * 400, b"\\ud800", b"\\u0000", b"\xff", b"\xf0\x9f", b"\0", b"\xef\xbb\xbf", b"[" * 600, b'{"a":' * 600),
    *(b'"t":0', b'"t":1e18', b'"lat":91', b'"truck":"18"', b'"received_at":1764000000', b'"_type":"location"'),
]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Entry, bytes]:
    """Take an entry of the corpus and do a few things to it; its topic may become that of another."""
    entry = draw(st.sampled_from(CORPUS))
    payload = entry.payload
    for _ in range(draw(st.integers(0, 4))):
        payload = _spoil(draw, payload)
    topic = draw(st.sampled_from(CORPUS)).topic if draw(st.integers(0, 5)) == 0 else entry.topic
    return entry._replace(topic=topic), payload


def _spoil(draw: st.DrawFn, payload: bytes) -> bytes:
    at = draw(st.integers(0, len(payload)))
    to = draw(st.integers(at, min(len(payload), at + 64)))
    how = draw(st.sampled_from(["flip", "cut", "cut off", "insert", "repeat", "splice"]))
    if how == "flip" and at < len(payload):
        return payload[:at] + bytes([payload[at] ^ (1 << draw(st.integers(0, 7)))]) + payload[at + 1 :]
    if how == "cut":
        return payload[:at] + payload[to:]
    if how == "cut off":
        return payload[:at]
    if how == "insert":
        return payload[:at] + draw(st.sampled_from(TOKENS) | st.binary(max_size=8)) + payload[at:]
    if how == "repeat":
        return payload[:at] + payload[at:to] * draw(st.integers(2, 50)) + payload[to:]
    other = draw(st.sampled_from(CORPUS)).payload
    return payload[:at] + other[draw(st.integers(0, len(other))) :]
