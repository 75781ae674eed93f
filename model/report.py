"""What residents report, without who they are, and its bytes (msgpack)."""

from __future__ import annotations

import msgspec


class NotCollected(msgspec.Struct, frozen=True, kw_only=True):
    """Something due on a day (ISO) was not collected in a zone."""

    at_ms: int
    zone: str | None
    category: str
    day: str


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(NotCollected)


def encode_report(report: NotCollected) -> bytes:
    """Write a report."""
    return _encoder.encode(report)


def decode_report(data: bytes) -> NotCollected:
    """Read a report; raise msgspec.DecodeError if the bytes are none."""
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
