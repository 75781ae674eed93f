"""The minutes lead: the truck is likely enough to be at a home's place within its lead (docs/prediction.md).

The truck's day is followed through the profile's past days; every `look_ms` the places ahead are weighed, and those
for which the rule of a lead fires nominate their homes. What a place was told is kept, so that a material change of its
time corrects it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from geofence.forecast.outlook import Manner, Outlook, outlook
from geofence.forecast.progress import beam
from geofence.forecast.recorded import midnight_ms
from geofence.forecast.today import DaySoFar, served_places
from geofence.forecast.walk import Ints
from geofence.forecaster import Forecaster
from geofence.scene import Nominee, Scene
from geofence.state import Truck
from model.alert import Kind
from model.subscription import MinutesLead

USEFUL_MS = (180_000, 3_600_000)
CORRECT_SHARE = 1 / 3
CORRECT_S = 300.0
"""A correction is due when the time moved by a third of the lead, and by five minutes at least."""
CORRECT_CHANCE = 0.5


class Ahead(msgspec.Struct, frozen=True):
    """What one look found: the outlook, and for each of its places the interval in seconds from the fix."""

    outlook: Outlook
    low_s: np.ndarray
    middle_s: np.ndarray
    high_s: np.ndarray


def decide(truck: Truck, scene: Scene) -> tuple[Truck, list[Nominee]]:
    """Follow the truck's day, and when a look is due nominate the homes whose lead is reached."""
    forecaster = scene.book.forecaster
    if forecaster is None or scene.move.again or scene.move.accuracy_m > 0.0:
        return truck, []
    so_far = followed(truck.so_far, scene, forecaster)
    due = truck.looked_ms == 0 or scene.fix_ms - truck.looked_ms >= scene.limits.look_ms or truck.weigh_all
    if not due or not scene.book.leads_min:
        return replace(truck, so_far=so_far), []
    nominees = [] if truck.muted else list(_nominated(so_far, scene, forecaster))
    return replace(truck, so_far=so_far, looked_ms=scene.fix_ms), nominees


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
    """Tell whose round a truck is on: the vehicle whose past days hold most of the belief, itself until then."""
    day = _likeliest_day(so_far, forecaster)
    return vehicle if day is None else str(forecaster.guide.library.vehicle[day])


def _likeliest_day(so_far: DaySoFar | None, forecaster: Forecaster) -> int | None:
    if so_far is None or not so_far.progress.knots:
        return None
    knots, belief = beam(so_far.progress)
    return int(np.argmax(np.bincount(forecaster.guide.library.day[knots], belief)))


def seconds_of(scene: Scene) -> float:
    """Tell the seconds of the service day at which the fix was taken."""
    return (scene.fix_ms - midnight_ms(scene.day_ordinal, scene.book.city.timezone)) / 1000.0


def look(so_far: DaySoFar, at_s: float, day_ordinal: int, forecaster: Forecaster, manner: Manner) -> Ahead:
    """Weigh the places ahead."""
    guide = forecaster.guide
    found = outlook(guide.library, so_far.progress, guide.until(so_far, at_s, (day_ordinal + 6) % 7), manner)
    low, middle, high = found.quantiles((0.1, 0.5, 0.9))
    low, high = forecaster.calibration(_likeliest_day(so_far, forecaster)).interval(low, middle, high)
    return Ahead(found, low, middle, high)


def _nominated(so_far: DaySoFar, scene: Scene, forecaster: Forecaster) -> Iterator[Nominee]:
    ahead = look(so_far, seconds_of(scene), scene.day_ordinal, forecaster, scene.limits.manner)
    place = ahead.outlook.place
    if not len(place):
        return
    late_s = (scene.received_ms - scene.fix_ms) / 1000.0
    foretold, day = scene.round_foretold, _likeliest_day(so_far, forecaster)
    for lead_min in scene.book.leads_min:
        rule = forecaster.rule(lead_min, day)
        lead_s = 60.0 * lead_min
        fires = ahead.outlook.within(rule.share * lead_s + late_s) >= rule.chance
        if rule.last_share > 0.0:
            fires |= ahead.outlook.within(rule.last_share * lead_s + late_s) >= rule.last_chance
        for k in np.flatnonzero(fires).tolist():
            if not foretold.has(int(place[k]), lead_min):
                foretold.tell(int(place[k]), lead_min, scene.fix_ms + int(ahead.middle_s[k] * 1000))
                yield from _homes(ahead, k, lead_min, Kind.APPROACHING, scene)
        yield from _corrected(ahead, lead_min, scene)
        yield from _zoned(ahead, fires, lead_min, so_far, scene)


def _corrected(ahead: Ahead, lead_min: float, scene: Scene) -> Iterator[Nominee]:
    """Correct, once, what was foretold of places whose time has moved materially."""
    for k in np.flatnonzero(ahead.outlook.within(1e9) >= CORRECT_CHANCE).tolist():
        if _moved(ahead, k, int(ahead.outlook.place[k]), lead_min, scene):
            yield from _homes(ahead, k, lead_min, Kind.CORRECTED, scene)


def _moved(ahead: Ahead, k: int, told_by: int, lead_min: float, scene: Scene) -> bool:
    """Tell whether the time that was foretold has moved materially, and note the new one."""
    told_ms = scene.round_foretold.to_correct(told_by, lead_min)
    eta_ms = scene.fix_ms + int(ahead.middle_s[k] * 1000)
    material_s = max(60.0 * lead_min * CORRECT_SHARE, CORRECT_S)
    if told_ms is None or abs(eta_ms - told_ms) <= material_s * 1000:
        return False
    scene.round_foretold.correct(told_by, lead_min, eta_ms)
    return True


def _zoned(
    ahead: Ahead, fires: npt.NDArray[np.bool_], lead_min: float, so_far: DaySoFar, scene: Scene
) -> Iterator[Nominee]:
    """Nominate the homes known by their zone, by the first of its places to fire; the first to come corrects it."""
    zones = scene.book.minutes_zones
    places = 8 * len(so_far.served)
    for zone in zones.served(lead_min):
        rows = np.flatnonzero(np.isin(ahead.outlook.place, zone.places))
        firing = rows[fires[rows]]
        homes = zones.at(zone.zone, lead_min)
        if scene.round_foretold.has(zone.key, lead_min):
            served = served_places(so_far.served, places)[zone.places].any()
            coming = rows[ahead.outlook.within(1e9)[rows] >= CORRECT_CHANCE]
            k = _soonest(ahead, coming)
            if k is not None and not served and _moved(ahead, k, zone.key, lead_min, scene):
                yield from _nominees(ahead, k, homes, lead_min, Kind.CORRECTED, scene)
        elif (k := _soonest(ahead, firing)) is not None:
            scene.round_foretold.tell(zone.key, lead_min, scene.fix_ms + int(ahead.middle_s[k] * 1000))
            yield from _nominees(ahead, k, homes, lead_min, Kind.APPROACHING, scene)


def _soonest(ahead: Ahead, rows: Ints) -> int | None:
    return int(rows[int(np.argmin(ahead.middle_s[rows]))]) if len(rows) else None


def _homes(ahead: Ahead, k: int, lead_min: float, kind: Kind, scene: Scene) -> Iterator[Nominee]:
    """Nominate the homes of a place that have a lead."""
    homes = scene.book.minutes.at(int(ahead.outlook.place[k]), lead_min)
    yield from _nominees(ahead, k, homes, lead_min, kind, scene)


def _nominees(
    ahead: Ahead, k: int, homes: Iterable[tuple[int, str, int]], lead_min: float, kind: Kind, scene: Scene
) -> Iterator[Nominee]:
    """Nominate homes with the time of a place."""
    at = [scene.fix_ms + int(seconds * 1000) for seconds in (ahead.middle_s[k], ahead.low_s[k], ahead.high_s[k])]
    useful = int(min(max(at[0] - scene.received_ms, USEFUL_MS[0]), USEFUL_MS[1]))
    for number, subscription, mask in sorted(homes):
        if scene.concerns(mask):
            yield Nominee(number, subscription, MinutesLead(lead_min), useful, kind=kind, eta_ms=(at[0], at[1], at[2]))
