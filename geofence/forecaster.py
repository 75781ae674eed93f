"""A profile in force: what the minutes lead asks it. Built once when a profile is taken."""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.calibration import Calibration
from geofence.forecast.firing import Rule, rule_for
from geofence.forecast.guess import SURE, best_guess
from geofence.forecast.modes import Manner
from geofence.forecast.outlook import Outlook, outlook
from geofence.forecast.profile import Profile
from geofence.forecast.timetable import FIRES, WIDE, crew_of, planned
from geofence.forecast.today import DaySoFar, Guide, likeliest_day
from geofence.forecast.visits import AT_M
from geofence.forecast.walk import Floats, Ints


class Times(msgspec.Struct, frozen=True):
    """Of some places, in seconds: the best guess, how likely its limits hold, and the edges that hold 80 %."""

    guess_s: Floats
    held: Floats
    low_s: Floats
    high_s: Floats


class Ahead(msgspec.Struct, frozen=True):
    """What one look found: the outlook, and for each of its places the middle of the times in seconds from the fix.

    `day`: the day of the library on which the truck most likely is, None where it is on none.
    """

    outlook: Outlook
    middle_s: Floats
    calibration: Calibration
    day: int | None

    def times(self, rows: Ints) -> Times:
        """Foretell some of the places."""
        some = Outlook(self.outlook.place[rows], self.outlook.chance[rows])
        low, high = some.quantiles((0.1, 0.9))
        guess, held = best_guess(some.chance)
        low, high = self.calibration.interval(low, self.middle_s[rows], high, guess, held >= SURE)
        return Times(guess, held, low, high)

    def middle_ms(self, k: int, fix_ms: int) -> int:
        """Tell the middle instant of the k-th place."""
        return fix_ms + int(self.middle_s[k] * 1000)

    def instants(self, k: int, fix_ms: int) -> tuple[int, int, int]:
        """Tell the middle, the low and the high instant of the k-th place."""
        times = self.times(np.array([k]))
        return self.middle_ms(k, fix_ms), fix_ms + int(times.low_s[0] * 1000), fix_ms + int(times.high_s[0] * 1000)


class Forecaster:
    """A profile in force: its guide through past days, and its rules by lead."""

    def __init__(self, profile: Profile, version: str) -> None:
        self.profile = profile
        self.version = version
        self.guide = Guide(profile.library())
        self._rules: dict[float, Rule] = {}
        self._crews = dict(profile.crews)
        self._vehicles = frozenset(day.vehicle for day in profile.days)
        self._looked: tuple[tuple[DaySoFar, float, int, Manner], Ahead] | None = None
        self._planned = frozenset(k for k, day in enumerate(profile.days) if planned(day))

    def look(self, so_far: DaySoFar, at_s: float, day_ordinal: int, manner: Manner) -> Ahead:
        """Weigh the places ahead; who asks once more of the same moment is told what was found then."""
        asked = (so_far, at_s, day_ordinal, manner)
        if self._looked is None or self._looked[0] != asked:
            self._looked = asked, self._weighed(so_far, at_s, day_ordinal, manner)
        return self._looked[1]

    def _weighed(self, so_far: DaySoFar, at_s: float, day_ordinal: int, manner: Manner) -> Ahead:
        today = self.guide.until(so_far, at_s, (day_ordinal + 6) % 7)
        found = outlook(self.guide.library, so_far.progress, today, manner)
        day = likeliest_day(self.guide.library, so_far.progress)
        return Ahead(found, found.quantiles((0.5,))[0], self.calibration(day), day)

    def crew(self, vehicle: str, route: str | None) -> str:
        """Tell by whose past days a vehicle is followed: its route's, where one is known and has days."""
        if route is None:
            return vehicle
        own = crew_of(route)
        return own if own in self._vehicles else self._crews.get(route, vehicle)

    def places_at(self, other: Profile) -> list[int | None]:
        """Tell for each place of another profile which one is there in this one; None where none is within reach."""
        scale, found = other.stretch / self.profile.stretch, []
        for x, y in zip((other.place_x * scale).tolist(), (other.place_y * scale).tolist(), strict=True):
            near, away = self.guide.library.places.near(x, y, AT_M)
            found.append(int(near[np.argmin(away)]) if len(near) else None)
        return found

    def at_hour(self, place: int, at_s: float) -> int:
        """Tell which place of a place's spot may be served at a second of the service day."""
        places = self.guide.library.spots.at(place)
        return int(places[np.argmax(self.guide.library.hours.covers(places, at_s))])

    def calibration(self, day: int | None) -> Calibration:
        """Tell how intervals are stretched while a truck seems to be on a day of the library."""
        return WIDE if day in self._planned else self.profile.calibration

    def rule(self, lead_min: float, day: int | None = None) -> Rule:
        """Tell the rule for a lead, while a truck seems to be on a day of the library."""
        if day in self._planned:
            return Rule(lead_min, *FIRES)
        known = self._rules.get(lead_min)
        if known is None:
            known = self._rules[lead_min] = rule_for(self.profile.rules, lead_min)
        return known
