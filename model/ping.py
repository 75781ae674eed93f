"""One position report of one truck, or the refusal of what claimed to be one."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Ping(msgspec.Struct, frozen=True, array_like=True, tag="ping"):
    """Where a truck was: degrees WGS 84, SI units, instants in ms UTC. `received_ms` is stamped once, at ingest."""

    city: str
    truck: str
    fix_ms: int
    received_ms: int
    lat: float
    lon: float
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    collecting: bool | None = None
    seq: int | None = None
    late: bool = False
    route: str | None = None
    dialect: str = "native"

    @property
    def id(self) -> str:
        """The name under which this ping is followed through logs: truck and fix time."""
        return f"{self.truck}@{self.fix_ms}"


class Reason(StrEnum):
    """Why a payload, or a well-formed ping, was refused. One counter label each."""

    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_CITY = "unknown_city"
    UNKNOWN_TRUCK = "unknown_truck"
    WRONG_TRUCK = "wrong_truck"
    NOT_A_POSITION = "not_a_position"
    ENCRYPTED = "encrypted"
    BAD_POSITION = "bad_position"
    BAD_TIME = "bad_time"
    NOT_ALLOWED = "not_allowed"
    INVALID_FIX = "invalid_fix"
    REPEATED_FIX = "repeated_fix"
    RETAINED = "retained"
    FUTURE = "future"


class Rejected(msgspec.Struct, frozen=True):
    """A payload that is no ping: why, in words for an operator, with its topic and its first bytes."""

    reason: Reason
    detail: str
    topic: str
    payload: bytes
    received_ms: int
    city: str | None = None
    truck: str | None = None
