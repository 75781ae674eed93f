"""Numbers with their nouns, for what commands print: 1 home, 2 homes."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Put a number before its noun, in the right form; the plural takes an s where none is given."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
