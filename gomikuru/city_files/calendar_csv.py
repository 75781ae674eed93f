"""calendar.csv: which zone puts out which waste on which days. Reads the file and its rules; decides nothing."""

from __future__ import annotations

from datetime import date

import msgspec

from gomikuru.city_files.hours import minutes_of, weekdays_of
from gomikuru.city_files.text import Row, read_table
from model.problem import Problem

FILE = "calendar.csv"
COLUMNS = ("zone", "category", "rule", "out_by")
RULE_FORMS = "write 'weekly tue fri' or 'monthly 2,4 wed'"


class Rule(msgspec.Struct, frozen=True):
    """The days of one collection: weekdays (Monday 0), all of them or only the `nth` of each month."""

    weekdays: tuple[int, ...]
    nth: tuple[int, ...] = ()

    def falls_on(self, day: date) -> bool:
        """Tell whether the collection is due on this day, exceptions aside."""
        return day.weekday() in self.weekdays and (not self.nth or (day.day - 1) // 7 + 1 in self.nth)


class Collection(msgspec.Struct, frozen=True):
    """One line of the calendar."""

    zone: str
    category: str
    rule: Rule
    out_by_min: int | None
    line: int


def parse_rule(text: str) -> Rule | None:
    """Read `weekly tue fri` or `monthly 2,4 wed`; None if it is neither."""
    form, _, rest = text.strip().lower().partition(" ")
    if form == "weekly":
        days = weekdays_of(rest)
        return Rule(days) if days else None
    if form != "monthly":
        return None
    counts, _, names = rest.strip().partition(" ")
    days = weekdays_of(names)
    nth = counts.split(",")
    if days is None or any(count not in ("1", "2", "3", "4", "5") for count in nth):
        return None
    return Rule(days, tuple(sorted({int(count) for count in nth})))


def read_calendar(data: bytes) -> tuple[list[Collection], list[Problem]]:
    """Read the calendar: the lines that can be used, and all that is wrong."""
    collections, problems = read_lines(data)
    broken = {each.where for each in problems if not each.warning}
    return [each for each in collections if each.rule.weekdays and f"line {each.line}" not in broken], problems


def read_lines(data: bytes) -> tuple[list[Collection], list[Problem]]:
    """Read every line, to be compared with the other files; a rule that is not understood falls on no day."""
    rows, problems = read_table(data, FILE, COLUMNS, ("zone", "category", "rule"))
    collections = [_collection(row, problems) for row in rows]
    seen: dict[tuple[str, str, Rule], int] = {}
    for collection in collections:
        if not collection.rule.weekdays:
            continue
        first = seen.setdefault((collection.zone, collection.category, collection.rule), collection.line)
        if first != collection.line:
            what = f"zone {collection.zone!r} has this rule for {collection.category!r} already on line {first}"
            problems.append(Problem(FILE, f"line {collection.line}", what, "remove one of the two"))
    return collections, problems


def _collection(row: Row, problems: list[Problem]) -> Collection:
    wrong = [Problem(FILE, row.where, f"{column} is empty", "") for column in ("zone", "category") if not row[column]]
    rule = parse_rule(row["rule"])
    if rule is None:
        wrong.append(Problem(FILE, row.where, f"rule {row['rule']!r} is not understood", RULE_FORMS))
    out_by = minutes_of(row["out_by"])
    if row["out_by"] and out_by is None:
        wrong.append(Problem(FILE, row.where, f"out_by {row['out_by']!r} is no time of day", "write it as 08:00"))
    problems += wrong
    return Collection(row["zone"], row["category"], rule or Rule(()), out_by, row.line)
