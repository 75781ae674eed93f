"""Reads the catalogues `channels.po`, beside those of the alerts, and refuses a set that is not whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from babel import UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po

from notifier.adapters.catalogues import LOCALES, CatalogueFault
from notifier.channel_words import ChannelWords, locale_of, problems
from notifier.words import LAST_RESORT

_REVIEW = re.compile(r'^"X-Native-Speaker-Review: (yes|no)\\n"$', re.MULTILINE)


def load_channel_words(folder: Path = LOCALES) -> ChannelWords:
    """Read every language of the folder; raise CatalogueFault unless all of them are whole."""
    paths = sorted(folder.glob("*/LC_MESSAGES/channels.po"))
    catalogues = {path.parent.parent.name: read_channel_catalogue(path) for path in paths}
    if LAST_RESORT not in catalogues:
        raise CatalogueFault(f"{folder}: there is no channels.po for {LAST_RESORT!r}, which all others fall back to")
    return ChannelWords(catalogues)


def read_channel_catalogue(path: Path) -> Mapping[str, str]:
    """Read and check one language."""
    language = path.parent.parent.name
    try:
        text = path.read_text(encoding="utf-8")
        catalog = read_po(text.splitlines(keepends=True), locale=locale_of(language), abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError, UnknownLocaleError, ValueError) as error:
        raise CatalogueFault(f"{path}: cannot be read: {error}") from error
    texts = {str(entry.id): str(entry.string) for entry in catalog if entry.id}
    found = problems(texts)
    if _REVIEW.search(text) is None:
        found.append('the header lacks "X-Native-Speaker-Review: yes" or "no"')
    if found:
        raise CatalogueFault(f"{path}: " + "; ".join(found))
    return texts
