"""Whether an alert is sent, to which targets, how urgently, and in which order. Pure: time comes in as an argument.

Quiet hours hold an alert back for good: a push about a truck that came hours ago helps nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from model import times
from model.alert import Alert, Kind
from model.city import City, Policy
from model.subscription import Quiet, Subscription, Target
from notifier.in_calendar import UNKNOWN, InCalendar

MAX_TTL_S = 28 * 24 * 3600


class Urgency(StrEnum):
    """How hard the phone is to be woken: `HIGH` only for what is visible and imminent."""

    HIGH = "high"
    NORMAL = "normal"


class Send(msgspec.Struct, frozen=True):
    """Send it; whoever carries the push must forget it after `ttl_s` seconds of machine time."""

    urgency: Urgency
    ttl_s: int
    targets: tuple[Target, ...]


class Expired(msgspec.Struct, frozen=True):
    """It is no longer useful: never sent late."""


class QuietHours(msgspec.Struct, frozen=True):
    """The household wants no pushes now."""


class OnTrial(msgspec.Struct, frozen=True):
    """The home's zone is on trial: decided, kept, and never sent."""


class Paused(msgspec.Struct, frozen=True):
    """The household is away and has paused everything."""


class NotCollectedToday(msgspec.Struct, frozen=True):
    """The truck is about, but what it or the home is about is not collected at that home today."""


class PastDeadline(msgspec.Struct, frozen=True):
    """The city fixes the time by which bags must be out, and it is past: nobody is invited to bring a late one."""


class NoSubscription(msgspec.Struct, frozen=True):
    """The household has left since."""


class NoTarget(msgspec.Struct, frozen=True):
    """The household has no device."""


Decision = Send | OnTrial | Expired | QuietHours | Paused | NotCollectedToday | PastDeadline | NoSubscription | NoTarget

_IMMINENT = frozenset({Kind.APPROACHING, Kind.CORRECTED, Kind.HERE})
_OF_TODAY = frozenset({Kind.APPROACHING, Kind.CORRECTED, Kind.HERE, Kind.PASSED})
"""Told only of what is collected today."""
_RANK = {
    Kind.APPROACHING: 0,
    Kind.CORRECTED: 0,
    Kind.HERE: 1,
    Kind.DISRUPTED: 2,
    Kind.PASSED: 3,
    Kind.REMINDER: 4,
}


def decide(
    alert: Alert,
    subscription: Subscription | None,
    now_ms: int,
    city: City,
    time_factor: float = 1.0,
    calendar: InCalendar = UNKNOWN,
) -> Decision:
    """Judge one alert at service time `now_ms`, which runs `time_factor` times as fast as the machine's."""
    if alert.shadow:
        return OnTrial()
    if is_expired(alert, now_ms):
        return Expired()
    if subscription is None:
        return NoSubscription()
    held = _held_back(alert, subscription, now_ms, city, calendar)
    if held is not None:
        return held
    if not subscription.targets:
        return NoTarget()
    return Send(urgency_of(alert.kind), ttl_s(alert, now_ms, time_factor), unique(subscription.targets))


def _held_back(
    alert: Alert, subscription: Subscription, now_ms: int, city: City, calendar: InCalendar
) -> Decision | None:
    """Tell why a household that could be reached is not to be told, by its own wish or by the calendar."""
    if subscription.paused_until_ms is not None and now_ms < subscription.paused_until_ms:
        return Paused()
    if alert.kind in _OF_TODAY and calendar.collected is False:
        return NotCollectedToday()
    if alert.kind is Kind.APPROACHING and is_past_deadline(calendar, now_ms, city):
        return PastDeadline()
    if subscription.quiet is not None and is_quiet(subscription.quiet, now_ms, city.timezone):
        return QuietHours()
    return None


def is_expired(alert: Alert, now_ms: int) -> bool:
    """Tell whether the alert has stopped being useful."""
    return now_ms >= alert.useful_until_ms


def is_past_deadline(calendar: InCalendar, now_ms: int, city: City) -> bool:
    """Tell whether the city fixes a time for bags, and it has come."""
    fixed = city.policy is Policy.BY_DEADLINE and calendar.out_by_ms is not None
    return fixed and now_ms >= (calendar.out_by_ms or 0)


def is_quiet(quiet: Quiet, now_ms: int, timezone: str) -> bool:
    """Tell whether the local wall clock stands within the quiet hours; the same begin and end mean none."""
    wall = times.local(now_ms, timezone)
    minute = wall.hour * 60 + wall.minute
    if quiet.from_min <= quiet.until_min:
        return quiet.from_min <= minute < quiet.until_min
    return minute >= quiet.from_min or minute < quiet.until_min


def ttl_s(alert: Alert, now_ms: int, time_factor: float = 1.0) -> int:
    """Tell for how many seconds of machine time the alert stays useful: at least 1, at most 28 days."""
    seconds = math.ceil((alert.useful_until_ms - now_ms) / 1000.0 / time_factor)
    return max(1, min(MAX_TTL_S, seconds))


def urgency_of(kind: Kind) -> Urgency:
    """Tell how urgently a kind of alert is sent."""
    return Urgency.HIGH if kind in _IMMINENT else Urgency.NORMAL


def rank(alert: Alert) -> tuple[int, int, int]:
    """Give the sort key by which alerts are sent: imminent before bulky, then what stops being useful first."""
    return (_RANK[alert.kind], alert.useful_until_ms, alert.fired_ms)


def in_order(alerts: Iterable[Alert]) -> list[Alert]:
    """Sort a batch into the order in which it is sent."""
    return sorted(alerts, key=rank)


def unique(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Keep the first of equal targets, so that one device gets one push."""
    return tuple(dict.fromkeys(targets))
