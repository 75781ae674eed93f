"""Learned rounds in the file form of routes.geojson, for people to look at, name and mend. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from geofence.forecast.rounds import LearnedRound
from geofence.geometry import unproject
from gomikuru.city_files.hours import DAY_MIN, WEEKDAYS
from model.times import format_clock

LONGEST_DWELL_S = 3600


def route_id(found: LearnedRound) -> str:
    """Name a round by its vehicle and its days, such as 17-mon-thu."""
    return "-".join((found.vehicle, *(WEEKDAYS[day] for day in found.weekdays)))


def routes_document(rounds: Iterable[LearnedRound], scale: float, categories: Mapping[str, str | None]) -> bytes:
    """Write rounds (ground metres; `scale` plane metres to one) as GeoJSON, a feature a line."""
    features = []
    for found in rounds:
        features += [_line(found, scale, categories.get(found.vehicle)), *_stops(found, scale)]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'.encode()


def _line(found: LearnedRound, scale: float, category: str | None) -> dict[str, Any]:
    days = [WEEKDAYS[day] for day in found.weekdays]
    said: dict[str, Any] = {"route_id": route_id(found), "name": f"{found.vehicle} ({', '.join(days)})"}
    said |= {"category": category} if category else {}
    said |= {"weekdays": ",".join(days), "vehicle": found.vehicle, "learned": True}
    begin_min, end_min = int(found.begin_s // 60), int(-(-found.end_s // 60))
    if 0 <= begin_min < DAY_MIN and begin_min < end_min <= 2 * DAY_MIN:
        said["window"] = f"{format_clock(begin_min)}-{format_clock(end_min)}"
    places = [_degrees(x * scale, y * scale) for x, y in zip(found.x.tolist(), found.y.tolist(), strict=True)]
    return _feature(said, "LineString", places)


def _stops(found: LearnedRound, scale: float) -> Iterable[dict[str, Any]]:
    for seq, stop in enumerate(found.stops, start=1):
        said: dict[str, Any] = {"route_id": route_id(found), "seq": seq}
        minute = int((stop.at_s or 0.0) // 60)
        said |= {"scheduled_time": format_clock(minute)} if 0 <= minute <= 2 * DAY_MIN else {}
        said["dwell_s"] = min(round(stop.dwell_s or 0.0), LONGEST_DWELL_S)
        yield _feature(said, "Point", _degrees(stop.x * scale, stop.y * scale))


def _feature(properties: dict[str, Any], kind: str, coordinates: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _degrees(x: float, y: float) -> list[float]:
    lat, lon = unproject(x, y)
    return [round(lon, 6), round(lat, 6)]
