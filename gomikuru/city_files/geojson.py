"""What every GeoJSON file of a city has in common: the collection, its features, and plausible positions. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from gomikuru.city_files.text import decode_text
from model.problem import Problem

LonLat = tuple[float, float]


class Feature(msgspec.Struct, frozen=True):
    """One feature: its place in the file, its properties (QGIS writes null for none), and its geometry as it stands."""

    number: int
    properties: dict[str, Any]
    kind: str
    coordinates: Any

    def where(self, key: str) -> str:
        """Name the feature as an error does."""
        name = self.properties.get(key)
        return f"feature {self.number} ({key} {name!r})" if name is not None else f"feature {self.number}"


def read_features(data: bytes, file: str) -> tuple[list[Feature], list[Problem]]:
    """Read a FeatureCollection; features without properties or geometry are left out and named."""
    text, problems = decode_text(data, file, shift_jis=False)
    if text is None:
        return [], problems
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return [], [Problem(file, "", f"not readable as JSON: {error}", "save it anew from QGIS or geojson.io")]
    items = document.get("features") if isinstance(document, dict) else None
    if not isinstance(items, list) or document.get("type") != "FeatureCollection":
        return [], [Problem(file, "", "is no GeoJSON FeatureCollection", "export it as GeoJSON, WGS 84 (EPSG:4326)")]
    if wrong := _projection(document, file):
        return [], [wrong]
    features = []
    for number, item in enumerate(items, start=1):
        feature = _feature(number, item)
        if feature is None:
            problems.append(
                Problem(file, f"feature {number}", "has no properties or no geometry", "draw it or remove it")
            )
        else:
            features.append(feature)
    return features, problems


def _projection(document: dict[str, Any], file: str) -> Problem | None:
    """Older exports name their projection; any but WGS 84 would put the town elsewhere."""
    name = str(document.get("crs") or "")
    if not name or "CRS84" in name or "4326" in name:
        return None
    return Problem(file, "", f"is in another projection: {name}", "export it in WGS 84 (EPSG:4326)")


def _feature(number: int, item: Any) -> Feature | None:
    properties = item.get("properties") if isinstance(item, dict) else None
    geometry = item.get("geometry") if isinstance(item, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        return None
    said = {name: value for name, value in properties.items() if value is not None}
    return Feature(number, said, str(geometry.get("type")), geometry.get("coordinates"))


def position(value: Any) -> LonLat | None:
    """Read one position, longitude first; None if it is none."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    lon, lat = value[0], value[1]
    for number, most in ((lon, 180), (lat, 90)):
        real = isinstance(number, int | float) and not isinstance(number, bool)
        if not real or not abs(number) <= most:  # so also no NaN, and no integer too large for a float
            return None
    return float(lon), float(lat)


def extent(coordinates: Any) -> Iterable[LonLat]:
    """Give every position within a geometry's coordinates, whatever its kind."""
    found = position(coordinates)
    if found:
        yield found
    elif isinstance(coordinates, list):
        for part in coordinates:
            yield from extent(part)
