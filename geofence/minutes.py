"""The minutes lead: the truck is likely enough to be at a home's place within its lead (docs/prediction.md).

The truck's day is followed through the profile's past days; every `look_ms` the places ahead are weighed, and those
for which the rule of a lead fires nominate their homes. What a place was told is kept, so that a material change of its
time corrects it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from geofence import correcting, presence
from geofence.forecast.firing import AWAY_CHANCE, AWAY_LEADS
from geofence.forecast.recorded import second_of
from geofence.forecast.today import DaySoFar, likeliest_crew, served_places
from geofence.forecast.walk import Bools, Ints
from geofence.forecaster import Ahead, Forecaster
from geofence.foretold import Again
from geofence.scene import Nominee, Scene
from geofence.state import Truck
from model.alert import Kind
from model.subscription import MinutesLead

USEFUL_MS = (180_000, 3_600_000)


def decide(truck: Truck, scene: Scene) -> tuple[Truck, list[Nominee]]:
    """Follow the truck's day, and when a look is due nominate the homes whose lead is reached."""
    forecaster = scene.book.forecaster
    if forecaster is None or scene.move.again or scene.move.accuracy_m > 0.0:
        return truck, []
    before = truck.so_far
    truck = replace(truck, so_far=followed(before, scene, forecaster))
    if not scene.book.leads_min:
        return truck, []
    due = truck.looked_ms == 0 or scene.fix_ms - truck.looked_ms >= scene.limits.look_ms or truck.weigh_all
    truck, nominees = presence.weigh(before, truck, scene, due)
    if due and truck.so_far is not None:
        nominees += [] if truck.muted else _nominated(truck.so_far, scene, forecaster)
        truck = replace(truck, looked_ms=scene.fix_ms, round=scene.round.key)
    return truck, nominees


def followed(so_far: DaySoFar | None, scene: Scene, forecaster: Forecaster) -> DaySoFar:
    """Take a fix into the truck's day; a new day, another route or run, or a new profile, begins anew.

    So a stop that one truck serves at noon on one route and in the evening on another is foretold twice.
    """
    scale = forecaster.profile.stretch
    x, y = scene.here[0] / scale, scene.here[1] / scale
    at_s = seconds_of(scene)
    day = f"{forecaster.version}/{scene.day_ordinal}/{scene.run}"
    if so_far is None or so_far.day != day:
        return forecaster.guide.begin(day, at_s, x, y, scene.crew)
    return forecaster.guide.follow(so_far, at_s, x, y, scene.crew)[0]


def round_of(so_far: DaySoFar | None, vehicle: str, forecaster: Forecaster) -> str:
    """Tell whose round a truck is on: until that is known, whose past days hold most of the belief, or its own."""
    if so_far is None:
        return vehicle
    return so_far.crew or likeliest_crew(forecaster.guide.library, so_far.progress) or vehicle


def seconds_of(scene: Scene) -> float:
    """Tell the seconds of the service day at which the fix was taken."""
    return second_of(scene.fix_ms, scene.day_ordinal, scene.book.city.timezone)


def _nominated(so_far: DaySoFar, scene: Scene, forecaster: Forecaster) -> Iterator[Nominee]:
    ahead = forecaster.look(so_far, seconds_of(scene), scene.day_ordinal, scene.limits.manner)
    _turned_away(ahead, so_far, scene)
    if not len(ahead.outlook.place):
        return
    late_s = (scene.received_ms - scene.fix_ms) / 1000.0
    for lead_min in scene.book.leads_min:
        rule = forecaster.rule(lead_min, ahead.day)
        lead_s = 60.0 * lead_min
        fires = ahead.outlook.within(rule.share * lead_s + late_s) >= rule.chance
        if rule.last_share > 0.0:
            fires |= ahead.outlook.within(rule.last_share * lead_s + late_s) >= rule.last_chance
        for k in np.flatnonzero(fires).tolist():
            for ordinal in _calls(ahead, k, int(ahead.outlook.place[k]), lead_min, scene):
                yield from _homes(ahead, k, lead_min, scene, Kind.APPROACHING, ordinal)
        for k, was_ms in correcting.corrected(ahead, lead_min, scene):
            yield from _corrected(_homes(ahead, k, lead_min, scene, Kind.CORRECTED), was_ms)
        yield from _zoned(ahead, fires, lead_min, so_far, scene)


def _calls(ahead: Ahead, k: int, told_by: int, lead_min: float, scene: Scene) -> list[int]:
    """Tell which calls for the k-th place are due, and record them under a number.

    The second where a correction moved the time beyond the lead, which is reached again, or where the truck had turned
    away; the first for who came since.
    While it is in doubt on which of two rounds a truck is, who was told on either is not told again.
    """
    foretold, calls = scene.round_foretold, []
    late_s = (scene.received_ms - scene.fix_ms) / 1000.0
    again, reached = foretold.again(told_by, lead_min), float(ahead.middle_s[k]) <= 60.0 * lead_min + late_s
    if again is Again.AWAY or (again is Again.DUE and reached):
        foretold.tell_again(told_by, lead_min, ahead.middle_ms(k, scene.fix_ms))
        calls.append(2)
    other = scene.other_foretold
    if not foretold.has(told_by, lead_min) and not (other is not None and other.has(told_by, lead_min)):
        foretold.tell(told_by, lead_min, ahead.middle_ms(k, scene.fix_ms), scene.truck)
        calls.append(1)
    return calls


def _turned_away(ahead: Ahead, so_far: DaySoFar, scene: Scene) -> None:
    """Note for which places that were told the truck has become unlikely since: it went to tip, or elsewhere first."""
    foretold, zones = scene.round_foretold, scene.book.minutes_zones
    near: dict[float, Bools] = {}
    served = served_places(so_far.served, 8 * len(so_far.served))
    for told_by, lead_min in foretold.waiting(scene.truck):
        places = (told_by,) if 0 <= told_by < len(served) else zones.places_of(told_by)
        if any(served[place] for place in places):
            foretold.settle(told_by, lead_min)
            continue
        if lead_min not in near:
            near[lead_min] = np.zeros(len(served), dtype=bool)
            near[lead_min][ahead.outlook.place] = ahead.outlook.within(AWAY_LEADS * 60.0 * lead_min) >= AWAY_CHANCE
        likely = near[lead_min][list(places)].any()
        foretold.unlikely(told_by, lead_min, None if likely else scene.fix_ms, correcting.AWAY_LASTS_MS)


def _zoned(
    ahead: Ahead, fires: npt.NDArray[np.bool_], lead_min: float, so_far: DaySoFar, scene: Scene
) -> Iterator[Nominee]:
    """Nominate the homes known by their zone, by the first of its places to fire; the first to come corrects it."""
    zones = scene.book.minutes_zones
    for zone in zones.served(lead_min):
        rows = np.flatnonzero(np.isin(ahead.outlook.place, zone.places))
        homes = zones.at(zone.zone, lead_min)
        k = correcting.soonest(ahead, rows[fires[rows]])
        if k is not None:
            for ordinal in _calls(ahead, k, zone.key, lead_min, scene):
                yield from _nominees(ahead, k, homes, lead_min, scene, Kind.APPROACHING, zone.turn, ordinal)
        k = None if served_any(so_far, zone.places) else correcting.first_coming(ahead, zone.places)
        was_ms = None if k is None else correcting.moved(ahead, k, zone.key, lead_min, scene)
        if k is not None and was_ms is not None:
            yield from _corrected(_nominees(ahead, k, homes, lead_min, scene, Kind.CORRECTED, zone.turn), was_ms)


def served_any(so_far: DaySoFar, places: Ints) -> bool:
    """Tell whether a truck has served any of some places today."""
    return bool(served_places(so_far.served, 8 * len(so_far.served))[places].any())


def _homes(ahead: Ahead, k: int, lead_min: float, scene: Scene, kind: Kind, ordinal: int = 1) -> Iterator[Nominee]:
    """Nominate the homes of a place that have a lead."""
    place = int(ahead.outlook.place[k])
    told = ((home.number, home.subscription, home.mask) for home in scene.book.minutes.at(place, lead_min))
    yield from _nominees(ahead, k, told, lead_min, scene, kind, scene.book.turn_of(place), ordinal)


def _nominees(
    ahead: Ahead,
    k: int,
    homes: Iterable[tuple[int, str, int]],
    lead_min: float,
    scene: Scene,
    kind: Kind,
    turn: int,
    ordinal: int = 1,
) -> Iterator[Nominee]:
    """Nominate homes with the time of a place."""
    eta_ms = ahead.instants(k, scene.fix_ms)
    useful = useful_ms(eta_ms[0] - scene.received_ms)
    lead = MinutesLead(lead_min)
    for number, subscription, mask in sorted(homes):
        if scene.concerns(mask):
            yield Nominee(
                number, subscription, lead, useful, kind=kind, eta_ms=eta_ms, by_round=True, ordinal=ordinal, turn=turn
            )


def _corrected(nominees: Iterable[Nominee], was_ms: int) -> Iterator[Nominee]:
    """Add to nominees the time that they were told before."""
    return (replace(nominee, was_ms=was_ms) for nominee in nominees)


def useful_ms(left_ms: int) -> int:
    """Tell how long a word about a truck that comes in so long is of use."""
    return min(max(left_ms, USEFUL_MS[0]), USEFUL_MS[1])
