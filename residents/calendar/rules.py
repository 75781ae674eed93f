"""Rules as people say them: on which days a collection is due, exceptions aside. Text in, a Rule or None out. Pure.

    weekly tue fri                          every Tuesday and Friday
    monthly 2,4 wed   monthly last fri      the second and fourth Wednesday; the last Friday of a month
    every 2 weeks wed from 2026-04-01       every other week, counted from the week of that day (Monday to Sunday)
    dates 2026-04-03 2026-05-01             just these days

`from DAY` and `until DAY`, both inclusive, may follow the first three: `weekly tue from 2026-04-01 until 2026-11-30`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST = -1
MAX_WEEKS = 52
RULE_FORMS = "write 'weekly tue fri', 'monthly 2,4 wed', 'every 2 weeks wed from 2026-04-01' or 'dates 2026-04-03'"

_BOUND = re.compile(r"\s+(from|until)\s+(\S+)\s*$")
_EVERY = re.compile(r"every\s+(\d{1,2})\s+weeks?\s+(.+)")
_NTH = ("1", "2", "3", "4", "5", "last")


class Rule(msgspec.Struct, frozen=True):
    """The days of one collection: weekdays (Monday 0) in every `weeks`-th week, only the `nth` of a month, or `dates`.

    `nth` holds 1 to 5, and LAST for the last of a month. `begins` and `ends` bound it, both inclusive.
    """

    weekdays: tuple[int, ...] = ()
    nth: tuple[int, ...] = ()
    weeks: int = 1
    begins: date | None = None
    ends: date | None = None
    dates: tuple[date, ...] = ()

    @property
    def on_weekdays(self) -> tuple[int, ...]:
        """The weekdays on which it can fall; none where it never falls."""
        return self.weekdays or tuple(sorted({day.weekday() for day in self.dates}))

    def falls_on(self, day: date) -> bool:
        """Tell whether the collection is due on this day, exceptions aside."""
        if self.dates:
            return day in self.dates
        if day.weekday() not in self.weekdays or not self._within(day):
            return False
        if self.weeks > 1 and self.begins is not None:
            return (_monday(day) - _monday(self.begins)).days // 7 % self.weeks == 0
        return not self.nth or (day.day - 1) // 7 + 1 in self.nth or (LAST in self.nth and _is_last(day))

    def _within(self, day: date) -> bool:
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)


NEVER = Rule()


def parse_rule(text: str) -> Rule | None:
    """Read a rule; None if it is none of the forms, or could fall on no day."""
    said = " ".join(text.lower().split())
    if said.startswith("dates "):
        return _dates(said.removeprefix("dates ").replace(",", " ").split())
    bounds: dict[str, date] = {}
    while found := _BOUND.search(said):
        day = _day(found[2])
        if day is None or found[1] in bounds:
            return None
        bounds[found[1]] = day
        said = said[: found.start()]
    begins, ends = bounds.get("from"), bounds.get("until")
    if begins is not None and ends is not None and ends < begins:
        return None
    return _repeating(said, begins, ends)


def _repeating(said: str, begins: date | None, ends: date | None) -> Rule | None:
    form, _, rest = said.partition(" ")
    if form == "weekly":
        days = weekdays_of(rest)
        return Rule(days, begins=begins, ends=ends) if days else None
    if form == "monthly":
        counts, _, names = rest.partition(" ")
        days, nth = weekdays_of(names), counts.split(",")
        if not days or any(count not in _NTH for count in nth):
            return None
        numbers = {LAST if count == "last" else int(count) for count in nth}
        return Rule(days, tuple(sorted(numbers)), begins=begins, ends=ends)
    found = _EVERY.fullmatch(said)
    days = weekdays_of(found[2]) if found else None
    if found is None or not days or begins is None or not 1 <= int(found[1]) <= MAX_WEEKS:
        return None
    return Rule(days, weeks=int(found[1]), begins=begins, ends=ends)


def weekdays_of(text: str) -> tuple[int, ...] | None:
    """Read weekday names as numbers, Monday 0; None if one is unknown, or none is there."""
    words = text.replace(",", " ").lower().split()
    if not words or any(word not in WEEKDAYS for word in words):
        return None
    return tuple(sorted({WEEKDAYS.index(word) for word in words}))


def words_of(rule: Rule) -> str:
    """Write a rule as `parse_rule` reads it."""
    if rule.dates:
        return " ".join(("dates", *(day.isoformat() for day in rule.dates)))
    names = " ".join(WEEKDAYS[day] for day in rule.weekdays)
    if rule.weeks > 1:
        said = f"every {rule.weeks} weeks {names}"
    elif rule.nth:
        counts = ",".join("last" if count == LAST else str(count) for count in _in_order(rule.nth))
        said = f"monthly {counts} {names}"
    else:
        said = f"weekly {names}"
    said += f" from {rule.begins.isoformat()}" if rule.begins else ""
    return said + (f" until {rule.ends.isoformat()}" if rule.ends else "")


def _in_order(nth: Iterable[int]) -> list[int]:
    return sorted(nth, key=lambda count: (count == LAST, count))


def _dates(words: list[str]) -> Rule | None:
    days = [_day(word) for word in words]
    known = {day for day in days if day is not None}
    return Rule(dates=tuple(sorted(known))) if known and None not in days else None


def _day(word: str) -> date | None:
    try:
        return date.fromisoformat(word) if len(word) == len("2026-04-01") and word[4] == "-" else None
    except ValueError:
        return None


def _monday(day: date) -> date:
    return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))


def _is_last(day: date) -> bool:
    return day.toordinal() + 7 > date.max.toordinal() or (day + timedelta(days=7)).month != day.month
