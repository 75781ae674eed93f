"""The collection plans in force: read anew when a file is saved; a broken file leaves the last good plan."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from typing import NamedTuple

import structlog

from geofence.adapters.watch import WatchedFile
from gomikuru.city_files import CityFolder
from gomikuru.city_files.calendar_csv import FILE as CALENDAR_FILE
from gomikuru.city_files.exceptions_csv import FILE as EXCEPTIONS_FILE
from gomikuru.city_files.plan_files import read_plan
from gomikuru.city_files.problem import errors
from model.ports import Meter
from residents.calendar.plan import Plan


class InForce(NamedTuple):
    """A plan, and the name of its version: another one for other bytes."""

    plan: Plan
    version: str


NOTHING = InForce(Plan(), "")


class _City:
    def __init__(self, folder: CityFolder, meter: Meter) -> None:
        self._city = folder.city
        self._meter = meter
        self.files = [WatchedFile(folder.folder / name) for name in (CALENDAR_FILE, EXCEPTIONS_FILE)]
        self.now = NOTHING
        self.problems: tuple[str, ...] = ()
        self._logger = structlog.get_logger().bind(stage="plans", city=self._city.id)

    def look(self) -> None:
        """Read both files again where one of them was saved."""
        if not any(file.changed() for file in self.files):
            return
        try:
            calendar, exceptions = (file.read() for file in self.files)
        except OSError as error:
            self._refuse((f"{CALENDAR_FILE}, {EXCEPTIONS_FILE}: {error.strerror}; look at their permissions",))
            return
        if calendar is None and self.now.version:
            self._refuse((f"{CALENDAR_FILE}: is gone; the last good plan stays in force",))
            return
        plan, problems = read_plan(calendar, exceptions, self._city.language)
        if plan is None:
            self._refuse(tuple(str(problem) for problem in errors(problems)))
            return
        self.problems = ()
        parts = b"\x1f".join((calendar or b"", b"1" if exceptions is not None else b"", exceptions or b""))
        version = hashlib.sha256(parts).hexdigest()[:16] if calendar is not None else ""
        if version != self.now.version:
            self.now = InForce(plan, version)
            self._logger.info("plan_taken", version=version, zones=len(plan.zones))

    def _refuse(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        for file in sorted({problem.partition(":")[0] for problem in problems}):
            self._meter.count("book_refused", city=self._city.id, file=file)
        for problem in problems[:20]:
            self._logger.error("plan_refused", problem=problem, remedy="the last good plan stays in force")


class CityPlans:
    """Gives the plan of a city that is in force. May be asked from any thread; watches from `start` to `close`."""

    def __init__(self, folders: Iterable[CityFolder], meter: Meter) -> None:
        self._cities = {folder.city.id: _City(folder, meter) for folder in folders}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to watch the files; without it they are read once."""
        for file in self._files():
            file.start()

    def close(self) -> None:
        """Stop watching."""
        for file in self._files():
            file.close()

    def in_force(self, city: str) -> InForce:
        """Tell a city's plan and its version; an empty plan and version where it has no calendar."""
        one = self._cities.get(city)
        if one is None:
            return NOTHING
        with self._lock:
            one.look()
            return one.now

    def __call__(self, city: str) -> Plan | None:
        """Tell a city's plan, or None where it has no calendar."""
        now = self.in_force(city)
        return now.plan if now.version else None

    def problems(self, city: str) -> tuple[str, ...]:
        """Tell what is wrong with the files as they were saved last; nothing when the plan in force is theirs."""
        return self._cities[city].problems

    def _files(self) -> list[WatchedFile]:
        return [file for one in self._cities.values() for file in one.files]
