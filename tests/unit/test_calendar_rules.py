"""The rules of the calendar, each kind against dateutil's reading of RFC 5545."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from residents.calendar.rules import LAST, NEVER, WEEKDAYS, Rule, parse_rule, words_of

FIRST, DAYS = date(2023, 12, 18), 800
"""Two leap days' worth of neighbourhood: 2024 is a leap year, and three year-ends lie within."""

seldom = settings(max_examples=40, deadline=None)

weekdays = st.lists(st.sampled_from(range(7)), min_size=1, max_size=4, unique=True).map(sorted)
days = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def falls(rule: Rule) -> set[date]:
    return {day for n in range(DAYS) if rule.falls_on(day := FIRST + timedelta(days=n))}


def oracle(freq: int, start: date, until: date | None = None, **parts: object) -> set[date]:
    last = FIRST + timedelta(days=DAYS - 1)
    if start > last:
        return set()
    found = rrule.rrule(freq, dtstart=at(start), until=at(min(until or last, last)), wkst=rrule.MO, **parts)  # type: ignore[arg-type]
    return {moment.date() for moment in found if moment.date() >= FIRST}


def at(day: date) -> datetime:
    return datetime.combine(day, time())


def names(found: list[int]) -> str:
    return " ".join(WEEKDAYS[day] for day in found)


def parsed(text: str) -> Rule:
    rule = parse_rule(text)
    assert rule is not None, text
    return rule


@seldom
@given(weekdays)
def test_weekly_is_every_such_weekday(found: list[int]) -> None:
    """As rrule's FREQ=WEEKLY;BYDAY."""
    assert falls(parsed(f"weekly {names(found)}")) == oracle(rrule.WEEKLY, FIRST, byweekday=found)


@seldom
@given(weekdays, st.sets(st.sampled_from([1, 2, 3, 4, 5, LAST]), min_size=1))
def test_monthly_counts_the_weekdays_of_a_month(found: list[int], nth: set[int]) -> None:
    """As rrule's FREQ=MONTHLY;BYDAY=2WE,4WE and -1FR, in leap years too."""
    said = ",".join("last" if count == LAST else str(count) for count in nth)
    by = [rrule.weekdays[day](count) for day in found for count in nth]
    expected = oracle(rrule.MONTHLY, FIRST.replace(day=1), byweekday=by)
    assert falls(parsed(f"monthly {said} {names(found)}")) == expected


@seldom
@given(weekdays, st.integers(1, 9), days)
def test_every_n_weeks_counts_from_the_week_of_a_day(found: list[int], weeks: int, start: date) -> None:
    """As rrule's FREQ=WEEKLY;INTERVAL=n;WKST=MO, over every year-end, and never before that day."""
    expected = oracle(rrule.WEEKLY, start, interval=weeks, byweekday=found)
    assert falls(parsed(f"every {weeks} weeks {names(found)} from {start}")) == expected


@seldom
@given(weekdays, days, st.integers(0, 400))
def test_a_season_bounds_a_rule_on_both_days_inclusive(found: list[int], start: date, length: int) -> None:
    """As rrule's DTSTART and UNTIL."""
    end = start + timedelta(days=length)
    expected = oracle(rrule.WEEKLY, start, end, byweekday=found)
    assert falls(parsed(f"weekly {names(found)} from {start} until {end}")) == expected


@seldom
@given(st.sets(days, min_size=1, max_size=20))
def test_dates_are_just_these_days(found: set[date]) -> None:
    """29 February as any other."""
    rule = parsed("dates " + " ".join(day.isoformat() for day in sorted(found)))
    last = FIRST + timedelta(days=DAYS)
    assert falls(rule) == {day for day in found if FIRST <= day < last}
    assert rule.on_weekdays == tuple(sorted({day.weekday() for day in found}))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "weekly",
            "every monday",
            "weekly tue foo",
            "monthly wed",
            "monthly 6 wed",
            "monthly 0 wed",
            "monthly 1,, wed",
        ),
        *(
            "every 2 weeks wed",
            "every 0 weeks wed from 2026-04-01",
            "every 2 weeks from 2026-04-01",
            "dates",
            "dates 4/3",
        ),
        *("dates 2026-02-29", "weekly tue from 2026-13-01", "weekly tue from 2026-05-01 until 2026-04-01"),
        *("weekly tue from 2026-05-01 from 2026-05-02", "dates 2026-04-03 tomorrow", "weekly tue until 20260401"),
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    """Nothing is guessed."""
    assert parse_rule(text) is None


@given(st.text(max_size=40) | st.text("weklymonthdatsvr 0123456789-,", max_size=40))
def test_any_text_is_a_rule_or_none_and_is_never_the_rule_that_falls_on_no_day(text: str) -> None:
    """Reading ends without an exception."""
    rule = parse_rule(text)
    assert rule != NEVER
    if rule is not None:
        assert parse_rule(words_of(rule)) == rule


@seldom
@given(weekdays, st.sets(st.sampled_from([1, 2, 3, 4, 5, LAST]), min_size=1), days, st.integers(2, 9))
def test_a_rule_written_is_the_rule_read(found: list[int], nth: set[int], start: date, weeks: int) -> None:
    """The import of other forms writes what check reads."""
    for rule in (
        Rule(tuple(found)),
        Rule(tuple(found), tuple(sorted(nth)), begins=start),
        Rule(tuple(found), weeks=weeks, begins=start, ends=start + timedelta(days=weeks)),
        Rule(dates=(start,)),
    ):
        assert parse_rule(words_of(rule)) == rule


def test_the_last_days_of_the_calendar_of_the_world_are_days_too() -> None:
    """No arithmetic leaves the years that there are."""
    last, first = parsed("monthly last fri"), parsed("every 2 weeks mon from 0001-01-01")
    assert last.falls_on(date.max)
    assert first.falls_on(date.min)
