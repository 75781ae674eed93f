"""From a saved file to an event in the city's stream: a valid one whole, a broken one not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import structlog

from geofence.assignments import FILE as ASSIGNMENTS_FILE
from geofence.assignments import read_assignments
from geofence.files import FILE as ZONES_FILE
from geofence.files import read_zones
from geofence.forecast.profile import FILE as PROFILE_FILE
from geofence.forecast.profile import BadProfile, decode_profile
from geofence.ports import FileSource
from model.event import AssignmentsChanged, Event, ProfileChanged, ZonesChanged, encode_event
from model.ports import Meter, ServiceClock
from streams import keys
from streams.ports import Store


class Watchable(msgspec.Struct, frozen=True):
    """A kind of file that may take force while the service runs: its name, its check, and what announces it."""

    name: str
    file: str
    problems: Callable[[bytes], tuple[str, ...]]
    event: Callable[[int, str], Event]


def _zones_problems(data: bytes) -> tuple[str, ...]:
    return tuple(str(problem) for problem in read_zones(data)[1])


def _profile_problems(data: bytes) -> tuple[str, ...]:
    try:
        decode_profile(data)
    except BadProfile as error:
        return (f"{PROFILE_FILE}: {error}",)
    return ()


def _assignments_problems(data: bytes) -> tuple[str, ...]:
    return tuple(str(problem) for problem in read_assignments(data)[1])


ZONES = Watchable("zones", ZONES_FILE, _zones_problems, ZonesChanged)
PROFILE = Watchable("profile", PROFILE_FILE, _profile_problems, ProfileChanged)
ASSIGNMENTS = Watchable("assignments", ASSIGNMENTS_FILE, _assignments_problems, AssignmentsChanged)


class Watched:
    """One file of one city between the disk and the store. Only the holder of the city's lease calls `look`."""

    def __init__(
        self, kind: Watchable, city: str, store: Store, source: FileSource, clock: ServiceClock, meter: Meter
    ) -> None:
        self._kind = kind
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
        return self._store.get(self._city, f"{self._kind.name}-{version}")

    def superseded(self, version: str) -> None:
        """Forget the bytes of a version that is no longer in force, unless it was saved anew meanwhile."""
        if version != self._announced:
            self._store.drop(self._city, f"{self._kind.name}-{version}")

    def look(self) -> None:
        """Announce a newly saved, valid file; keep the last good one when it is broken."""
        if not (self._due or self._source.changed()):
            return
        self._due = True
        try:
            data = self._source.read()
        except OSError as error:
            self._refuse((f"{self._kind.file}: cannot be read: {error.strerror}; look at its permissions",))
            self._due = False
            return
        if data is not None:
            self._take(data)
        elif self._announced:
            self._refuse((f"{self._kind.file}: is gone; the last good one stays in force",))
        self._due = False

    def _take(self, data: bytes) -> None:
        problems = self._kind.problems(data)
        if problems:
            self._refuse(problems)
            return
        self.problems = ()
        version = hashlib.sha256(data).hexdigest()[:16]
        if version == self._announced:
            return
        self._store.put(self._city, f"{self._kind.name}-{version}", data)
        self._store.append(keys.events(self._city), [encode_event(self._kind.event(self._clock.now_ms(), version))])
        self._announced = version
        self._logger.info(f"{self._kind.name}_taken", version=version)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        self._meter.count("book_refused", city=self._city, file=self._kind.file)
        for problem in problems[:20]:
            self._logger.error(f"{self._kind.name}_refused", problem=problem)
