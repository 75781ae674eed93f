"""What every message catalogue is held to, whatever it is about, and which of several speaks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from string import Formatter

Catalogue = Mapping[str, str]
"""Texts by entry."""

Entries = Mapping[str, frozenset[str]]
"""The whole list of what a catalogue must hold, each with the placeholders that it may use."""

LAST_RESORT = "en"
_SCRIPTS = {"zh-CN": "zh-Hans", "zh-SG": "zh-Hans", "zh": "zh-Hans", "zh-TW": "zh-Hant", "zh-HK": "zh-Hant"}
"""The Chinese that is written in a country."""


def spoken(there: Collection[str], *wanted: str) -> str:
    """Choose the first of some languages that there is a catalogue for, else English."""
    for tag in wanted:
        for candidate in (tag, _SCRIPTS.get(tag, ""), tag.partition("-")[0]):
            if candidate in there:
                return candidate
    return LAST_RESORT


def problems(catalogue: Catalogue, entries: Entries) -> list[str]:
    """Find what is wrong with a catalogue: entries that are missing, empty, unused, or ask for what there is not."""
    found = [f"{key!r} is missing or empty" for key in sorted(entries) if not catalogue.get(key)]
    found += [f"{key!r} is used nowhere; remove it" for key in sorted(set(catalogue) - set(entries))]
    for key in sorted(set(catalogue) & set(entries)):
        found += _placeholder_problems(key, catalogue[key], entries[key])
    return found


def _placeholder_problems(key: str, text: str, wanted: frozenset[str]) -> list[str]:
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        return [f"{key!r} is no valid template: {error}"]
    if used == wanted or not text:
        return []
    return [f"{key!r} uses {sorted(used)} where {sorted(wanted)} is wanted"]
