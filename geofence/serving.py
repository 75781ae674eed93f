"""Which place serves a home: the regular stop close by where most is loaded, else the nearest place at all. Pure.

Of places that are one spot at several hours the first is named, and all of them serve the home.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from geofence.forecast.profile import Profile
from geofence.forecast.walk import Floats, Ints
from geofence.geometry import project_many

STOP_WITHIN_M = 60.0
PLACE_WITHIN_M = 150.0
NEAR_M = 30.0


class Serving:
    """A profile's places, laid out once to be asked often."""

    def __init__(self, profile: Profile) -> None:
        self._scale = profile.stretch
        self.spots = profile.spots()
        self._spots = np.unique(self.spots.first)
        self._strength = np.zeros(len(profile.place_x))
        np.maximum.at(self._strength, self.spots.first, profile.strength)
        self._points = shapely.points(profile.place_x, profile.place_y)[self._spots]
        self._tree = shapely.STRtree(self._points)
        self._stops = shapely.STRtree(self._points[: np.searchsorted(self._spots, profile.stops)])

    def at(self, lat: Floats, lon: Floats) -> Ints:
        """Tell the place that serves each home (degrees), -1 for none."""
        x, y = project_many(lat, lon)
        points = shapely.points(x / self._scale, y / self._scale)
        stop = self._strongest(points)
        found: Ints = np.where(stop >= 0, stop, self._nearest(points))
        return np.where(found >= 0, self._spots[found], -1) if len(self._spots) else found

    def _strongest(self, points: npt.NDArray[np.object_]) -> Ints:
        """Weigh each regular stop within reach by what is loaded there, less the farther it is: as rows of spots."""
        found = np.full(len(points), -1, dtype=np.int64)
        rows, near = self._stops.query(points, predicate="dwithin", distance=STOP_WITHIN_M)
        away = shapely.distance(points[rows], self._points[near])
        worth = self._strength[self._spots[near]] * np.exp(-((away / NEAR_M) ** 2))
        order = np.lexsort((near, -worth, rows))
        first = order[np.append(True, rows[order][1:] != rows[order][:-1])] if len(order) else order
        found[rows[first]] = near[first]
        return found

    def _nearest(self, points: npt.NDArray[np.object_]) -> Ints:
        """Tell the nearest spot of each point, -1 where none is near enough."""
        found = np.full(len(points), -1, dtype=np.int64)
        rows, places = self._tree.query_nearest(points, max_distance=PLACE_WITHIN_M, all_matches=False)
        found[rows] = places
        return found


def places_serving(lat: Floats, lon: Floats, profile: Profile) -> Ints:
    """Tell once the place that serves each home (degrees), -1 for none."""
    return Serving(profile).at(lat, lon)
