"""What the city's calendar says about one alert, as a value that policy and words are given. Pure."""

from __future__ import annotations

from datetime import date

import msgspec

from model import times
from model.alert import Alert, Kind
from model.city import City
from model.subscription import InZone, Subscription
from residents.calendar.plan import Due, Plan


class InCalendar(msgspec.Struct, frozen=True):
    """`collected`: whether what the alert is about is collected on its day in the home's zone; None: not known.

    `out_by_ms`: by when bags must be out on that day; `next_day`: the next one, for `passed`.
    """

    collected: bool | None = None
    out_by_ms: int | None = None
    next_day: date | None = None


UNKNOWN = InCalendar()


def look_up(plan: Plan | None, alert: Alert, subscription: Subscription | None, city: City) -> InCalendar:
    """Ask the plan about an alert; UNKNOWN where no calendar covers the home, or nobody knows of which waste it is."""
    zone = zone_of(subscription) if subscription is not None else None
    if plan is None or subscription is None or zone is None or not plan.covers(zone):
        return UNKNOWN
    day = date.fromisoformat(alert.service_day)
    if alert.kind is Kind.REMINDER:
        return UNKNOWN
    about = (alert.category,) if alert.category is not None else subscription.categories
    if not about:
        return UNKNOWN
    due = tuple(each for each in plan.on(zone, day) if each.category in about)
    following = plan.next(zone, day, about) if alert.kind is Kind.PASSED else None
    return InCalendar(bool(due), out_by_ms(due, day, city), following[0] if following else None)


def zone_of(subscription: Subscription) -> str | None:
    """Tell whose calendar holds for a home."""
    place = subscription.place
    return subscription.zone or (place.zone if isinstance(place, InZone) else None)


def out_by_ms(due: tuple[Due, ...], day: date, city: City) -> int | None:
    """Tell by when the first of some collections must be out."""
    minutes = [each.out_by_min for each in due if each.out_by_min is not None]
    return times.instant(day, min(minutes), city.timezone) if minutes else None
