"""The resident's pages as text: the frame that scripts fill, the privacy page, the list of cities, the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import msgspec

from model.city import City
from web.adapters.page_words import PageWords
from web.resident_files import STATIC

PRIVATE = "privacy."
"""Entries of the privacy page are not sent to the browser, but for the link to it."""

THEME = "#0b6b3a"
_encode = msgspec.json.encode
_frame = (STATIC / "page.html").read_text(encoding="utf-8")


class Shown(NamedTuple):
    """What a page is made for."""

    city: City
    words: PageWords
    leaflet: bool = False

    def word(self, key: str) -> str:
        """Give a sentence, with the city's name in its place, safe to stand in HTML."""
        return escape(self.words.say(key, city=self.city.name))


def words_of(tag: str, words: Mapping[str, PageWords]) -> bytes:
    """Write a language's words as the browser reads them, with the list of languages."""
    sent = {key: text for key, text in words[tag].words.items() if not key.startswith(PRIVATE) or key == "privacy.link"}
    names = [{"tag": each.tag, "name": each.say("language.name")} for each in _in_order(words)]
    return _encode({"lang": tag, "words": sent, "languages": names})


def _in_order(words: Mapping[str, PageWords]) -> list[PageWords]:
    first = ("ja", "ja-easy", "en")
    rest = sorted(tag for tag in words if tag not in first)
    return [words[tag] for tag in (*(tag for tag in first if tag in words), *rest)]


def city_page(shown: Shown) -> str:
    """Make the frame of a city's page in the language that it begins with."""
    filled = {
        "{language}": escape(shown.words.tag),
        "{spoken}": spoken(shown.words.tag),
        "{city}": escape(shown.city.id),
        "{name}": escape(shown.city.name),
        "{leaflet}": ' data-leaflet="yes"' if shown.leaflet else "",
        "{skip}": shown.word("skip"),
        "{speech}": shown.word("speech.label"),
        "{noscript}": shown.word("noscript"),
        "{privacy}": shown.word("privacy.link"),
    }
    text = _frame
    for place, value in filled.items():
        text = text.replace(place, value)
    return text


def manifest(shown: Shown, here: bool) -> bytes:
    """Make the manifest. `here`: no start address, so that an iPhone keeps the one that stands, with its code."""
    icons = [
        {"src": "assets/icon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "assets/icon-192.png", "sizes": "192x192", "type": "image/png"},
        {"src": "assets/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
    ]
    made: dict[str, Any] = {
        "id": "./",
        "name": f"{shown.city.name} {shown.words.say('push.fallback.title')}",
        "short_name": shown.city.name,
        "lang": spoken(shown.words.tag),
        "scope": "./",
        "display": "standalone",
        "background_color": "#f1f4ee",
        "theme_color": THEME,
        "icons": icons,
    }
    return _encode(made if here else made | {"start_url": "./"})


def privacy_page(shown: Shown) -> str:
    """Make the privacy page: what is kept, who else takes part, for how long, what one may do."""
    word = shown.word
    parts = [
        f"<h1>{word('privacy.title')}</h1><p>{word('privacy.intro')}</p>",
        _section(
            word("privacy.kept"),
            word("privacy.kept.place"),
            word("privacy.kept.wishes"),
            word("privacy.kept.devices"),
            word("privacy.kept.shown"),
        ),
        _section(word("privacy.not"), word("privacy.not.sell"), word("privacy.not.name")),
        _section(word("privacy.who"), word("privacy.who.push"), word("privacy.who.line"), word("privacy.who.map")),
        f"<h2>{word('privacy.long')}</h2><p>{word('privacy.long.text')}</p>",
        f"<h2>{word('privacy.rights')}</h2><p>{word('privacy.rights.text')}</p>",
        f'<p><a href="../">{word("privacy.back")}</a></p>',
    ]
    title = f"{word('privacy.title')} – {escape(shown.city.name)}"
    return _plain(spoken(shown.words.tag), title, escape(shown.city.name), "".join(parts), "../assets/")


def spoken(tag: str) -> str:
    """Give the language as it is read out: a manner of it, such as ja-easy, is the language itself."""
    return escape(tag.removesuffix("-easy"))


def _section(title: str, *points: str) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{each}</li>' for each in points)}</ul>"


def front_page(cities: Sequence[City], words: PageWords) -> str:
    """List the cities."""
    rows = "".join(f'<li><a class="row" href="c/{escape(each.id)}/">{escape(each.name)}</a></li>' for each in cities)
    title = escape(words.say("push.fallback.title"))
    return _plain(spoken(words.tag), title, title, f'<h1>{title}</h1><ul class="menu">{rows}</ul>', "assets/")


def _plain(language: str, title: str, brand: str, body: str, assets: str) -> str:
    """A page without scripts, in the same dress."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="{assets}icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{assets}page.css"></head><body><header><p class="brand">'
        f'<img src="{assets}icon.svg" alt="" width="36" height="36"> <span>{brand}</span></p></header>'
        f'<main class="privacy">{body}</main></body></html>'
    )
