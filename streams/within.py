"""Checks of what a caller hands in, the same for every adapter, so that memory refuses what a cluster would. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from streams.ids import place
from streams.ports import Commit


def one_city(city: str, names: Iterable[str]) -> None:
    """Raise ValueError unless every key belongs to the city: one transaction lives in one slot of a cluster."""
    for name in names:
        if f"{{{city}}}" not in name:
            raise ValueError(f"{name!r} is no key of city {city!r}: make it with streams.keys")


def onward(commit: Commit) -> None:
    """Raise ValueError unless the commit moves the cursor: otherwise a repeat could not be told from a new commit."""
    if place(commit.cursor) <= place(commit.was):
        raise ValueError(f"a commit moves the cursor onward, not from {commit.was} to {commit.cursor}")
