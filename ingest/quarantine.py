"""The bytes of a refusal as the quarantine stream keeps them, and the stream it goes to.

Pure. `gomikuru quarantine` reads them back.
"""

from __future__ import annotations

import msgspec

from model.ping import Rejected
from streams import keys

NO_CITY = "_"
"""Where refusals go that belong to no known city."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Rejected)


def stream_of(city: str | None) -> str:
    """Name the quarantine stream of a city, or that of nobody."""
    return keys.quarantine(city or NO_CITY)


def encode_rejected(rejected: Rejected) -> bytes:
    """Write a refusal as msgpack."""
    return _encoder.encode(rejected)


def decode_rejected(data: bytes) -> Rejected:
    """Read a refusal; raise msgspec.DecodeError if the bytes are none."""
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error
