"""The places of a city by which people name their home, and how what they type finds them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, hypot, radians

import msgspec

from residents.spelling import folded

MAX_FOUND = 20
KINDS = ("zone", "point", "street", "block")
METRES_PER_DEGREE = 111_195.0


class NamedPlace(msgspec.Struct, frozen=True):
    """One place: of which zone, what it is (see KINDS), its names; degrees WGS 84 where it has a position."""

    kind: str
    id: str
    name: str
    zone: str | None = None
    lat: float | None = None
    lon: float | None = None
    kana: str = ""
    also: tuple[str, ...] = ()


class PlaceBook:
    """All places of a city, folded once."""

    def __init__(self, places: Iterable[NamedPlace]) -> None:
        self.places = tuple(places)
        self._keys = [tuple(filter(None, map(folded, (one.name, one.kana, *one.also)))) for one in self.places]
        self._points = {one.id: one for one in self.places if one.kind == "point"}

    def point(self, place_id: str) -> NamedPlace | None:
        """Give a collection point by its id."""
        return self._points.get(place_id)

    def find(self, text: str, most: int = MAX_FOUND) -> list[NamedPlace]:
        """Find places by name: the same, then beginning so, then holding it; nothing for an empty text."""
        wanted = folded(text)
        if not wanted:
            return []
        if named := [one for one in self.places if one.kind == "zone" and one.id == text]:
            return named  # the id of a zone, from a link that a city printed
        ranked = []
        for order, (place, keys) in enumerate(zip(self.places, self._keys, strict=True)):
            rank = min((_rank(key, wanted) for key in keys), default=None)
            if rank is not None and rank < _NO:
                ranked.append((rank, KINDS.index(place.kind), min(map(len, keys)), order))
        return [self.places[order] for *_, order in sorted(ranked)[:most]]

    def near(self, lat: float, lon: float, zone: str | None, most: int = MAX_FOUND) -> list[NamedPlace]:
        """Give the zone that a position lies in, then what is nearest to it."""
        inside = [one for one in self.places if one.kind == "zone" and one.id == zone]
        others = [
            (_metres(lat, lon, one.lat, one.lon), order)
            for order, one in enumerate(self.places)
            if one.kind != "zone" and one.lat is not None and one.lon is not None
        ]
        return (inside + [self.places[order] for _, order in sorted(others)[:most]])[:most]


_NO = 9


def _rank(key: str, wanted: str) -> int:
    if key == wanted:
        return 0
    if key.startswith(wanted):
        return 1
    return 2 if wanted in key else _NO


def _metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    east = (other_lon - lon) * cos(radians(lat))
    return METRES_PER_DEGREE * hypot(other_lat - lat, east)
