"""Who follows a city's streams beside those that work them off, such as the archive: how far each has come.

What a follower has not passed is not trimmed (geofence/worker.py, notifier/house.py), within a bound. Pure but for the
store that comes in.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.ids import place
from streams.ports import START, Tables

HASH = "followers"


def cursor_of(store: Tables, city: str, name: str) -> str:
    """Tell how far a follower has come; START before it began."""
    return passed(store, city, [name])


def passed(store: Tables, city: str, names: Sequence[str]) -> str:
    """Tell what all the named followers have passed."""
    known = store.fields(city, HASH, names)
    return min((known.get(name, START.encode()).decode() for name in names), key=place)


def move(store: Tables, city: str, name: str, was: str, cursor: str) -> bool:
    """Note that a follower came from `was` to `cursor`; False when it stands elsewhere by now."""
    expected = None if was == START else was.encode()
    if store.transact(city, HASH, {name: cursor.encode()}, (), {}, {name: expected}):
        return True
    return cursor_of(store, city, name) == cursor  # the answer to an earlier try was lost
