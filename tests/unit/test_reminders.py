"""Reminders: who hears when of what, in every time zone, and what happens when the plan changes afterwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import times
from model.alert import Kind
from model.city import Policy
from model.subscription import InZone, MetresLead, MinutesLead, Pin, Reminder, Subscription
from model.times import parse_rfc3339
from notifier.words import tag_of
from residents.calendar.plan import Change, Collection, Plan
from residents.calendar.rules import Rule
from residents.reminded import Told, decode_told, encode_told, key_of
from residents.reminders import Piece, Reminders, Reminding, Wanting, wanting

EVENING, MORNING = Reminder(1, 19 * 60), Reminder(0, 6 * 60 + 30)
SPREAD_MS = 600_000
LINES = (
    Collection("a", "burnable", Rule((1, 4)), 480),
    Collection("a", "plastic", Rule((4,)), 510),
    Collection("b", "burnable", Rule((0,)), None),
)
FRIDAY = date(2026, 11, 27)


def home(sub_id: str = "s1", *reminders: Reminder, categories: tuple[str, ...] = (), paused_ms: int = 0) -> Wanting:
    return Wanting(sub_id, 1, "a", categories, reminders or (EVENING,), MetresLead(300.0), paused_ms)


def reminders(plan: Plan | None = None, timezone: str = "Asia/Tokyo", spread_ms: int = SPREAD_MS) -> Reminders:
    return Reminders("minami", timezone, plan or Plan(LINES), spread_ms)


def at(text: str) -> int:
    return parse_rfc3339(text)


def falling(
    homes: list[Wanting], first: str, last: str, plan: Plan | None = None, timezone: str = "Asia/Tokyo"
) -> list[Reminding]:
    return sorted(reminders(plan, timezone).falling(homes, at(first), at(last)))


def told(one: Reminding, plan: Plan | None = None) -> Piece:
    piece = reminders(plan).told(one, one.at_ms)
    assert piece is not None
    return piece


def test_the_evening_before_and_the_morning_of_each_collection_are_reminded() -> None:
    """Once each, within the spread after the chosen time, of the day that the plan gives."""
    found = falling([home("s1", EVENING, MORNING)], "2026-11-23T00:00:00+09:00", "2026-11-29T00:00:00+09:00")
    assert [one.day for one in found] == [date(2026, 11, 24)] * 2 + [FRIDAY] * 2
    begins = ["2026-11-23T19:00", "2026-11-24T06:30", "2026-11-26T19:00", "2026-11-27T06:30"]
    for one, begin in zip(found, begins, strict=True):
        assert 0 <= one.at_ms - at(f"{begin}:00+09:00") <= SPREAD_MS
    assert len({one.id for one in found}) == 4


def test_one_message_names_all_that_the_home_puts_out_on_that_day() -> None:
    """By the earliest time, useful until the last one; only what the home asked for."""
    one = falling([home()], "2026-11-26T12:00:00+09:00", "2026-11-27T00:00:00+09:00")[0]
    alert = told(one).alert
    assert alert.collected is not None
    assert (alert.collected.categories, alert.collected.out_by_min) == (("burnable", "plastic"), 480)
    assert alert.useful_until_ms == at("2026-11-27T08:30:00+09:00")
    assert (alert.kind, alert.service_day, alert.id) == (Kind.REMINDER, "2026-11-27", one.id)
    only = falling([home(categories=("plastic",))], "2026-11-23T00:00:00+09:00", "2026-11-29T00:00:00+09:00")
    assert [each.day for each in only] == [FRIDAY]
    assert told(only[0]).alert.category == "plastic"


def test_a_hundred_homes_are_spread_over_the_minutes_always_in_the_same_way() -> None:
    """Deterministic by home; no more than the spread; every tenth of it is used."""
    homes = [home(f"s{n}") for n in range(1000)]
    first = falling(homes, "2026-11-26T12:00:00+09:00", "2026-11-27T00:00:00+09:00")
    again = falling(homes[::-1], "2026-11-26T12:00:00+09:00", "2026-11-27T00:00:00+09:00")
    assert first == again
    begin = at("2026-11-26T19:00:00+09:00")
    tenths = {(one.at_ms - begin) * 10 // (SPREAD_MS + 1) for one in first}
    assert tenths == set(range(10))


def test_a_morning_reminder_just_before_the_deadline_is_in_time() -> None:
    """At 07:56 with bags out by 08:00 the spread shrinks to two minutes; at 08:00 there is nothing to remind of."""
    late, past = Reminder(0, 7 * 60 + 56), Reminder(0, 8 * 60)
    homes = [home(f"s{n}", late, past, categories=("burnable",)) for n in range(50)]
    found = falling(homes, "2026-11-24T00:00:00+09:00", "2026-11-24T12:00:00+09:00")
    assert len(found) == 50
    assert all(at("2026-11-24T07:56:00+09:00") <= one.at_ms <= at("2026-11-24T07:58:00+09:00") for one in found)


def test_a_paused_home_a_home_without_a_zone_and_a_day_that_is_cancelled_get_none() -> None:
    """Nor does a reminder that has become useless."""
    span = ("2026-11-26T12:00:00+09:00", "2026-11-27T00:00:00+09:00")
    assert falling([home(paused_ms=at("2026-11-28T00:00:00+09:00"))], *span) == []
    assert falling([home()], *span, Plan(LINES, [Change(FRIDAY)])) == []
    one = falling([home()], *span)[0]
    assert reminders().told(one, at("2026-11-27T08:30:00+09:00")) is None
    plain = {"id": "s", "city": "minami", "number": 1, "version": 1, "lead": MetresLead(300.0)}
    assert wanting(Subscription(place=Pin(34.8, 135.4), reminders=(EVENING,), **plain)) is None  # type: ignore[arg-type]
    assert wanting(Subscription(place=InZone("a"), **plain)) is None  # type: ignore[arg-type]
    found = wanting(Subscription(place=Pin(34.8, 135.4), zone="a", reminders=(EVENING,), **plain))  # type: ignore[arg-type]
    assert found is not None
    assert found.zone == "a"


def serving(minutes: float, *own: Reminder, categories: tuple[str, ...] = ()) -> Wanting:
    """A home with a lead in minutes, in a city that fixes the time for bags."""
    plain = {"id": "s1", "city": "minami", "number": 1, "version": 1, "lead": MinutesLead(minutes)}
    found = wanting(
        Subscription(place=InZone("a"), reminders=own, categories=categories, **plain),  # type: ignore[arg-type]
        Policy.BY_DEADLINE,
    )
    assert found is not None
    return found


def test_where_a_city_fixes_the_time_for_bags_a_lead_in_minutes_is_one_before_it() -> None:
    """Once a day, by the first time that is due on it, never with less than the lead left."""
    week = ("2026-11-23T00:00:00+09:00", "2026-11-29T00:00:00+09:00")
    found = falling([serving(15.0)], *week)
    assert [one.day for one in found] == [date(2026, 11, 24), FRIDAY]
    for one in found:
        left_ms = at(f"{one.day}T08:00:00+09:00") - one.at_ms
        assert 15 * 60_000 <= left_ms <= 15 * 60_000 + SPREAD_MS
    assert told(found[0]).alert.useful_until_ms == at("2026-11-24T08:00:00+09:00")
    only = falling([serving(15.0, categories=("plastic",))], *week)
    assert [one.day for one in only] == [FRIDAY]
    assert at("2026-11-27T08:30:00+09:00") - only[0].at_ms >= 15 * 60_000
    assert [one.day for one in falling([serving(15.0, EVENING)], *week)].count(FRIDAY) == 2


def test_where_bags_may_wait_for_the_truck_a_lead_makes_no_reminder() -> None:
    """There the truck itself is announced."""
    plain = {"id": "s1", "city": "minami", "number": 1, "version": 1, "lead": MinutesLead(15.0)}
    assert wanting(Subscription(place=InZone("a"), **plain)) is None  # type: ignore[arg-type]


def corrected(after: Plan, before: Piece, now: str, one: Wanting | None = None) -> list[Piece]:
    stored = {before.key: before.told}
    return list(reminders(after).corrections([one or home()], stored.get, at(now)))


def evening() -> Piece:
    return told(falling([home()], "2026-11-26T12:00:00+09:00", "2026-11-27T00:00:00+09:00")[0])


def test_who_was_told_hears_that_a_day_is_cancelled_under_the_same_tag() -> None:
    """With the reason, another id, and once: the record is then what the plan says."""
    before = evening()
    plan = Plan(LINES, [Change(FRIDAY, reasons={"ja": "台風のため"})])
    (piece,) = corrected(plan, before, "2026-11-26T21:00:00+09:00")
    assert piece.alert.collected is not None
    assert piece.alert.collected.gone == ("burnable", "plastic")
    assert piece.alert.reasons == {"ja": "台風のため"}
    assert piece.alert.id != before.alert.id
    assert tag_of(piece.alert) == tag_of(before.alert) == before.alert.id
    assert corrected(plan, piece, "2026-11-26T21:00:01+09:00") == []


def test_a_day_that_is_given_back_is_reminded_of_again() -> None:
    """The typhoon turned away: a third message, the same tag, the usual words."""
    before = evening()
    (gone,) = corrected(Plan(LINES, [Change(FRIDAY)]), before, "2026-11-26T21:00:00+09:00")
    (back,) = corrected(Plan(LINES), gone, "2026-11-26T22:00:00+09:00")
    assert back.alert.collected is not None
    assert (back.alert.collected.gone, back.alert.collected.categories) == ((), ("burnable", "plastic"))
    assert len({before.alert.id, gone.alert.id, back.alert.id}) == 3
    assert len({tag_of(piece.alert) for piece in (before, gone, back)}) == 1


def test_a_move_says_to_which_day_and_what_remains() -> None:
    """Burnable waste goes to Saturday, plastic stays."""
    plan = Plan(LINES, [Change(FRIDAY, "a", "burnable", date(2026, 11, 28))])
    (piece,) = corrected(plan, evening(), "2026-11-26T21:00:00+09:00")
    about = piece.alert.collected
    assert about is not None
    assert (about.gone, about.moved_to, about.categories) == (("burnable",), "2026-11-28", ("plastic",))


def test_nobody_is_corrected_who_was_not_told_or_moved_house_or_wishes_less_or_is_too_late() -> None:
    """What the home itself changed is no news from the city."""
    before, plan = evening(), Plan(LINES, [Change(FRIDAY)])
    now = "2026-11-26T21:00:00+09:00"
    assert list(reminders(plan).corrections([home()], {}.get, at(now))) == []
    assert corrected(plan, before, now, home("s2")) == []
    elsewhere = before._replace(told=Told("b", before.told.categories))
    assert corrected(plan, elsewhere, now) == []
    assert corrected(Plan(LINES), before, now, home(categories=("plastic",))) == []
    assert corrected(plan, before, "2026-11-27T12:00:00+09:00") == []
    assert corrected(Plan(), before, now) == []


def test_what_is_remembered_is_written_and_read_and_begins_with_its_day() -> None:
    """Rubbish in the store corrects nobody."""
    one = Told("a", ("burnable",), 2)
    assert decode_told(encode_told(one)) == one
    assert decode_told(b"\xff\x00") is None
    assert key_of(FRIDAY, "x") == "2026-11-27/x"


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Cairo")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(0, 1439),
    st.integers(0, 2),
    st.dates(date(2026, 1, 3), date(2028, 12, 28)),
)
def test_every_collection_is_reminded_exactly_once_through_gaps_and_overlaps(
    timezone: str, at_min: int, days_before: int, day: date
) -> None:
    """At the chosen wall-clock time; after the gap where summer time leaves it out; the first where it comes twice."""
    plan = Plan([Collection("a", "burnable", Rule(dates=(day,)), 1439)])
    one = home("s1", Reminder(days_before, at_min))
    first = times.instant(day - timedelta(days=4), 0, timezone)
    steps = [first + n * 3_600_000 for n in range(24 * 6 + 1)]
    maker = reminders(plan, timezone, 0)
    found = [each for after, until in pairwise(steps) for each in maker.falling([one], after, until)]
    if (days_before, at_min) == (0, 1439):
        assert found == []
        return
    assert len(found) == 1
    local = datetime.fromtimestamp(found[0].at_ms / 1000, ZoneInfo(timezone)).replace(tzinfo=None)
    wanted = datetime.combine(day - timedelta(days=days_before), datetime.min.time()) + timedelta(minutes=at_min)
    there = wanted.replace(tzinfo=ZoneInfo(timezone)).astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(timezone))
    if there.replace(tzinfo=None) == wanted:
        assert local == wanted
        assert datetime.fromtimestamp(found[0].at_ms / 1000, ZoneInfo(timezone)).fold == 0
    else:
        assert timedelta(0) < local - wanted <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("timezone", "day", "at_min", "instant"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 150, "2026-03-29T03:30:00+02:00"),
        ("Europe/Berlin", date(2026, 10, 25), 150, "2026-10-25T02:30:00+02:00"),
        ("America/New_York", date(2026, 3, 8), 150, "2026-03-08T03:30:00-04:00"),
        ("America/New_York", date(2026, 11, 1), 90, "2026-11-01T01:30:00-04:00"),
        ("Asia/Tokyo", date(2028, 2, 29), 390, "2028-02-29T06:30:00+09:00"),
    ],
)
def test_a_wall_clock_time_in_a_gap_comes_after_it_and_in_an_overlap_first(
    timezone: str, day: date, at_min: int, instant: str
) -> None:
    """By hand, for Berlin, New York, and a leap day."""
    assert times.instant(day, at_min, timezone) == at(instant)
