"""exceptions.csv: on which days the calendar does not hold. Reads the file; what an exception does, Plan decides.

    date,zone,category,change,reason,reason_en
    2026-12-31,*,*,cancelled,年末のため,New Year holidays
    2026-05-04,sakura-1,burnable,moved to 2026-05-06,祝日のため,Public holiday

An empty zone or category is `*`: every one. `reason` is in the city's language; `reason_LANGUAGE` in any other.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date

import msgspec

from gomikuru.city_files.text import Row, decode_text, read_table
from model.problem import Problem
from residents.calendar.plan import Change, Reasons

FILE = "exceptions.csv"
COLUMNS = ("date", "zone", "category", "change", "reason")
EVERY = "*"
CANCELLED = "cancelled"
FORMS = "write 'cancelled' or 'moved to 2026-05-06'"
OWN = ""
"""Under this tag stands a reason in the city's own language, until `in_language` says which one that is."""

_REASON = re.compile(r"reason_([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)")
_MOVED = re.compile(r"moved(?:\s+to)?\s+(\S+)")


def read_exceptions(data: bytes) -> tuple[list[Change], list[Problem]]:
    """Read the exceptions: the lines that can be used, and all that is wrong."""
    tags = _tags(data)
    rows, problems = read_table(data, FILE, (*COLUMNS, *(f"reason_{tag}" for tag in tags)), ("date", "change"))
    changes: list[Change] = []
    seen: dict[tuple[date, str | None, str | None], int] = {}
    for row in rows:
        change = _change(row, tags, problems)
        if change is None:
            continue
        first = seen.setdefault((change.day, change.zone, change.category), row.line)
        if first == row.line:
            changes.append(change)
            continue
        what = f"the same day, zone and category stand on line {first} already"
        problems.append(Problem(FILE, row.where, what, "remove one of the two"))
    return changes, problems


def in_language(changes: Sequence[Change], language: str) -> list[Change]:
    """Say in which language the reasons of the column `reason` are: the city's."""
    return [
        msgspec.structs.replace(each, reasons={tag or language: text for tag, text in each.reasons.items()})
        for each in changes
    ]


def _tags(data: bytes) -> list[str]:
    """Find the languages that the header names; what else it names, the table's reader judges."""
    text, _ = decode_text(data, FILE, shift_jis=True)
    try:
        header = next((cells for cells in csv.reader(io.StringIO(text or "", newline="")) if any(cells)), [])
    except csv.Error:
        return []
    return [found[1] for cell in header if (found := _REASON.fullmatch(cell.strip()))]


def _change(row: Row, tags: Sequence[str], problems: list[Problem]) -> Change | None:
    wrong: list[Problem] = []
    day = _day(row["date"])
    if day is None:
        wrong.append(Problem(FILE, row.where, f"date {row['date']!r} is no day", "write it as 2026-12-31"))
    moved = _MOVED.fullmatch(row["change"].lower())
    moved_to = _day(moved[1]) if moved else None
    if row["change"].lower() != CANCELLED and moved_to is None:
        wrong.append(Problem(FILE, row.where, f"change {row['change']!r} is not understood", FORMS))
    elif moved_to is not None and moved_to == day:
        wrong.append(Problem(FILE, row.where, "is moved to the day on which it is anyway", "name another day"))
    problems += wrong
    if day is None or wrong:
        return None
    return Change(day, _name(row["zone"]), _name(row["category"]), moved_to, _reasons(row, tags), row.line)


def _reasons(row: Row, tags: Sequence[str]) -> Reasons:
    said = {OWN: row["reason"], **{tag: row[f"reason_{tag}"] for tag in tags}}
    return {tag: text for tag, text in said.items() if text}


def _name(cell: str) -> str | None:
    return None if cell in ("", EVERY) else cell


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
