"""Codes that people print, type and read out: letters and digits that cannot be taken for one another. Pure.

The last character checks the others: every single wrong character is noticed, and nearly every exchange of two.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
GROUP = 4
RECOVERY_LENGTH = 16
"""75 random bits and the check: no guessing reaches it, and four times four characters fit on a card."""

LINK_LENGTH = 12
"""55 random bits and the check, for a code that lives ten minutes and works once."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def code_of(chance: int, length: int) -> str:
    """Write random bits (5 for each character but the last) as a code in groups of four."""
    values = [(chance >> (5 * place)) & 31 for place in range(length - 1)]
    text = "".join(ALPHABET[value] for value in (*values, _check(values)))
    return "-".join(text[at : at + GROUP] for at in range(0, length, GROUP))


def bits_of(length: int) -> int:
    """Tell how many random bits a code of so many characters takes."""
    return 5 * (length - 1)


def read_code(text: str, length: int) -> str | None:
    """Read a code as typed (full width, small letters, other dashes, spaces); None if it can be none."""
    plain = unicodedata.normalize("NFKC", text).upper()
    code = "".join(character for character in plain if character.isascii() and character.isalnum())
    values = [_VALUES.get(character, -1) for character in code]
    if len(code) != length or -1 in values or _check(values[:-1]) != values[-1]:
        return None
    return code


def code_index(key: bytes, code: str) -> str:
    """Derive under what name a code is stored: with the city's key, so that the store alone tells no code."""
    return hmac.new(key, code.replace("-", "").encode(), hashlib.sha256).hexdigest()


def _check(values: list[int]) -> int:
    return sum((2 * place + 1) * value for place, value in enumerate(values)) % 32
