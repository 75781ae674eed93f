"""From past days of plain fixes to a profile: walks, places, and, by rehearsal, firing rules and intervals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np

from geofence.forecast.calibration import calibrated
from geofence.forecast.firing import learned
from geofence.forecast.library import Day, Library
from geofence.forecast.modes import Manner
from geofence.forecast.places import places_of
from geofence.forecast.profile import Profile
from geofence.forecast.rehearsal import Rows, arrivals_of, joined, rehearse
from geofence.forecast.timetable import FIRST_SEEN, Plan, planned, timetable_of

MOST_REHEARSALS = 24
MOST_DAYS = 24
"""Of each vehicle: four weeks of six days."""
LEAST_DAYS = 3
"""A vehicle with fewer days is not rehearsed: nothing would be left to foretell from."""
BEYOND = 0.11
"""The share of rehearsed arrivals left beyond each half of an interval, so that a tenth of true ones lies there.

A few rehearsed arrivals were none (a light taken for a service), and lie far off.
"""


def learn(
    days: Sequence[Day],
    stretch: float,
    manner: Manner | None = None,
    told: Callable[[str], None] = lambda _: None,
    plans: Sequence[Plan] = (),
) -> Profile:
    """Learn from past days (walks in ground metres), and from plans of routes that were seldom seen.

    `told` hears how it goes.
    """
    profile, library = _gathered(days, stretch, plans)
    told(f"{len(profile.days)} days, {len(profile.place_x)} places")
    return _taught(profile, library, manner or Manner(), told)


def grown(profile: Profile, days: Iterable[Day], plans: Sequence[Plan] = (), *, anew: bool = False) -> Profile:
    """Let more days join those of a profile, in place of the same days in it.

    Its rules and intervals stay, unless all days are to be rehearsed `anew`.
    """
    more = list(days)
    again = {(day.vehicle, day.ordinal) for day in more}
    seen = [day for day in seen_of(profile) if (day.vehicle, day.ordinal) not in again]
    larger, library = _gathered(seen + more, profile.stretch, plans)
    crews = tuple((dict(profile.crews) | dict(larger.crews)).items())
    larger = msgspec.structs.replace(larger, crews=crews, expect=profile.expect)
    if anew:
        return _taught(larger, library, Manner(), lambda _: None)
    return msgspec.structs.replace(larger, rules=profile.rules, calibration=profile.calibration)


def seen_of(profile: Profile) -> list[Day]:
    """Tell the days of a profile that were seen, not planned."""
    return [day for day in profile.days if not planned(day)]


def _gathered(days: Iterable[Day], stretch: float, plans: Sequence[Plan]) -> tuple[Profile, Library]:
    """Choose the days to keep, and find the places; rules and intervals are those of a profile without rehearsals."""
    kept = _newest(day for day in days if len(day.trace) > 1)
    timetable = timetable_of(plans, kept)
    kept = timetable.days + kept
    places = places_of([day.trace for day in kept], _dates(kept))
    library = Library(kept, places.x, places.y, places.hours)
    strength, crews = library.strength(), timetable.crews
    profile = Profile(stretch, kept, places.x, places.y, places.stops, strength, crews=crews, hours=places.hours)
    return profile, library


def _dates(days: Sequence[Day]) -> list[int]:
    """Number the days that were seen, each apart, and the planned ones by their date: one truck may drive several."""
    return [day.ordinal if planned(day) else FIRST_SEEN + k for k, day in enumerate(days)]


def _taught(profile: Profile, library: Library, manner: Manner, told: Callable[[str], None]) -> Profile:
    """Rehearse a profile's days, and give it the rules and intervals that are best for them."""
    rows, arrivals = rehearsed(library, manner, told)
    rules, calibration = learned(rows, arrivals), calibrated(rows, profile.expect, BEYOND)
    return msgspec.structs.replace(profile, rules=rules, calibration=calibration)


def _newest(days: Iterable[Day]) -> tuple[Day, ...]:
    """Keep the newest days of each vehicle, oldest first."""
    ordered = sorted(days, key=lambda day: (day.ordinal, day.vehicle))
    own: dict[str, list[Day]] = {}
    for day in ordered:
        own.setdefault(day.vehicle, []).append(day)
    kept = {id(day) for each in own.values() for day in each[-MOST_DAYS:]}
    return tuple(day for day in ordered if id(day) in kept)


def rehearsed(library: Library, manner: Manner, told: Callable[[str], None] = lambda _: None) -> tuple[Rows, int]:
    """Rehearse the newest days; give the rows, and how many arrivals at regular places there were."""
    parts, arrivals = [], 0
    seen = [day for day in range(len(library.days)) if not planned(library.days[day])]
    vehicles, counts = np.unique(library.vehicle[seen], return_counts=True)
    known = set(vehicles[counts >= LEAST_DAYS].tolist())
    chosen = [day for day in seen if library.days[day].vehicle in known][-MOST_REHEARSALS:]
    for day in chosen:
        parts.append(rehearse(library, day, manner))
        arrivals += int(library.regular[arrivals_of(library, day)[0]].sum())
        told(f"rehearsed {len(parts)} of {len(chosen)}")
    return joined(parts), arrivals
