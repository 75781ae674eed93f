"""A city's profile: what was learned from past days, and its bytes. Pure. docs/prediction.md describes the form."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.calibration import FACTORS, HORIZONS, Calibration
from geofence.forecast.firing import Rule
from geofence.forecast.hours import Hours, Spots, all_day, spots_of
from geofence.forecast.library import Day, Library
from geofence.forecast.walk import Floats, Ints, Trace

FILE = "profile.bin"
MAGIC = b"GMKP1\n"
GRAIN_M = 0.5
"""Knots are kept to half a metre and to the second."""


class BadProfile(ValueError):
    """The bytes are no profile of this version; the text says what to do."""


class Profile(msgspec.Struct, frozen=True):
    """Past days, places (the first `stops` of them regular; `strength`: how much is loaded), what rehearsals taught.

    `expect`: the chance of coming within half an hour from which on intervals are learned.
    `stretch`: plane metres to a ground metre in this city. `crews`: for each route whose days speak for it.
    `hours`: of each place; None where all are served at any hour.
    """

    stretch: float
    days: tuple[Day, ...]
    place_x: Floats
    place_y: Floats
    stops: int
    strength: Floats
    rules: tuple[Rule, ...] = ()
    calibration: Calibration = Calibration()
    expect: float = 0.5
    crews: tuple[tuple[str, str], ...] = ()
    hours: Hours | None = None

    def library(self) -> Library:
        """Build the arrays that the matcher reads."""
        return Library(self.days, self.place_x, self.place_y, self.hours)

    def spots(self) -> Spots:
        """Find the places that are one spot at several hours."""
        return spots_of(self.place_x, self.place_y, self.hours or all_day(len(self.place_x)))


class _Stored(msgspec.Struct, array_like=True):
    stretch: float
    origin: tuple[float, float]
    vehicles: list[str]
    ordinals: list[int]
    sizes: list[int]
    knots: bytes
    places: bytes
    stops: int
    strength: bytes
    rules: tuple[Rule, ...]
    calibration: Calibration
    expect: float
    crews: tuple[tuple[str, str], ...] = ()
    hours: bytes = b""


def encode_profile(profile: Profile) -> bytes:
    """Write a profile: small whole numbers, differences from knot to knot, compressed."""
    first = next((day.trace for day in profile.days if len(day.trace)), None)
    origin = (float(first.x[0]), float(first.y[0])) if first is not None else (0.0, 0.0)
    tables = [_packed(day.trace, origin) for day in profile.days]
    places = np.column_stack((profile.place_x - origin[0], profile.place_y - origin[1])).astype("<f4")
    hours = profile.hours or all_day(len(places))
    stored = _Stored(
        profile.stretch,
        origin,
        [day.vehicle for day in profile.days],
        [day.ordinal for day in profile.days],
        [len(day.trace) for day in profile.days],
        np.concatenate(tables).astype("<i4").T.tobytes() if tables else b"",
        places.tobytes(),
        profile.stops,
        profile.strength.astype("<f4").tobytes(),
        profile.rules,
        profile.calibration,
        profile.expect,
        profile.crews,
        np.column_stack((hours.from_s, hours.until_s)).astype("<f4").tobytes(),
    )
    return MAGIC + zlib.compress(msgspec.msgpack.encode(stored), 9)


def decode_profile(data: bytes) -> Profile:
    """Read a profile; raise BadProfile where the bytes are none."""
    if not data.startswith(MAGIC):
        raise BadProfile("is no profile of this version; learn it anew with `gomikuru learn`")
    try:
        stored = msgspec.msgpack.decode(zlib.decompress(data[len(MAGIC) :]), type=_Stored)
        return _unpacked(stored)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise BadProfile(f"is broken ({error}); learn it anew with `gomikuru learn`") from error


def _unpacked(stored: _Stored) -> Profile:
    columns = np.frombuffer(stored.knots, dtype="<i4").reshape(4, -1).T
    if any(size < 0 for size in stored.sizes) or sum(stored.sizes) != len(columns):
        raise ValueError("the days' sizes are not those of the knots")
    ends = np.cumsum(np.array(stored.sizes, dtype=np.int64))[:-1]
    traces = [_trace(table, stored.origin) for table in np.split(columns, ends)] if stored.sizes else []
    days = zip(stored.vehicles, stored.ordinals, traces, strict=True)
    places = np.frombuffer(stored.places, dtype="<f4").reshape(-1, 2).astype(np.float64)
    if not 0 <= stored.stops <= len(places) or len(stored.strength) != 4 * len(places):
        raise ValueError("the places' columns are not of one length")
    hours = np.frombuffer(stored.hours, dtype="<f4").reshape(-1, 2).astype(np.float64)
    if len(hours) not in (0, len(places)):
        raise ValueError("the places' hours are not of one length with them")
    if {len(stored.calibration.low), len(stored.calibration.high)} - {HORIZONS, FACTORS}:
        raise ValueError("the intervals' factors are not those of this version")
    return Profile(
        stored.stretch,
        tuple(Day(vehicle, ordinal, trace) for vehicle, ordinal, trace in days),
        places[:, 0] + stored.origin[0],
        places[:, 1] + stored.origin[1],
        stored.stops,
        np.frombuffer(stored.strength, dtype="<f4").astype(np.float64),
        stored.rules,
        stored.calibration,
        stored.expect,
        stored.crews,
        Hours(hours[:, 0].copy(), hours[:, 1].copy()) if len(hours) else None,
    )


def _packed(trace: Trace, origin: tuple[float, float]) -> Ints:
    table = np.column_stack(
        (
            np.round((trace.x - origin[0]) / GRAIN_M),
            np.round((trace.y - origin[1]) / GRAIN_M),
            np.round(trace.in_s),
            np.round(trace.out_s) - np.round(trace.in_s),
        )
    ).astype(np.int64)
    table[1:, :3] = np.diff(table[:, :3], axis=0)
    return table


def _trace(table: npt.NDArray[np.int32], origin: tuple[float, float]) -> Trace:
    whole = table.astype(np.int64)
    whole[:, :3] = np.cumsum(whole[:, :3], axis=0)
    metres = whole[:, :2].astype(np.float64) * GRAIN_M + np.array(origin)
    x, y = np.ascontiguousarray(metres.T)
    return Trace(x, y, whole[:, 2].astype(np.float64), (whole[:, 2] + whole[:, 3]).astype(np.float64))
