"""The words of the resident's page: web/locales/<language>/LC_MESSAGES/page.po, as the browser wants them."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import c2py
from pathlib import Path

import msgspec
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

LOCALES = Path(__file__).resolve().parents[1] / "locales"
SAMPLED = range(201)
"""Numbers by which gettext's plural forms and CLDR's categories are laid side by side."""

Text = str | Mapping[str, str]


class WordsFault(Exception):
    """A catalogue of the page cannot be used; the message names it and says what to do."""


class PageWords(msgspec.Struct, frozen=True):
    """One language: `words` by key, a sentence or one for each plural category (zero, one, few, many, other)."""

    tag: str
    words: Mapping[str, Text]
    reviewed: bool = False

    def say(self, key: str, **values: str) -> str:
        """Give a sentence without plural, filled. Raise KeyError for a key that is not there."""
        text = self.words[key]
        if not isinstance(text, str):
            raise KeyError(f"{key} has plurals")
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text


def read_page_words(folder: Path = LOCALES) -> dict[str, PageWords]:
    """Read every language that there is. Raise WordsFault."""
    return {path.parts[-3]: _read(path) for path in sorted(folder.glob("*/LC_MESSAGES/page.po"))}


def _read(path: Path) -> PageWords:
    tag = path.parts[-3]
    try:
        with path.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError, ValueError) as error:
        raise WordsFault(f"{path}: {error}; put back the file as it was released") from error
    words = {_key(message.id): _text(message.string, catalog, tag) for message in catalog if message.id}
    reviewed = dict(catalog.mime_headers).get("X-Native-Speaker-Review", "no")
    return PageWords(tag, words, reviewed.strip() != "no")


def _key(message_id: str | tuple[str, ...] | list[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def _text(string: str | tuple[str, ...] | list[str] | None, catalog: Catalog, tag: str) -> Text:
    if isinstance(string, str) or string is None:
        return string or ""
    rule = Locale.parse(tag.split("-", maxsplit=1)[0]).plural_form
    form_of = c2py(catalog.plural_expr or get_plural(tag)[1])
    return {rule(number): string[form_of(number)] for number in SAMPLED}
