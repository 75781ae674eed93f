"""What is said about devices and in LINE's conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.subscription import TargetKind
from model.times import parse_rfc3339
from notifier.adapters.catalogues import CHANNELS, LOCALES, CatalogueFault, load_channel_words, read_catalogue
from notifier.channel_words import ENTRIES, ChannelWords
from notifier.ports import Notice
from residents.today import State, Today, Window

PATHS = sorted(LOCALES.glob("*/LC_MESSAGES/channels.po"))
WORDS = load_channel_words()
AT = parse_rfc3339("2026-11-23T09:12:00+09:00")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.parent.name)
def test_every_notice_fits_a_lock_screen(path: Path) -> None:
    """Under 80 characters of title and body in Japanese; under 180 elsewhere."""
    language = path.parent.parent.name
    for notice in Notice:
        for kind in TargetKind:
            for gone in (False, True):
                said = WORDS.notice(notice, language, "t", kind, gone)
                assert said.lang == language
                assert len(said.title) + len(said.body) < (80 if language == "ja" else 180)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.parent.name)
def test_every_state_of_a_day_has_words(path: Path) -> None:
    """With what belongs to it, and without: never a brace, never nothing."""
    language = path.parent.parent.name
    window = Window(AT, AT + 240_000, AT + 480_000)
    whole = {state: Today(state=state, window=window, passed_ms=AT, heard_ms=AT) for state in State}
    said = {state: WORDS.today(today, language, "Asia/Tokyo") for state, today in whole.items()}
    assert len(set(said.values())) == len(State)
    assert all("9:12" in said[state] for state in (State.WINDOW, State.PASSED, State.NO_SIGNAL))
    bare = [WORDS.today(Today(state=state), language, "Asia/Tokyo") for state in State]
    assert all(text and "{" not in text for text in [*said.values(), *bare])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.parent.name)
def test_a_catalogue_holds_every_entry_and_no_other(path: Path) -> None:
    """Whoever translates it misses nothing."""
    language = path.parent.parent.name
    assert set(read_catalogue(language, LOCALES, CHANNELS, ENTRIES).texts) == set(ENTRIES)


def test_a_language_that_is_not_there_falls_back() -> None:
    """To the next that was asked for, then to English."""
    assert WORDS.language("de", "ja") == "ja"
    assert WORDS.language("ja-JP") == "ja"
    assert WORDS.language("de") == "en"


@pytest.mark.parametrize("text", ["いつ来る？", "何時ごろ", "When?", "ｗｈｅｎ", "まだ来ない", "what time"])
def test_the_question_is_understood(text: str) -> None:
    """In any language's words, any width, with or without a question mark."""
    assert WORDS.asks_when(text)


@pytest.mark.parametrize("text", ["ありがとう", "thanks", "", "K7PW-9Q2M-ABCD", "🙂"])
def test_what_is_no_question_is_none(text: str) -> None:
    """Nor is a code."""
    assert not WORDS.asks_when(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('msgid "line.help"', 'msgid "line.helps"', "'line.help' is missing"),
        ("{device}", "{devise}", "uses ['devise']"),
        ("X-Native-Speaker-Review", "X-Review", "the header lacks"),
    ],
)
def test_a_catalogue_that_is_not_whole_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """At the start, with file and entry."""
    path = tmp_path / "en" / "LC_MESSAGES" / "channels.po"
    path.parent.mkdir(parents=True)
    path.write_text((LOCALES / "en/LC_MESSAGES/channels.po").read_text(encoding="utf-8").replace(old, new))
    with pytest.raises(CatalogueFault) as refused:
        load_channel_words(tmp_path)
    assert said in str(refused.value)


def test_without_english_there_is_no_last_resort(tmp_path: Path) -> None:
    """An empty folder is told."""
    with pytest.raises(CatalogueFault, match=r"no channels\.po for 'en'"):
        load_channel_words(tmp_path)
    assert isinstance(WORDS, ChannelWords)
