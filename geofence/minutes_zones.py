"""Homes known only by their zone, with a lead in minutes: served by the zone's places, told by the first of them.

Few beside the others (a household that gave no pin), so that they stand in dictionaries by zone and lead.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from geofence.forecast.profile import Profile
from geofence.forecast.walk import Ints
from geofence.minutes_homes import grained
from geofence.zones import Fence, ZoneBook

Told = tuple[int, str, int]
"""Number, subscription and category bits of a home."""


class ZoneHome(msgspec.Struct, frozen=True):
    """One home: its zone by id, its lead, its category bits."""

    number: int
    subscription: str
    zone: str
    lead_min: float
    mask: int


class Served(msgspec.Struct, frozen=True):
    """A zone that has homes, at one of its hours: the number by which what it was foretold is kept, its places.

    `turn`: the how many-th hours of the day these are; places that are served once a day are of the first, 0.
    """

    key: int
    zone: str
    turn: int
    places: Ints


class MinutesZones:
    """The homes in force, and which places serve their zones."""

    def __init__(self) -> None:
        self._homes: dict[int, ZoneHome] = {}
        self._by: dict[tuple[str, float], dict[int, Told]] = {}
        self._served: dict[str, list[Served]] = {}
        self._by_key: dict[int, Ints] = {}
        self.leads_min: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self._homes)

    def put(self, home: ZoneHome) -> None:
        """Take or replace a home."""
        self.drop(home.number)
        lead_min = grained(home.lead_min)
        self._homes[home.number] = msgspec.structs.replace(home, lead_min=lead_min)
        self._by.setdefault((home.zone, lead_min), {})[home.number] = (home.number, home.subscription, home.mask)
        self._note_leads()

    def drop(self, number: int) -> None:
        """Forget a home."""
        home = self._homes.pop(number, None)
        if home is None:
            return
        own = self._by[home.zone, home.lead_min]
        del own[number]
        if not own:
            del self._by[home.zone, home.lead_min]
            self._note_leads()

    def served_by(self, profile: Profile | None, zones: ZoneBook) -> None:
        """Let a profile's places serve the zones; after either of them has changed."""
        self._served = {}
        if profile is not None:
            turn = profile.spots().turn
            for zone, fence in zones.fences.items():
                self._served[zone] = _by_turn(zone, places_in(profile, fence), turn)
        self._by_key = {each.key: each.places for served in self._served.values() for each in served}
        self._note_leads()

    def served(self, lead_min: float) -> Iterator[Served]:
        """Give the zones that have places, and homes with a lead, in the order of their ids and hours."""
        for zone in sorted(zone for zone, lead in self._by if lead == lead_min):
            yield from self._served.get(zone, ())

    def places_of(self, key: int) -> tuple[int, ...]:
        """Give the places of the zone that is foretold under a number; none where that is over."""
        return tuple(self._by_key.get(key, np.zeros(0, dtype=np.int64)).tolist())

    def at(self, zone: str, lead_min: float) -> list[Told]:
        """Give the homes of a zone that have a lead."""
        return list(self._by.get((zone, lead_min), {}).values())

    def keys_of(self, number: int) -> list[int]:
        """Tell under which numbers a home's zone is foretold, at each of its hours; none where it has no places."""
        home = self._homes.get(number)
        return [each.key for each in self._served.get(home.zone, ())] if home is not None else []

    def zone_of(self, number: int) -> str | None:
        """Tell the zone of a home, or None where it is not of these."""
        home = self._homes.get(number)
        return home.zone if home is not None else None

    def _note_leads(self) -> None:
        self.leads_min = tuple(sorted({lead for zone, lead in self._by if self._served.get(zone)}))


def _by_turn(zone: str, places: Ints, turn: Ints) -> list[Served]:
    """Part a zone's places by their hours."""
    turns = np.unique(turn[places]).tolist()
    return [Served(key_of(zone, each), zone, each, places[turn[places] == each]) for each in turns]


def key_of(zone: str, turn: int) -> int:
    """Number a zone at one of its hours, apart from all places, which are numbered from 0."""
    return -1 - zlib.crc32((f"{zone}\n{turn}" if turn else zone).encode())


def places_in(profile: Profile, fence: Fence) -> Ints:
    """Find the regular stops in a zone, or, where there are none, the streets that are served along the way."""
    x, y = profile.place_x * profile.stretch, profile.place_y * profile.stretch
    inside: npt.NDArray[np.bool_] = shapely.intersects_xy(fence.shape, x, y)
    stops: Ints = np.flatnonzero(inside[: profile.stops])
    return stops if len(stops) else np.flatnonzero(inside)
