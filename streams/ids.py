"""Entry ids such as 1763875200000-3 (milliseconds, then a running number) as values that can be compared. Pure."""

from __future__ import annotations

Place = tuple[int, int]
"""An id as numbers: ids stand in the order of their places."""


def place(entry_id: str) -> Place:
    """Tell where an id stands, as numbers that compare; raise ValueError if it is none."""
    milliseconds, dash, number = entry_id.partition("-")
    if not dash:
        raise ValueError(f"{entry_id!r} is no entry id; one looks like 1763875200000-3")
    return int(milliseconds), int(number)


def text(where: Place) -> str:
    """Write a place as an id."""
    return f"{where[0]}-{where[1]}"


def following(entry_id: str) -> str:
    """Name the smallest id that comes after another."""
    milliseconds, number = place(entry_id)
    return text((milliseconds, number + 1))
