"""What a test bed is made from: size, seed, unrest, and how trackers hear. Values only (decision 0007)."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec


class Unrest(msgspec.Struct, frozen=True):
    """How much one day differs from the next. Shares are chances, `_cv` the spread of a lognormal factor."""

    swap_share: float = 0.12
    reverse_share: float = 0.05
    move_share: float = 0.02
    skip_factor: float = 1.0
    extra_factor: float = 1.0
    pace_cv: float = 0.06
    leg_cv: float = 0.15
    dwell_cv: float = 0.45
    load_cv: float = 0.25
    day_load_cv: float = 0.08
    tip_cv: float = 0.08
    tip_block_share: float = 0.2
    tip_queue_min: float = 10.0
    break_share: float = 0.85
    break_jitter_min: float = 15.0
    second_break_share: float = 0.35
    start_sd_min: float = 6.0
    other_way_share: float = 0.12
    closures_per_week: float = 0.7
    substitute_share: float = 0.05
    breakdown_share: float = 0.02
    given_up_share: float = 0.25
    exchange_share: float = 0.03
    reform_share: float = 0.1
    errands_per_day: float = 0.7
    light_share: float = 0.4
    halts_per_h: float = 2.0


CALM = Unrest(
    swap_share=0.02,
    reverse_share=0.0,
    move_share=0.002,
    skip_factor=0.3,
    extra_factor=0.35,
    pace_cv=0.03,
    leg_cv=0.1,
    dwell_cv=0.25,
    load_cv=0.12,
    day_load_cv=0.03,
    tip_cv=0.02,
    tip_block_share=0.05,
    tip_queue_min=7.0,
    break_share=0.97,
    break_jitter_min=5.0,
    second_break_share=0.1,
    start_sd_min=3.0,
    other_way_share=0.03,
    closures_per_week=0.15,
    substitute_share=0.01,
    breakdown_share=0.0,
    given_up_share=0.0,
    exchange_share=0.0,
    reform_share=0.0,
    errands_per_day=0.2,
    light_share=0.3,
    halts_per_h=1.0,
)
_CUSTOMS = ("break_share", "tip_queue_min", "light_share")
STEADY = Unrest(
    **{name: getattr(CALM, name) / (1.0 if name in _CUSTOMS else 2.0) for name in Unrest.__struct_fields__},
)
"""Half of a calm town's unrest in everything but what is its custom: to rest at noon, to queue, to wait at lights."""
USUAL = Unrest()
RESTLESS = Unrest(
    swap_share=0.35,
    reverse_share=0.15,
    move_share=0.06,
    skip_factor=1.7,
    extra_factor=1.3,
    pace_cv=0.1,
    leg_cv=0.22,
    dwell_cv=0.65,
    load_cv=0.4,
    day_load_cv=0.15,
    tip_cv=0.18,
    tip_block_share=0.4,
    tip_queue_min=14.0,
    break_share=0.7,
    break_jitter_min=30.0,
    second_break_share=0.5,
    start_sd_min=15.0,
    other_way_share=0.3,
    closures_per_week=2.0,
    substitute_share=0.12,
    breakdown_share=0.06,
    given_up_share=0.3,
    exchange_share=0.06,
    reform_share=0.3,
    errands_per_day=1.3,
    light_share=0.5,
    halts_per_h=3.5,
)
LEVELS = {"steady": STEADY, "calm": CALM, "usual": USUAL, "restless": RESTLESS}


class Tracking(msgspec.Struct, frozen=True):
    """How well trackers hear the sky and reach the network.

    `parked_s`: a tracker that is silent while its truck stands says so much later, or once it has moved by `parked_m`,
    where it is; 0 for one that is not.
    """

    interval_s: float = 5.0
    parked_s: float = 0.0
    parked_m: float = 12.0
    wander_m: float = 4.0
    wander_s: float = 40.0
    jitter_m: float = 0.8
    bursts_per_h: float = 1.5
    burst_m: tuple[float, float] = (20.0, 40.0)
    burst_s: tuple[float, float] = (15.0, 60.0)
    lost_share: float = 0.01
    dead_zones: int = 2
    dead_radius_m: tuple[float, float] = (80.0, 180.0)
    outages_per_h: float = 0.15
    outage_s: tuple[float, float] = (40.0, 420.0)
    latency_s: tuple[float, float] = (0.2, 2.0)
    clock_sd_s: float = 0.6


class BedPlan(msgspec.Struct, frozen=True):
    """One test bed: the same plan gives the same bytes. `first_day` moves on to a working day (Monday to Saturday)."""

    seed: int = 1
    days: int = 15
    trucks: int = 3
    homes: int = 60
    unrest: Unrest = USUAL
    tracking: Tracking = Tracking()
    first_day: date = date(2026, 9, 7)
    lead_minutes: float = 10.0
    latitude: float = 34.83
    longitude: float = 135.47
    timezone: str = "Asia/Tokyo"


def working_days(plan: BedPlan) -> list[date]:
    """List the service days: consecutive, without Sundays."""
    found: list[date] = []
    day = plan.first_day
    while len(found) < plan.days:
        if day.weekday() != 6:
            found.append(day)
        day += timedelta(days=1)
    return found
