"""Every number that steers the engine, in one frozen value: metres, seconds (`_s`), milliseconds (`_ms`), m/s."""

from __future__ import annotations

import msgspec

from geofence.forecast.modes import Manner


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's numbers; docs/decisions/ argues those that one may contest."""

    # order and jumps
    reorder_ms: int = 10_000
    top_speed_mps: float = 35.0
    jump_floor_m: float = 100.0
    believe_after: int = 3
    gap_ms: int = 180_000
    # accuracy gate
    fine_m: float = 100.0
    coarse_m: float = 500.0
    # motion
    hop_m: float = 20.0
    evidence_m: float = 80.0
    memory_m: float = 120.0
    rest_ms: int = 600_000
    roam_m: float = 40.0
    stop_ms: int = 8_000
    stop_apart_m: float = 30.0
    sparse_ms: int = 20_000
    crawl_mps: float = 4.0
    cruise_mps: float = 6.5
    collecting_mean_mps: float = 4.0
    collecting_stops: float = 1.6
    # homes
    confirm_fixes: int = 2
    confirm_m: float = 30.0
    outer_m: float = 20.0
    outer_share: float = 0.05
    leaving_m: float = 30.0
    leaving_share: float = 0.6
    sweep_m: float = 100.0
    # zones
    zone_inner_m: float = 10.0
    zone_outer_m: float = 25.0
    # minutes
    look_ms: int = 10_000
    manner: Manner = Manner()
    at_place_m: float = 50.0
    left_place_m: float = 100.0
    silence_ms: int = 480_000
    silence_stale_ms: int = 3_600_000
    # alerts
    closing_mps: float = 1.5
    useful_min_ms: int = 180_000
    useful_max_ms: int = 900_000
    zone_useful_ms: int = 600_000
