"""Decides about each alert that was taken: asks policy, words it, and sends a leg to each target's lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from model.city import City
from model.ports import Meter, ServiceClock, factor_of
from model.subscription import Subscription, Target, TargetKind
from notifier.carrier import Carrier
from notifier.channel_words import ChannelWords
from notifier.errand import Errand, Leg, asked_notice
from notifier.fallback import in_use, standby
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
    is_expired,
)
from notifier.ports import Channel, Message, Notice
from notifier.reach import UNKNOWN, Standing
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
        channel_words: ChannelWords | None,
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
        self._channel_words = channel_words
        self._carrier = carrier
        self._hands = hands
        self._channels = channels
        self._city_channels = city_channels
        self._zone_names = zone_names
        self._plan_of = plan_of or _no_plan

    def channel(self, city: str, kind: TargetKind) -> Channel | None:
        """Give the city's own channel for a kind of target, else the common one."""
        return self._city_channels.get(city, {}).get(kind) or self._channels.get(kind)

    def is_line_scarce(self, city: str) -> bool:
        """Tell whether homes with another way than LINE are to use that."""
        return bool(getattr(self.channel(city, TargetKind.LINE), "scarce", False))

    def judge(self, errand: Errand, subscription: Subscription | None, standing: Standing = UNKNOWN) -> None:
        """Set an alert on its way, or finish it with the reason why not."""
        now_ms = self._clock.now_ms()
        city = self._cities[errand.city]
        errand.home, errand.standing, errand.lost = subscription, standing, set(standing.lost)
        if errand.alert.tries is not None:
            self._try_out(errand, subscription, errand.alert.tries)
            return
        calendar = look_up(self._plan_of(errand.city), errand.alert, subscription, city)
        decision = decide(errand.alert, subscription, now_ms, city, factor_of(self._clock), calendar)
        if isinstance(decision, Send) and subscription is not None:
            targets = in_use(decision.targets, standing.lost)
            self._set_out(errand, targets, self._word(errand, subscription.language, city, calendar), subscription)
            return
        if isinstance(decision, NoTarget) and subscription is not None and self._page(errand.city) is not None:
            errand.record("no_target", now_ms)
            _note(errand, "no_target")
            self._meter.count("alerts_unaddressed", city=errand.city)
            self._set_out(errand, (), self._word(errand, subscription.language, city, calendar), subscription)
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

    def fall_back(self, leg: Leg, tell: bool) -> None:
        """Let the next target have what this one cannot, and, where it is gone for good, tell the household once."""
        errand, home = leg.errand, leg.errand.home
        if home is None or errand.let_go or errand.alert.tries is not None:
            return
        errand.lost.add(leg.target)
        left = tuple(each for each in home.targets if each != leg.target)
        legs = [self._leg(errand, each, leg.message) for each in in_use(left, errand.lost) if each not in errand.tried]
        if tell:
            legs.append(self._notice(errand, home, leg.target, Notice.TARGET_LOST, gone=True))
        self._add([each for each in legs if each is not None], errand)

    def _set_out(
        self, errand: Errand, targets: tuple[Target, ...], message: Message, home: Subscription | None = None
    ) -> None:
        legs = [self._leg(errand, target, message) for target in targets]
        if home is not None:
            page = self._page(errand.city)
            if page is not None:
                legs.append(Leg(errand, Target(TargetKind.PAGE, home.id), message, page))
            legs += [self._notice(errand, home, lost, notice) for lost, notice in errand.standing.tell]
        self._add([each for each in legs if each is not None], errand)
        if not errand.open_legs:
            self._hands.finish(errand)

    def _add(self, legs: list[Leg], errand: Errand) -> None:
        errand.open_legs += len(legs)
        for leg in legs:
            self._carrier.set_out(leg)

    def _leg(self, errand: Errand, target: Target, message: Message) -> Leg | None:
        channel = self.channel(errand.city, target.kind)
        errand.tried.add(target)
        if channel is None:
            errand.record("no_channel", self._clock.now_ms(), target.kind.value)
            _note(errand, "no_channel")
            self._meter.count("pushes", city=errand.city, channel=target.kind.value, outcome="no_channel")
            return None
        return None if self._carrier.has_reached(errand, target) else Leg(errand, target, message, channel)

    def _notice(
        self, errand: Errand, home: Subscription, lost: Target, notice: Notice, gone: bool = False
    ) -> Leg | None:
        """Word a notice about one target for the next one that works."""
        through = standby(home.targets, errand.lost | {lost}, lost)
        channel = self.channel(errand.city, through.kind) if through is not None else None
        if through is None or channel is None or self._channel_words is None:
            return None
        tag = f"{errand.alert.id}-{notice.value}"
        lang = self._channel_words.language(home.language, self._cities[errand.city].language)
        message = self._channel_words.notice(notice, lang, tag, lost.kind, gone)
        return Leg(errand, through, message, channel, notice, lost)

    def _try_out(self, errand: Errand, home: Subscription | None, place: int) -> None:
        """Send a test push to the one target that it is for: also in quiet hours, never late."""
        now_ms = self._clock.now_ms()
        words = self._channel_words
        if home is None or words is None or not 0 <= place < len(home.targets) or is_expired(errand.alert, now_ms):
            errand.record("no_target" if home is not None else "no_subscription", now_ms)
            self._hands.finish(errand)
            return
        target = home.targets[place]
        lang = words.language(home.language, self._cities[errand.city].language)
        said = words.notice(asked_notice(errand.alert), lang, errand.alert.id, target.kind)
        self._set_out(errand, (target,), said)

    def _page(self, city: str) -> Channel | None:
        return self.channel(city, TargetKind.PAGE)


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
