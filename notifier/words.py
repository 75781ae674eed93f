"""What an alert says, in the resident's language. Pure: the catalogues come in, read and checked at start-up.

ENTRIES is the whole list of what a catalogue must hold, each with the placeholders that it may use. To add a language,
add locales/<lang>/LC_MESSAGES/notifier.po; to add a sentence, add it here and to every catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from string import Formatter
from unicodedata import east_asian_width

from babel import Locale
from babel.dates import format_skeleton, format_time

from model import times
from model.alert import Alert, Kind, alert_id
from model.city import City
from model.subscription import MetresLead, MinutesLead
from notifier.ports import Message

Catalogue = Mapping[str, str]

ENTRIES: dict[str, frozenset[str]] = {
    "category.generic": frozenset(),
    "time.at": frozenset({"time"}),
    "time.between": frozenset({"low", "high"}),
    "approaching.title": frozenset(),
    "approaching.zone.body": frozenset({"category", "zone"}),
    "approaching.own_zone.body": frozenset({"category"}),
    "approaching.metres.body": frozenset({"category", "metres"}),
    "approaching.eta.body": frozenset({"category", "when"}),
    "approaching.soon.body": frozenset({"category"}),
    "corrected.title": frozenset(),
    "corrected.eta.body": frozenset({"category", "when"}),
    "corrected.body": frozenset({"category"}),
    "here.title": frozenset(),
    "here.body": frozenset({"category"}),
    "passed.title": frozenset(),
    "passed.body": frozenset({"category"}),
    "disrupted.title": frozenset(),
    "disrupted.eta.body": frozenset({"category", "when"}),
    "disrupted.body": frozenset({"category"}),
    "disrupted.silent.title": frozenset(),
    "disrupted.silent.body": frozenset({"category", "since", "when"}),
    "reminder.title": frozenset(),
    "reminder.today.body": frozenset({"category"}),
    "reminder.tomorrow.body": frozenset({"category"}),
    "reminder.day.body": frozenset({"category", "day"}),
}

LAST_RESORT = "en"
_LONGEST_NAME_COLUMNS = 22


class Words:
    """The catalogues by language tag, and what is said with them."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = dict(catalogues)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are."""
        return tuple(sorted(self._catalogues))

    def compose(self, alert: Alert, language: str, city: City, zone_name: str | None = None) -> Message:
        """Word an alert in a language, else in the city's, else in English."""
        lang = self._language(language, city.language)
        catalogue = self._catalogues[lang]
        say = _Saying(catalogue, Locale.parse(lang, sep="-"), alert, city, zone_name)
        return Message(title=say.title(), body=say.body(), tag=tag_of(alert), lang=lang)

    def _language(self, *wanted: str) -> str:
        for tag in wanted:
            for candidate in (tag, tag.partition("-")[0]):
                if candidate in self._catalogues:
                    return candidate
        return LAST_RESORT


def tag_of(alert: Alert) -> str:
    """Give the tag under which phones show an alert: its id.

    A correction carries the tag of what it corrects, and so does the second call that may follow it.
    """
    if alert.kind not in (Kind.APPROACHING, Kind.CORRECTED):
        return alert.id
    return alert_id(alert.city, alert.service_day, alert.run, alert.subscription, Kind.APPROACHING, 1)


def problems(catalogue: Catalogue) -> list[str]:
    """Find what is wrong with a catalogue: entries that are missing, empty, unused, or ask for what there is not."""
    found = [f"{key!r} is missing or empty" for key in sorted(ENTRIES) if not catalogue.get(key)]
    found += [f"{key!r} is used nowhere; remove it" for key in sorted(set(catalogue) - set(ENTRIES))]
    for key in sorted(set(catalogue) & set(ENTRIES)):
        found += _placeholder_problems(key, catalogue[key])
    return found


def _placeholder_problems(key: str, text: str) -> list[str]:
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        return [f"{key!r} is no valid template: {error}"]
    if used == ENTRIES[key] or not text:
        return []
    return [f"{key!r} uses {sorted(used)} where {sorted(ENTRIES[key])} is wanted"]


class _Saying:
    """One alert being worded with one catalogue."""

    def __init__(self, catalogue: Catalogue, locale: Locale, alert: Alert, city: City, zone_name: str | None) -> None:
        self._catalogue = catalogue
        self._locale = locale
        self._alert = alert
        self._city = city
        self._zone_name = zone_name

    def title(self) -> str:
        """Choose the title by kind; a silent truck has one of its own."""
        key = "disrupted.silent" if self._silent() else self._alert.kind.value
        return self._catalogue[f"{key}.title"]

    def body(self) -> str:
        """Choose the sentence by kind and lead, and fill it."""
        key, given = self._sentence()
        return self._catalogue[key].format(category=self._category(), **given)

    def _sentence(self) -> tuple[str, dict[str, str]]:
        kind = self._alert.kind
        if kind is Kind.APPROACHING:
            return self._approaching()
        if kind is Kind.REMINDER:
            return self._reminder()
        when = self._when()
        if when is not None and self._silent():
            return "disrupted.silent.body", {"since": self._clock(self._alert.heard_ms) or "", "when": when}
        if kind in (Kind.CORRECTED, Kind.DISRUPTED) and when is not None:
            return f"{kind.value}.eta.body", {"when": when}
        return f"{kind.value}.body", {}

    def _approaching(self) -> tuple[str, dict[str, str]]:
        lead, when = self._alert.lead, self._when()
        if isinstance(lead, MetresLead):
            return "approaching.metres.body", {"metres": str(round(lead.metres))}
        if isinstance(lead, MinutesLead):
            return ("approaching.eta.body", {"when": when}) if when else ("approaching.soon.body", {})
        if self._zone_name:
            return "approaching.zone.body", {"zone": _shortened(self._zone_name)}
        return "approaching.own_zone.body", {}

    def _silent(self) -> bool:
        """Tell whether a truck is missed: when it was last heard, and expected, are known."""
        alert = self._alert
        return alert.kind is Kind.DISRUPTED and alert.heard_ms is not None and alert.eta_ms is not None

    def _reminder(self) -> tuple[str, dict[str, str]]:
        today = times.local(self._alert.fired_ms, self._city.timezone).date()
        day = date.fromisoformat(self._alert.service_day)
        if day == today:
            return "reminder.today.body", {}
        if day - today == timedelta(days=1):
            return "reminder.tomorrow.body", {}
        return "reminder.day.body", {"day": format_skeleton("MMMEd", day, locale=self._locale)}

    def _when(self) -> str | None:
        eta, low, high = (
            self._clock(instant) for instant in (self._alert.eta_ms, self._alert.eta_low_ms, self._alert.eta_high_ms)
        )
        if low is not None and high is not None and low != high:
            return self._catalogue["time.between"].format(low=low, high=high)
        return None if eta is None else self._catalogue["time.at"].format(time=eta)

    def _clock(self, instant_ms: int | None) -> str | None:
        if instant_ms is None:
            return None
        return format_time(times.local(instant_ms, self._city.timezone).time(), "short", locale=self._locale)

    def _category(self) -> str:
        return _shortened(self._category_name() or self._catalogue["category.generic"])

    def _category_name(self) -> str | None:
        names = next((c.names for c in self._city.categories if c.id == self._alert.category), {})
        return names.get(str(self._locale).replace("_", "-")) or names.get(self._locale.language)


def _shortened(text: str) -> str:
    """Cut a name that would fill the screen; a wide character takes two columns."""
    columns = 0
    for at, character in enumerate(text):
        columns += 2 if east_asian_width(character) in "WF" else 1
        if columns > _LONGEST_NAME_COLUMNS:
            return text[: at - 1].rstrip() + "…"
    return text
