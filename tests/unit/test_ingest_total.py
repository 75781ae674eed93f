"""Any topic and any bytes whatever give pings or refusals that can be stored."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.decode import MAX_PAYLOAD, decode
from ingest.directory import Directory
from ingest.letter import KEPT_BYTES
from ingest.ports import Message
from ingest.prepare import prepare
from ingest.quarantine import decode_rejected, encode_rejected
from ingest.screen import Limits
from model.city import City, Gateway, Truck
from model.event import decode_event, encode_event
from model.ping import Ping, Rejected

CITY = City(
    id="minami",
    name="南市",
    timezone="Asia/Tokyo",
    trucks=(Truck("21", credential="p", external_id="d"), Truck("22", credential="traccar", external_id="7")),
    gateways=(Gateway("fleet", received_at_allowed=True),),
    traccar_topic="traccar/minami",
)
DIRECTORY = Directory.of([CITY])
NOW_MS = 1_764_000_000_000
TOPICS = st.sampled_from(
    [
        "gomikuru/v1/minami/trucks/17/ping",
        "gomikuru/v1/minami/gateways/fleet/trucks/17/ping",
        "owntracks/p/d",
        "traccar/minami",
    ]
)
VALID: list[dict[str, Any]] = [
    {
        "t": 1764000000,
        "lat": 34.8,
        "lon": 135.4,
        "speed": 3.0,
        "heading": 1,
        "accuracy": 5,
        "seq": 1,
        "collecting": True,
    },
    {"t": "2025-11-24T16:00:00Z", "lat": 34.8, "lon": 135.4, "received_at": 1764000001000, "truck": "17"},
    {"_type": "location", "tst": 1764000000, "lat": 34.8, "lon": 135.4, "vel": 3, "cog": 2, "acc": 1, "t": "p"},
    {
        "device": {"uniqueId": "7"},
        "position": {"fixTime": "2025-11-24T16:00:00Z", "latitude": 34.8, "longitude": 135.4, "speed": 1.0},
    },
]
NASTY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**62, max_value=2**130),
    st.floats(),
    st.text(max_size=20),
    st.just("\ud800"),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def check(topic: str | bytes, payload: bytes, retained: bool = False) -> list[Ping | Rejected]:
    """Decode, and hold the result to the promises of the room."""
    results = decode(topic, payload, retained, NOW_MS, DIRECTORY)
    assert results
    for result in results:
        if isinstance(result, Ping):
            assert abs(result.lat) <= 85
            assert abs(result.lon) <= 180
            assert result.city == "minami"
            assert decode_event(encode_event(result)) == result
        else:
            assert isinstance(result, Rejected)
            assert len(result.payload) <= KEPT_BYTES
            assert result.city in (None, "minami")
            assert decode_rejected(encode_rejected(result)) == result
    prepared, failures = prepare([Message(str(topic), payload, retained, 0.0)], NOW_MS, DIRECTORY, Limits())
    assert not failures
    assert len(prepared.arrived) == 1
    return results


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60), TOPICS), st.binary(max_size=400), st.booleans())
@example("\ud800", b"{}", False)
@example(b"\xff\xff", b"{}", True)
@example("gomikuru/v1/minami/trucks/\ud800/ping", b"{}", False)
def test_any_topic_and_any_bytes_have_an_outcome(topic: str | bytes, payload: bytes, retained: bool) -> None:
    """Decoding is total."""
    check(topic, payload, retained)


@given(
    TOPICS, st.recursive(NASTY, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner))
)
def test_any_json_has_an_outcome(topic: str, value: object) -> None:
    """Also JSON that Python writes and others do not: NaN, Infinity, lone surrogates."""
    check(topic, json.dumps(value).encode("utf-8", "replace"))


@given(TOPICS, st.sampled_from(VALID), st.data())
@settings(max_examples=300)
def test_a_valid_payload_with_one_nasty_field_has_an_outcome(
    topic: str, valid: dict[str, Any], data: st.DataObject
) -> None:
    """Each field of each dialect takes any value of any type."""
    payload = json.loads(json.dumps(valid))
    place = payload.get("position", payload) if data.draw(st.booleans()) else payload
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(NASTY)
    check(topic, json.dumps(payload).encode())
    check(topic, json.dumps([payload, valid]).encode())


@given(TOPICS, st.sampled_from(VALID), st.integers(0, 400), st.binary(max_size=6))
def test_a_valid_payload_with_bytes_cut_and_pasted_has_an_outcome(
    topic: str, valid: object, at: int, paste: bytes
) -> None:
    """Truncation and corruption on the way."""
    payload = json.dumps(valid).encode()
    check(topic, payload[:at] + paste + payload[at + len(paste) :])
    check(topic, payload[:at])


@given(TOPICS, st.integers(4_000, 4_400), st.sampled_from(["t", "tst", "seq", "truck", "received_at", "lat"]))
def test_numbers_of_thousands_of_digits_have_an_outcome(topic: str, digits: int, field: str) -> None:
    """Python refuses to print integers above a length; nothing here may need to."""
    body = json.dumps(VALID[0] | {"_type": "location", "tst": 1764000000})[:-1]
    check(topic, f'{body}, "{field}": {"9" * digits}}}'.encode())


def test_the_largest_backlog_is_read_whole() -> None:
    """Thousands of fixes in one message are within the bounds, and none is lost."""
    fixes = [{"t": 1_764_000_000 - i, "lat": 1, "lon": 2} for i in range(7_000)]
    fitting = json.dumps(fixes, separators=(",", ":")).encode()
    assert len(fitting) <= MAX_PAYLOAD
    results = check("gomikuru/v1/minami/trucks/17/ping", fitting)
    assert len(results) == 7_000
    assert all(isinstance(result, Ping) for result in results)


def test_a_refusal_survives_the_quarantine() -> None:
    """What was refused is what an operator reads."""
    (refused,) = check("gomikuru/v1/minami/trucks/17/ping", b"\x00\xff{")
    assert isinstance(refused, Rejected)
    assert refused.payload == b"\x00\xff{"
    assert msgspec.msgpack.decode(encode_rejected(refused))["reason"] == "malformed"
