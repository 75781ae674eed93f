"""What is wrong with a payload that could not be read, in words for who set up the tracker, with what to do.

Pure. Turns the JSON library's messages into ours; one that it does not know is repeated as it is.
"""

from __future__ import annotations

import re

_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_AT = re.compile(r" - at `\$\.?([^`]+)`$")
_RANGE = "Number out of range"
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def explained(error: Exception, needs: str) -> str:
    """Say what is wrong and what to send; `needs` names the fields that a message of the dialect must hold."""
    if isinstance(error, UnicodeDecodeError):
        return "the payload is not UTF-8 text; send JSON in UTF-8"
    if isinstance(error, RecursionError):
        return f"the payload is nested too deeply; send a flat JSON object with {needs}"
    text = str(error)
    if "JSON is malformed" in text:
        return f"the payload is no JSON{_where(text)}; send {needs}"
    if "truncated" in text:
        return f"the payload is empty, or its end is missing; send {needs}"
    return _misfit(text, needs)


def _misfit(text: str, needs: str) -> str:
    """Explain JSON that is whole, and holds something else than was expected."""
    at = _AT.search(text)
    field = at.group(1) if at else None
    if missing := _MISSING.match(text):
        name = f"{field}.{missing.group(1)}" if field else missing.group(1)
        return f"the field {name} is missing; send {needs}"
    if expected := _EXPECTED.match(text):
        wanted, got = _kind(expected.group(1)), expected.group(2)
        got = "a decimal number" if got == "float" else _kind(got)
        return f"{field or 'the payload'} is {got}, and must be {wanted}" + ("" if field else f" with {needs}")
    if text.startswith(_RANGE):
        return f"{field or 'a number'} is out of range; send a smaller number"
    return f"the payload cannot be read ({text}); send {needs}"


def _kind(types: str) -> str:
    names = types.split(" | ")
    wanted = [name for name in names if name != "null"] or names
    if {"int", "float"} <= set(wanted):
        wanted.remove("int")
    return " or ".join(_TYPES.get(name, name) for name in wanted)


def _where(text: str) -> str:
    found = re.search(r"\(byte (\d+)\)$", text)
    return f" from byte {found.group(1)} on" if found else ""
