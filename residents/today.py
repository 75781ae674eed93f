"""What a home's page shows of today in one glance. Values only: who makes them knows the engine's state."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How today's collection stands for one home."""

    NO_COLLECTION = "no_collection"
    NOT_STARTED = "not_started"
    ON_ITS_WAY = "on_its_way"
    WINDOW = "window"
    PASSED = "passed"
    NO_SIGNAL = "no_signal"
    UNKNOWN = "unknown"


class Window(msgspec.Struct, frozen=True):
    """When the truck is expected, UTC ms: `low_ms` to `high_ms` holds it with probability `share`."""

    low_ms: int
    mid_ms: int
    high_ms: int
    share: float = 0.8


class NearTruck(msgspec.Struct, frozen=True):
    """A truck that concerns this home: its last position and when it was taken (degrees, UTC ms)."""

    lat: float
    lon: float
    at_ms: int


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The whole: `window` with WINDOW, `passed_ms` with PASSED, `heard_ms` with NO_SIGNAL."""

    state: State
    window: Window | None = None
    passed_ms: int | None = None
    heard_ms: int | None = None
    trucks: tuple[NearTruck, ...] = ()
