"""What is said about devices, and in LINE's conversation: the catalogue `channels.po` of each language. Pure.

Apart from what alerts say (words.py): a city without LINE need not translate a conversation.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from babel import Locale
from babel.dates import format_time

from model import times
from model.subscription import TargetKind
from notifier.catalogue import Catalogue, spoken
from notifier.ports import Message, Notice
from residents.today import State, Today

ENTRIES: dict[str, frozenset[str]] = {
    "device.browser": frozenset(),
    "device.app": frozenset(),
    "device.line": frozenset(),
    "device.email": frozenset(),
    "target_lost.title": frozenset(),
    "target_lost.silent.body": frozenset({"device"}),
    "target_lost.gone.body": frozenset({"device"}),
    "line_capped.title": frozenset(),
    "line_capped.body": frozenset(),
    "test.title": frozenset(),
    "test.body": frozenset(),
    "unseen.title": frozenset(),
    "unseen.body": frozenset(),
    "line.questions": frozenset(),
    "line.greeting": frozenset(),
    "line.linked": frozenset(),
    "line.bad_code": frozenset(),
    "line.unlinked": frozenset(),
    "line.help": frozenset(),
    "today.no_collection": frozenset(),
    "today.not_started": frozenset(),
    "today.on_its_way": frozenset(),
    "today.window": frozenset({"low", "high"}),
    "today.passed": frozenset({"time"}),
    "today.no_signal": frozenset({"time"}),
    "today.unknown": frozenset(),
}
"""`line.questions`: what people write to ask when the truck comes, several with | between."""

_DEVICES = {
    TargetKind.WEBPUSH: "device.browser",
    TargetKind.LINE: "device.line",
    TargetKind.EMAIL: "device.email",
}


class ChannelWords:
    """The catalogues by language tag, and what is said with them."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = dict(catalogues)

    def language(self, *wanted: str) -> str:
        """Choose the first language that there is, else English."""
        return spoken(self._catalogues, *wanted)

    def say(self, key: str, language: str, **given: str) -> str:
        """Say one entry."""
        return self._catalogues[self.language(language)][key].format(**given)

    def notice(self, notice: Notice, lang: str, tag: str, lost: TargetKind, gone: bool = False) -> Message:
        """Word a notice about a device of kind `lost`: one that is `gone`, or one that showed nothing."""
        given, key = {}, f"{notice.value}.body"
        if notice is Notice.TARGET_LOST:
            key = "target_lost.gone.body" if gone else "target_lost.silent.body"
            given = {"device": self.say(_DEVICES.get(lost, "device.app"), lang)}
        return Message(self.say(f"{notice.value}.title", lang), self.say(key, lang, **given), tag, lang)

    def today(self, today: Today, language: str, timezone: str) -> str:
        """Say in one sentence how today's collection stands."""
        lang, window = self.language(language), today.window
        at = {State.PASSED: today.passed_ms, State.NO_SIGNAL: today.heard_ms}.get(today.state)
        if today.state is State.WINDOW and window is not None:
            low, high = (_clock(instant, lang, timezone) for instant in (window.low_ms, window.high_ms))
            return self.say("today.window", lang, low=low, high=high)
        if at is not None:
            return self.say(f"today.{today.state.value}", lang, time=_clock(at, lang, timezone))
        timeless = (State.NO_COLLECTION, State.NOT_STARTED, State.ON_ITS_WAY)
        return self.say(f"today.{today.state.value}" if today.state in timeless else "today.unknown", lang)

    def asks_when(self, text: str) -> bool:
        """Tell whether a text asks when the truck comes, in whichever language."""
        asked = plain(text)
        questions = (each for one in self._catalogues.values() for each in one["line.questions"].split("|"))
        return any(plain(question) in asked for question in questions if plain(question))


def plain(text: str) -> str:
    """Reduce a text to its letters and digits: widths, capitals, spaces and punctuation do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _clock(instant_ms: int, lang: str, timezone: str) -> str:
    return format_time(times.local(instant_ms, timezone).time(), "short", locale=Locale.parse(lang, sep="-"))
