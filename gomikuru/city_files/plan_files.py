"""calendar.csv and exceptions.csv of a city, together: a Plan, and everything that is wrong with them."""

from __future__ import annotations

from gomikuru.city_files import calendar_csv, exceptions_csv
from gomikuru.city_files.problem import errors
from model.problem import Problem
from residents.calendar.plan import Plan


def read_plan(calendar: bytes | None, exceptions: bytes | None, language: str) -> tuple[Plan | None, list[Problem]]:
    """Read both files; None where there is an error in one of them, so that the last good plan stays in force.

    A file that is not there (None) says nothing: no calendar covers no zone.
    """
    lines, problems = calendar_csv.read_calendar(calendar) if calendar is not None else ([], [])
    changes, wrong = exceptions_csv.read_exceptions(exceptions) if exceptions is not None else ([], [])
    problems = [*problems, *wrong]
    if errors(problems):
        return None, problems
    return Plan(lines, exceptions_csv.in_language(changes, language)), problems
