"""What the public listener knows of a city, from its files as they were last saved whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date

import msgspec
import structlog

from geofence.files import FILE as ZONES
from geofence.files import read_zones
from geofence.geometry import project
from geofence.limits import Limits
from geofence.zones import ZoneBook
from gomikuru.city_files import CityFolder, calendar_csv, errors, places_csv
from model.city import City
from model.zone import Zone
from residents.places import NamedPlace, PlaceBook
from residents.wish import Known
from web.ports import Plan

LOOK_EVERY_S = 5.0

log = structlog.get_logger()


class DueOn(msgspec.Struct, frozen=True):
    """One collection that falls on a day."""

    category: str
    out_by_min: int | None
    note: None = None


class FilePlan:
    """The calendar of calendar.csv."""

    def __init__(self, collections: list[calendar_csv.Collection]) -> None:
        self._zones: dict[str, list[calendar_csv.Collection]] = {}
        for each in collections:
            self._zones.setdefault(each.zone, []).append(each)

    def on(self, zone: str, day: date) -> tuple[DueOn, ...]:
        """Tell what is collected in a zone on a day."""
        due = (each for each in self._zones.get(zone, ()) if each.rule.falls_on(day))
        return tuple(DueOn(each.category, each.out_by_min) for each in due)


class _Read(msgspec.Struct, frozen=True):
    marks: tuple[int, ...]
    zones: ZoneBook
    places: PlaceBook
    plan: FilePlan


class PublicFiles:
    """Reads zones, places and calendar; a file that is broken leaves the last that was whole. See web.ports.

    `plan_of`: gives the calendar in force of a city, where something else reads it already.
    """

    def __init__(
        self,
        folder: CityFolder,
        languages: frozenset[str],
        monotonic: Callable[[], float] = time.monotonic,
        plan_of: Callable[[str], Plan | None] = lambda _city: None,
    ) -> None:
        self._plan_of = plan_of
        self._folder = folder
        self._languages = languages
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._look_at_s = 0.0
        self._read = _Read((), ZoneBook((), Limits()), PlaceBook(()), FilePlan([]))
        self._zones: tuple[Zone, ...] = ()
        self._named: list[NamedPlace] = []

    @property
    def city(self) -> City:
        """The city."""
        return self._folder.city

    def places(self) -> PlaceBook:
        """Give the places: every zone, and those of places.csv."""
        return self._now().places

    def zone_at(self, lat: float, lon: float) -> str | None:
        """Tell the zone in which a position lies."""
        fence = self._now().zones.at(*project(lat, lon))
        return fence.zone.id if fence else None

    def known(self) -> Known:
        """Tell what a wish may name."""
        categories = frozenset(each.id for each in self.city.categories)
        return Known(categories or None, frozenset(self._now().zones.fences), self._languages)

    def plan(self) -> Plan:
        """Give the calendar."""
        return self._plan_of(self.city.id) or self._now().plan

    def _now(self) -> _Read:
        with self._lock:
            if self._monotonic() >= self._look_at_s:
                self._look_at_s = self._monotonic() + LOOK_EVERY_S
                marks = tuple(self._mark(name) for name in (ZONES, places_csv.FILE, calendar_csv.FILE))
                if marks != self._read.marks:
                    self._read = self._anew(marks)
            return self._read

    def _mark(self, name: str) -> int:
        try:
            return (self._folder.folder / name).stat().st_mtime_ns
        except OSError:
            return 0

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self._folder.folder / name).read_bytes()
        except OSError:
            return None

    def _anew(self, marks: tuple[int, ...]) -> _Read:
        before = self._read
        if (data := self._bytes(ZONES)) is not None:
            zones, problems = read_zones(data)
            if problems:
                log.warning("public.file_refused", city=self.city.id, file=ZONES, problem=str(problems[0]))
            else:
                self._zones = tuple(zones)
        if (data := self._bytes(places_csv.FILE)) is not None:
            self._named, wrong = places_csv.read_places(data)
            for problem in wrong[:3]:
                log.warning("public.place_left_out", city=self.city.id, problem=str(problem))
        else:
            self._named = []
        plan = before.plan
        if (data := self._bytes(calendar_csv.FILE)) is not None:
            collections, wrong = calendar_csv.read_calendar(data)
            if errors(wrong):
                log.warning("public.calendar_lines_left_out", city=self.city.id, problem=str(errors(wrong)[0]))
            plan = FilePlan(collections)
        return _Read(marks, ZoneBook(self._zones, Limits()), PlaceBook(_all(self._zones, self._named)), plan)


def _all(zones: tuple[Zone, ...], named: list[NamedPlace]) -> list[NamedPlace]:
    """Join the zones' own names with the city's list, whose line for a zone says more of it."""
    told = {each.id: each for each in named if each.kind == "zone"}
    places = []
    for zone in zones:
        lat, lon = _middle(zone)
        more = told.get(zone.id)
        also = (more.name, *more.also) if more else ()
        places.append(NamedPlace("zone", zone.id, zone.name, zone.id, lat, lon, more.kana if more else "", also))
    ids = {zone.id for zone in zones}
    return places + [each for each in named if not (each.kind == "zone" and each.id in ids)]


def _middle(zone: Zone) -> tuple[float, float]:
    ring = zone.polygons[0][0]
    return (
        round((min(lat for _, lat in ring) + max(lat for _, lat in ring)) / 2, 6),
        round((min(lon for lon, _ in ring) + max(lon for lon, _ in ring)) / 2, 6),
    )
