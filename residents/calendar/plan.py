"""What is collected where on which day: the calendar's lines with the exceptions laid over them. Pure.

An exception changes what a rule gives, never what another exception moved there. Where several hit the same
collection, the one that names most (zone, then category) holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as AnyOf
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from residents.calendar.rules import Rule

HORIZON_DAYS = 400
"""How far ahead a next collection is looked for: a year and some, for what comes every 52 weeks."""

Reasons = Mapping[str, str]
"""Why, by language tag, as the city wrote it."""


class Collection(msgspec.Struct, frozen=True):
    """One line of the calendar. `out_by_min`: minutes after local midnight."""

    zone: str
    category: str
    rule: Rule
    out_by_min: int | None
    line: int = 0


class Change(msgspec.Struct, frozen=True):
    """One line of the exceptions: what would be due on `day` is cancelled, or moved. None: every zone, category."""

    day: date
    zone: str | None = None
    category: str | None = None
    moved_to: date | None = None
    reasons: Reasons = {}
    line: int = 0

    def hits(self, zone: str, category: str) -> bool:
        """Tell whether it is about this collection, whatever the day."""
        return self.zone in (None, zone) and self.category in (None, category)

    @property
    def weight(self) -> tuple[bool, bool]:
        """How much it names: the greater holds."""
        return (self.zone is not None, self.category is not None)


class Note(msgspec.Struct, frozen=True):
    """What is unusual about a collection: from which day it was moved, and why."""

    moved_from: date
    reasons: Reasons = {}


class Due(msgspec.Struct, frozen=True):
    """A collection of one day. `out_by_min`: minutes after local midnight by which bags must be out."""

    category: str
    out_by_min: int | None = None
    note: Note | None = None


class Missed(msgspec.Struct, frozen=True):
    """A collection that its rule gives for a day and that is not on that day: cancelled, or moved to another."""

    category: str
    moved_to: date | None
    reasons: Reasons = {}


class Plan:
    """The calendar of one city. A zone without any line is not covered: nothing is known of its days."""

    def __init__(self, collections: Sequence[Collection] = (), exceptions: Sequence[Change] = ()) -> None:
        self._lines: dict[str, list[Collection]] = defaultdict(list)
        for line in collections:
            self._lines[line.zone].append(line)
        self._exceptions: dict[date, list[Change]] = defaultdict(list)
        for each in sorted(exceptions, key=lambda each: each.weight, reverse=True):
            self._exceptions[each.day].append(each)
        self._arrivals: dict[tuple[str, date], list[Due]] = defaultdict(list)
        for zone, lines in self._lines.items():
            for day in sorted(self._exceptions):
                for line in lines:
                    self._arrive(zone, line, day)

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that are covered."""
        return tuple(self._lines)

    def covers(self, zone: str) -> bool:
        """Tell whether the calendar says anything of a zone."""
        return zone in self._lines

    def categories(self, zone: str) -> tuple[str, ...]:
        """Tell what is ever collected in a zone, in the order of the file."""
        return tuple(dict.fromkeys(line.category for line in self._lines.get(zone, ())))

    def deadlines(self, zone: str) -> tuple[int, ...]:
        """Tell the times by which bags must be out in a zone, whatever the waste: minutes after local midnight."""
        return tuple(sorted({line.out_by_min for line in self._lines.get(zone, ()) if line.out_by_min is not None}))

    def on(self, zone: str, day: date) -> tuple[Due, ...]:
        """Tell what is collected in a zone on a day, each category once, in the order of the file."""
        found: dict[str, Due] = {}
        for line in self._due_by_rule(zone, day):
            if self._exception(line, day) is None:
                found.setdefault(line.category, Due(line.category, line.out_by_min))
        for due in self._arrivals.get((zone, day), ()):
            found.setdefault(due.category, due)
        return tuple(found.values())

    def missed(self, zone: str, day: date) -> tuple[Missed, ...]:
        """Tell what the rules give for a day and exceptions take away; not what comes on that day all the same."""
        there = {due.category for due in self.on(zone, day)}
        found: dict[str, Missed] = {}
        for line in self._due_by_rule(zone, day):
            change = self._exception(line, day)
            if change is not None and line.category not in there:
                found.setdefault(line.category, Missed(line.category, change.moved_to, change.reasons))
        return tuple(found.values())

    def next(
        self, zone: str, after: date, categories: AnyOf[str] = (), horizon_days: int = HORIZON_DAYS
    ) -> tuple[date, tuple[Due, ...]] | None:
        """Find the next day after `after` with any of the categories (none named: any), and what of them is due."""
        for day, due in self.days(zone, after, horizon_days):
            mine = tuple(each for each in due if not categories or each.category in categories)
            if mine:
                return day, mine
        return None

    def days(self, zone: str, after: date, count: int) -> Iterator[tuple[date, tuple[Due, ...]]]:
        """Give each of the `count` days after `after` on which something is collected."""
        if not self.covers(zone):
            return
        for offset in range(1, min(count, date.max.toordinal() - after.toordinal()) + 1):
            day = after + timedelta(days=offset)
            if due := self.on(zone, day):
                yield day, due

    def idle(self) -> tuple[Change, ...]:
        """Tell the exceptions that change nothing: nothing is due where and when they say, or another holds."""
        hit = {
            id(self._exception(line, day))
            for zone in self._lines
            for day in self._exceptions
            for line in self._due_by_rule(zone, day)
        }
        return tuple(each for day in self._exceptions.values() for each in day if id(each) not in hit)

    def moved_onto_itself(self) -> tuple[Change, ...]:
        """Tell the exceptions that move a collection onto a day on which its rule gives it anyway."""
        found: dict[int, Change] = {}
        for zone, lines in self._lines.items():
            for day in self._exceptions:
                for line in self._due_by_rule(zone, day):
                    change = self._exception(line, day)
                    if change is None or change.moved_to is None:
                        continue
                    others = (other for other in lines if other.category == line.category)
                    if any(
                        other.rule.falls_on(change.moved_to) and self._exception(other, change.moved_to) is None
                        for other in others
                    ):
                        found[id(change)] = change
        return tuple(found.values())

    def _due_by_rule(self, zone: str, day: date) -> Iterator[Collection]:
        return (line for line in self._lines.get(zone, ()) if line.rule.falls_on(day))

    def _exception(self, line: Collection, day: date) -> Change | None:
        return next((each for each in self._exceptions.get(day, ()) if each.hits(line.zone, line.category)), None)

    def _arrive(self, zone: str, line: Collection, day: date) -> None:
        if not line.rule.falls_on(day):
            return
        change = self._exception(line, day)
        if change is not None and change.moved_to is not None:
            due = Due(line.category, line.out_by_min, Note(day, change.reasons))
            self._arrivals[zone, change.moved_to].append(due)
