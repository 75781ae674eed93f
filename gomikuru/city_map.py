"""A city's files as the page draws them: as they stand on disk, or the last readable ones where they are broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gomikuru.city_files import CityFolder
from model.zone import Mode
from web.ports import CityMap, MapSource

NOTHING: Mapping[str, Any] = {"type": "FeatureCollection", "features": []}


def with_modes(zones: Mapping[str, Any], own: Mode) -> Mapping[str, Any]:
    """Let each zone say its mode, also where that is the city's own."""
    features = [_with_mode(feature, own) for feature in zones["features"]]
    return {**zones, "features": features}


def _with_mode(feature: Any, own: Mode) -> Any:
    said = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(said, dict):
        return feature
    return {**feature, "properties": {**said, "mode": said.get("mode") or own.value}}


def map_source(folder: CityFolder) -> MapSource:
    """Make the source of a city's map, which reads the files each time it is asked."""
    last: dict[str, Mapping[str, Any]] = {}

    def read(file: str) -> Mapping[str, Any]:
        try:
            found = msgspec.json.decode((folder.folder / file).read_bytes())
        except (OSError, msgspec.DecodeError):
            return last.get(file, NOTHING)
        if isinstance(found, dict) and isinstance(found.get("features"), list):
            last[file] = found
        return last.get(file, NOTHING)

    def city_map() -> CityMap:
        city = folder.city
        return CityMap(
            city=city.id,
            name=city.name,
            timezone=city.timezone,
            language=city.language,
            zones=with_modes(read("zones.geojson"), city.zones),
            routes=read("routes.geojson"),
            centre=city.map_centre,
            base_map=city.base_map,
        )

    return city_map
