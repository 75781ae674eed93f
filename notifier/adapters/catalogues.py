"""Reads the message catalogues (gettext .po files) at start-up, and refuses a set that is not whole.

The .po files are read as they are, with Babel: no compile step, no .mo files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po

from notifier.tongue import Catalogue
from notifier.words import LAST_RESORT, Words, problems

LOCALES = Path(__file__).resolve().parent.parent / "locales"
_REVIEW = re.compile(r'^"X-Native-Speaker-Review: (yes|no)\\n"$', re.MULTILINE)


class CatalogueFault(Exception):
    """A message catalogue is broken; the message names the file and every entry at fault."""


class ReadCatalogue(NamedTuple):
    """One catalogue: its texts by entry, and whether a native speaker has reviewed them."""

    texts: Catalogue
    reviewed: bool


def load_words(folder: Path = LOCALES) -> Words:
    """Read every language of the folder; raise CatalogueFault unless all of them are whole."""
    there = languages(folder)
    if LAST_RESORT not in there:
        raise CatalogueFault(f"{folder}: there is no catalogue for {LAST_RESORT!r}, which all others fall back to")
    return Words({language: read_catalogue(language, folder).texts for language in there})


def languages(folder: Path = LOCALES) -> list[str]:
    """Name the languages that the folder has a catalogue for, without reading any."""
    return sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/notifier.po"))


def read_catalogue(language: str, folder: Path = LOCALES) -> ReadCatalogue:
    """Read and check one language."""
    path = folder / language / "LC_MESSAGES" / "notifier.po"
    try:
        text = path.read_text(encoding="utf-8")
        catalog = read_po(text.splitlines(keepends=True), locale=Locale.parse(language, sep="-"), abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError, UnknownLocaleError, ValueError) as error:
        raise CatalogueFault(f"{path}: cannot be read: {error}") from error
    texts = {str(entry.id): str(entry.string) for entry in catalog if entry.id}
    review = _REVIEW.search(text)
    found = problems(texts)
    if review is None:
        found.append('the header lacks "X-Native-Speaker-Review: yes" or "no"')
    if found or review is None:
        raise CatalogueFault(f"{path}: " + "; ".join(found))
    return ReadCatalogue(texts, review.group(1) == "yes")
