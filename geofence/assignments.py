"""assignments.csv as an operator saves it: who drives which route on which day, from bytes to values. Pure.

A date counts before a weekday, and a weekday before always; of the rows that then apply the latest that has begun.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from geofence.forecast.timetable import crew_of
from model.problem import Problem

FILE: Final = "assignments.csv"
COLUMNS: Final = ("day", "vehicle_id", "route_id", "from")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_FORMS: Final = "write 2026-11-24, 'mon thu', or nothing for every day"
LAST_MIN: Final = 48 * 60
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")


class Assignment(msgspec.Struct, frozen=True):
    """One row for one day: `day` is a proleptic ordinal, a weekday (Monday 0) or None for every day.

    `from_min`: minutes of the service day; no route: the vehicle drives none that is known.
    """

    day: int | None
    vehicle: str
    route: str | None
    from_min: int
    line: int


class Assignments:
    """All rows, by vehicle."""

    def __init__(self, rows: tuple[Assignment, ...] = ()) -> None:
        self.rows = rows
        self._by: dict[tuple[str, int | None], list[Assignment]] = {}
        for row in sorted(rows, key=lambda row: row.from_min):
            self._by.setdefault((row.vehicle, row.day), []).append(row)

    def of(self, vehicle: str, ordinal: int) -> list[Assignment]:
        """Tell a vehicle's rows of a service day, in the order in which they begin."""
        days: tuple[int | None, ...] = (ordinal, (ordinal + 6) % 7, None)
        return next((rows for day in days if (rows := self._by.get((vehicle, day)))), [])

    def route(self, vehicle: str, ordinal: int, minute: float) -> tuple[str | None, bool]:
        """Tell the route that a vehicle drives at a minute of a service day, and whether a row says so at all."""
        begun = [row for row in self.of(vehicle, ordinal) if row.from_min <= minute]
        return (begun[-1].route, True) if begun else (None, False)

    def crew(self, vehicle: str, ordinal: int, tied: str | None) -> str:
        """Name the crew of a vehicle's whole day: its route's where it drives one only, else itself."""
        rows = self.of(vehicle, ordinal)
        routes = {row.route for row in rows} if rows else {tied}
        route = routes.pop() if len(routes) == 1 else None
        return crew_of(route) if route else vehicle


def read_assignments(data: bytes) -> tuple[Assignments, list[Problem]]:
    """Read the file; where there is an error, nobody is assigned anything."""
    text, problems = _text(data)
    rows: list[Assignment] = []
    try:
        rows = list(_rows(text, problems))
    except csv.Error as error:
        problems.append(Problem(FILE, "", f"not readable as CSV: {error}", 'look for a stray "'))
    problems += _twice(rows)
    broken = any(not problem.warning for problem in problems)
    return Assignments(() if broken else tuple(rows)), problems


def _text(data: bytes) -> tuple[str, list[Problem]]:
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return "", [Problem(FILE, "", "the file is not UTF-8", "save it as UTF-8 (in Excel: 'CSV UTF-8')")]


def _rows(text: str, problems: list[Problem]) -> Iterator[Assignment]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    header = [cell.strip() for cell in next(reader, [])]
    wrong = [name for name in header if name not in COLUMNS] or [name for name in COLUMNS[:3] if name not in header]
    if wrong or len(set(header)) < len(header):
        form = f"the first line must be {','.join(COLUMNS)}; the last may be absent"
        problems.append(Problem(FILE, "line 1", f"columns {', '.join(map(repr, wrong or header))} do not fit", form))
        return
    for cells in reader:
        if any(map(str.strip, cells)):
            where = f"line {reader.line_num}"
            if len(cells) > len(header):
                problems.append(Problem(FILE, where, f"{len(cells)} values under {len(header)} columns", "remove some"))
            else:
                row = dict.fromkeys(COLUMNS, "") | dict(zip(header, map(str.strip, cells), strict=False))
                yield from _row(row, reader.line_num, problems)


def _row(row: dict[str, str], line: int, problems: list[Problem]) -> Iterator[Assignment]:
    days, begins = _days(row["day"]), _minutes(row["from"])
    wrong = [
        ("vehicle_id is empty", "write the truck_id of trucks.csv", not row["vehicle_id"]),
        (f"day {row['day']!r} is not understood", DAY_FORMS, days is None),
        (f"from {row['from']!r} is no time", "write 16:00, or nothing for the whole day", begins is None),
    ]
    found = [Problem(FILE, f"line {line}", what, remedy) for what, remedy, yes in wrong if yes]
    problems += found
    if not found and begins is not None:
        for day in days or ():
            yield Assignment(day, row["vehicle_id"], row["route_id"] or None, begins, line)


def _days(text: str) -> tuple[int | None, ...] | None:
    words = text.replace(",", " ").lower().split()
    if not words:
        return (None,)
    if all(word in WEEKDAYS for word in words):
        return tuple(sorted({WEEKDAYS.index(word) for word in words}))
    try:
        return (date.fromisoformat(text).toordinal(),)
    except ValueError:
        return None


def _minutes(text: str) -> int | None:
    if not text:
        return 0
    found = _CLOCK.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else LAST_MIN
    return minutes if minutes < LAST_MIN else None


def _twice(rows: list[Assignment]) -> Iterator[Problem]:
    first: dict[tuple[str, int | None, int], int] = {}
    for row in rows:
        line = first.setdefault((row.vehicle, row.day, row.from_min), row.line)
        if line != row.line:
            what = f"vehicle {row.vehicle!r} is assigned for the same day and time on line {line}"
            yield Problem(FILE, f"line {row.line}", what, "remove one, or write from when each holds")
