"""An area that the operators drew, as values: no geometry library here."""

from __future__ import annotations

import msgspec

Ring = tuple[tuple[float, float], ...]
"""A closed ring of (lon, lat) in degrees WGS 84; the first point stands again at the end."""


class Zone(msgspec.Struct, frozen=True):
    """A named area. Each polygon is its outer ring followed by its holes; no categories means all of them."""

    id: str
    name: str
    polygons: tuple[tuple[Ring, ...], ...]
    categories: tuple[str, ...] = ()
