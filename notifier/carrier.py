"""Carries one leg through one channel, and decides from the outcome what comes next.

Sent in time or not at all: a retry that would come when the alert is no longer useful is not waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from model.ports import Meter, ServiceClock, factor_of
from model.subscription import Target
from notifier.backoff import delay_s
from notifier.errand import Errand, Leg, asked_notice
from notifier.fallback import Sent
from notifier.hands import Hands
from notifier.lanes import Lane
from notifier.limits import Limits
from notifier.outcome import Delivered, Outcome, TargetBarred, TargetGone, TryAgain
from notifier.policy import Urgency, is_expired, ttl_s, urgency_of
from notifier.ports import Channel, Push
from notifier.pruning import Pruning
from notifier.reach import Reach

_log = structlog.get_logger()
_REMEMBERED = 20_000
_TELL_EVERY_S = 60.0
_NOTICE_S = 24 * 3600
_OTHER_SENDER = "these targets belong to another sender: check that the account is the one the app was built with"
FallBack = Callable[[Leg, bool], None]


class Trouble(NamedTuple):
    """A channel that has carried nothing lately: so many pushes in a row came back, the last with this code."""

    pushes: int
    code: str


class Carrier:
    """What all lanes of a worker share. Used from its event loop only."""

    def __init__(
        self,
        clock: ServiceClock,
        meter: Meter,
        limits: Limits,
        share: Callable[[], float],
        hands: Hands,
        pruning: Pruning,
        reach: Reach,
        channels: Iterable[Channel],
    ) -> None:
        self._clock = clock
        self._meter = meter
        self._limits = limits
        self._share = share
        self._hands = hands
        self._pruning = pruning
        self._reach = reach
        self._fall_back: FallBack = lambda _leg, _tell: None
        self.lanes = {id(channel): Lane(channel, self.carry) for channel in channels}
        self._reached: OrderedDict[tuple[str, str], set[Target]] = OrderedDict()
        self._not_before_s: OrderedDict[tuple[tuple[str, str], Target], float] = OrderedDict()
        self._waiting: dict[Leg, asyncio.TimerHandle] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._stopping = False
        self.troubles: dict[str, Trouble] = {}

    def use(self, fall_back: FallBack) -> None:
        """Learn what to do with a leg whose target cannot be reached; and whether the household is to be told."""
        self._fall_back = fall_back

    def has_reached(self, errand: Errand, target: Target) -> bool:
        """Tell whether this worker has already delivered the entry to the target, in an earlier try."""
        return target in self._reached.get(errand.key, ())

    def stop(self) -> None:
        """Let go of whatever waits to be tried again."""
        self._stopping = True
        for leg, timer in list(self._waiting.items()):
            timer.cancel()
            self._hands.let_go(leg.errand)
        self._waiting.clear()

    def set_out(self, leg: Leg) -> None:
        """Let a leg wait in its channel's lane."""
        self.lanes[id(leg.channel)].put(leg)

    async def carry(self, leg: Leg) -> None:
        """Send once, if the alert is still ours and still useful. Never raises: a lane outlives any leg."""
        try:
            await self._carry(leg)
        except Exception:
            _log.exception("leg_failed", channel=leg.channel.name, city=leg.errand.city, alert=leg.errand.alert.id)
            self._hands.let_go(leg.errand)

    async def _carry(self, leg: Leg) -> None:
        errand = leg.errand
        if errand.let_go:
            return
        now_ms = self._clock.now_ms()
        if leg.notice is None and is_expired(errand.alert, now_ms):
            self._end(leg, "expired")
        elif time.monotonic() - errand.taken_s > self._limits.hold_s:
            self._hands.let_go(errand)
        elif (rest_s := self._not_before_s.get((errand.key, leg.target), 0.0) - time.monotonic()) > 0:
            self._wait(leg, rest_s)
        elif leg.notice is not None and leg.attempts == 0 and not await self._reach.claim(leg):
            self._end(leg, "told")
        else:
            leg.attempts += 1
            await self._settle(leg, await self._send(leg, now_ms))

    async def _send(self, leg: Leg, now_ms: int) -> Outcome:
        alert, channel = leg.errand.alert, leg.channel
        kind = leg.notice or (alert.kind if alert.tries is None else asked_notice(alert))
        until_ms = now_ms + _NOTICE_S * 1000 if leg.notice else alert.useful_until_ms
        push = Push(
            city=alert.city,
            alert_id=leg.name,
            kind=kind,
            target=leg.target,
            message=leg.message,
            ttl_s=_NOTICE_S if leg.notice else ttl_s(alert, now_ms, factor_of(self._clock)),
            urgency=Urgency.NORMAL if leg.notice else urgency_of(alert.kind),
            fired_ms=alert.fired_ms,
            useful_until_ms=_on_phones(until_ms, now_ms, self._clock),
            receipt=self._reach.receipt(alert.city, alert.subscription, leg.target, leg.name),
        )
        begun_s = time.monotonic()
        try:
            return await channel.send(push)
        except Exception:  # a channel's bug costs this push, not the worker
            _log.exception("channel_raised", channel=channel.name, city=alert.city, alert=alert.id)
            return TryAgain(None, "channel_raised")
        finally:
            self._meter.observe("push_seconds", time.monotonic() - begun_s, channel=channel.name)

    async def _settle(self, leg: Leg, outcome: Outcome) -> None:
        what = outcome.__struct_config__.tag
        code = getattr(outcome, "code", None)
        self._meter.count("pushes", city=leg.errand.city, channel=leg.channel.name, outcome=str(what))
        self._note(leg, str(what), code)
        if isinstance(outcome, TryAgain):
            self._again(leg, outcome)
            return
        if isinstance(outcome, Delivered):
            self._arrived(leg)
        elif isinstance(outcome, TargetGone | TargetBarred):
            await self._lose(leg, outcome)
        else:
            self._tell(leg, outcome.code, "push_refused", detail=outcome.detail)
            if leg.counts:
                self._fall_back(leg, False)
        self._end(leg, str(what), code)

    def _note(self, leg: Leg, what: str, code: str | None) -> None:
        """Follow the push in the log, and the channel in its troubles: an answer about one device is no trouble."""
        alert, name = leg.errand.alert, leg.channel.name
        _log.info(
            "push_sent",
            city=leg.errand.city,
            alert=alert.id,
            ping=alert.ping,
            channel=name,
            outcome=what,
            code=code,
            attempt=leg.attempts,
        )
        if what in ("delivered", "gone"):
            self.troubles.pop(name, None)
        else:
            before = self.troubles.get(name)
            self.troubles[name] = Trouble(1 + (before.pushes if before else 0), code or what)

    def _arrived(self, leg: Leg) -> None:
        errand, alert = leg.errand, leg.errand.alert
        if leg.notice is not None:
            self._meter.count("target_notices", city=errand.city, notice=leg.notice.value)
            return
        if errand.home is not None and leg.target in errand.standing.noted:
            self._reach.accepted(errand.home, leg.target, Sent(alert.id, alert.useful_until_ms))
        self._reached.setdefault(errand.key, set()).add(leg.target)
        while len(self._reached) > _REMEMBERED:
            self._reached.popitem(last=False)
        latency_ms = self._clock.now_ms() - alert.fired_ms
        self._meter.observe("alert_latency_seconds", latency_ms / 1000.0, city=errand.city)

    async def _lose(self, leg: Leg, outcome: TargetGone | TargetBarred) -> None:
        errand = leg.errand
        city, subscription = errand.city, errand.alert.subscription
        if isinstance(outcome, TargetBarred):
            self._tell(leg, outcome.code, "target_barred", detail=outcome.detail or _OTHER_SENDER)
            await self._pruning.bar(city, subscription, leg.target)
        elif await self._pruning.drop(city, subscription, leg.target):
            self._meter.count("targets_pruned", city=city, channel=leg.channel.name)
        if leg.counts:
            self._fall_back(leg, isinstance(outcome, TargetGone))

    def _again(self, leg: Leg, outcome: TryAgain) -> None:
        wait_s = delay_s(leg.attempts, self._share(), outcome.after_s)
        then_ms = self._clock.now_ms() + int(wait_s * 1000 * factor_of(self._clock))
        if is_expired(leg.errand.alert, then_ms):
            self._end(leg, "expired", outcome.code)
        else:
            self._wait(leg, wait_s)

    def _wait(self, leg: Leg, wait_s: float) -> None:
        errand, then_s = leg.errand, time.monotonic() + wait_s
        self._not_before_s[errand.key, leg.target] = then_s  # also while it waits here: another leg may let all go
        while len(self._not_before_s) > _REMEMBERED:
            self._not_before_s.popitem(last=False)
        if self._stopping or then_s - errand.taken_s > self._limits.hold_s:
            self._hands.let_go(errand)
        elif not errand.let_go:
            self._waiting[leg] = asyncio.get_running_loop().call_later(wait_s, self._resume, leg)

    def _resume(self, leg: Leg) -> None:
        self._waiting.pop(leg, None)
        self.set_out(leg)

    def _end(self, leg: Leg, what: str, code: str | None = None) -> None:
        errand = leg.errand
        if leg.counts:
            errand.record(what, self._clock.now_ms(), leg.channel.name, code, leg.attempts)
        self._not_before_s.pop((errand.key, leg.target), None)
        errand.open_legs -= 1
        if errand.let_go:
            self._hands.let_go(errand)
        elif errand.open_legs == 0:
            self._hands.finish(errand)

    def _tell(self, leg: Leg, code: str, event: str, detail: str) -> None:
        """Tell the operator, but not for each of ten thousand pushes that fail for one reason."""
        name, errand = leg.channel.name, leg.errand
        now_s = time.monotonic()
        if now_s - self._told.get((name, code), -_TELL_EVERY_S) >= _TELL_EVERY_S:
            self._told[(name, code)] = now_s
            _log.error(event, channel=name, code=code, city=errand.city, alert=errand.alert.id, detail=detail)


def _on_phones(instant_ms: int, now_ms: int, clock: ServiceClock) -> int:
    """Tell an instant of service time on the clock of phones, which know nothing of a scaled one."""
    factor = factor_of(clock)
    if factor == 1.0:
        return instant_ms
    return round(time.time() * 1000 + (instant_ms - now_ms) / factor)
