"""How much the worker of a city takes at a time, and how often it does what."""

from __future__ import annotations

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """How much at a time and how often; machine milliseconds but for `tick_ms`, which is service time.

    A lease is taken for `load_ms`, since a large city may take long to load, and then held for `lease_ms`.
    At most `hold_events` wait for a follower, such as the archive.
    """

    batch: int = 512
    batch_bytes: int = 1_000_000
    block_ms: int = 200
    lease_ms: int = 10_000
    load_ms: int = 60_000
    retry_ms: int = 200
    tick_ms: int = 30_000
    trim_ms: int = 5_000
    measure_ms: int = 1_000
    keep_ms: int = 30_000
    hold_events: int = 500_000
    aside_max: int = 10_000
