"""A profile's bytes: what comes back from them, how few they are, and what becomes of bytes that are none."""

from __future__ import annotations

import zlib
from datetime import date

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.forecast.calibration import FACTORS, Calibration
from geofence.forecast.firing import LEADS_MIN, default_rule
from geofence.forecast.library import Day
from geofence.forecast.profile import MAGIC, BadProfile, Profile, decode_profile, encode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.walk import Floats, Trace
from tests.support.rounds import CITY, Drive

MOST_BYTES_A_DAY = 8_000
"""What docs may promise of a truck's whole day of collection, plain kerbside work with tipping."""

coordinate = st.floats(-40_000.0, 40_000.0)
knots = st.lists(
    st.tuples(coordinate, coordinate, st.floats(0.0, 3_000.0), st.floats(0.0, 3_000.0)), min_size=1, max_size=30
)


def trace(rows: list[tuple[float, float, float, float]]) -> Trace:
    """Make a walk of (x, y, way before, standing)."""
    table, at_s = [], 0.0
    for x, y, way_s, stand_s in rows:
        table.append((x + 15_080_000.0, y + 4_120_000.0, at_s + way_s, at_s + way_s + stand_s))
        at_s += way_s + stand_s
    return Trace(*np.array(table).T.copy())


def profile(days: list[Day], places: list[tuple[float, float]]) -> Profile:
    x, y = np.array(places).reshape(-1, 2).T + np.array([[15_080_000.0], [4_120_000.0]])
    strength = np.arange(len(places), dtype=np.float64)
    return Profile(1.2189, tuple(days), x.copy(), y.copy(), len(places) // 2, strength, expect=0.4)


def off(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).max(initial=0.0))


@given(
    st.lists(st.tuples(st.text(max_size=8), st.integers(700_000, 760_000), knots), max_size=6),
    st.lists(st.tuples(coordinate, coordinate), max_size=12),
)
def test_what_is_written_comes_back_to_half_a_metre_and_a_second(
    days: list[tuple[str, int, list[tuple[float, float, float, float]]]], places: list[tuple[float, float]]
) -> None:
    """Days, places and figures of any profile survive their bytes."""
    kept = profile([Day(vehicle, ordinal, trace(rows)) for vehicle, ordinal, rows in days], places)
    back = decode_profile(encode_profile(kept))
    assert [(day.vehicle, day.ordinal, len(day.trace)) for day in back.days] == [
        (day.vehicle, day.ordinal, len(day.trace)) for day in kept.days
    ]
    for one, other in zip(kept.days, back.days, strict=True):
        assert max(off(one.trace.x, other.trace.x), off(one.trace.y, other.trace.y)) <= 0.5
        assert max(off(one.trace.in_s, other.trace.in_s), off(one.trace.out_s, other.trace.out_s)) <= 1.0
        assert (other.trace.in_s <= other.trace.out_s).all()
    assert max(off(kept.place_x, back.place_x), off(kept.place_y, back.place_y)) <= 0.5
    assert off(kept.strength, back.strength) <= 1e-3
    assert (back.stretch, back.stops, back.expect) == (kept.stretch, kept.stops, kept.expect)


@given(knots)
def test_bytes_of_a_decoded_profile_are_the_same_bytes(rows: list[tuple[float, float, float, float]]) -> None:
    """Once rounded, a profile is the same however often it is written: a version names one content."""
    data = encode_profile(profile([Day("17", 739_000, trace(rows))], [(0.0, 0.0)]))
    once = encode_profile(decode_profile(data))
    assert encode_profile(decode_profile(once)) == once


def test_rules_and_factors_come_back_as_they_were() -> None:
    """What rehearsals taught is kept exactly."""
    kept = msgspec.structs.replace(
        profile([], []),
        rules=tuple(default_rule(lead) for lead in LEADS_MIN),
        calibration=Calibration(low=(0.5,) * FACTORS, high=(1.5,) * FACTORS),
    )
    back = decode_profile(encode_profile(kept))
    assert (back.rules, back.calibration) == (kept.rules, kept.calibration)


@given(st.binary(max_size=400))
def test_junk_is_no_profile(junk: bytes) -> None:
    """Whatever the bytes are, with or without the mark of a profile, the refusal says what to do."""
    for data in (junk, MAGIC + junk, MAGIC + zlib.compress(junk)):
        with pytest.raises(BadProfile, match="gomikuru learn"):
            decode_profile(data)


def test_a_truncated_profile_is_refused_wherever_it_was_cut() -> None:
    """A file that was written by half never takes force."""
    data = encode_profile(profile([Day("17", 739_000, trace([(0.0, 0.0, 5.0, 60.0)] * 30))], [(0.0, 0.0)]))
    for length in range(len(data)):
        with pytest.raises(BadProfile):
            decode_profile(data[:length])


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_is_noticed(at: int, bits: int) -> None:
    """A disk that lies by one byte does not change what is foretold: all but packing's own slack is refused."""
    whole = encode_profile(profile([Day("17", 739_000, trace([(9.0, 9.0, 5.0, 60.0)] * 30))], [(0.0, 0.0)]))
    data = bytearray(whole)
    data[at % len(data)] ^= bits
    try:
        back = decode_profile(bytes(data))
    except BadProfile:
        return
    assert encode_profile(back) == encode_profile(decode_profile(whole))


anything = st.none() | st.integers(-(2**40), 2**40) | st.binary(max_size=40) | st.lists(st.integers(0, 9))


@settings(max_examples=200)
@given(st.lists(anything, max_size=14))
def test_a_well_packed_something_else_is_refused(values: list[object]) -> None:
    """Bytes that unpack to another form are no profile."""
    with pytest.raises(BadProfile):
        decode_profile(MAGIC + zlib.compress(msgspec.msgpack.encode(values)))


@pytest.mark.parametrize("field", ["sizes", "ordinals", "vehicles", "knots", "places", "strength"])
def test_columns_that_do_not_fit_each_other_are_refused(field: str) -> None:
    """A profile whose counts contradict each other is broken, even where each part can be read."""
    days = [Day("17", 739_000 + k, trace([(0.0, 0.0, 5.0, 60.0)] * 9)) for k in range(2)]
    data = encode_profile(profile(days, [(0.0, 0.0), (90.0, 0.0)]))
    stored = msgspec.msgpack.decode(zlib.decompress(data[len(MAGIC) :]))
    at = ["stretch", "origin", "vehicles", "ordinals", "sizes", "knots", "places", "stops", "strength"].index(field)
    stored[at] = stored[at][:-16] if isinstance(stored[at], bytes) else stored[at][:-1]
    if field in ("places", "strength"):
        stored[at] = stored[at][:-4] if field == "strength" else stored[at][:8]
    with pytest.raises(BadProfile):
        decode_profile(MAGIC + zlib.compress(msgspec.msgpack.encode(stored)))


def test_a_day_of_collection_takes_a_few_kilobytes() -> None:
    """Seven hours with 220 stops, a fix every five seconds, two tipping trips: within the bound that is stated."""
    chance = np.random.default_rng(3)
    drive = Drive(date(2026, 11, 2))
    for tour in range(2):
        for street in range(11):
            ends = (-1000.0, 1000.0) if street % 2 else (1000.0, -1000.0)
            stops = [(x + chance.normal(0, 5), 150.0 * street) for x in np.linspace(*ends, 10)]
            for x, y in stops:
                drive.to(float(x), y + 600.0 * tour).stand(float(chance.uniform(20, 70)))
        drive.to(4000.0, 6000.0, mps=10.0).stand(600)
    recording = Recording(CITY)
    recording.add(drive.pings)
    (day,) = recording.days()
    data = encode_profile(Profile(recording.stretch(), (day,), np.zeros(0), np.zeros(0), 0, np.zeros(0)))
    assert len(day.trace) > 1_000
    assert len(data) < MOST_BYTES_A_DAY
