"""calendar.csv: which zone puts out which waste on which days. Reads the file and its rules; decides nothing."""

from __future__ import annotations

from gomikuru.city_files.hours import minutes_of
from gomikuru.city_files.text import Row, read_table
from model.problem import Problem
from residents.calendar.plan import Collection
from residents.calendar.rules import NEVER, RULE_FORMS, Rule, parse_rule

__all__ = ["COLUMNS", "FILE", "Collection", "Rule", "parse_rule", "read_calendar", "read_lines"]

FILE = "calendar.csv"
COLUMNS = ("zone", "category", "rule", "out_by")


def read_calendar(data: bytes) -> tuple[list[Collection], list[Problem]]:
    """Read the calendar: the lines that can be used, and all that is wrong."""
    collections, problems = read_lines(data)
    broken = {each.where for each in problems if not each.warning}
    return [each for each in collections if each.rule != NEVER and f"line {each.line}" not in broken], problems


def read_lines(data: bytes) -> tuple[list[Collection], list[Problem]]:
    """Read every line, to be compared with the other files; a rule that is not understood falls on no day."""
    rows, problems = read_table(data, FILE, COLUMNS, ("zone", "category", "rule"))
    collections = [_collection(row, problems) for row in rows]
    seen: dict[tuple[str, str, Rule], int] = {}
    for collection in collections:
        if collection.rule == NEVER:
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
    return Collection(row["zone"], row["category"], rule or NEVER, out_by, row.line)
