"""Looks at a city's zones from above: which overlap, so that one home would be in two, and which lie far from the rest.

Warnings only: a city may want an overlap, and the engine serves it. Uses geopandas, which takes a second to load.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from geofence.files import FILE, parts_of
from model.problem import Problem
from model.zone import Zone

if TYPE_CHECKING:
    import geopandas

LEAST_M2 = 400.0
LEAST_SHARE = 0.02
FAR_M = 50_000.0


def survey(zones: Sequence[Zone]) -> list[Problem]:
    """Tell what looks like a slip of the hand; areas are measured in the city's UTM zone."""
    if len(zones) < 2:
        return []
    import geopandas

    shapes = [geopandas.GeoSeries(parts_of(zone), crs=4326).union_all() for zone in zones]
    frame = geopandas.GeoDataFrame({"zone": [zone.id for zone in zones]}, geometry=shapes, crs=4326)
    metric = frame.to_crs(frame.estimate_utm_crs())
    return [*_overlaps(metric), *_astray(metric)]


def _overlaps(frame: geopandas.GeoDataFrame) -> Iterator[Problem]:
    pairs = frame.sindex.query(frame.geometry, predicate="intersects").T
    for one, two in pairs[pairs[:, 0] < pairs[:, 1]]:
        shapes = frame.geometry.iloc[one], frame.geometry.iloc[two]
        shared = shapes[0].intersection(shapes[1]).area
        if shared >= max(LEAST_M2, LEAST_SHARE * min(shape.area for shape in shapes)):
            names = frame["zone"].iloc[one], frame["zone"].iloc[two]
            yield Problem(
                FILE,
                f"zones '{names[0]}' and '{names[1]}'",
                f"overlap by {shared:,.0f} m²",
                "draw their common border once; homes there belong to the first by id",
                warning=True,
            )


def _astray(frame: geopandas.GeoDataFrame) -> Iterator[Problem]:
    middle = frame.geometry.centroid
    away = middle.distance(middle.union_all().centroid)
    for zone, metres in zip(frame["zone"], away, strict=True):
        if metres > FAR_M:
            what = f"lies {metres / 1000:,.0f} km from the middle of the city"
            yield Problem(FILE, f"zone '{zone}'", what, "look for a mistyped degree", warning=True)
