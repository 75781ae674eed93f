"""Simulated households along the streets, and the truth to score alerts against: when their truck really came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from gomikuru.simulation.driver import Track
from gomikuru.simulation.plan import Round
from gomikuru.simulation.plane import Floats, Path
from gomikuru.simulation.town import Town

SERVED_WITHIN_M = 70.0
ARRIVAL_M = 50.0
FROM_STREET_M = (6.0, 20.0)


class NoHomes(Exception):
    """The town has no place where a home could stand."""


class SimHome(NamedTuple):
    """A household: degrees WGS 84, and the waste for which it wants to be told."""

    lat: float
    lon: float
    category: str


class Arrival(NamedTuple):
    """A truck first came within 50 m of a home's serving point, on the pass that serves it."""

    home: int
    truck: str
    at_ms: int


class Tour(NamedTuple):
    """One round, and how it truly went."""

    round: Round
    track: Track


def homes(town: Town, count: int, seed: int) -> list[SimHome]:
    """Scatter homes along the streets: inside a zone, and near a route of their category that serves that zone."""
    rng = np.random.default_rng([seed, 7001])
    places, categories = np.empty((0, 2)), np.empty(0, np.int64)
    names, weights = _categories(town)
    while len(places) < count:
        tried = _beside_streets(town, count, rng)
        served = _served(town, tried, names) * weights
        fine = served.sum(1) > 0
        share = served[fine].cumsum(1)
        drawn = (rng.random((len(share), 1)) * share[:, -1:] >= share).sum(1)
        if not fine.any():
            raise NoHomes("no street of this town lies in a zone and near a route: no home can stand there")
        places = np.vstack([places, tried[fine]])
        categories = np.concatenate([categories, drawn])
    lonlat = town.plane.to_lonlat(places[:count]).round(6)
    return [SimHome(float(lat), float(lon), names[c]) for (lon, lat), c in zip(lonlat, categories, strict=False)]


def _categories(town: Town) -> tuple[list[str], Floats]:
    """List the categories of the routes, each weighed by the days on which it is collected."""
    days: dict[str, float] = {}
    for route in town.routes.values():
        days[route.category or ""] = days.get(route.category or "", 0.0) + max(1, len(route.weekdays))
    return list(days), np.array(list(days.values()))


def _beside_streets(town: Town, count: int, rng: Generator) -> Floats:
    pieces = town.streets.pieces()
    step = pieces[:, 2:] - pieces[:, :2]
    length = np.hypot(*step.T)
    chosen = rng.choice(len(pieces), size=count, p=length / length.sum())
    along, aside = rng.random(count), rng.uniform(*FROM_STREET_M, count) * rng.choice((-1.0, 1.0), count)
    normal = np.column_stack([-step[:, 1], step[:, 0]])[chosen] / length[chosen, None]
    return np.asarray(pieces[chosen, :2] + along[:, None] * step[chosen] + aside[:, None] * normal, dtype=np.float64)


def _served(town: Town, places: Floats, names: Sequence[str]) -> Floats:
    """Tell for each place and category whether a route of it passes, and the place's zone is collected."""
    points = shapely.points(places)
    allowed = np.zeros((len(places), len(names)), np.bool_)
    for zone in town.zones:
        inside = shapely.contains(zone.shape, points)
        takes = [not zone.categories or name in zone.categories for name in names]
        allowed |= inside[:, None] & np.array(takes)
    near = np.zeros_like(allowed)
    for route in town.routes.values():
        line = shapely.linestrings(town.paths[route.id].xy)
        shapely.prepare(line)
        near[:, names.index(route.category or "")] |= shapely.dwithin(line, points, SERVED_WITHIN_M)
    served = near & allowed if town.zones else near
    return served.astype(np.float64)


def arrivals(town: Town, tours: Sequence[Tour], wanted: Sequence[SimHome]) -> list[Arrival]:
    """Tell when each home's truck came on the day of these tours, in order of time."""
    places = town.plane.to_xy([(home.lon, home.lat) for home in wanted])
    by_category: dict[str, list[str]] = {}
    for route in town.routes.values():
        by_category.setdefault(route.category or "", []).append(route.id)
    lines = {route_id: shapely.linestrings(path.xy) for route_id, path in town.paths.items()}
    found: list[Arrival] = []
    for category, route_ids in by_category.items():
        members = np.array([n for n, home in enumerate(wanted) if home.category in ("", category)], np.int64)
        points = shapely.points(places[members])
        off = np.array([shapely.distance(lines[route_id], points) for route_id in route_ids])
        nearest = off.argmin(0) if len(members) else np.empty(0, np.int64)
        for tour in (tour for tour in tours if tour.round.route.id in route_ids):
            mine = (nearest == route_ids.index(tour.round.route.id)) & (off.min(0) <= SERVED_WITHIN_M)
            along = shapely.line_locate_point(lines[tour.round.route.id], points[mine])
            found += _arrivals_of(tour, town.paths[tour.round.route.id], members[mine], along)
    return sorted(found, key=lambda each: (each.at_ms, each.home))


def _arrivals_of(tour: Tour, path: Path, members: NDArray[np.int64], along: Floats) -> Iterator[Arrival]:
    track = tour.track
    rows = np.flatnonzero(~np.isnan(track.route_m))
    reached = np.searchsorted(track.route_m[rows], along)
    serving = path.at(along)
    for home, k, place in zip(members.tolist(), reached.tolist(), serving, strict=True):
        if k < len(rows):
            yield Arrival(home, tour.round.truck.id, int(track.t_ms[_first_near(track, int(rows[k]), place)]))


def _first_near(track: Track, passing: int, place: Floats) -> int:
    """Walk back from the moment of passing to the first second of that approach within 50 m."""
    begin = max(0, passing - 1800)
    near = np.hypot(*(track.xy[begin : passing + 1] - place).T) <= ARRIVAL_M
    near &= track.leg[begin : passing + 1] == track.leg[passing]
    far = np.flatnonzero(~near)
    return begin + (int(far[-1]) + 1 if far.size else 0)
