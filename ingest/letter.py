"""What the dialects share: one message as it came in, the shape of a dialect, and the checks that any fix must pass.

Pure. Units on the way out: degrees WGS 84, metres, m/s, instants in ms UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ingest.directory import Directory
from model.ping import Ping, Reason, Rejected
from model.times import parse_rfc3339

KEPT_BYTES = 2_048
"""How much of a refused payload is kept."""
MAX_TOPIC = 512
MAX_ID = 64
SECONDS_BELOW = 1e11
"""A numeric time below this (the year 5138 in seconds, March 1973 in milliseconds) is in seconds, else in ms."""
_LATEST_MS = 4_102_444_800_000
_SMALLEST_SEQ, _LARGEST_SEQ = 0, 2**63 - 1
_NULL_ISLAND_DEG = 1e-6
_LARGEST_LAT_DEG = 85.0
"""Nearer to a pole the engine's plane stretches without a bound, and a step there would be a leg across it."""


def printable(text: str, limit: int) -> str:
    """Cut a foreign text, and make it encodable whatever it holds."""
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


class Letter(NamedTuple):
    """One message as the broker handed it over."""

    topic: str
    payload: bytes
    received_ms: int
    directory: Directory
    max_fixes: int = 10_000

    def refuse(
        self,
        reason: Reason,
        detail: str,
        city: str | None = None,
        truck: str | None = None,
        part: bytes | None = None,
    ) -> Rejected:
        """Say why this message, or `part` of it, is no ping."""
        return Rejected(
            reason=reason,
            detail=printable(detail, 300),
            topic=printable(self.topic, MAX_TOPIC),
            payload=(self.payload if part is None else part)[:KEPT_BYTES],
            received_ms=self.received_ms,
            city=city,
            truck=None if truck is None else printable(truck, MAX_ID),
        )


class Dialect(NamedTuple):
    """A way in which trucks speak: the topics it subscribes to, whether a topic is its own, and how it reads one."""

    name: str
    filters: Callable[[Directory], list[str]]
    speaks: Callable[[str, Directory], bool]
    read: Callable[[Letter], list[Ping | Rejected]]


class BadFix(ValueError):
    """A fix that is none: the reason, and what is wrong in words."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def instant_ms(value: float | str, field: str) -> int:
    """Read a time given in s, ms (told apart by SECONDS_BELOW) or RFC 3339; raise BadFix if it is none."""
    if isinstance(value, str):
        try:
            read_ms = parse_rfc3339(value[:40].strip().upper())
        except (ValueError, OverflowError) as error:
            raise BadFix(Reason.BAD_TIME, f"{field}: {value[:40]!r} is no RFC 3339 instant with a time zone") from error
        if not 0 <= read_ms <= _LATEST_MS:
            raise BadFix(Reason.BAD_TIME, f"{field}: {value[:40]!r} lies before 1970 or after 2099")
        return read_ms
    scaled = value * 1000 if abs(value) < SECONDS_BELOW else value
    if not 0 <= scaled <= _LATEST_MS:
        raise BadFix(Reason.BAD_TIME, f"{field}: {_short(value)} is neither seconds nor milliseconds since 1970")
    return round(scaled)


def place(lat: float, lon: float) -> tuple[float, float]:
    """Check a position; raise BadFix where it is outside the world, or where receivers say that they know none."""
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= _LARGEST_LAT_DEG and abs(lon) <= 180):
        raise BadFix(Reason.BAD_POSITION, "latitude must be within -85..85 and longitude within -180..180 degrees")
    if abs(lat) < _NULL_ISLAND_DEG and abs(lon) < _NULL_ISLAND_DEG:
        raise BadFix(Reason.BAD_POSITION, "0, 0 is what a receiver without a fix says")
    return lat, lon


def speed(value: float | None, per_mps: float = 1.0) -> float | None:
    """Turn a speed into m/s; a negative one is how phones say unknown."""
    return None if value is None or not 0 <= value < math.inf else value * per_mps


def heading(value: float | None) -> float | None:
    """Keep a heading within 0..360; anything else (511, -1) is how devices say unknown."""
    return None if value is None or not 0 <= value <= 360 else value % 360.0


def accuracy(value: float | None) -> float | None:
    """Keep an accuracy in metres; 0 or less is how devices say unknown."""
    return None if value is None or not 0 < value < math.inf else value


def sequence(value: int | None) -> int | None:
    """Keep a sequence number that fits in 63 bits."""
    return value if value is not None and _SMALLEST_SEQ <= value <= _LARGEST_SEQ else None


def is_id(text: str) -> bool:
    """Tell whether a topic level can name a truck or a city: short, printable, and no wildcard."""
    return 0 < len(text) <= MAX_ID and text.isprintable() and not any(sign in text for sign in "+#/")


def _short(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value), 40)
