"""What really happened, from archived pings: when a truck came to each home's place, by what past days taught. Pure.

The places, and what counts as a service there, are those of the learned profile; the days judged are read anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from geofence.forecast.library import Day
from geofence.forecast.profile import Profile
from geofence.forecast.recorded import midnight_ms
from geofence.forecast.rehearsal import arrivals_of
from geofence.serving import places_serving
from gomikuru.evaluation.timeline import Arrivals, Ints
from model.city import City
from model.subscription import AtPoint, Home, Pin


class Served(msgspec.Struct, frozen=True):
    """When vehicles first served places on days: a row a place, vehicle and day; `day` is a proleptic ordinal."""

    place: Ints
    day: Ints
    at_ms: Ints
    vehicle: tuple[str, ...]


def served(profile: Profile, days: Sequence[Day], city: City) -> Served:
    """Tell which places were served when on some days. What the profile knows of other days helps to judge."""
    judged = {(day.vehicle, day.ordinal) for day in days}
    others = [day for day in profile.days if (day.vehicle, day.ordinal) not in judged]
    library = msgspec.structs.replace(profile, days=(*others, *days)).library()
    places, ordinals, instants = [], [], []
    vehicles: list[str] = []
    for k in range(len(others), len(library.days)):
        day = library.days[k]
        place, at_s = arrivals_of(library, k)
        places.append(place)
        ordinals.append(np.full(len(place), day.ordinal, dtype=np.int64))
        instants.append(midnight_ms(day.ordinal, city.timezone) + np.round(at_s * 1000).astype(np.int64))
        vehicles += [day.vehicle] * len(place)
    return Served(_joined(places), _joined(ordinals), _joined(instants), tuple(vehicles))


def arrivals_at(homes: Sequence[Home], truth: Served, profile: Profile, city: City) -> Arrivals:
    """Tell when a truck that concerns it came to each home's place; homes are numbered in their order."""
    category = {truck.id: truck.category for truck in city.trucks}
    spot = profile.spots().first[truth.place]
    order = np.argsort(spot, kind="stable")
    sorted_places = spot[order]
    who: list[int] = []
    rows: list[int] = []
    for number, place in enumerate(_places(homes, profile).tolist()):
        low, high = np.searchsorted(sorted_places, (place, place + 1)) if place >= 0 else (0, 0)
        for row in order[low:high].tolist():
            waste = category.get(truth.vehicle[row])
            if waste is None or not homes[number].categories or waste in homes[number].categories:
                who.append(number)
                rows.append(row)
    at_ms = truth.at_ms[np.array(rows, dtype=np.int64)]
    return Arrivals(np.array(who, dtype=np.int64), at_ms)


def _places(homes: Sequence[Home], profile: Profile) -> Ints:
    """Tell the place that serves each home, -1 for none: also for homes that are known by their zone only."""
    found = np.full(len(homes), -1, dtype=np.int64)
    spots = {k: home.place for k, home in enumerate(homes) if isinstance(home.place, Pin | AtPoint)}
    if spots:
        lat = np.array([spot.lat for spot in spots.values()])
        lon = np.array([spot.lon for spot in spots.values()])
        found[list(spots)] = places_serving(lat, lon, profile)
    return found


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
