"""Every number of the town, its stops, its crews and their boxes; metres and seconds unless the name says otherwise.

A `Span` holds the ends between which a number is drawn evenly; what is called a share or a chance lies in 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[float, float]


@dataclass(frozen=True)
class Land:
    """The ground: crooked streets, a river with few bridges, a plant far outside."""

    lines: tuple[int, int] = (22, 25)  # streets either way, both ends included
    spacing_m: Span = (215.0, 275.0)
    uneven: Span = (0.65, 1.4)  # from one street to the next, in spacings
    sway: Span = (0.04, 0.10)  # of a street out of its line, as a share of the town's side
    crooked: float = 0.10  # spread of a junction about its place, in spacings
    lights: float = 0.18  # junctions on one wide street that have lights; where two wide ones cross, all have
    diagonals: float = 0.05
    missing_lanes: float = 0.22
    missing_wide: float = 0.02
    one_way: float = 0.10  # of the lanes
    bend: float = 0.06  # spread of a street's middle beside the straight line, in lengths of the street
    depot_m: Span = (300.0, 1200.0)  # from the street where its road begins
    tip_km: Span = (5.0, 11.0)
    canteens: int = 5


@dataclass(frozen=True)
class Sites:
    """The stops: how many, how far apart, how long a truck stands at them."""

    homes: tuple[int, int] = (17, 18)  # stops of a round, each with a resident, both ends included
    quarters: tuple[int, int] = (6, 9)  # neighbourhoods of a round, both ends included
    quarter_m: float = 340.0  # how far a quarter reaches
    apart_m: float = 320.0  # between the stops of rounds
    wider: float = 2.2  # a quarter without room for one more reaches so many times as far ...
    closer: float = 0.6  # ... and its stops may be so much closer
    within: float = 0.95  # quarters lie within that share of the town's radius
    now_and_then: int = 12  # further stops of a round, without a resident
    now_and_then_chance: float = 0.07  # that one of them is served on a day, about
    now_and_then_apart_m: float = 90.0
    on_call: int = 50  # places of the whole town where something may be fetched
    on_call_apart_m: float = 60.0
    service_min: float = 12.3  # the median over stops of how long the truck usually stands, minutes
    service_spread: float = 0.28  # log-normal, over stops
    on_call_min: float = 6.0
    daily: float = 0.89  # share of stops emptied every day
    by_weekday: float = 0.06  # share emptied on weekdays of their own; the others when they are full
    gate_m: Span = (15.0, 70.0)  # from the street into the yard
    behind_m: Span = (10.0, 55.0)  # from there round a corner
    corner: float = 0.65  # yards that have one
    backed_into: float = 0.4
    two_stands: float = 0.15  # yards where the truck moves up once
    blur_m: Span = (3.0, 9.0)  # how much worse the walls make the fixes
    drift_m: float = 5.0  # scale of how far fixes wander slowly


@dataclass(frozen=True)
class Crews:
    """Habits of a truck and its drivers, drawn once."""

    start_h: Span = (5.7, 7.6)
    start_spread_min: Span = (4.0, 14.0)
    lunch_h: Span = (11.0, 12.8)
    lunch_kinds: tuple[float, float, float] = (0.40, 0.47, 0.13)  # in a canteen, where they are, in the depot
    other_order: float = 0.10  # trucks that have another order on two weekdays
    changeable: Span = (0.6, 1.6)  # by how much a truck's order changes more often than the usual
    jumps: float = 0.078  # stops that habit puts elsewhere in the order
    own_order: float = 0.7  # reliefs who have an order of their own
    loads: Span = (1.25, 2.0)  # a day's waste, in loads
    tip_near: float = 0.88  # the habit is to tip when so full, counted in usual volumes
    likes: float = 0.10  # log-normal spread of how a driver values a street
    pace: float = 0.85  # of all trucks
    home_m: float = 18.0  # a resident lives within that of the stand


@dataclass(frozen=True)
class Days:
    """What one day has and another has not: chances a day, means and spreads."""

    sunday: tuple[float, float, float] = (0.5, 0.3, 0.2)  # that Sundays are as other days, are light, are free
    light_day: float = 0.6  # that one day of the period is light
    left_out: float = 0.35  # stops not served on a light day
    shut_every_days: float = 9.0  # a street is shut so often, for up to eight days
    relief_comes: float = 0.02
    relief_goes: float = 0.40
    workshop: float = 0.012  # the truck does not go out
    block_moved: float = 0.02
    neighbours_turned: float = 0.008  # for each pair of stops
    moved: float = 0.003  # for each stop
    skipped: float = 0.015  # for each stop, made up for on the next day
    calls: float = 0.25  # mean number of places on call, for each truck
    helps: float = 0.04  # takes stops of a colleague


@dataclass(frozen=True)
class Work:
    """What happens on a truck's day: chances, means and spreads."""

    by_habit: float = 0.96  # days on which the truck tips and rests after its usual stops
    errands: float = 0.15  # mean number
    fuel_first: float = 0.10
    fuel_last: float = 0.3
    long_break: float = 0.015
    put_off: float = 0.006  # a stop that cannot be served now and is tried again soon
    again: float = 0.006  # a stop to which the truck comes back
    again_share: float = 0.35  # of the usual volume, then
    pace_spread: float = 0.03  # log-normal, as the spreads below
    hands_spread: float = 0.06
    leg_spread: float = 0.10
    taste_spread: float = 0.03
    service_spread: float = 0.17
    load_spread: float = 0.12
    capacity_spread: float = 0.08
    earliest_h: float = 4.5
    latest_h: float = 19.5  # what is left then is made up for on the next day
    tip_min: float = 8.0  # the least; a wait comes on top


@dataclass(frozen=True)
class Box:
    """What all GPS boxes have in common."""

    period_s: int = 5
    blur_m: float = 2.2  # wandering within a minute; a yard's walls add to it
    walls: float = 0.45  # how much of a yard's blur is added
    drift: float = 0.55  # how much of a yard's drift is added, wandering over some minutes
    grain_m: float = 0.7  # of each single fix
    holds: float = 0.93  # fixes of a standing truck that repeat the last one, in boxes that hold still
    jumps: float = 0.0003
    jump_m: float = 90.0
    cold: float = 0.6  # beginnings with some fixes far off
    cold_m: tuple[float, float, float] = (30.0, 120.0, 500.0)
    cold_shares: tuple[float, float, float] = (0.6, 0.3, 0.1)
    gaps: float = 1.6  # mean number a day
    gap_s: float = 150.0  # mean of what exceeds the shortest
    shortest_gap_s: float = 30.0
    lost: float = 0.006
    doubled: float = 0.003
    latest_h: float = 23.9


@dataclass(frozen=True)
class Settings:
    """One town with its trucks."""

    land: Land = field(default_factory=Land)
    sites: Sites = field(default_factory=Sites)
    crews: Crews = field(default_factory=Crews)
    days: Days = field(default_factory=Days)
    work: Work = field(default_factory=Work)
    box: Box = field(default_factory=Box)
    seed: int = 1
