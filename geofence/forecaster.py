"""A profile in force: what the minutes lead asks it. Built once when a profile is taken."""

from __future__ import annotations

from geofence.forecast.calibration import Calibration
from geofence.forecast.firing import Rule, rule_for
from geofence.forecast.profile import Profile
from geofence.forecast.timetable import FIRES, WIDE, crew_of, planned
from geofence.forecast.today import Guide


class Forecaster:
    """A profile in force: its guide through past days, and its rules by lead."""

    def __init__(self, profile: Profile, version: str) -> None:
        self.profile = profile
        self.version = version
        self.guide = Guide(profile.library())
        self._rules: dict[float, Rule] = {}
        self._crews = dict(profile.crews)
        self._vehicles = frozenset(day.vehicle for day in profile.days)
        self._planned = frozenset(k for k, day in enumerate(profile.days) if planned(day))

    def crew(self, vehicle: str, route: str | None) -> str:
        """Tell by whose past days a vehicle is followed: its route's, where one is known and has days."""
        if route is None:
            return vehicle
        own = crew_of(route)
        return own if own in self._vehicles else self._crews.get(route, vehicle)

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
