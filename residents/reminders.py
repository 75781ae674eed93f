"""Reminders: whom to tell when of which collection, and what to say when the plan changes afterwards. Pure.

A reminder falls at its home's time of day, spread over some minutes by the home's id, always by the same amount; it is
useful until bags must be out. Its id follows from city, day, home and time, so that a repeat is the same message.
Where a city fixes the time for bags, a lead in minutes is one before that time, and comes as a reminder too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from math import ceil
from typing import NamedTuple

import msgspec

from model import times
from model.alert import CORRECTED_REMINDER, Alert, Collected, Kind, alert_id
from model.city import Policy
from model.subscription import InZone, Lead, MinutesLead, Reminder, Subscription
from residents.calendar.plan import Due, Plan
from residents.reminded import Told, key_of
from residents.wish import DAY_MIN, MAX_DAYS_BEFORE

RUN = "calendar"
NOON_MIN = 12 * 60
"""Until when a reminder is of use where the city fixes no time."""


class Wanting(NamedTuple):
    """What is remembered of a home that wants to be reminded; `lead_min` where its lead serves the time for bags."""

    subscription: str
    number: int
    zone: str
    categories: tuple[str, ...]
    reminders: tuple[Reminder, ...]
    lead: Lead
    paused_until_ms: int
    lead_min: float | None = None


class Reminding(NamedTuple):
    """One reminder that falls at an instant: for whom, and of which day. The instant comes first: it sorts them."""

    at_ms: int
    id: str
    home: Wanting
    ordinal: int
    day: date


class Piece(NamedTuple):
    """An alert to hand on, and what to remember of it under the key."""

    key: str
    told: Told
    alert: Alert


def wanting(subscription: Subscription, policy: Policy = Policy.JUST_IN_TIME) -> Wanting | None:
    """Reduce a subscription to what reminders need; None where it wants none, or nobody knows its zone."""
    one = subscription
    zone = one.place.zone if isinstance(one.place, InZone) else one.zone
    serves = policy is Policy.BY_DEADLINE
    lead_min = one.lead.minutes if serves and isinstance(one.lead, MinutesLead) else None
    if not zone or not (one.reminders or lead_min is not None):
        return None
    paused_ms = one.paused_until_ms or 0
    return Wanting(one.id, one.number, zone, one.categories, one.reminders, one.lead, paused_ms, lead_min)


def ordinal_of(reminder: Reminder) -> int:
    """Number a reminder by its time, so that the order in which a home lists them does not matter."""
    return reminder.days_before * DAY_MIN + reminder.at_min + 1


def spread_by(subscription: str, span_ms: int) -> int:
    """Tell by how much a home's reminders come later: anything from 0 to `span_ms`, always the same."""
    drawn = int.from_bytes(hashlib.blake2b(subscription.encode(), digest_size=8).digest())
    return drawn * span_ms >> 64


class _Day(NamedTuple):
    """What one day holds for homes of a zone that put out the same waste: until when it is of use to remind of it."""

    due: tuple[Due, ...]
    categories: tuple[str, ...]
    out_by_min: int | None
    useful_ms: int
    iso: str


class Reminders:
    """The reminders of one city under one plan. `spread_ms`: over how long those of one time of day are spread."""

    def __init__(self, city: str, timezone: str, plan: Plan, spread_ms: int) -> None:
        self._city = city
        self._timezone = timezone
        self._plan = plan
        self._spread_ms = spread_ms
        self._days: dict[tuple[str, tuple[str, ...], date], _Day] = {}

    def falling(self, homes: Iterable[Wanting], after_ms: int, until_ms: int) -> Iterator[Reminding]:
        """Give the reminders that fall after one instant, up to another; in no order."""
        begins: dict[Reminder, list[tuple[int, date]]] = {}
        for home in homes:
            for reminder, out_by_min in self._wanted(home):
                if reminder not in begins:
                    begins[reminder] = list(self._begins(reminder, after_ms, until_ms))
                for base_ms, day in begins[reminder]:
                    at_ms = self._at_ms(home, day, base_ms, out_by_min)
                    if at_ms is not None and after_ms < at_ms <= until_ms and home.paused_until_ms <= at_ms:
                        ordinal = ordinal_of(reminder)
                        yield Reminding(at_ms, self._id(home, day, ordinal), home, ordinal, day)

    def told(self, one: Reminding, now_ms: int) -> Piece | None:
        """Make the alert of a reminder whose time has come; None where it is of no use any more."""
        day = self._of(one.home, one.day)
        if not day.due or now_ms >= day.useful_ms:
            return None
        about = Collected(day.categories, day.out_by_min)
        told = Told(one.home.zone, day.categories)
        return Piece(f"{day.iso}/{one.id}", told, self._alert(one, now_ms, about, day, 0))

    def corrections(
        self, homes: Iterable[Wanting], told_of: Callable[[str], Told | None], now_ms: int
    ) -> Iterator[Piece]:
        """Give what homes must hear that were told of a day on which other waste is collected now, or none."""
        today = times.local(now_ms, self._timezone).date()
        days = [today + timedelta(days=ahead) for ahead in range(MAX_DAYS_BEFORE + 1)]
        for home in homes:
            for reminder, _ in self._wanted(home):
                ordinal = ordinal_of(reminder)
                for day in days:
                    one = Reminding(now_ms, self._id(home, day, ordinal), home, ordinal, day)
                    told = told_of(key_of(day, one.id))
                    piece = self._correction(one, told, now_ms) if told is not None else None
                    if piece is not None:
                        yield piece

    def _correction(self, one: Reminding, told: Told, now_ms: int) -> Piece | None:
        zone = one.home.zone
        if told.zone != zone or one.home.paused_until_ms > now_ms or not self._plan.covers(zone):
            return None
        there = {due.category for due in self._plan.on(zone, one.day)}
        gone = tuple(category for category in told.categories if category not in there)
        day = self._of(one.home, one.day)
        if not gone and set(day.categories) <= set(told.categories):
            return None
        missed = [each for each in self._plan.missed(zone, one.day) if each.category in gone]
        moved = next((each.moved_to for each in missed if each.moved_to is not None), None)
        about = Collected(day.categories, day.out_by_min, gone, moved.isoformat() if moved else None)
        alert = self._alert(one, now_ms, about, day, told.corrections + 1)
        reasons = next((dict(each.reasons) for each in missed if each.reasons), {})
        if now_ms >= alert.useful_until_ms:
            return None
        after = Told(told.zone, day.categories, told.corrections + 1)
        return Piece(key_of(one.day, one.id), after, msgspec.structs.replace(alert, reasons=reasons))

    def _alert(self, one: Reminding, now_ms: int, about: Collected, day: _Day, corrections: int) -> Alert:
        ordinal = one.ordinal + corrections * CORRECTED_REMINDER
        return Alert(
            id=self._id(one.home, one.day, ordinal) if corrections else one.id,
            city=self._city,
            subscription=one.home.subscription,
            kind=Kind.REMINDER,
            service_day=day.iso,
            run=RUN,
            ordinal=ordinal,
            vehicle="",
            fired_ms=now_ms,
            useful_until_ms=day.useful_ms,
            lead=one.home.lead,
            ping="",
            category=about.categories[0] if len(about.categories) == 1 and not about.gone else None,
            zone=one.home.zone,
            number=one.home.number,
            collected=about,
        )

    def _id(self, home: Wanting, day: date, ordinal: int) -> str:
        return alert_id(self._city, day.isoformat(), RUN, home.subscription, Kind.REMINDER, ordinal)

    def _begins(self, reminder: Reminder, after_ms: int, until_ms: int) -> Iterator[tuple[int, date]]:
        """Give the instants at which reminders of a time of day begin so that some may fall between two instants."""
        day = times.local(after_ms - self._spread_ms, self._timezone).date() - timedelta(days=1)
        last = times.local(until_ms, self._timezone).date()
        while day <= last:
            base_ms = times.instant(day, reminder.at_min, self._timezone)
            if after_ms - self._spread_ms <= base_ms <= until_ms:
                yield base_ms, day + timedelta(days=reminder.days_before)
            day += timedelta(days=1)

    def _wanted(self, home: Wanting) -> Iterator[tuple[Reminder, int | None]]:
        """Give a home's reminders, and those that its lead makes of the times for bags, each with that time.

        These begin before the lead by as much as they are spread, so that nobody has less than the lead.
        """
        for reminder in home.reminders:
            yield reminder, None
        if home.lead_min is not None:
            early_min = ceil(home.lead_min + self._spread_ms / 60_000)
            for out_by_min in self._plan.deadlines(home.zone):
                reminder = Reminder(0, max(0, out_by_min - early_min))
                if reminder not in home.reminders:
                    yield reminder, out_by_min

    def _at_ms(self, home: Wanting, day: date, base_ms: int, out_by_min: int | None) -> int | None:
        """Tell when a home's reminder falls: within the first half of the time for which it is of use.

        One that serves a time for bags falls on the days on which that is the first such time.
        """
        found = self._of(home, day)
        if out_by_min is not None and found.out_by_min != out_by_min:
            return None
        left_ms = found.useful_ms - base_ms
        if not found.due or left_ms <= 0:
            return None
        return base_ms + spread_by(home.subscription, min(self._spread_ms, left_ms // 2))

    def _of(self, home: Wanting, day: date) -> _Day:
        key = (home.zone, home.categories, day)
        found = self._days.get(key)
        if found is None:
            found = self._days[key] = self._day(*key)
        return found

    def _day(self, zone: str, wanted: tuple[str, ...], day: date) -> _Day:
        due = tuple(each for each in self._plan.on(zone, day) if not wanted or each.category in wanted)
        last = max((NOON_MIN if each.out_by_min is None else each.out_by_min for each in due), default=NOON_MIN)
        first = min((each.out_by_min for each in due if each.out_by_min is not None), default=None)
        useful_ms = times.instant(day, last, self._timezone)
        return _Day(due, tuple(each.category for each in due), first, useful_ms, day.isoformat())
