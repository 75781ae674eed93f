"""What homes were told of a day, as it is remembered, so that a plan that changes corrects it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import msgspec


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a home was last told of a day: the waste of its zone, and how often it was corrected since."""

    zone: str
    categories: tuple[str, ...]
    corrections: int = 0


def key_of(day: date, alert: str) -> str:
    """Name what is remembered of a reminder; it begins with the day, by which it is forgotten."""
    return f"{day.isoformat()}/{alert}"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Told)


def encode_told(told: Told) -> bytes:
    """Write what a home was told as msgpack."""
    return _encoder.encode(told)


def decode_told(data: bytes) -> Told | None:
    """Read it; None where it is nothing that this version wrote, and then nothing is corrected."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def told_in(fields: Mapping[str, bytes]) -> Callable[[str], Told | None]:
    """Make the question what was told, from the stored fields."""

    def told_of(key: str) -> Told | None:
        data = fields.get(key)
        return decode_told(data) if data is not None else None

    return told_of
