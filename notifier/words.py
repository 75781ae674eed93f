"""What an alert says, in the resident's language. Pure: the catalogues come in, read and checked at start-up.

ENTRIES is the whole list of what a catalogue must hold, each with the placeholders that it may use. To add a language,
add locales/<lang>/LC_MESSAGES/notifier.po; to add a sentence, add it here and to every catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

from model.alert import CORRECTED_REMINDER, Alert, Kind, alert_id
from model.city import City
from notifier.catalogue import Catalogue, spoken
from notifier.in_calendar import UNKNOWN, InCalendar
from notifier.ports import Message
from notifier.saying import Saying
from notifier.tongue import Tongue

ENTRIES: dict[str, frozenset[str]] = {
    "category.generic": frozenset(),
    "sentences": frozenset({"first", "second"}),
    "time.at": frozenset({"time"}),
    "time.between": frozenset({"low", "high"}),
    "do.now": frozenset(),
    "do.last": frozenset(),
    "do.then": frozenset(),
    "do.by": frozenset({"time"}),
    "do.prepare": frozenset(),
    "reason": frozenset({"reason"}),
    "approaching.title": frozenset(),
    "approaching.zone.body": frozenset({"category", "zone"}),
    "approaching.own_zone.body": frozenset({"category"}),
    "approaching.metres.body": frozenset({"category", "metres"}),
    "approaching.eta.body": frozenset({"category", "minutes", "when"}),
    "approaching.soon.body": frozenset({"category"}),
    "corrected.title": frozenset(),
    "corrected.later.body": frozenset({"category", "was", "when"}),
    "corrected.sooner.body": frozenset({"category", "was", "when"}),
    "corrected.eta.body": frozenset({"category", "when"}),
    "corrected.body": frozenset({"category"}),
    "here.title": frozenset(),
    "here.body": frozenset({"category"}),
    "passed.title": frozenset(),
    "passed.body": frozenset({"category"}),
    "passed.next.body": frozenset({"category", "day"}),
    "disrupted.title": frozenset(),
    "disrupted.eta.body": frozenset({"category", "when"}),
    "disrupted.body": frozenset({"category"}),
    "disrupted.silent.title": frozenset(),
    "disrupted.silent.body": frozenset({"category", "since", "when"}),
    "reminder.title": frozenset(),
    "reminder.today.body": frozenset({"category"}),
    "reminder.tomorrow.body": frozenset({"category"}),
    "reminder.day.body": frozenset({"category", "day"}),
    "reminder.gone.title": frozenset(),
    "reminder.gone.today.body": frozenset({"category"}),
    "reminder.gone.tomorrow.body": frozenset({"category"}),
    "reminder.gone.day.body": frozenset({"category", "day"}),
    "reminder.moved": frozenset({"day"}),
    "reminder.rest": frozenset({"category"}),
    "feed.name": frozenset({"zone", "city"}),
    "feed.out_by": frozenset({"time"}),
    "feed.moved": frozenset({"day"}),
}


class Words:
    """The catalogues by language tag, and what is said with them."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = dict(catalogues)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are."""
        return tuple(sorted(self._catalogues))

    def compose(
        self,
        alert: Alert,
        language: str,
        city: City,
        zone_name: str | None = None,
        calendar: InCalendar = UNKNOWN,
    ) -> Message:
        """Word an alert in a language, else in the city's, else in English."""
        lang = self.spoken(language, city.language)
        say = Saying(Tongue(self._catalogues[lang], lang, city), alert, zone_name, calendar)
        return Message(title=say.title(), body=say.body(), tag=tag_of(alert), lang=lang)

    def tongue(self, language: str, city: City) -> Tongue:
        """Give what is needed to say other things than alerts, such as a calendar feed."""
        lang = self.spoken(language, city.language)
        return Tongue(self._catalogues[lang], lang, city)

    def spoken(self, *wanted: str) -> str:
        """Choose the first of some languages that there is a catalogue for, else English."""
        return spoken(self._catalogues, *wanted)


def tag_of(alert: Alert) -> str:
    """Give the tag under which phones show an alert: its id.

    A correction carries the tag of what it corrects, and so does the second call that may follow it.
    """
    if alert.kind is Kind.REMINDER:
        return alert_id(
            alert.city, alert.service_day, alert.run, alert.subscription, alert.kind, alert.ordinal % CORRECTED_REMINDER
        )
    if alert.kind not in (Kind.APPROACHING, Kind.CORRECTED):
        return alert.id
    return alert_id(alert.city, alert.service_day, alert.run, alert.subscription, Kind.APPROACHING, 1)
