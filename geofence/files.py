"""zones.geojson as an operator saves it, from bytes to zones: all problems at once, each with its feature and place."""

from __future__ import annotations

import re
from contextlib import suppress
from math import cos, hypot, radians
from statistics import median
from typing import Any, Final

import msgspec
from shapely import get_parts, is_empty
from shapely.geometry import Polygon
from shapely.validation import explain_validity

from model.problem import Problem
from model.zone import Mode, Ring, Zone

FILE: Final = "zones.geojson"
MAX_BYTES: Final = 64 * 1024 * 1024
ID_FORM: Final = re.compile(r"^[^\s/\x00-\x1f]{1,64}$")
LAT_LIMIT: Final = 85.0
WIDEST_KM: Final = 100.0
"""How far an outline may reach: beyond it a degree is mistyped, and the engine's cells would fill the memory."""

Place = list[float]


class _Reader:
    """Collects zones and problems over one file."""

    def __init__(self) -> None:
        self.zones: list[Zone] = []
        self.problems: list[Problem] = []
        self.first_seen: dict[str, int] = {}

    def wrong(self, where: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(FILE, where, what, remedy))

    def feature(self, number: int, feature: Any) -> None:
        where = f"feature {number}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            return self.wrong(where, "is no GeoJSON Feature", 'every member of "features" needs "type": "Feature"')
        properties = feature.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        name = self._id(number, where, properties.get("id", feature.get("id")))
        if name is None:
            return None
        where = f"feature {number} (id '{name}')"
        categories = self._categories(where, properties.get("categories"))
        polygons = self._polygons(where, feature.get("geometry"))
        mode, known = self._mode(where, properties.get("mode"))
        title = properties.get("name", name)
        if not isinstance(title, str):
            return self.wrong(where, '"name" is no text', "write the zone's name in quotation marks")
        if polygons and categories is not None and known:
            self.zones.append(Zone(name, title, polygons, categories, mode))
        return None

    def _id(self, number: int, where: str, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not ID_FORM.match(value):
            self.wrong(
                where,
                'has no usable "id"',
                "give each zone a stable id of 1 to 64 characters without spaces or slashes, such as sakura-3",
            )
            return None
        if value in self.first_seen:
            first = self.first_seen[value]
            self.wrong(
                f"feature {number} (id '{value}')",
                f"has the id of feature {first}",
                "give it an id of its own, or join both shapes in one MultiPolygon",
            )
            return None
        self.first_seen[value] = number
        return value

    def _categories(self, where: str, value: Any) -> tuple[str, ...] | None:
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        if not isinstance(value, list) or not all(isinstance(part, str) and part for part in value):
            self.wrong(
                where, '"categories" is no list of names', 'write ["burnable", "plastic"], or leave it away for all'
            )
            return None
        return tuple(value)

    def _mode(self, where: str, value: Any) -> tuple[Mode | None, bool]:
        if value is None or value == "":
            return None, True
        if value in tuple(Mode):
            return Mode(value), True
        remedy = 'write "shadow" (on trial: nobody is told) or "live", or leave it away for the city\'s own'
        self.wrong(where, f'"mode" is {str(value)[:40]!r}', remedy)
        return None, False

    def _polygons(self, where: str, geometry: Any) -> tuple[tuple[Ring, ...], ...]:
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind not in ("Polygon", "MultiPolygon"):
            self.wrong(where, f"is a {kind or 'feature without geometry'}", "a zone is a Polygon or a MultiPolygon")
            return ()
        parts = geometry.get("coordinates")
        parts = [parts] if kind == "Polygon" else parts
        if not isinstance(parts, list) or not parts:
            self.wrong(where, "has no coordinates", "draw its outline")
            return ()
        polygons = [self._polygon(where, part) for part in parts]
        fault = _span_fault([point for rings in polygons for point in rings[0]]) if all(polygons) else None
        if fault:
            self.wrong(where, fault, "look there for a mistyped degree, or draw smaller zones")
            return ()
        return tuple(rings for rings in polygons if rings) if all(polygons) else ()

    def _polygon(self, where: str, part: Any) -> tuple[Ring, ...]:
        if not isinstance(part, list) or not part:
            self.wrong(where, "has an empty polygon", "draw its outline, or delete the part")
            return ()
        rings = [self._ring(where, ring) for ring in part]
        if not all(rings):
            return ()
        shape = Polygon(rings[0], rings[1:])
        if not shape.is_valid:
            self.wrong(
                where, _why(explain_validity(shape)), "redraw the outline there, or run 'Fix geometries' in QGIS"
            )
            return ()
        return tuple(rings)

    def _ring(self, where: str, ring: Any) -> Ring:
        if not isinstance(ring, list) or len(ring) < 4:
            self.wrong(
                where, "has a ring of fewer than four points", "a ring needs three corners and its first point again"
            )
            return ()
        points: list[tuple[float, float]] = []
        for point in ring:
            fault = _point_fault(point)
            if fault:
                self.wrong(where, fault, "GeoJSON wants [longitude, latitude] in degrees (WGS 84)")
                return ()
            points.append((float(point[0]), float(point[1])))
        if points[0] != points[-1]:
            self.wrong(where, f"has an open ring near {_place(points[-1])}", "repeat its first point at its end")
            return ()
        return tuple(points)


def _point_fault(point: Any) -> str | None:
    numbers = (
        isinstance(point, list)
        and len(point) >= 2
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in point[:2])
    )
    if not numbers:
        return f"has a point that is no pair of numbers: {str(point)[:60]}"
    lon, lat = point[:2]  # not yet floats: an integer may be too large for one
    if abs(lat) <= LAT_LIMIT and abs(lon) <= 180.0:
        return None
    if abs(lon) <= LAT_LIMIT and abs(lat) <= 180.0:
        return f"has latitude and longitude swapped at {_place((lon, lat))}"
    return f"has a point outside the earth's degrees: {str(point)[:60]}"


def _span_fault(points: list[tuple[float, float]]) -> str | None:
    """Tell where an outline strays too far from the rest of it."""
    lon, lat = median(point[0] for point in points), median(point[1] for point in points)
    narrow = cos(radians(lat))
    km = [111.2 * hypot((point[0] - lon) * narrow, point[1] - lat) for point in points]
    far = max(range(len(points)), key=km.__getitem__)
    if km[far] <= WIDEST_KM:
        return None
    return f"reaches {km[far]:,.0f} km away, to {_place(points[far])}"


def _place(point: tuple[float, float]) -> str:
    return f"{point[0]:.6f}, {point[1]:.6f}"


def _why(reason: str) -> str:
    """Put shapely's words such as 'Self-intersection[135.4712 34.8301]' into an operator's."""
    matched = re.match(r"^(?P<what>[^\[]+)(\[(?P<lon>\S+) (?P<lat>\S+)\])?$", reason)
    if not matched:
        return f"has a broken outline: {reason}"
    what = {
        "Self-intersection": "has a ring that crosses itself",
        "Ring Self-intersection": "has a ring that touches itself",
        "Hole lies outside shell": "has a hole outside its outline",
        "Holes are nested": "has a hole within a hole",
        "Interior is disconnected": "is cut apart by its holes",
        "Too few points in geometry component": "has an outline with too few different points",
    }.get(matched["what"], f"has a broken outline ({matched['what']})")
    return f"{what} near {_place((float(matched['lon']), float(matched['lat'])))}" if matched["lon"] else what


def _other_encoding(data: bytes) -> str | None:
    """Tell how a file that is not UTF-8 was saved."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    for encoding, name in (("utf-8", None), ("cp932", "Shift_JIS")):
        with suppress(UnicodeDecodeError):
            data.decode(encoding)
            return name
    return "neither UTF-8 nor Shift_JIS"


def read_zones(data: bytes) -> tuple[tuple[Zone, ...], list[Problem]]:
    """Read a zones.geojson; on any problem there are no zones, so that a broken set never takes force in part."""
    reader = _Reader()
    if len(data) > MAX_BYTES:
        reader.wrong("", f"is larger than {MAX_BYTES // 1024 // 1024} MiB", "simplify the outlines")
        return (), reader.problems
    try:
        document = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        encoding = _other_encoding(data)
        if encoding:
            reader.wrong("", f"is {encoding}", "save it as UTF-8")
        else:
            reader.wrong("", f"is no JSON: {error}", "save it again from the editor, as GeoJSON in UTF-8")
        return (), reader.problems
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        reader.wrong("", 'is no FeatureCollection with "features"', "save it as GeoJSON FeatureCollection")
        return (), reader.problems
    for number, feature in enumerate(features, start=1):
        reader.feature(number, feature)
    return (() if reader.problems else tuple(reader.zones)), reader.problems


def parts_of(zone: Zone) -> list[Polygon]:
    """Give a zone's polygons as shapes, in degrees."""
    shapes = [Polygon(rings[0], rings[1:]) for rings in zone.polygons]
    return [part for part in get_parts(shapes) if not is_empty(part)]
