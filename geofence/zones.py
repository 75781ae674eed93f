"""The zones in force, ready for a truck's path: shapes on the plane with an inner and an outer boundary each."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

import msgspec
import numpy as np
import shapely
from shapely import LineString
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geofence.geometry import project_many, stretch
from geofence.limits import Limits
from model.zone import Mode, Ring, Zone

CELL = 250.0
"""Plane metres a side of the cells that name the zones near a place."""

MANY_CELLS = 4_096
"""Where a leg's box has more cells than these, the zones are asked one by one: a leg may reach across the globe."""


class Fence(msgspec.Struct, frozen=True):
    """One zone on the plane. `width_m` is the short side of the box around it."""

    zone: Zone
    shape: BaseGeometry
    inner: BaseGeometry
    outer: BaseGeometry
    width_m: float
    plane_per_m: float

    def metres_inside(self, leg: tuple[float, float, float, float]) -> float:
        """Measure how much of a leg runs inside the inner boundary."""
        line = LineString([leg[:2], leg[2:]])
        return float(shapely.intersection(self.inner, line).length) / self.plane_per_m


class ZoneBook:
    """All zones of a city, by id and by place."""

    def __init__(self, zones: Iterable[Zone], limits: Limits) -> None:
        self.fences = {zone.id: _fence(zone, limits) for zone in zones}
        self.shadowed = any(zone.mode is Mode.SHADOW for zone in (fence.zone for fence in self.fences.values()))
        self._near: dict[tuple[int, int], tuple[Fence, ...]] = {}
        for fence in self.fences.values():
            for cell in _cells(fence.outer.bounds):
                if fence.outer.intersects(shapely.box(*(cell[0] * CELL, cell[1] * CELL), *_top(cell))):
                    self._near[cell] = (*self._near.get(cell, ()), fence)

    def near(self, leg: tuple[float, float, float, float]) -> list[Fence]:
        """Tell the zones that a leg may touch."""
        x0, y0, x1, y1 = leg
        a, b = (floor(x0 / CELL), floor(y0 / CELL)), (floor(x1 / CELL), floor(y1 / CELL))
        if a == b:
            return list(self._near.get(a, ()))
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if (abs(b[0] - a[0]) + 1) * (abs(b[1] - a[1]) + 1) > MANY_CELLS:
            return [fence for fence in self.fences.values() if _meet(box, fence.outer.bounds)]
        return list({f.zone.id: f for cell in _cells(box) for f in self._near.get(cell, ())}.values())

    def at(self, x: float, y: float) -> Fence | None:
        """Tell the zone in which a place lies; the first by id where zones overlap."""
        inside = [f for f in self.near((x, y, x, y)) if shapely.intersects_xy(f.shape, x, y)]
        return min(inside, key=lambda fence: fence.zone.id, default=None)


def _cells(bounds: tuple[float, float, float, float]) -> list[tuple[int, int]]:
    left, bottom, right, top = (floor(edge / CELL) for edge in bounds)
    return [(i, j) for i in range(left, right + 1) for j in range(bottom, top + 1)]


def _meet(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] <= two[2] and two[0] <= one[2] and one[1] <= two[3] and two[1] <= one[3]


def _top(cell: tuple[int, int]) -> tuple[float, float]:
    return (cell[0] + 1) * CELL, (cell[1] + 1) * CELL


def _fence(zone: Zone, limits: Limits) -> Fence:
    shape = shapely.union_all([_on_plane(rings) for rings in zone.polygons])
    scale = stretch(zone.polygons[0][0][0][1])
    fence = Fence(
        zone=zone,
        shape=shape,
        inner=_inner(shape, limits.zone_inner_m * scale),
        outer=shape.buffer(limits.zone_outer_m * scale),
        width_m=_width(shape) / scale,
        plane_per_m=scale,
    )
    for part in (fence.shape, fence.inner, fence.outer):
        shapely.prepare(part)
    return fence


def _inner(shape: BaseGeometry, margin: float) -> BaseGeometry:
    """Draw the boundary in, but never so far that a narrow zone loses more than half of its area."""
    for share in (1.0, 0.5, 0.2):
        drawn: BaseGeometry = shape.buffer(-margin * share)
        if drawn.area >= shape.area / 2.0:
            return drawn
    return shape


def _width(shape: BaseGeometry) -> float:
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    return max(_short_side(part) for part in parts)


def _short_side(part: BaseGeometry) -> float:
    box = part.minimum_rotated_rectangle
    if not isinstance(box, Polygon):
        return 0.0
    corners = np.asarray(box.exterior.coords)
    sides = np.hypot(*(corners[1:3] - corners[:2]).T)
    return float(sides.min())


def _on_plane(rings: tuple[Ring, ...]) -> Polygon:
    drawn = []
    for ring in rings:
        points = np.array(ring, dtype=np.float64)
        drawn.append(np.column_stack(project_many(points[:, 1], points[:, 0])))
    return Polygon(drawn[0], drawn[1:])
