"""routes.geojson: the lines that trucks follow and their stops. Reads and checks the drawing; decides nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import Any, TypeGuard

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from gomikuru.city_files.geojson import Feature, LonLat, position, read_features
from gomikuru.city_files.hours import DAY_MIN, minutes_of, weekdays_of, window_of
from gomikuru.city_files.problem import meant
from model.problem import Problem

FILE = "routes.geojson"
LINE_PROPERTIES = ("route_id", "name", "category", "weekdays", "window", "vehicle", "learned")
STOP_PROPERTIES = ("route_id", "seq", "name", "scheduled_time", "dwell_s")
STOP_OFF_LINE_M = 50.0
_METRES_PER_DEGREE = 111_195.0


class Stop(msgspec.Struct, frozen=True):
    """A place where the crew loads: `scheduled_min` after the service day's local midnight."""

    seq: int
    lon: float
    lat: float
    name: str = ""
    scheduled_min: int | None = None
    dwell_s: float | None = None


class Route(msgspec.Struct, frozen=True):
    """One line as drawn, in the order in which it is driven, with its stops in order of `seq`. Weekdays: Monday 0.

    `learned`: from past days, of the `vehicle` that drove it.
    """

    id: str
    name: str
    category: str | None
    weekdays: tuple[int, ...]
    window: tuple[int, int] | None
    line: tuple[LonLat, ...]
    stops: tuple[Stop, ...] = ()
    vehicle: str | None = None
    learned: bool = False


def read_routes(data: bytes) -> tuple[list[Route], list[Problem]]:
    """Read the routes: those that can be used, and all that is wrong."""
    features, problems = read_features(data, FILE)
    routes: dict[str, Route] = {}
    for feature in features:
        if feature.kind == "LineString" and (route := _route(feature, problems)):
            if route.id in routes:
                what = "this route has two lines"
                problems.append(Problem(FILE, feature.where("route_id"), what, "join them into one LineString"))
            routes.setdefault(route.id, route)
        elif feature.kind not in ("LineString", "Point"):
            what = f"is a {feature.kind}"
            problems.append(Problem(FILE, feature.where("route_id"), what, "a route is a LineString, a stop a Point"))
    stops = _stops([feature for feature in features if feature.kind == "Point"], routes, problems)
    return [_with_stops(route, stops[route.id], problems) for route in routes.values()], problems


def _route(feature: Feature, problems: list[Problem]) -> Route | None:
    said = feature.properties
    where = feature.where("route_id")
    problems += _unknown(feature, LINE_PROPERTIES)
    window, weekdays = window_of(_text(said, "window")), weekdays_of(_text(said, "weekdays"))
    line = [position(each) for each in feature.coordinates] if isinstance(feature.coordinates, list) else []
    whole = [each for each in line if each]
    wrong = [
        ("route_id is missing", "give every route an id", not _text(said, "route_id")),
        ("has a position that is none", "positions are [longitude, latitude]", len(whole) < len(line)),
        ("is a line of fewer than two points", "draw it", len(line) < 2),
        (
            f"weekdays {said.get('weekdays')!r} are not understood",
            'write "mon,thu"',
            "weekdays" in said and not weekdays,
        ),
        (
            f"learned {said.get('learned')!r} is neither true nor false",
            "leave it out",
            not isinstance(said.get("learned", False), bool),
        ),
        (f"window {said.get('window')!r} is not understood", 'write "08:30-11:30"', "window" in said and not window),
    ]
    found = [Problem(FILE, where, what, remedy) for what, remedy, yes in wrong if yes]
    problems += found
    if found:
        return None
    return Route(
        id=_text(said, "route_id"),
        name=_text(said, "name"),
        category=_text(said, "category") or None,
        weekdays=weekdays or (),
        window=window,
        line=tuple(whole),
        vehicle=_text(said, "vehicle") or None,
        learned=said.get("learned", False),
    )


def _stops(
    features: list[Feature], routes: dict[str, Route], problems: list[Problem]
) -> defaultdict[str, list[tuple[Feature, Stop]]]:
    stops: defaultdict[str, list[tuple[Feature, Stop]]] = defaultdict(list)
    for feature in features:
        route = _text(feature.properties, "route_id")
        if route not in routes:
            what = f"is a stop of route {route!r}, which has no line" if route else "is a stop without route_id"
            problems.append(Problem(FILE, f"feature {feature.number}", what, meant(route, routes)))
        elif stop := _stop(feature, problems):
            stops[route].append((feature, stop))
    return stops


def _stop(feature: Feature, problems: list[Problem]) -> Stop | None:
    said = feature.properties
    problems += _unknown(feature, STOP_PROPERTIES)
    seq, dwell, place = said.get("seq"), said.get("dwell_s"), position(feature.coordinates)
    time, scheduled = _text(said, "scheduled_time"), minutes_of(_text(said, "scheduled_time"), 2 * DAY_MIN)
    fine_dwell = dwell is None or (_is_number(dwell) and 0 <= dwell <= 3600)
    wrong = [
        ("its position is none", "positions are [longitude, latitude]", place is None),
        (f"seq {seq!r} is no whole number", "number the stops 1, 2, 3 ...", not _is_number(seq) or seq != int(seq)),
        (f"scheduled_time {time!r} is no time", 'write "08:42"', bool(time) and scheduled is None),
        (f"dwell_s {dwell!r} is not from 0 to 3600", "write seconds, or leave it out", not fine_dwell),
    ]
    found = [Problem(FILE, _where(feature), what, remedy) for what, remedy, yes in wrong if yes]
    problems += found
    if found or place is None or not _is_number(seq):
        return None
    return Stop(int(seq), place[0], place[1], _text(said, "name"), scheduled, dwell)


def _with_stops(route: Route, found: list[tuple[Feature, Stop]], problems: list[Problem]) -> Route:
    found = sorted(found, key=lambda pair: pair[1].seq)
    latest: Stop | None = None
    for (_, before), (feature, stop) in pairwise(found):
        if before.seq == stop.seq:
            problems.append(Problem(FILE, _where(feature), "two stops have this number", "number them 1, 2, 3 ..."))
        latest = before if before.scheduled_min is not None else latest
        if latest and stop.scheduled_min is not None and stop.scheduled_min < (latest.scheduled_min or 0):
            what = f"its scheduled_time lies before that of stop {latest.seq}"
            remedy = "after midnight go on counting: 24:10" if stop.scheduled_min < 6 * 60 else "put the stops in order"
            problems.append(Problem(FILE, _where(feature), what, remedy))
    line = np.array(route.line)
    for feature, stop in found:
        off = distance_to_line_m((stop.lon, stop.lat), line)
        if off > STOP_OFF_LINE_M:
            what = f"lies {off:.0f} m off its route's line"
            problems.append(Problem(FILE, _where(feature), what, "move the stop or draw the line through its street"))
    return msgspec.structs.replace(route, stops=tuple(stop for _, stop in found))


def distance_to_line_m(place: LonLat, line: npt.ArrayLike) -> float:
    """Measure from a place to the nearest point of a line, on a plane at the place (good within some kilometres)."""
    shrink = math.cos(math.radians(place[1]))
    flat = (np.asarray(line) - place) * (shrink * _METRES_PER_DEGREE, _METRES_PER_DEGREE)
    return float(shapely.distance(shapely.linestrings(flat), shapely.Point(0.0, 0.0)))


def _unknown(feature: Feature, known: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(FILE, _where(feature), f"unknown property {name!r}", meant(name, known), warning=True)
        for name in feature.properties
        if name not in known
    ]


def _where(feature: Feature) -> str:
    where = feature.where("route_id")
    return f"{where}, seq {feature.properties['seq']!r}" if "seq" in feature.properties else where


def _text(properties: dict[str, Any], name: str) -> str:
    value = properties.get(name)
    return str(value).strip() if isinstance(value, str | int) else ""


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
