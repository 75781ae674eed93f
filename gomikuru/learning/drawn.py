"""What people drew and planned of a city's rounds. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from geofence.assignments import Assignments
from geofence.forecast.library import Day
from gomikuru.city_files.routes_geojson import Route
from model.city import City


class Drawn(msgspec.Struct, frozen=True):
    """Routes, and who drives them."""

    routes: Sequence[Route] = ()
    assigned: Assignments = Assignments()

    def crewed(self, day: Day, city: City) -> Day:
        """Let a day speak for the route that its truck was assigned to, where it was."""
        tied = next((truck.route for truck in city.trucks if truck.id == day.vehicle), None)
        return msgspec.structs.replace(day, vehicle=self.assigned.crew(day.vehicle, day.ordinal, tied))
