"""Routes as people draw them, turned into plans that the forecast can learn from. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geofence.forecast.timetable import Plan, PlannedStop
from geofence.geometry import project_many, stretch
from gomikuru.city_files.routes_geojson import Route


def stretch_of(routes: Iterable[Route]) -> float:
    """Tell the plane metres to a ground metre in the middle of all lines."""
    lats = [lat for route in routes for _, lat in route.line]
    return stretch(float(np.median(lats))) if lats else 1.0


def plans_of(routes: Iterable[Route], scale: float) -> list[Plan]:
    """Lay routes with stops out in ground metres."""
    return [_plan(route, scale) for route in routes if len(route.stops) > 1]


def _plan(route: Route, scale: float) -> Plan:
    lon, lat = np.array(route.line).T
    x, y = project_many(lat, lon)
    stop_x, stop_y = project_many(
        np.array([stop.lat for stop in route.stops]), np.array([stop.lon for stop in route.stops])
    )
    stops = [
        PlannedStop(
            px / scale, py / scale, None if stop.scheduled_min is None else 60.0 * stop.scheduled_min, stop.dwell_s
        )
        for px, py, stop in zip(stop_x.tolist(), stop_y.tolist(), route.stops, strict=True)
    ]
    return Plan(route.id, route.weekdays, x / scale, y / scale, tuple(stops), route.learned)
