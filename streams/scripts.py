"""The Lua scripts, read from streams/lua when first used: each is one indivisible step inside the store."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_BASES = {"commit": "writing", "transact": "writing", "trim_done": "groups", "backlog": "groups"}
"""Scripts that stand on the functions of another file."""


class Script(NamedTuple):
    """A script's text, and the name under which the store remembers it."""

    text: str
    sha: str


@lru_cache(maxsize=64)
def script(name: str) -> Script:
    """Read a script."""
    folder = files("streams") / "lua"
    parts = [_BASES[name], name] if name in _BASES else [name]
    text = "".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
