"""A home's days: what is collected today and next, and today's state, in the API's words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from model.city import City
from model.subscription import Subscription
from model.times import format_clock, format_rfc3339, local
from residents.calendar.plan import Due, Note, Plan
from residents.today import State, Today
from web.api.views import DayView, NearTruckView, NextView, NoteView, TodayView, WindowView

AHEAD_DAYS = 62
OVER = frozenset({State.PASSED})


def calendar_days(plan: Plan, zone: str, begin: date, days: int) -> Iterator[DayView]:
    """List a zone's collections from a day on."""
    for offset in range(days):
        day = begin + timedelta(days=offset)
        for due in plan.on(zone, day):
            yield DayView(date=day.isoformat(), category=due.category, out_by=_out_by([due]), note=_note(due.note))


def due_for(plan: Plan, zone: str | None, day: date, categories: Sequence[str]) -> list[Due]:
    """Tell what is collected for a home on a day: of its categories, all where it names none."""
    if zone is None:
        return []
    return [due for due in plan.on(zone, day) if not categories or due.category in categories]


def today_view(home: Subscription, city: City, plan: Plan, found: Today, now_ms: int) -> TodayView:
    """Put today's state and the calendar together."""
    today = local(now_ms, city.timezone).date()
    due = due_for(plan, home.zone, today, home.categories)
    window = found.window
    return TodayView(
        date=today.isoformat(),
        state=found.state.value,
        categories=tuple(dict.fromkeys(each.category for each in due)),
        window=WindowView(
            low=format_rfc3339(window.low_ms),
            mid=format_rfc3339(window.mid_ms),
            high=format_rfc3339(window.high_ms),
            share=window.share,
        )
        if window
        else None,
        passed_at=_instant(found.passed_ms),
        heard_at=_instant(found.heard_ms),
        trucks=tuple(NearTruckView(each.lat, each.lon, format_rfc3339(each.at_ms)) for each in found.trucks),
        next=_next(home, plan, today, found.state in OVER),
    )


def _next(home: Subscription, plan: Plan, today: date, over: bool) -> NextView | None:
    for offset in range(int(over), AHEAD_DAYS):
        day = today + timedelta(days=offset)
        if due := due_for(plan, home.zone, day, home.categories):
            categories = tuple(dict.fromkeys(each.category for each in due))
            return NextView(date=day.isoformat(), categories=categories, out_by=_out_by(due))
    return None


def _note(note: Note | None) -> NoteView | None:
    return None if note is None else NoteView(moved_from=note.moved_from.isoformat(), reasons=note.reasons)


def _out_by(due: Sequence[Due]) -> str | None:
    first = min((each.out_by_min for each in due if each.out_by_min is not None), default=None)
    return None if first is None else format_clock(first)


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_rfc3339(at_ms)
