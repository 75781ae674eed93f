"""Reads the message catalogues (gettext .po files) at start-up, and refuses a set that is not whole.

The .po files are read as they are, with Babel: no compile step, no .mo files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po

from notifier import channel_words, words
from notifier.catalogue import LAST_RESORT, Catalogue, Entries, problems
from notifier.channel_words import ChannelWords
from notifier.words import Words

LOCALES = Path(__file__).resolve().parent.parent / "locales"
ALERTS, CHANNELS = "notifier.po", "channels.po"
_REVIEW = re.compile(r'^"X-Native-Speaker-Review: (yes|no)\\n"$', re.MULTILINE)


class CatalogueFault(Exception):
    """A message catalogue is broken; the message names the file and every entry at fault."""


class ReadCatalogue(NamedTuple):
    """One catalogue: its texts by entry, and whether a native speaker has reviewed them."""

    texts: Catalogue
    reviewed: bool


def load_words(folder: Path = LOCALES) -> Words:
    """Read every language of what alerts say; raise CatalogueFault unless all of them are whole."""
    return Words(_load(ALERTS, words.ENTRIES, folder))


def load_channel_words(folder: Path = LOCALES) -> ChannelWords:
    """Read every language of what is said of devices; raise CatalogueFault unless all of them are whole."""
    return ChannelWords(_load(CHANNELS, channel_words.ENTRIES, folder))


def languages(folder: Path = LOCALES, file: str = ALERTS) -> list[str]:
    """Name the languages that the folder has a catalogue for, without reading any."""
    return sorted(path.parent.parent.name for path in folder.glob(f"*/LC_MESSAGES/{file}"))


def _load(file: str, entries: Entries, folder: Path) -> dict[str, Catalogue]:
    there = languages(folder, file)
    if LAST_RESORT not in there:
        raise CatalogueFault(f"{folder}: there is no {file} for {LAST_RESORT!r}, which all others fall back to")
    return {language: read_catalogue(language, folder, file, entries).texts for language in there}


def read_catalogue(
    language: str, folder: Path = LOCALES, file: str = ALERTS, entries: Entries = words.ENTRIES
) -> ReadCatalogue:
    """Read and check one language of one file."""
    path = folder / language / "LC_MESSAGES" / file
    try:
        text = path.read_text(encoding="utf-8")
        catalog = read_po(text.splitlines(keepends=True), locale=Locale.parse(language, sep="-"), abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError, UnknownLocaleError, ValueError) as error:
        raise CatalogueFault(f"{path}: cannot be read: {error}") from error
    texts = {str(entry.id): str(entry.string) for entry in catalog if entry.id}
    review = _REVIEW.search(text)
    found = problems(texts, entries)
    if review is None:
        found.append('the header lacks "X-Native-Speaker-Review: yes" or "no"')
    if found or review is None:
        raise CatalogueFault(f"{path}: " + "; ".join(found))
    return ReadCatalogue(texts, review.group(1) == "yes")
