"""One language in one city: its sentences, dates, times and lists, and what the city calls its waste. Pure.

Babel does what the trade has a tool for; what the catalogues hold is whole sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from unicodedata import east_asian_width

from babel import Locale
from babel.dates import format_skeleton, format_time, format_timedelta
from babel.lists import format_list

from model import times
from model.city import City
from notifier.catalogue import Catalogue

NAME_COLUMNS, LIST_COLUMNS, REASON_COLUMNS = 22, 36, 44
_UNSPACED = ("ja", "zh")
_DENSE = ("ja", "zh", "ko")
_FITS, _FITS_DENSE = 178, 79
"""So many characters of title and body a lock screen shows."""


class Tongue:
    """Says things in one language; a `lang` such as ja-easy is a manner of its locale, ja."""

    def __init__(self, catalogue: Catalogue, lang: str, city: City) -> None:
        self._catalogue = catalogue
        self._city = city
        self.lang = lang
        self.locale = Locale.parse(lang, sep="-")
        self.timezone = city.timezone
        self.policy = city.policy

    def say(self, key: str, **given: str) -> str:
        """Fill a sentence of the catalogue."""
        return self._catalogue[key].format(**given)

    def joined(self, title: str, sentences: Sequence[str]) -> str:
        """Put sentences together, the first always, then those that still fit on a lock screen beside the title."""
        text, most = sentences[0], _FITS_DENSE if self.locale.language in _DENSE else _FITS
        for sentence in sentences[1:]:
            longer = self.say("sentences", first=text, second=sentence)
            text = longer if len(title) + len(longer) <= most else text
        return text

    def clock(self, instant_ms: int) -> str:
        """Say a local time of day."""
        return format_time(times.local(instant_ms, self._city.timezone).time(), "short", locale=self.locale)

    def day(self, day: date) -> str:
        """Say a day with its weekday, without the year."""
        return format_skeleton("MMMEd", day, locale=self.locale)

    def minutes(self, count: int) -> str:
        """Say so many minutes."""
        said = format_timedelta(timedelta(minutes=count), granularity="minute", threshold=1000, locale=self.locale)
        return said.replace(" ", "") if self.locale.language in _UNSPACED else said

    def category(self, category: str | None) -> str:
        """Say what the city calls a kind of waste; rubbish where it is not known, or has no name in this language."""
        return shortened(self._name(category), NAME_COLUMNS)

    def categories(self, categories: Iterable[str]) -> str:
        """Say several kinds of waste, each name once."""
        names = list(dict.fromkeys(self._name(each) for each in categories))
        return shortened(format_list(names, locale=self.locale), LIST_COLUMNS) if names else self.category(None)

    def reason(self, reasons: Mapping[str, str]) -> str | None:
        """Say why, in this language, else in the city's, else in whichever there is; None where nobody said."""
        said = self._of_mine(reasons) or reasons.get(self._city.language) or next(iter(reasons.values()), "")
        return shortened(" ".join(said.split()), REASON_COLUMNS).rstrip("。．.") or None

    def _name(self, category: str | None) -> str:
        names: Mapping[str, str] = next((c.names for c in self._city.categories if c.id == category), {})
        return self._of_mine(names) or self._catalogue["category.generic"]

    def _of_mine(self, texts: Mapping[str, str]) -> str | None:
        tags = (self.lang, str(self.locale).replace("_", "-"), self.locale.language)
        regional = (tag for tag in texts if tag.startswith(f"{self.lang}-") and self.lang != "zh")
        return next((texts[tag] for tag in (*tags, *regional) if texts.get(tag)), None)


def shortened(text: str, most_columns: int) -> str:
    """Cut a name that would fill the screen; a wide character takes two columns."""
    columns = 0
    for at, character in enumerate(text):
        columns += 2 if east_asian_width(character) in "WF" else 1
        if columns > most_columns:
            return text[: at - 1].rstrip() + "…"
    return text
