"""Everything that can change an alert: the entries of a city's one ordered stream, and their bytes (msgpack)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from model.ping import Ping
from model.subscription import Home


class Tick(msgspec.Struct, frozen=True, array_like=True, tag="tick"):
    """Service time has reached `at_ms`, whether or not a truck spoke."""

    at_ms: int


class HomesChanged(msgspec.Struct, frozen=True, array_like=True, tag="homes"):
    """Subscriptions came, changed, or (`gone`, by number) went."""

    at_ms: int
    put: tuple[Home, ...] = ()
    gone: tuple[int, ...] = ()


class ZonesChanged(msgspec.Struct, frozen=True, array_like=True, tag="zones"):
    """A new valid set of zones takes force: `version` names the stored bytes of that zones.geojson."""

    at_ms: int
    version: str


class ProfileChanged(msgspec.Struct, frozen=True, array_like=True, tag="profile"):
    """A new profile of learned days takes force: `version` names its stored bytes."""

    at_ms: int
    version: str


class AssignmentsChanged(msgspec.Struct, frozen=True, array_like=True, tag="assignments"):
    """Who drives which route on which day changes: `version` names the stored bytes of that assignments.csv."""

    at_ms: int
    version: str


class WordKind(StrEnum):
    """What dispatch can say that changes decisions."""

    MUTE = "mute"
    UNMUTE = "unmute"
    NEW_RUN = "new_run"


class Word(msgspec.Struct, frozen=True, array_like=True, tag="word"):
    """Dispatch speaks about one truck: mute it, hear it again, or let the next run of its service begin."""

    at_ms: int
    kind: WordKind
    truck: str


Event = Ping | Tick | HomesChanged | ZonesChanged | ProfileChanged | AssignmentsChanged | Word

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """Write an event as msgpack."""
    return _encoder.encode(event)


def decode_event(data: bytes) -> Event:
    """Read an event; raise msgspec.DecodeError if the bytes are none."""
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error
