"""Reads residents.csv: text -> wishes, and every problem with the number of its line. Pure; opens no file.

Columns: resident_id,lat,lon,category,lead_minutes,lead_metres (design.md), and where wanted language, zone, point,
quiet (22:00-06:30), kinds (here+passed), target_kind, target; a column that nobody fills may be left out. Lines of one
resident that differ in their target only are its several devices.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from model.kind import OPT_IN, Kind
from model.subscription import (
    AtPoint,
    InZone,
    Lead,
    MetresLead,
    MinutesLead,
    Pin,
    Place,
    Quiet,
    Target,
    TargetKind,
    ZoneLead,
)
from residents.wish import ANYTHING, Known, Wish, problems_of

REQUIRED = ("resident_id", "lat", "lon")
LEADS = ("lead_minutes", "lead_metres")
OPTIONAL = ("category", *LEADS, "language", "zone", "point", "quiet", "kinds", "target_kind", "target")

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Problem(NamedTuple):
    """What is wrong in which line of the file; the header is line 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class Residents(NamedTuple):
    """What a file holds: the wishes of its good lines, and the problems of the others."""

    wishes: list[Wish]
    problems: list[Problem]


def read_residents(lines: Iterable[str], known: Known = ANYTHING, language: str = "ja") -> Residents:
    """Read a residents.csv; `language` is for lines that name none. Values that tell a home are never repeated."""
    rows = csv.reader(lines, strict=True)
    wishes: dict[str, Wish] = {}
    problems: list[Problem] = []
    try:
        columns = _columns(next(rows, []))
        for cells in rows:
            if cells:
                problems.extend(Problem(rows.line_num, text) for text in _take(cells, columns, wishes, known, language))
    except (BadHeader, csv.Error) as error:
        problems.append(Problem(max(rows.line_num, 1), str(error)))
    return Residents(list(wishes.values()), problems)


def parse_quiet(text: str) -> Quiet:
    """Read hours such as 22:00-06:30; raise ValueError with the reason."""
    match = _HOURS.fullmatch(text)
    if not match:
        raise ValueError(f"quiet: {text!r} is not of the form 22:00-06:30")
    hours = [int(part) for part in match.groups()]
    return Quiet(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


def parse_kinds(names: Iterable[str]) -> tuple[Kind, ...]:
    """Read the names of kinds that a home asks for, in their one order; raise ValueError with the reason."""
    asked = list(names)
    strange = next((name for name in asked if name not in OPT_IN), None)
    if strange is not None:
        raise ValueError(f"kinds: {strange!r} is none of {', '.join(OPT_IN)}; the others are told to everybody")
    return tuple(kind for kind in OPT_IN if kind in asked)


def parse_target(kind: str, value: str) -> Target:
    """Make a target of its kind's name and its value; raise ValueError with the reason, without the value."""
    try:
        return Target(TargetKind(kind), value)
    except ValueError:
        raise ValueError(f"target_kind: {kind!r} is none of {', '.join(TargetKind)}") from None


class BadHeader(ValueError):
    """The first line does not name the columns."""


def _columns(header: list[str]) -> list[str]:
    columns = [cell.strip().lstrip("\ufeff") for cell in header]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise BadHeader(f"the first line must name the columns; missing: {', '.join(missing)}")
    unknown = [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    if unknown:
        raise BadHeader(f"unknown columns: {', '.join(map(repr, unknown))}; possible: {', '.join(REQUIRED + OPTIONAL)}")
    if len(set(columns)) != len(columns):
        raise BadHeader("a column is named twice")
    return columns


def _take(
    cells: list[str], columns: list[str], wishes: dict[str, Wish], known: Known, language: str
) -> tuple[str, ...]:
    if len(cells) != len(columns):
        return (f"has {len(cells)} cells, the header has {len(columns)}",)
    row = dict.fromkeys(OPTIONAL, "") | dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    wish, problems = _wish(row, language)
    if wish:
        problems = problems_of(wish, known)
        if not problems:
            return _join(wish, wishes)
    return problems


def _wish(row: Mapping[str, str], language: str) -> tuple[Wish | None, tuple[str, ...]]:
    problems: list[str] = []
    place = _place(row, problems)
    lead = _lead(row, problems)
    quiet, targets = None, None
    kinds: tuple[Kind, ...] = ()
    try:
        quiet = parse_quiet(row["quiet"]) if row["quiet"] else None
    except ValueError as error:
        problems.append(str(error))
    try:
        kinds = parse_kinds(part.strip() for part in row["kinds"].split("+") if row["kinds"])
    except ValueError as error:
        problems.append(str(error))
    try:
        targets = _targets(row)
    except ValueError as error:
        problems.append(str(error))
    if not row["resident_id"]:
        problems.append("resident_id: empty")
    if problems or place is None or lead is None:
        return None, tuple(problems)
    categories = tuple(part.strip() for part in row["category"].split(";")) if row["category"] else ()
    wish = Wish(
        id=row["resident_id"],
        place=place,
        lead=lead,
        categories=categories,
        language=row["language"] or language,
        quiet=quiet,
        targets=targets,
        kinds=kinds,
    )
    return wish, ()


def _place(row: Mapping[str, str], problems: list[str]) -> Place | None:
    if row["zone"]:
        if row["lat"] or row["lon"]:
            problems.append("zone: fill either zone or lat and lon, not both")
            return None
        if row["point"]:
            problems.append("point: a collection point is told by lat and lon; leave zone empty")
            return None
        return InZone(row["zone"])
    lat, lon = _number(row, "lat", problems), _number(row, "lon", problems)
    if lat is None or lon is None:
        return None
    return AtPoint(row["point"], lat, lon) if row["point"] else Pin(lat, lon)


def _number(row: Mapping[str, str], column: str, problems: list[str]) -> float | None:
    try:
        return float(row[column])
    except ValueError:
        problems.append(f"{column}: {'not a number' if row[column] else 'empty'}")
        return None


def _lead(row: Mapping[str, str], problems: list[str]) -> Lead | None:
    filled = [column for column in LEADS if row[column]]
    if not filled and row["zone"]:
        return ZoneLead()
    if len(filled) != 1:
        problems.append("lead_minutes, lead_metres: exactly one must be filled")
        return None
    value = _number(row, filled[0], problems)
    if value is None:
        return None
    return MinutesLead(value) if filled[0] == "lead_minutes" else MetresLead(value)


def _targets(row: Mapping[str, str]) -> tuple[Target, ...] | None:
    if not row["target"]:
        if row["target_kind"]:
            raise ValueError("target: empty, but target_kind is filled")
        return None
    return (parse_target(row["target_kind"] or TargetKind.FCM_TOKEN, row["target"]),)


def _join(wish: Wish, wishes: dict[str, Wish]) -> tuple[str, ...]:
    name = wish.id or ""
    first = wishes.get(name)
    if first is None:
        wishes[name] = wish
        return ()
    if not wish.targets or not first.targets or msgspec.structs.replace(wish, targets=first.targets) != first:
        return (f"resident_id: {name!r} was in an earlier line, with another wish or without a target",)
    joined = msgspec.structs.replace(first, targets=(*first.targets, *wish.targets))
    problems = problems_of(joined)
    if not problems:
        wishes[name] = joined
    return problems
