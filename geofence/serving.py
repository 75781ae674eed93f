"""Which place serves a home: the regular stop close by where most is loaded, else the nearest place at all. Pure."""

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
        self._scale, self._strength = profile.stretch, profile.strength
        self._places = shapely.points(profile.place_x, profile.place_y)
        self._tree = shapely.STRtree(self._places)
        self._stops = shapely.STRtree(self._places[: profile.stops])

    def at(self, lat: Floats, lon: Floats) -> Ints:
        """Tell the place that serves each home (degrees), -1 for none."""
        x, y = project_many(lat, lon)
        points = shapely.points(x / self._scale, y / self._scale)
        stop = self._strongest(points)
        place: Ints = np.where(stop >= 0, stop, self._nearest(points))
        return place

    def _strongest(self, points: npt.NDArray[np.object_]) -> Ints:
        """Weigh each regular stop within reach by what is loaded there, less the farther it is."""
        found = np.full(len(points), -1, dtype=np.int64)
        rows, near = self._stops.query(points, predicate="dwithin", distance=STOP_WITHIN_M)
        away = shapely.distance(points[rows], self._places[near])
        worth = self._strength[near] * np.exp(-((away / NEAR_M) ** 2))
        order = np.lexsort((near, -worth, rows))
        first = order[np.append(True, rows[order][1:] != rows[order][:-1])] if len(order) else order
        found[rows[first]] = near[first]
        return found

    def _nearest(self, points: npt.NDArray[np.object_]) -> Ints:
        """Tell the nearest place of each point, -1 where none is near enough."""
        found = np.full(len(points), -1, dtype=np.int64)
        rows, places = self._tree.query_nearest(points, max_distance=PLACE_WITHIN_M, all_matches=False)
        found[rows] = places
        return found


def places_serving(lat: Floats, lon: Floats, profile: Profile) -> Ints:
    """Tell once the place that serves each home (degrees), -1 for none."""
    return Serving(profile).at(lat, lon)
