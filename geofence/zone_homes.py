"""The homes with a zone lead, by the zone in which each is now: as it said, or as its place on the plane tells."""

from __future__ import annotations

import msgspec

from geofence.geometry import project
from geofence.zones import ZoneBook
from model.subscription import Home, InZone


class Resident(msgspec.Struct, frozen=True):
    """A subscriber to a zone: category bits, and the place on the plane where the zone is found by place."""

    subscription: str
    mask: int
    zone: str | None
    spot: tuple[float, float] | None


class ZoneHomes:
    """The subscribers to zones; `drawn` puts all into a new set of zones."""

    def __init__(self) -> None:
        self._residents: dict[int, Resident] = {}
        self._by_zone: dict[str, dict[int, Resident]] = {}

    def __len__(self) -> int:
        return len(self._residents)

    def get(self, number: int) -> Resident | None:
        """Give a subscriber, or None."""
        return self._residents.get(number)

    def of(self, zone: str) -> list[tuple[int, Resident]]:
        """Give a zone's subscribers by number."""
        return sorted(self._by_zone.get(zone, {}).items())

    def put(self, home: Home, mask: int, zones: ZoneBook) -> None:
        """Take a home that is not here."""
        self._residents[home.number] = resident = _resident(home, mask)
        self._settle(home.number, resident, zones)

    def drop(self, number: int) -> None:
        """Forget a home."""
        if self._residents.pop(number, None) is not None:
            for residents in self._by_zone.values():
                residents.pop(number, None)

    def drawn(self, zones: ZoneBook) -> None:
        """Find everybody's zone anew."""
        self._by_zone = {}
        for number, resident in self._residents.items():
            self._settle(number, resident, zones)

    def _settle(self, number: int, resident: Resident, zones: ZoneBook) -> None:
        zone = resident.zone
        if resident.spot is not None:
            fence = zones.at(*resident.spot)
            zone = fence.zone.id if fence else None
        if zone is not None:
            self._by_zone.setdefault(zone, {})[number] = resident


def _resident(home: Home, mask: int) -> Resident:
    if isinstance(home.place, InZone):
        return Resident(home.subscription, mask, home.place.zone, None)
    return Resident(home.subscription, mask, None, project(home.place.lat, home.place.lon))
