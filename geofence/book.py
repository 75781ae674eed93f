"""All that is in force in a city: its zones, profile and assignments, and the homes that subscribed.

A Book is consumed by each change, as a State is by each step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from geofence.assignments import Assignments
from geofence.forecast.recorded import day_ordinal, midnight_ms
from geofence.forecaster import Forecaster
from geofence.homes import HomeIndex, HomeRow, HomeRows
from geofence.limits import Limits
from geofence.minutes_homes import MinutesHome, MinutesHomes
from geofence.minutes_zones import MinutesZones, ZoneHome
from geofence.runs import day_of, name_of
from geofence.stored_homes import EMPTY, StoredHomes
from geofence.zone_homes import ZoneHomes
from geofence.zones import Fence, ZoneBook
from model.city import City
from model.event import HomesChanged
from model.subscription import AtPoint, Home, InZone, MetresLead, MinutesLead, Pin, ZoneLead
from model.zone import Mode, Zone

ZONES = "zones"
PROFILE = "profile"
ASSIGNMENTS = "assignments"
LAST_BIT = 31


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
        self.minutes_zones = MinutesZones()
        self.assignments = Assignments()
        self.assignments_version = ""
        self.forecaster: Forecaster | None = None
        self.zone_homes = ZoneHomes()
        self._stored = StoredHomes()
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
        self.zone_homes.drawn(self.zones)
        self._serve_zones()

    def take_forecaster(self, forecaster: Forecaster) -> None:
        """Let a profile take force: its places serve the homes with a lead in minutes."""
        self.forecaster = forecaster
        self.minutes.served_by(forecaster.profile)
        self._serve_zones()
        self._touched.add(PROFILE)

    def _serve_zones(self) -> None:
        self.minutes_zones.served_by(self.forecaster.profile if self.forecaster else None, self.zones)

    def take_assignments(self, assignments: Assignments, version: str) -> None:
        """Let new assignments take force, whole."""
        self.assignments = assignments
        self.assignments_version = version
        self._touched.add(ASSIGNMENTS)

    def route_of(self, truck: str, at_ms: int, said: str | None = None) -> str | None:
        """Tell the route that a truck drives: as it says itself, as it is assigned, or as it always does."""
        if said or not self.assignments.rows:
            return said or self.routes.get(truck)
        ordinal = day_ordinal(at_ms, self.city)
        minute = (at_ms - midnight_ms(ordinal, self.city.timezone)) / 60_000
        route, assigned = self.assignments.route(truck, ordinal, minute)
        return route if assigned else self.routes.get(truck)

    def service(self, truck: str, route: str | None, at_ms: int) -> tuple[str, str]:
        """Tell the service day of an instant, and the name of the service to which a truck on a route belongs."""
        return day_of(at_ms, self.city), name_of(route, self.categories.get(truck))

    @property
    def leads_min(self) -> tuple[float, ...]:
        """The leads in minutes of homes that some place serves."""
        zones = self.minutes_zones.leads_min
        return tuple(sorted({*self.minutes.leads_min, *zones})) if zones else self.minutes.leads_min

    def foretold_at(self, number: int) -> list[int]:
        """Tell by which places, or zone, at each of their hours, a home with a lead in minutes is told."""
        return self.minutes.places_of(number) or self.minutes_zones.keys_of(number)

    def turn_of(self, place: int) -> int:
        """Tell which of the day's services of its spot a place is, from 0 on."""
        return int(self.forecaster.guide.library.spots.turn[place]) if self.forecaster else 0

    def unserved(self) -> int:
        """Count the homes with a lead in minutes that wait for a profile."""
        return 0 if self.forecaster else len(self.minutes) + len(self.minutes_zones)

    def take_homes(self, event: HomesChanged) -> None:
        """Let subscriptions come, change and go."""
        self._touched.update(self._stored.rewrite(event))
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
            self._settled_in(home, mask)
        self.homes = self.homes.changed(rows, moved)
        self.minutes.settle()

    def _settled_in(self, home: Home, mask: int) -> None:
        """Take a home whose lead is not in metres."""
        if isinstance(home.lead, MinutesLead):
            if isinstance(home.place, InZone):
                in_zone = ZoneHome(home.number, home.subscription, home.place.zone, home.lead.minutes, mask)
                self.minutes_zones.put(in_zone)
            else:
                self.minutes.put(_minutes_home(home, home.place, home.lead, mask))
        elif isinstance(home.lead, ZoneLead):
            self.zone_homes.put(home, mask, self.zones)

    def _mask(self, home: Home) -> int:
        mask = 0
        for category in home.categories:
            mask |= self.bit(category)
        return mask

    def _unsettle(self, number: int) -> None:
        self.minutes.drop(number)
        self.minutes_zones.drop(number)
        self.zone_homes.drop(number)

    def is_shadow(self, number: int) -> bool:
        """Tell whether a home is on trial: by its zone, in no zone by the city's own mode."""
        if not self.zones.shadowed and self.city.zones is Mode.LIVE:
            return False
        fence = self._fence_of(number)
        mode = fence.zone.mode if fence else None
        return (mode or self.city.zones) is Mode.SHADOW

    def _fence_of(self, number: int) -> Fence | None:
        resident = self.zone_homes.get(number)
        zone = resident.zone if resident is not None and resident.spot is None else self.minutes_zones.zone_of(number)
        if zone is not None:
            return self.zones.fences.get(zone)
        spot = resident.spot if resident is not None else self.homes.spot_of(number) or self.minutes.spot_of(number)
        return self.zones.at(*spot) if spot is not None else None

    def puts(self) -> tuple[dict[str, bytes], list[str]]:
        """Tell the fields to write and to delete since the last call."""
        fields: dict[str, bytes] = {}
        gone = []
        for field in sorted(self._touched):
            data = self._field(field)
            if data == EMPTY:
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
        if field == ASSIGNMENTS:
            return self.assignments_version.encode()
        return self._stored.field(field)

    def count(self) -> tuple[int, int]:
        """Tell how many homes and zones are in force."""
        minutes = len(self.minutes) + len(self.minutes_zones)
        return len(self.homes) + minutes + len(self.zone_homes), len(self.zones.fences)

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the stored homes, a chunk at a time; the zones come by `take_zones`."""
        rows = HomeRows()
        for home in self._stored.load(fields):
            mask = self._mask(home)
            if isinstance(home.lead, MetresLead) and not isinstance(home.place, InZone):
                rows.add(home.number, home.subscription, home.place.lat, home.place.lon, home.lead.metres, mask)
            else:
                self._settled_in(home, mask)
        if len(rows):
            self.homes = self.homes.with_columns(rows.columns())
        self.minutes.settle()
        self._touched.clear()


def _minutes_home(home: Home, place: Pin | AtPoint, lead: MinutesLead, mask: int) -> MinutesHome:
    return MinutesHome(home.number, home.subscription, place.lat, place.lon, lead.minutes, mask, home.kinds)


def profile_version(fields: Mapping[str, bytes]) -> str:
    """Tell which version of the profile a city's stored fields are of; empty when none."""
    return fields.get(PROFILE, b"").decode()


def assignments_version(fields: Mapping[str, bytes]) -> str:
    """Tell which version of the assignments a city's stored fields are of; empty when none."""
    return fields.get(ASSIGNMENTS, b"").decode()


def zones_version(fields: Mapping[str, bytes]) -> str:
    """Tell which version of the zones a city's stored fields are of; empty when none."""
    return fields.get(ZONES, b"").decode()
