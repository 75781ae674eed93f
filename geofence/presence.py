"""The truck is here, the truck has passed: told to homes that ask for it, from what the truck really served.

A place is served once the truck has stood there long enough (forecast/today.py); driving by serves nobody. It is
passed once the truck is well away, and past days like this one do not say that it comes back to this place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot

import numpy as np
from msgspec.structs import replace

from geofence.forecast.modes import modes_of
from geofence.forecast.today import DaySoFar, newly_served
from geofence.forecast.walk import Floats, Ints
from geofence.forecaster import Forecaster
from geofence.scene import Nominee, Scene
from geofence.state import Leaving, Truck
from model.alert import Kind
from model.subscription import MinutesLead

HERE_USEFUL_MS = 180_000
PASSED_USEFUL_MS = 4 * 3_600_000
COMES_BACK = 0.5
AWAY_LOOKS = 2


def weigh(before: DaySoFar | None, truck: Truck, scene: Scene, look: bool) -> tuple[Truck, list[Nominee]]:
    """Take what the last fix added to a truck's day; when a `look` is due, see which places it has left for good."""
    forecaster, so_far = scene.book.forecaster, truck.so_far
    if forecaster is None or so_far is None:
        return truck, []
    same_day = before is not None and before.day == so_far.day
    new = _newly_served(before if same_day else None, so_far, forecaster)
    nominees = [] if truck.muted else list(_here(new, scene, forecaster))
    leaving = truck.leaving if same_day else ()
    leaving += tuple(Leaving(place) for place in new if scene.book.minutes.that_want(place, Kind.PASSED))
    if look and leaving:
        leaving, passed = _passed(leaving, so_far, scene, forecaster)
        nominees += [] if truck.muted else _homes(passed, Kind.PASSED, PASSED_USEFUL_MS, scene)
    return (truck if leaving == truck.leaving else replace(truck, leaving=leaving)), nominees


def _newly_served(before: DaySoFar | None, so_far: DaySoFar, forecaster: Forecaster) -> list[int]:
    if before is None or before.served == so_far.served:
        return []
    return np.flatnonzero(newly_served(before.served, so_far.served, len(forecaster.guide.library.place_x))).tolist()


def _here(new: list[int], scene: Scene, forecaster: Forecaster) -> Iterator[Nominee]:
    """Nominate the homes of places that the truck serves now; where it left meanwhile there is nothing to run for."""
    at = [place for place in new if _away_m(place, scene, forecaster) <= scene.limits.at_place_m]
    yield from _homes(at, Kind.HERE, HERE_USEFUL_MS, scene)


def _passed(
    leaving: tuple[Leaving, ...], so_far: DaySoFar, scene: Scene, forecaster: Forecaster
) -> tuple[tuple[Leaving, ...], list[int]]:
    """Tell which places stay to be watched, and which the truck has passed."""
    seen = tuple(_seen(each, scene, forecaster) for each in leaving)
    left = [each.place for each in seen if each.looks >= AWAY_LOOKS]
    if not left:
        return seen, []
    back = comes_back(so_far, np.array(left), scene.day_ordinal, forecaster, scene)
    passed = [place for place, chance in zip(left, back.tolist(), strict=True) if chance < COMES_BACK]
    return tuple(each for each in seen if each.place not in passed), passed


def _seen(each: Leaving, scene: Scene, forecaster: Forecaster) -> Leaving:
    away = _away_m(each.place, scene, forecaster) > scene.limits.left_place_m
    return Leaving(each.place, min(each.looks + 1, AWAY_LOOKS) if away else 0)


def _away_m(place: int, scene: Scene, forecaster: Forecaster) -> float:
    scale, library = forecaster.profile.stretch, forecaster.guide.library
    x, y = scene.here[0] / scale, scene.here[1] / scale
    return hypot(float(library.place_x[place]) - x, float(library.place_y[place]) - y)


def comes_back(so_far: DaySoFar, places: Ints, day_ordinal: int, forecaster: Forecaster, scene: Scene) -> Floats:
    """Tell for places the share of past days, by likeness, that served them after the truck's present point.

    The point counts, not the hour: a truck that is late has as much before it. On no past day's way: all of them.
    """
    library = forecaster.guide.library
    today = forecaster.guide.until(so_far, so_far.walk.near_s, (day_ordinal + 6) % 7)
    modes = modes_of(library, so_far.progress, today, scene.limits.manner)
    total = float(modes.weight.sum())
    if total <= 0.0:
        return np.ones(len(places))
    services = library.services
    share = np.zeros(len(library.place_x))
    for day, knot, weight in zip(modes.day.tolist(), modes.knot.tolist(), modes.weight.tolist(), strict=True):
        part = services.of(day)
        share[np.unique(services.place[part][services.in_s[part] > library.in_s[knot]])] += weight / total
    return share[places]


def _homes(places: Iterable[int], kind: Kind, useful_ms: int, scene: Scene) -> list[Nominee]:
    return [
        Nominee(
            home.number,
            home.subscription,
            MinutesLead(home.lead_min),
            useful_ms,
            kind=kind,
            by_round=True,
            turn=scene.book.turn_of(place),
        )
        for place in places
        for home in scene.book.minutes.that_want(place, kind)
        if scene.concerns(home.mask)
    ]
