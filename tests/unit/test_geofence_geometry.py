"""The plane: the projection against PROJ, and circles on the plane against circles on the ground."""

from __future__ import annotations

from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geofence.geometry import project, project_many, segment_distance, stretch, stretch_many, unproject

MERCATOR = Transformer.from_crs("EPSG:4326", "EPSG:3395", always_xy=True)
GROUND = Geod(ellps="WGS84")


@settings(max_examples=200)
@given(st.floats(-84, 84), st.floats(-180, 180))
def test_the_projection_is_epsg_3395(lat: float, lon: float) -> None:
    """PROJ says the same, to a tenth of a millimetre."""
    assert project(lat, lon) == pytest.approx(MERCATOR.transform(lon, lat), abs=1e-4)


@settings(max_examples=300)
@given(st.floats(-60, 60), st.floats(-179, 179), st.floats(0, 360), st.floats(1, 2000))
def test_a_reach_on_the_plane_is_a_reach_on_the_ground(lat: float, lon: float, azimuth: float, metres: float) -> None:
    """Up to 2 km and 60 degrees a distance on the plane over the stretch is the geodesic to 0.1 %."""
    lon2, lat2, _ = GROUND.fwd(lon, lat, azimuth, metres)
    (x1, y1), (x2, y2) = project(lat, lon), project(lat2, lon2 if abs(lon2 - lon) < 180 else lon)
    if abs(lon2 - lon) < 180:
        assert hypot(x2 - x1, y2 - y1) / stretch(lat) == pytest.approx(metres, rel=1e-3)


@given(st.lists(st.tuples(st.floats(-84, 84), st.floats(-180, 180)), min_size=1, max_size=20))
def test_many_at_once_are_as_one_by_one(places: list[tuple[float, float]]) -> None:
    """The array forms agree with the scalar ones to a micrometre."""
    lat, lon = np.array(places).T
    x, y = project_many(lat, lon)
    scale = stretch_many(lat)
    for k, (one_lat, one_lon) in enumerate(places):
        assert (x[k], y[k]) == pytest.approx(project(one_lat, one_lon), abs=1e-6)
        assert scale[k] == pytest.approx(stretch(one_lat), rel=1e-12)


@given(*[st.floats(-1e4, 1e4)] * 6)
def test_the_distance_to_a_segment_is_the_least_of_many_points_on_it(
    px: float, py: float, ax: float, ay: float, bx: float, by: float
) -> None:
    """No sampled point of the segment is nearer than the distance, and some point is about as near."""
    share = np.linspace(0, 1, 400)
    sampled = np.hypot(px - ax - share * (bx - ax), py - ay - share * (by - ay)).min()
    exact = segment_distance(px, py, ax, ay, bx, by)
    assert exact <= sampled + 1e-6
    assert sampled - exact <= hypot(bx - ax, by - ay) / 399 + 1e-6


@given(st.floats(-80.0, 80.0), st.floats(-179.9, 179.9))
def test_a_position_comes_back_from_the_plane(lat: float, lon: float) -> None:
    """What is put on the plane is brought back to within a centimetre."""
    back = unproject(*project(lat, lon))
    assert back == pytest.approx((lat, lon), abs=1e-7)
