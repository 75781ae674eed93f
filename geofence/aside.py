"""Events that the engine could not take, set aside so that the line goes on: how they are written and read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from model.event import Event, decode_event
from streams import keys
from streams.ports import START, Entry, OrderedLog

_PAGE = 500
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, str, bytes])


class NoSuchEvent(LookupError):
    """No event is set aside under this id; it may have been dropped, or pushed out by newer ones."""


class SetAside(NamedTuple):
    """One of them: why, which entry of the city's events it was, its bytes; `event` is None where they are none."""

    id: str
    why: str
    entry: str
    data: bytes
    event: Event | None


def encode_aside(why: str, entry: Entry) -> bytes:
    """Write what is kept of an event."""
    return _encoder.encode((why, entry.id, entry.data))


def events_aside(store: OrderedLog, city: str) -> Iterator[SetAside]:
    """Read all of a city's, oldest first."""
    after = START
    while page := store.read(keys.aside(city), after, _PAGE, 0):
        for kept in page:
            yield _read(kept)
        after = page[-1].id


def drop(store: OrderedLog, city: str, aside_id: str) -> SetAside:
    """Forget one for good; raise NoSuchEvent."""
    found = next((each for each in events_aside(store, city) if each.id == aside_id), None)
    if found is None:
        raise NoSuchEvent(f"{city} has no event set aside as {aside_id}")
    store.remove(keys.aside(city), [aside_id])
    return found


def _read(kept: Entry) -> SetAside:
    try:
        why, entry, data = _decoder.decode(kept.data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return SetAside(kept.id, "written by something else than Gomikuru", "", kept.data, None)
    try:
        return SetAside(kept.id, why, entry, data, decode_event(data))
    except msgspec.MsgspecError:
        return SetAside(kept.id, why, entry, data, None)
