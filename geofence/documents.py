"""The files of one city that may take force while the service runs, together: watched, loaded, read by version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geofence.assignments import read_assignments
from geofence.batch import documents_wanted
from geofence.book import Book, assignments_version, profile_version, zones_version
from geofence.files import read_zones
from geofence.forecast.profile import decode_profile
from geofence.forecaster import Forecaster
from geofence.ports import FileSource, NoFile
from geofence.watched import ASSIGNMENTS, PROFILE, ZONES, Watched
from model.event import Event
from model.ports import Meter, ServiceClock
from streams.ports import Store


class Documents:
    """zones.geojson, profile.bin and assignments.csv, in this order. Only the holder of the city's lease uses them."""

    def __init__(
        self,
        city: str,
        store: Store,
        clock: ServiceClock,
        meter: Meter,
        zones: FileSource,
        profile: FileSource | None,
        assignments: FileSource | None,
    ) -> None:
        self._zones = Watched(ZONES, city, store, zones, clock, meter)
        self._profile = Watched(PROFILE, city, store, profile or NoFile(), clock, meter)
        self._assignments = Watched(ASSIGNMENTS, city, store, assignments or NoFile(), clock, meter)
        self._all = (self._zones, self._profile, self._assignments)

    @property
    def problems(self) -> tuple[tuple[str, ...], ...]:
        """What is wrong with each file as it was last saved."""
        return tuple(each.problems for each in self._all)

    def look(self) -> None:
        """Announce what was newly saved and is valid."""
        for each in self._all:
            each.look()

    def load(self, book: Book, fields: Mapping[str, bytes]) -> None:
        """Let the versions take force that a city's stored fields name."""
        if zones := _stored(self._zones, version := zones_version(fields)):
            book.take_zones(read_zones(zones)[0], version)
        if profile := _stored(self._profile, version := profile_version(fields)):
            book.take_forecaster(Forecaster(decode_profile(profile), version))
        if assignments := _stored(self._assignments, version := assignments_version(fields)):
            book.take_assignments(read_assignments(assignments)[0], version)
        for each, in_force in zip(self._all, versions(book), strict=True):
            each.in_force(in_force)

    def wanted_by(self, events: Sequence[Event]) -> dict[str, bytes]:
        """Read every version that events name."""
        wanted = zip(self._all, documents_wanted(events), strict=True)
        return {version: each.document(version) or b"" for each, named in wanted for version in named}

    def superseded(self, before: tuple[str, ...], book: Book) -> None:
        """Forget the bytes of versions that were in force before."""
        for each, old, new in zip(self._all, before, versions(book), strict=True):
            if old not in ("", new):
                each.superseded(old)


def versions(book: Book) -> tuple[str, ...]:
    """Tell the version in force of each file."""
    return book.zones_version, book.profile_version, book.assignments_version


def _stored(watched: Watched, version: str) -> bytes | None:
    return watched.document(version) if version else None
