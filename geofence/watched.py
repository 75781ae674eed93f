"""From a saved zones.geojson to an event in the city's stream: a valid set whole, a broken one not at all."""

from __future__ import annotations

import hashlib

import structlog

from geofence.files import read_zones
from geofence.ports import ZonesSource
from model.event import ZonesChanged, encode_event
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import Store

FILE = "zones.geojson"


class WatchedZones:
    """The zones of one city between the disk and the store. Only the holder of the city's lease calls `look`."""

    def __init__(self, city: str, store: Store, source: ZonesSource, clock: ServiceClock, meter: Meter) -> None:
        self._city = city
        self._store = store
        self._source = source
        self._clock = clock
        self._meter = meter
        self._announced = ""
        self._due = True
        self.problems: tuple[str, ...] = ()
        self._logger = structlog.get_logger().bind(stage="geofence", city=city)

    def in_force(self, version: str) -> None:
        """Hear which version the committed state is of; empty when there is none. The file is looked at again."""
        self._announced = version
        self._due = True

    def document(self, version: str) -> bytes | None:
        """Read a version's bytes from the store."""
        return self._store.get(self._city, f"zones-{version}")

    def superseded(self, version: str) -> None:
        """Forget the bytes of a version that is no longer in force, unless it was saved anew meanwhile."""
        if version != self._announced:
            self._store.drop(self._city, f"zones-{version}")

    def look(self) -> None:
        """Announce a newly saved, valid set of zones; keep the last good one when the file is broken."""
        if not (self._due or self._source.changed()):
            return
        self._due = True
        try:
            data = self._source.read()
        except OSError as error:
            self._refuse((f"{FILE}: cannot be read: {error.strerror}; look at its permissions",))
            self._due = False
            return
        if data is not None:
            self._take(data)
        elif self._announced:
            self._refuse((f"{FILE}: is gone; the last good zones stay in force",))
        self._due = False

    def _take(self, data: bytes) -> None:
        _, problems = read_zones(data)
        if problems:
            self._refuse(tuple(str(problem) for problem in problems))
            return
        self.problems = ()
        version = hashlib.sha256(data).hexdigest()[:16]
        if version == self._announced:
            return
        self._store.put(self._city, f"zones-{version}", data)
        self._store.append(keys.events(self._city), [encode_event(ZonesChanged(self._clock.now_ms(), version))])
        self._announced = version
        self._logger.info("zones_taken", version=version)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        self._meter.count("book_refused", city=self._city, file=FILE)
        for problem in problems[:20]:
            self._logger.error("zones_refused", problem=problem)
