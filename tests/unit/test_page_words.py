"""The words of the resident's page: whole in every language, used, filled, and fit for plurals."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from notifier.adapters.catalogues import languages
from web.adapters.page_words import LOCALES, PageWords, Text, WordsFault, read_page_words

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "web" / "resident_static").glob("*.js"))
SAID_BY_SERVER = [ROOT / "web" / "resident_pages.py"]
TAGS = ("en", "ja", "ja-easy", "ko", "pt", "vi", "zh-Hans", "zh-Hant")
WORDS = read_page_words()
MANY = {"en": {"one", "other"}, "pt": {"one", "other"}}


def used() -> set[str]:
    """Read every key that is asked for: word("...") in scripts, data-word in the frame, word/say in Python."""
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    pages = "".join(path.read_text(encoding="utf-8") for path in SAID_BY_SERVER)
    frame = (ROOT / "web" / "resident_static" / "page.html").read_text(encoding="utf-8")
    found = set(re.findall(r'\bword\("([^"]+)"', scripts)) | set(re.findall(r'data-word="([^"]+)"', frame))
    return found | set(re.findall(r'\b(?:word|say)\(["\']([^"\']+)["\']', pages))


def places(text: Text) -> set[str]:
    """Name what is filled in."""
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


def test_there_are_the_languages_that_were_promised() -> None:
    """Eight of them."""
    assert tuple(WORDS) == TAGS


def test_every_language_of_the_notifier_has_a_page() -> None:
    """Who reads pushes in a language reads the page in it, under the same tag."""
    assert set(languages()) <= set(WORDS)


@pytest.mark.parametrize("tag", TAGS)
def test_no_entry_is_missing_empty_or_unused(tag: str) -> None:
    """What scripts and pages ask for is there; what they do not ask for is gone."""
    entries = WORDS[tag].words
    assert sorted(used() - set(entries)) == []
    assert sorted(set(entries) - used()) == []
    assert [
        key for key, text in entries.items() if not text or (not isinstance(text, str) and not all(text.values()))
    ] == []


@pytest.mark.parametrize("tag", TAGS)
def test_a_sentence_has_the_same_places_in_every_language(tag: str) -> None:
    """Nothing that is filled in is lost in translation, and nothing is asked for that nobody gives."""
    english = WORDS["en"].words
    assert {key: places(text) for key, text in WORDS[tag].words.items()} == {
        key: places(text) for key, text in english.items()
    }


@pytest.mark.parametrize("tag", TAGS)
def test_plurals_are_said_by_the_browsers_own_categories(tag: str) -> None:
    """Gettext's numbered forms become those that Intl.PluralRules names."""
    with_plurals = {key for key, text in WORDS["en"].words.items() if not isinstance(text, str)}
    assert with_plurals
    for key in with_plurals:
        text = WORDS[tag].words[key]
        assert not isinstance(text, str)
        assert set(text) == MANY.get(tag, {"other"})
    if tag == "en":
        assert WORDS[tag].words["lead.short"] == {"one": "{n} minute before", "other": "{n} minutes before"}


@pytest.mark.parametrize("tag", TAGS)
def test_each_catalogue_says_whether_a_speaker_has_reviewed_it(tag: str) -> None:
    """Until one has, it says no."""
    text = (LOCALES / tag / "LC_MESSAGES" / "page.po").read_text(encoding="utf-8")
    assert '"X-Native-Speaker-Review: no\\n"' in text
    assert not WORDS[tag].reviewed


@pytest.mark.parametrize("tag", sorted(set(TAGS) - {"en", "pt"}))
def test_little_is_left_in_english(tag: str) -> None:
    """A sentence that stands as it stands in English was forgotten; proper names alone may."""
    same = {key for key, text in WORDS[tag].words.items() if text == WORDS["en"].words[key]}
    assert same <= {"home.title", "line.title", "devices.line", "devices.email", "email.title"}


def test_no_word_for_residents_stands_in_a_script() -> None:
    """Japanese in a script would be read by a newcomer too; the base map's attribution is a name."""
    found = {
        path.name: re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]+", path.read_text(encoding="utf-8")) for path in SCRIPTS
    }
    assert {name: texts for name, texts in found.items() if texts} == {"map.js": ["地理院タイル"]}


def test_a_broken_catalogue_is_named(tmp_path: Path) -> None:
    """The message says which file, and what to do."""
    path = tmp_path / "xx" / "LC_MESSAGES" / "page.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(WordsFault, match=r"page\.po.*put back"):
        read_page_words(tmp_path)


def test_a_sentence_with_plurals_is_not_said_without_a_number() -> None:
    """The server says whole sentences only."""
    with pytest.raises(KeyError, match="plurals"):
        PageWords("en", {"a": {"one": "x", "other": "y"}}).say("a")
