"""One alert being worded: which sentences by its kind, lead and what is known. Pure; the sentences are the tongue's.

A body says what and when in its first sentence, what to do in the last; where a city fixes the time by which bags must
be out, what to do names that time and never invites a late bag.
"""

from __future__ import annotations

from datetime import date, timedelta

from model import times
from model.alert import Alert, Collected, Kind
from model.city import Policy
from model.subscription import MetresLead, MinutesLead
from notifier.in_calendar import InCalendar
from notifier.tongue import NAME_COLUMNS, Tongue, shortened


class Saying:
    """The title and the body of one alert."""

    def __init__(self, tongue: Tongue, alert: Alert, zone_name: str | None, calendar: InCalendar) -> None:
        self._tongue = tongue
        self._alert = alert
        self._zone_name = zone_name
        self._calendar = calendar

    def title(self) -> str:
        """Choose the title by kind; a silent truck and a cancelled day have their own."""
        if self._silent():
            return self._tongue.say("disrupted.silent.title")
        about = self._alert.collected
        if self._alert.kind is Kind.REMINDER and about is not None and about.gone:
            return self._tongue.say("reminder.gone.title")
        return self._tongue.say(f"{self._alert.kind.value}.title")

    def body(self) -> str:
        """Choose the sentences by kind, and put together those that fit."""
        sentences = {
            Kind.APPROACHING: self._approaching,
            Kind.CORRECTED: self._corrected,
            Kind.HERE: self._here,
            Kind.PASSED: self._passed,
            Kind.DISRUPTED: self._disrupted,
            Kind.REMINDER: self._reminder,
        }[self._alert.kind]()
        return self._tongue.joined(self.title(), [each for each in sentences if each])

    def _about(self, key: str, **given: str) -> str:
        return self._tongue.say(key, category=self._tongue.category(self._alert.category), **given)

    def _approaching(self) -> list[str]:
        alert, when = self._alert, self._when()
        if isinstance(alert.lead, MetresLead):
            said = self._about("approaching.metres.body", metres=str(round(alert.lead.metres)))
        elif isinstance(alert.lead, MinutesLead) and alert.eta_ms is not None and when is not None:
            minutes = max(1, round((alert.eta_ms - alert.fired_ms) / 60_000))
            said = self._about("approaching.eta.body", minutes=self._tongue.minutes(minutes), when=when)
        elif isinstance(alert.lead, MinutesLead):
            said = self._about("approaching.soon.body")
        elif self._zone_name:
            said = self._about("approaching.zone.body", zone=shortened(self._zone_name, NAME_COLUMNS))
        else:
            said = self._about("approaching.own_zone.body")
        return [said, self._to_do("do.now")]

    def _corrected(self) -> list[str]:
        alert, when = self._alert, self._when()
        if when is None or alert.eta_ms is None:
            return [self._about("corrected.body")]
        if alert.was_ms is None:
            said = self._about("corrected.eta.body", when=when)
        else:
            way = "later" if alert.eta_ms > alert.was_ms else "sooner"
            said = self._about(f"corrected.{way}.body", was=self._tongue.clock(alert.was_ms), when=when)
        return [said, self._to_do("do.then"), self._reason()]

    def _here(self) -> list[str]:
        return [self._about("here.body"), self._to_do("do.last")]

    def _passed(self) -> list[str]:
        following = self._calendar.next_day
        if following is None:
            return [self._about("passed.body")]
        return [self._about("passed.next.body", day=self._tongue.day(following))]

    def _disrupted(self) -> list[str]:
        alert, when = self._alert, self._when()
        if when is None:
            return [self._about("disrupted.body"), self._reason()]
        if self._silent() and alert.heard_ms is not None:
            since = self._tongue.clock(alert.heard_ms)
            return [self._about("disrupted.silent.body", since=since, when=when), self._reason()]
        return [self._about("disrupted.eta.body", when=when), self._reason()]

    def _reminder(self) -> list[str]:
        about = self._alert.collected or Collected((self._alert.category or "",))
        rest = self._tongue.categories(about.categories)
        if not about.gone:
            return [self._on_its_day("reminder", rest), self._to_do("do.prepare", about.out_by_min)]
        moved = self._tongue.day(date.fromisoformat(about.moved_to)) if about.moved_to else None
        return [
            self._on_its_day("reminder.gone", self._tongue.categories(about.gone)),
            self._tongue.say("reminder.moved", day=moved) if moved else "",
            self._tongue.say("reminder.rest", category=rest) if about.categories else "",
            self._reason(),
        ]

    def _on_its_day(self, key: str, category: str) -> str:
        alert = self._alert
        day = date.fromisoformat(alert.service_day)
        today = times.local(alert.fired_ms, self._tongue.timezone).date()
        if day == today:
            return self._tongue.say(f"{key}.today.body", category=category)
        if day - today == timedelta(days=1):
            return self._tongue.say(f"{key}.tomorrow.body", category=category)
        return self._tongue.say(f"{key}.day.body", category=category, day=self._tongue.day(day))

    def _to_do(self, key: str, out_by_min: int | None = None) -> str:
        """Say what to do: by the city's time where one is fixed, nothing once it is past."""
        if out_by_min is not None:
            day = date.fromisoformat(self._alert.service_day)
            out_by_ms: int | None = times.instant(day, out_by_min, self._tongue.timezone)
        elif self._tongue.policy is Policy.BY_DEADLINE:
            out_by_ms = self._calendar.out_by_ms
        else:
            return self._tongue.say(key)
        if out_by_ms is None:
            return self._tongue.say(key)
        late = out_by_ms <= self._alert.fired_ms
        return "" if late else self._tongue.say("do.by", time=self._tongue.clock(out_by_ms))

    def _reason(self) -> str:
        reason = self._tongue.reason(self._alert.reasons)
        return self._tongue.say("reason", reason=reason) if reason else ""

    def _silent(self) -> bool:
        """Tell whether a truck is missed: when it was last heard, and expected, are known."""
        alert = self._alert
        return alert.kind is Kind.DISRUPTED and alert.heard_ms is not None and alert.eta_ms is not None

    def _when(self) -> str | None:
        alert, tongue = self._alert, self._tongue
        if alert.eta_ms is None:
            return None
        if alert.eta_low_ms is not None and alert.eta_high_ms is not None:
            low, high = tongue.clock(alert.eta_low_ms), tongue.clock(alert.eta_high_ms)
            if low != high:
                return tongue.say("time.between", low=low, high=high)
        return tongue.say("time.at", time=tongue.clock(alert.eta_ms))
