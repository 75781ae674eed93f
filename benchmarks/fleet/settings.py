"""Every number of the fleet and its town; lengths in metres, times in seconds unless the name says otherwise.

`Unsteady` holds what makes days differ, as it stands at unrest 1; all of it is scaled by the one number.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field


@dataclass(frozen=True)
class Town:
    """The ground: a dense core, estates around it, a river, a railway, a plant outside."""

    lat: float = 34.86
    lon: float = 135.62
    half_width_m: float = 3400.0
    half_height_m: float = 2700.0
    core_m: float = 550.0  # half the side of the old centre
    core_block_m: float = 110.0
    block_m: float = 270.0
    crooked: float = 0.14  # how far a junction lies off the grid, as a share of the block
    missing_streets: float = 0.16
    plant_km: float = 4.5
    bridges: int = 5
    rail_passages: int = 7


@dataclass(frozen=True)
class Sites:
    """The stops and how they are served when nothing is in the way."""

    per_round: tuple[int, int, int] = (46, 44, 37)
    spacing_m: float = 105.0
    own_spacing_m: float = 400.0  # between stops of one round
    yard_share: float = 0.36
    boulevard_pairs: int = 5
    creeping_share: float = 0.10
    by_fullness_share: float = 0.12
    two_gates: int = 4
    markets: int = 3
    afternoon_containers: int = 12
    every_other_day_share: float = 0.06
    schools: int = 4
    sectors: int = 5  # neighbourhoods into which a crew cuts its round
    wander: float = 0.1  # 0: always the nearest stop next; 1: nearly any of the neighbourhood
    late_share: float = 0.03  # stops left for the end of the round by habit
    quick_lift_s: float = 80.0
    long_lift_s: float = 260.0
    long_share: float = 0.35
    overlap: float = 0.3  # how far the third round's ground reaches into that of the other two


@dataclass(frozen=True)
class Work:
    """Hours and habits of the crews."""

    start_h: tuple[float, float, float] = (5.75, 6.25, 5.5)
    paces: tuple[float, float, float, float] = (0.96, 1.0, 1.04, 0.9)  # by crew; the last is the relief
    monday_earlier_s: float = 900.0
    saturday_later_s: float = 1500.0
    lunch_h: float = 11.3
    lunch_s: float = 2400.0
    saturday_traffic: float = 0.5
    stand_off_m: float = 5.0  # how far short of the stop a truck stands, by habit and by what room there is
    latest_h: float = 15.6
    capacity: float = 21.0  # in ordinary stops' daily waste
    unload_s: float = 420.0
    plant_queue_s: float = 300.0
    between_tours_s: float = 1500.0
    school_from_h: float = 7.5
    school_until_h: float = 8.4
    holiday_gap: int = 9  # no two holidays closer than this
    handing_from_h: float = 12.0


@dataclass(frozen=True)
class Unsteady:
    """What makes one day unlike another, at unrest 1: chances, means and log-normal spreads."""

    neighbours_turned: float = 0.066  # per pair of stops that follow each other
    blocks_moved: float = 0.36  # a day
    blocks_reversed: float = 0.36  # a day
    other_variant: float = 0.12  # the crew takes one of its other habitual orders
    left_out: float = 0.03  # a due stop with nothing out
    asked_for: float = 0.9  # stops a day that are not due and served all the same
    car_in_the_way: float = 0.048
    look_in: float = 0.3  # at a container that turns out not to be full enough
    vehicle_swap: float = 0.048  # a day
    workshop: float = 0.015  # per truck and day, then for some days
    leave: float = 0.006  # per crew and day, then for a fortnight
    taken_when_full: float = 0.3  # the partner serves the next three stops of a truck that must tip
    stand_off_m: float = 20.0
    handed_over: float = 0.3
    helper: float = 0.3
    start_s: float = 450.0
    lift: float = 0.21
    lift_of_day: float = 0.25
    by_the_way: float = 0.4  # per leg: a later stop that lies on it is served now
    signals: float = 1.0  # spread of the waits at signals and level crossings
    pace_of_day: float = 0.048
    pace_of_leg: float = 0.11
    jam: float = 0.03  # per leg
    other_way: float = 0.15  # per leg
    errands: float = 1.2  # a day
    pauses: float = 1.2  # a day
    fill: float = 0.18
    lunch_skipped: float = 0.09
    lunch_elsewhere: float = 0.18
    lunch_moved_s: float = 1100.0
    queue: float = 0.27
    turned_at_the_plant: float = 0.15  # a long queue makes the crew turn the rest of its order
    early_tip: float = 0.045  # spread of the load at which a crew drives to the plant
    roadworks: float = 2.7  # streets shut, a week
    stops_come: float = 2.7  # in four weeks
    stops_go: float = 2.1  # in four weeks
    holiday: float = 0.036
    early_finish: float = 0.09
    market_once: float = 0.12

    def at(self, unrest: float) -> Unsteady:
        """All of it, scaled."""
        return Unsteady(*(unrest * value for value in astuple(self)))


@dataclass(frozen=True)
class Box:
    """One kind of GPS box."""

    period_s: float = 4.4
    jitter_s: float = 0.7
    freezes: bool = True  # holds the position while it believes to stand; otherwise it wanders
    noise_m: float = 3.0
    wander_m: float = 6.0
    heartbeat_s: float = 300.0  # with the ignition off
    sleeps_after_s: float = 500.0
    doubled: float = 0.006
    cold_fixes: int = 4
    cold_m: float = 180.0
    outages: float = 0.5  # radio gone, a day
    outage_s: float = 420.0
    stored_every_s: float = 20.0  # what the memory keeps of an outage
    canyon_m: float = 11.0
    fails: float = 0.004  # a day: silent from some moment on


BOXES = (
    Box(),
    Box(period_s=4.2, freezes=False, noise_m=4.0),
    Box(period_s=4.8, jitter_s=1.0, sleeps_after_s=200.0, heartbeat_s=600.0),
    Box(period_s=10.0, jitter_s=0.4, freezes=False, noise_m=6.0, wander_m=11.0, cold_m=350.0, stored_every_s=60.0),
)


@dataclass(frozen=True)
class Settings:
    """One fleet in one town."""

    town: Town = field(default_factory=Town)
    sites: Sites = field(default_factory=Sites)
    work: Work = field(default_factory=Work)
    unsteady: Unsteady = field(default_factory=Unsteady)
    boxes: tuple[Box, ...] = BOXES
    vehicles: tuple[str, ...] = ("T-417", "T-422", "T-431", "T-388")  # the last is the spare
    seed: int = 1


def settled(seed: int, unrest: float) -> Settings:
    """The usual fleet at an unrest."""
    if not 0 <= unrest <= 1:
        raise ValueError(f"--unrest: {unrest} is not between 0 and 1")
    return Settings(unsteady=Unsteady().at(unrest), seed=seed)
