"""Dead letters: the entries of a city's alert stream that were given up, to be read, sent again, or dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from model.alert import Alert, decode_alert
from streams import keys
from streams.ports import START, OrderedLog

_PAGE = 500
_decoder = msgspec.msgpack.Decoder(tuple[str, int, bytes])


class NoSuchLetter(LookupError):
    """There is no dead letter with this id; it may have been sent again or dropped meanwhile."""


class DeadLetter(NamedTuple):
    """One of them; `alert` is None where the bytes are none."""

    id: str
    why: str
    tries: int
    data: bytes
    alert: Alert | None


def letters(store: OrderedLog, city: str) -> Iterator[DeadLetter]:
    """Read all of a city's, oldest first."""
    after = START
    while page := store.read(keys.dead(city), after, _PAGE, 0):
        for entry in page:
            yield _letter(entry.id, entry.data)
        after = page[-1].id


def find(store: OrderedLog, city: str, letter_id: str) -> DeadLetter:
    """Read one; raise NoSuchLetter."""
    for letter in letters(store, city):
        if letter.id == letter_id:
            return letter
    raise NoSuchLetter(f"{city} has no dead letter {letter_id}")


def resend(store: OrderedLog, city: str, letter_id: str) -> DeadLetter:
    """Put one back among the alerts, then forget it: a crash between leaves it in both places, under the same tag."""
    letter = find(store, city, letter_id)
    store.append(keys.alerts(city), [letter.data])
    store.remove(keys.dead(city), [letter_id])
    return letter


def drop(store: OrderedLog, city: str, letter_id: str) -> DeadLetter:
    """Forget one for good."""
    letter = find(store, city, letter_id)
    store.remove(keys.dead(city), [letter_id])
    return letter


def _letter(entry_id: str, data: bytes) -> DeadLetter:
    try:
        why, tries, original = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return DeadLetter(entry_id, "written by something else than Gomikuru", 0, data, None)
    try:
        return DeadLetter(entry_id, why, tries, original, decode_alert(original))
    except msgspec.MsgspecError:
        return DeadLetter(entry_id, why, tries, original, None)
