"""All that is in force in a city: its zones and the homes that subscribed, and the form of the latter in the store.

A Book is consumed by each change, as a State is by each step. Homes are kept in chunks of 256 numbers, so that a
change writes little and a start reads much at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from geofence.forecaster import Forecaster
from geofence.geometry import project
from geofence.homes import HomeIndex, HomeRow, HomeRows
from geofence.limits import Limits
from geofence.minutes_homes import MinutesHome, MinutesHomes
from geofence.zones import ZoneBook
from model.city import City
from model.event import HomesChanged
from model.subscription import AtPoint, Home, InZone, MetresLead, MinutesLead, Pin, ZoneLead
from model.zone import Zone

HOMES = "homes/"
ZONES = "zones"
PROFILE = "profile"
CHUNK_BITS = 8
LAST_BIT = 31

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Home]] = msgspec.msgpack.Decoder(list[Home])


class Resident(msgspec.Struct, frozen=True):
    """A subscriber to a zone: category bits, and the place on the plane where the zone is found by place."""

    subscription: str
    mask: int
    zone: str | None
    spot: tuple[float, float] | None


class Book:
    """The zones and homes in force."""

    def __init__(self, city: City, limits: Limits) -> None:
        self.city = city
        self.limits = limits
        self.routes = {truck.id: truck.route for truck in city.trucks}
        self.categories = {truck.id: truck.category for truck in city.trucks}
        self.zones = ZoneBook((), limits)
        self.zones_version = ""
        self.homes = HomeIndex()
        self.minutes = MinutesHomes()
        self.forecaster: Forecaster | None = None
        self.by_zone: dict[str, dict[int, Resident]] = {}
        self._residents: dict[int, Resident] = {}
        self._chunks: dict[int, bytes] = {}
        self._bits: dict[str, int] = {}
        self._touched: set[str] = set()

    @property
    def profile_version(self) -> str:
        """The version of the profile in force; empty when there is none."""
        return self.forecaster.version if self.forecaster else ""

    def bit(self, category: str | None) -> int:
        """Tell a category's bit; 0 for none. Categories beyond the 31st share one."""
        if category is None:
            return 0
        return 1 << self._bits.setdefault(category, min(len(self._bits), LAST_BIT))

    def take_zones(self, zones: Iterable[Zone], version: str) -> None:
        """Let a new set of zones take force, whole."""
        self.zones = ZoneBook(zones, self.limits)
        self.zones_version = version
        self._touched.add(ZONES)
        self.by_zone = {}
        for number, resident in self._residents.items():
            self._settle(number, resident)

    def take_forecaster(self, forecaster: Forecaster) -> None:
        """Let a profile take force: its places serve the homes with a lead in minutes."""
        self.forecaster = forecaster
        self.minutes.served_by(forecaster.profile)
        self._touched.add(PROFILE)

    def take_homes(self, event: HomesChanged) -> None:
        """Let subscriptions come, change and go."""
        self._rewrite(event)
        for number in (*event.gone, *(home.number for home in event.put)):
            self._unsettle(number)
        self._admit(event.put, event.gone)

    def _admit(self, homes: Iterable[Home], gone: Iterable[int]) -> None:
        rows = []
        moved = list(gone)
        for home in homes:
            mask = self._mask(home)
            if isinstance(home.lead, MetresLead) and not isinstance(home.place, InZone):
                lat, lon = home.place.lat, home.place.lon
                rows.append(HomeRow(home.number, home.subscription, lat, lon, home.lead.metres, mask))
                continue
            moved.append(home.number)
            if isinstance(home.lead, MinutesLead) and not isinstance(home.place, InZone):
                self.minutes.put(_minutes_home(home, home.place, home.lead, mask))
            elif isinstance(home.lead, ZoneLead):
                resident = _resident(home, mask)
                self._residents[home.number] = resident
                self._settle(home.number, resident)
        self.homes = self.homes.changed(rows, moved)
        self.minutes.settle()

    def _mask(self, home: Home) -> int:
        mask = 0
        for category in home.categories:
            mask |= self.bit(category)
        return mask

    def _settle(self, number: int, resident: Resident) -> None:
        zone = resident.zone
        if resident.spot is not None:
            fence = self.zones.at(*resident.spot)
            zone = fence.zone.id if fence else None
        if zone is not None:
            self.by_zone.setdefault(zone, {})[number] = resident

    def _unsettle(self, number: int) -> None:
        self.minutes.drop(number)
        if self._residents.pop(number, None) is not None:
            for residents in self.by_zone.values():
                residents.pop(number, None)

    def _rewrite(self, event: HomesChanged) -> None:
        """Bring the stored chunks up to date."""
        changes: dict[int, dict[int, Home | None]] = {}
        for number in event.gone:
            changes.setdefault(number >> CHUNK_BITS, {})[number] = None
        for home in event.put:
            changes.setdefault(home.number >> CHUNK_BITS, {})[home.number] = home
        for chunk, changed in changes.items():
            kept = {home.number: home for home in _decoder.decode(self._chunks.get(chunk, b"\x90"))}
            homes = [home for home in (kept | changed).values() if home is not None]
            self._chunks[chunk] = _encoder.encode(homes)
            self._touched.add(f"{HOMES}{chunk}")

    def puts(self) -> tuple[dict[str, bytes], list[str]]:
        """Tell the fields to write and to delete since the last call."""
        fields: dict[str, bytes] = {}
        gone = []
        for field in sorted(self._touched):
            data = self._field(field)
            if data == b"\x90":
                gone.append(field)
            else:
                fields[field] = data
        self._touched.clear()
        return fields, gone

    def _field(self, field: str) -> bytes:
        if field == ZONES:
            return self.zones_version.encode()
        if field == PROFILE:
            return self.profile_version.encode()
        return self._chunks[int(field.removeprefix(HOMES))]

    def count(self) -> tuple[int, int]:
        """Tell how many homes and zones are in force."""
        return len(self.homes) + len(self.minutes) + len(self._residents), len(self.zones.fences)

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the stored homes, a chunk at a time; the zones come by `take_zones`."""
        chunks = {int(name.removeprefix(HOMES)): data for name, data in fields.items() if name.startswith(HOMES)}
        self._chunks.update(chunks)
        rows = HomeRows()
        for _, data in sorted(chunks.items()):
            for home in sorted(_decoder.decode(data), key=lambda home: home.number):
                mask = self._mask(home)
                if isinstance(home.lead, MetresLead) and not isinstance(home.place, InZone):
                    rows.add(home.number, home.subscription, home.place.lat, home.place.lon, home.lead.metres, mask)
                elif isinstance(home.lead, MinutesLead) and not isinstance(home.place, InZone):
                    self.minutes.put(_minutes_home(home, home.place, home.lead, mask))
                elif isinstance(home.lead, ZoneLead):
                    self._residents[home.number] = resident = _resident(home, mask)
                    self._settle(home.number, resident)
        if len(rows):
            self.homes = self.homes.with_columns(rows.columns())
        self.minutes.settle()
        self._touched.clear()


def _resident(home: Home, mask: int) -> Resident:
    if isinstance(home.place, InZone):
        return Resident(home.subscription, mask, home.place.zone, None)
    return Resident(home.subscription, mask, None, project(home.place.lat, home.place.lon))


def _minutes_home(home: Home, place: Pin | AtPoint, lead: MinutesLead, mask: int) -> MinutesHome:
    return MinutesHome(home.number, home.subscription, place.lat, place.lon, lead.minutes, mask, home.kinds)


def profile_version(fields: Mapping[str, bytes]) -> str:
    """Tell which version of the profile a city's stored fields are of; empty when none."""
    return fields.get(PROFILE, b"").decode()


def zones_version(fields: Mapping[str, bytes]) -> str:
    """Tell which version of the zones a city's stored fields are of; empty when none."""
    return fields.get(ZONES, b"").decode()
