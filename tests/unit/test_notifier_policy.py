"""Whether, how urgently and in which order alerts are sent."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import times
from model.alert import Alert, Kind
from model.city import Policy
from model.subscription import InZone, Pin, Quiet
from model.times import parse_rfc3339
from notifier.in_calendar import UNKNOWN, InCalendar, look_up
from notifier.policy import (
    MAX_TTL_S,
    Expired,
    NoSubscription,
    NoTarget,
    NotCollectedToday,
    PastDeadline,
    Paused,
    QuietHours,
    Send,
    Urgency,
    decide,
    in_order,
    is_quiet,
    ttl_s,
)
from residents.calendar.plan import Collection, Plan
from residents.calendar.rules import Rule
from tests.support.notifying import NOW_MS, alert, city, screen, subscription, token

instants = st.integers(times.parse_rfc3339("2020-01-01T00:00:00Z"), times.parse_rfc3339("2035-01-01T00:00:00Z"))
minutes = st.integers(0, 24 * 60 - 1)
zones = st.sampled_from(["Asia/Tokyo", "Asia/Taipei", "America/New_York", "Europe/London", "Australia/Lord_Howe"])
kinds = st.sampled_from(list(Kind))


def test_a_useful_alert_is_sent_to_every_target_once() -> None:
    """A target that a household names twice is one target."""
    household = subscription(targets=(screen("a"), token("b"), screen("a")))
    decision = decide(alert(), household, NOW_MS, city())
    assert decision == Send(Urgency.HIGH, 600, (screen("a"), token("b")))


def test_an_alert_is_expired_from_the_very_millisecond_on() -> None:
    """useful_until_ms itself is too late."""
    until = alert().useful_until_ms
    assert isinstance(decide(alert(), subscription(), until - 1, city()), Send)
    assert decide(alert(), subscription(), until, city()) == Expired()


def test_a_household_that_left_gets_nothing() -> None:
    """No subscription, no push."""
    assert decide(alert(), None, NOW_MS, city()) == NoSubscription()
    assert decide(alert(), subscription(targets=()), NOW_MS, city()) == NoTarget()


def test_quiet_hours_that_span_midnight_hold_back_on_both_sides() -> None:
    """22:00 to 06:30 is quiet at 23:00 and at 06:29, and not at 06:30 or 21:59."""
    quiet = Quiet(22 * 60, 6 * 60 + 30)
    at = lambda text: is_quiet(quiet, times.parse_rfc3339(f"2026-11-23T{text}:00+09:00"), "Asia/Tokyo")  # noqa: E731
    assert [at("23:00"), at("00:00"), at("06:29"), at("06:30"), at("21:59"), at("22:00")] == [
        True, True, True, False, False, True,
    ]  # fmt: skip


def test_quiet_hours_follow_the_wall_clock_through_a_change_of_summer_time() -> None:
    """In New York 06:00 local is quiet until 06:30 on the day before, of, and after the change, in both directions."""
    quiet = Quiet(22 * 60, 6 * 60 + 30)
    for day, offset in [("03-07", -5), ("03-08", -4), ("03-09", -4), ("10-31", -4), ("11-01", -5), ("11-02", -5)]:
        inside = times.parse_rfc3339(f"2026-{day}T06:29:00{offset:+03d}:00")
        after = times.parse_rfc3339(f"2026-{day}T06:30:00{offset:+03d}:00")
        assert is_quiet(quiet, inside, "America/New_York")
        assert not is_quiet(quiet, after, "America/New_York")


def test_the_same_begin_and_end_mean_no_quiet_hours() -> None:
    """Nobody is silenced for a whole day by a form left at 00:00."""
    assert not any(is_quiet(Quiet(0, 0), NOW_MS + hour * 3_600_000, "Asia/Tokyo") for hour in range(24))


@given(instants, minutes, minutes, zones)
def test_quiet_is_what_a_clock_on_the_wall_says(now_ms: int, begin: int, end: int, zone: str) -> None:
    """Being quiet depends on the local hour and minute only, and is the complement of the hours swapped."""
    wall = times.local(now_ms, zone).astimezone(ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    span = (end - begin) % (24 * 60)
    assert is_quiet(Quiet(begin, end), now_ms, zone) == ((minute - begin) % (24 * 60) < span)
    if begin != end:
        assert is_quiet(Quiet(begin, end), now_ms, zone) != is_quiet(Quiet(end, begin), now_ms, zone)


@given(instants, st.integers(-10_000, 40 * 86_400_000), minutes, minutes, zones, kinds)
def test_nothing_is_sent_late_in_quiet_hours_or_without_an_end(
    now_ms: int, life_ms: int, begin: int, end: int, zone: str, kind: Kind
) -> None:
    """A Send means: still useful, not quiet, and a life that ends within a second of the alert's own."""
    one = alert(kind=kind, useful_until_ms=now_ms + life_ms, fired_ms=now_ms)
    quiet = Quiet(begin, end)
    decision = decide(one, subscription(quiet=quiet), now_ms, city(timezone=zone))
    if life_ms <= 0:
        assert decision == Expired()
    elif is_quiet(quiet, now_ms, zone):
        assert decision == QuietHours()
    else:
        assert isinstance(decision, Send)
        assert 1 <= decision.ttl_s <= MAX_TTL_S
        assert decision.ttl_s == MAX_TTL_S or 0 <= decision.ttl_s * 1000 - life_ms < 1000


def test_only_what_is_imminent_wakes_the_phone() -> None:
    """Approaching, corrected and here are urgent; reminders, passed and disrupted are not."""
    urgent = {
        kind for kind in Kind
        if decide(alert(kind=kind), subscription(), NOW_MS, city()) == Send(Urgency.HIGH, 600, (screen(),))
    }  # fmt: skip
    assert urgent == {Kind.APPROACHING, Kind.CORRECTED, Kind.HERE}


def test_the_life_handed_out_is_machine_time() -> None:
    """With a service clock at sixty times the speed, ten minutes of use are ten seconds on the phone."""
    assert ttl_s(alert(), NOW_MS, 60.0) == 10
    assert ttl_s(alert(), NOW_MS, 60_000.0) == 1


@given(st.lists(st.tuples(kinds, st.integers(0, 10_000_000)), max_size=30))
def test_a_batch_goes_imminent_first_and_then_by_what_ends_first(items: list[tuple[Kind, int]]) -> None:
    """No reminder stands before an approaching, and within a kind none before one that ends earlier."""
    batch = [alert(kind=kind, useful_until_ms=NOW_MS + life) for kind, life in items]
    ordered = in_order(batch)
    assert sorted(map(msgspec.json.encode, ordered)) == sorted(map(msgspec.json.encode, batch))
    for before, after in pairwise(ordered):
        assert not _bulky(before) or _bulky(after)
        if before.kind is after.kind:
            assert before.useful_until_ms <= after.useful_until_ms


def _bulky(one: Alert) -> bool:
    return one.kind in (Kind.REMINDER, Kind.PASSED)


PAUSED_UNTIL = NOW_MS + 3_600_000
TODAY = InCalendar(collected=True, out_by_ms=NOW_MS + 60_000)
NOT_TODAY = InCalendar(collected=False)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_household_that_is_away_hears_nothing_of_any_kind_until_it_is_back(kind: Kind) -> None:
    """Neither a call nor a reminder; from the very instant on it hears again."""
    away = msgspec.structs.replace(subscription(), paused_until_ms=PAUSED_UNTIL)
    one = alert(kind=kind, useful_until_ms=PAUSED_UNTIL + 60_000)
    assert decide(one, away, PAUSED_UNTIL - 1, city()) == Paused()
    assert isinstance(decide(one, away, PAUSED_UNTIL, city()), Send)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_is_collected_today_is_called(kind: Kind) -> None:
    """The truck's kinds are held back on another waste's day; a disruption and a reminder are not about the truck."""
    held = kind not in (Kind.DISRUPTED, Kind.REMINDER)
    decision = decide(alert(kind=kind), subscription(), NOW_MS, city(), 1.0, NOT_TODAY)
    assert (decision == NotCollectedToday()) is held
    assert isinstance(decide(alert(kind=kind), subscription(), NOW_MS, city(), 1.0, TODAY), Send)
    assert isinstance(decide(alert(kind=kind), subscription(), NOW_MS, city()), Send)


def test_after_the_citys_time_for_bags_nobody_is_called_where_it_fixes_one() -> None:
    """A minute before it, or in a city that collects just in time, the call goes out; what follows a call does too."""
    fixed = msgspec.structs.replace(city(), policy=Policy.BY_DEADLINE)
    past = InCalendar(collected=True, out_by_ms=NOW_MS)
    assert decide(alert(), subscription(), NOW_MS, fixed, 1.0, past) == PastDeadline()
    assert isinstance(decide(alert(), subscription(), NOW_MS, fixed, 1.0, TODAY), Send)
    assert isinstance(decide(alert(), subscription(), NOW_MS, city(), 1.0, past), Send)
    assert isinstance(decide(alert(kind=Kind.CORRECTED), subscription(), NOW_MS, fixed, 1.0, past), Send)


def test_the_calendar_is_asked_for_the_homes_zone_and_the_alerts_waste() -> None:
    """23 November 2026 is a Monday: burnable waste today, by eight, and next on Thursday; plastic is not collected."""
    lines = [Collection("z1", "burnable", Rule((0, 3)), 480), Collection("z1", "plastic", Rule((1,)), 510)]
    plan, home = Plan(lines), subscription()
    eight = parse_rfc3339("2026-11-23T08:00:00+09:00")
    assert look_up(plan, alert(), home, city()) == InCalendar(True, eight)
    passed = alert(kind=Kind.PASSED)
    assert look_up(plan, passed, home, city()) == InCalendar(True, eight, date(2026, 11, 26))
    assert look_up(plan, alert(category="plastic"), home, city()).collected is False
    sorting = msgspec.structs.replace(home, categories=("plastic",))
    assert look_up(plan, alert(category=None), sorting, city()).collected is False
    pinned = msgspec.structs.replace(home, place=Pin(34.8, 135.4), zone="z1")
    assert look_up(plan, alert(), pinned, city()).collected is True
    lost = msgspec.structs.replace(pinned, zone=None)
    elsewhere = msgspec.structs.replace(home, place=InZone("z9"))
    for asked in (
        look_up(plan, alert(category=None), home, city()),
        look_up(plan, alert(), lost, city()),
        look_up(plan, alert(), elsewhere, city()),
        look_up(None, alert(), home, city()),
        look_up(plan, alert(), None, city()),
    ):
        assert asked == UNKNOWN
