"""An area that the operators drew, as values: no geometry library here."""

from __future__ import annotations

from enum import StrEnum

import msgspec

Ring = tuple[tuple[float, float], ...]
"""A closed ring of (lon, lat) in degrees WGS 84; the first point stands again at the end."""


class Mode(StrEnum):
    """Whether residents of a zone are told (`live`), or it is only decided what they would be told (`shadow`)."""

    LIVE = "live"
    SHADOW = "shadow"


class Zone(msgspec.Struct, frozen=True):
    """A named area. Each polygon is its outer ring followed by its holes; no categories means all of them.

    `mode`: None is the city's own.
    """

    id: str
    name: str
    polygons: tuple[tuple[Ring, ...], ...]
    categories: tuple[str, ...] = ()
    mode: Mode | None = None
