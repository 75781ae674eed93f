"""A profile in force: what the minutes lead asks it. Built once when a profile is taken."""

from __future__ import annotations

from geofence.forecast.firing import Rule, rule_for
from geofence.forecast.profile import Profile
from geofence.forecast.today import Guide


class Forecaster:
    """A profile in force: its guide through past days, and its rules by lead."""

    def __init__(self, profile: Profile, version: str) -> None:
        self.profile = profile
        self.version = version
        self.guide = Guide(profile.library())
        self._rules: dict[float, Rule] = {}

    def rule(self, lead_min: float) -> Rule:
        """Tell the rule for a lead."""
        known = self._rules.get(lead_min)
        if known is None:
            known = self._rules[lead_min] = rule_for(self.profile.rules, lead_min)
        return known
