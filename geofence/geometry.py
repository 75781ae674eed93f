"""The plane on which the engine measures: ellipsoidal Mercator (EPSG:3395), conformal, with no origin to choose.

A circle of r metres on the ground is a circle of r * stretch(lat) on the plane, to 0.1 % within 2 km at latitudes
up to 60 degrees (Snyder, Map Projections: A Working Manual, USGS 1987, equations 7-6 to 7-8).
"""

from __future__ import annotations

from math import asinh, atan, atanh, cos, degrees, exp, hypot, pi, radians, sin, sqrt, tan

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_A = 6378137.0
_E2 = 0.0066943799901413165
_E = sqrt(_E2)


def project(lat: float, lon: float) -> tuple[float, float]:
    """Put a position (degrees) on the plane (plane metres). |lat| must be under 89."""
    phi = radians(lat)
    return _A * radians(lon), _A * (asinh(tan(phi)) - _E * atanh(_E * sin(phi)))


def project_many(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Put many positions on the plane."""
    phi = np.radians(lat)
    return _A * np.radians(lon), _A * (np.arcsinh(np.tan(phi)) - _E * np.arctanh(_E * np.sin(phi)))


def unproject(x: float, y: float) -> tuple[float, float]:
    """Bring a point of the plane back to (latitude, longitude) in degrees; Snyder, equation 7-9."""
    grown = exp(-y / _A)
    phi = pi / 2 - 2 * atan(grown)
    for _ in range(6):
        share = (1 - _E * sin(phi)) / (1 + _E * sin(phi))
        phi = pi / 2 - 2 * atan(grown * share ** (_E / 2))
    return degrees(phi), degrees(x / _A)


def stretch(lat: float) -> float:
    """Tell how many plane metres one metre on the ground is at a latitude."""
    phi = radians(lat)
    return sqrt(1.0 - _E2 * sin(phi) ** 2) / cos(phi)


def stretch_many(lat: Floats) -> Floats:
    """Tell the stretch at many latitudes."""
    phi = np.radians(lat)
    result: Floats = np.sqrt(1.0 - _E2 * np.sin(phi) ** 2) / np.cos(phi)
    return result


def segment_distance(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Measure from a point to a segment, on the plane."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    if square == 0.0:
        return hypot(px - ax, py - ay)
    along = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / square))
    return hypot(px - ax - along * dx, py - ay - along * dy)
