"""Decides about each alert that was taken: asks policy, words it, and sends a leg to each target's lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from model.city import City
from model.ports import Meter, ServiceClock
from model.subscription import Subscription, TargetKind
from notifier.carrier import Carrier, factor_of
from notifier.errand import Errand, Leg
from notifier.hands import Hands
from notifier.in_calendar import InCalendar, look_up
from notifier.policy import (
    Decision,
    NoSubscription,
    NoTarget,
    NotCollectedToday,
    OnTrial,
    PastDeadline,
    Paused,
    QuietHours,
    Send,
    decide,
)
from notifier.ports import Channel, Message
from notifier.words import Words
from residents.calendar.plan import Plan

ZoneNames = Callable[[str, str], str | None]
PlanOf = Callable[[str], Plan | None]
"""Gives a city's collection plan in force, or None where there is none."""
Channels = Mapping[TargetKind, Channel]

_log = structlog.get_logger()


class Desk:
    """What one worker knows to decide with. No I/O; used from its event loop only."""

    def __init__(
        self,
        cities: Mapping[str, City],
        clock: ServiceClock,
        meter: Meter,
        words: Words,
        carrier: Carrier,
        hands: Hands,
        channels: Channels,
        city_channels: Mapping[str, Channels],
        zone_names: ZoneNames | None,
        plan_of: PlanOf | None = None,
    ) -> None:
        self._cities = cities
        self._clock = clock
        self._meter = meter
        self._words = words
        self._carrier = carrier
        self._hands = hands
        self._channels = channels
        self._city_channels = city_channels
        self._zone_names = zone_names
        self._plan_of = plan_of or _no_plan

    def channel(self, city: str, kind: TargetKind) -> Channel | None:
        """Give the city's own channel for a kind of target, else the common one."""
        return self._city_channels.get(city, {}).get(kind) or self._channels.get(kind)

    def judge(self, errand: Errand, subscription: Subscription | None) -> None:
        """Set an alert on its way, or finish it with the reason why not."""
        now_ms = self._clock.now_ms()
        city = self._cities[errand.city]
        calendar = look_up(self._plan_of(errand.city), errand.alert, subscription, city)
        decision = decide(errand.alert, subscription, now_ms, city, factor_of(self._clock), calendar)
        if isinstance(decision, Send) and subscription is not None:
            self._set_out(errand, decision, self._word(errand, subscription.language, city, calendar))
            return
        self._count(errand, decision)
        why = _REASONS[type(decision).__name__]
        errand.record(why, now_ms)
        _note(errand, why)
        self._hands.finish(errand)

    def _count(self, errand: Errand, decision: Decision) -> None:
        """Count an alert that is not sent; an expired one is counted where it ends."""
        city, kind = errand.city, errand.alert.kind.value
        match decision:
            case OnTrial():
                self._meter.count("alerts_shadow", city=city, kind=kind)
            case QuietHours():
                self._meter.count("alerts_quiet", city=city, kind=kind)
            case Paused():
                self._meter.count("alerts_paused", city=city, kind=kind)
            case NotCollectedToday():
                self._meter.count("alerts_not_collected", city=city, kind=kind)
            case PastDeadline():
                self._meter.count("alerts_past_deadline", city=city, kind=kind)
            case NoSubscription() | NoTarget():
                self._meter.count("alerts_unaddressed", city=city)

    def _word(self, errand: Errand, language: str, city: City, calendar: InCalendar) -> Message:
        zone = errand.alert.zone
        name = self._zone_names(errand.city, zone) if self._zone_names is not None and zone is not None else None
        return self._words.compose(errand.alert, language, city, name, calendar)

    def _set_out(self, errand: Errand, decision: Send, message: Message) -> None:
        legs: list[Leg] = []
        for target in decision.targets:
            channel = self.channel(errand.city, target.kind)
            if channel is None:
                errand.record("no_channel", self._clock.now_ms(), target.kind.value)
                _note(errand, "no_channel")
                self._meter.count("pushes", city=errand.city, channel=target.kind.value, outcome="no_channel")
            elif not self._carrier.has_reached(errand, target):
                legs.append(Leg(errand, target, message, channel))
        errand.open_legs = len(legs)
        for leg in legs:
            self._carrier.set_out(leg)
        if not legs:
            self._hands.finish(errand)


def _no_plan(city: str) -> None:
    """Know of no calendar."""


def _note(errand: Errand, why: str) -> None:
    """Let a ping's way end in the log where no push goes out."""
    _log.info("alert_not_sent", city=errand.city, alert=errand.alert.id, ping=errand.alert.ping, why=why)


_REASONS = {
    "OnTrial": "shadow",
    "Expired": "expired",
    "QuietHours": "quiet",
    "Paused": "paused",
    "NotCollectedToday": "not_collected_today",
    "PastDeadline": "past_deadline",
    "NoSubscription": "no_subscription",
    "NoTarget": "no_target",
}
