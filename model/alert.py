"""One thing to tell one household, decided once. Carries no place and no target: the notifier asks the registry."""

from __future__ import annotations

import hashlib

import msgspec

from model.kind import Kind
from model.subscription import Lead

__all__ = ["Alert", "Kind", "alert_id", "decode_alert", "encode_alert"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A decided alert. Its id follows from (city, service day, run, subscription, kind, ordinal) and is its tag too.

    `number` is the subscription's. A `shadow` alert is decided and kept, and never sent: its home's zone is on trial.
    `heard_ms`: where a truck has fallen silent, the instant of its last position. `tries`: no alert but a test that
    the household asked for, to the target in this place of its list.
    """

    id: str
    city: str
    subscription: str
    kind: Kind
    service_day: str
    run: str
    ordinal: int
    vehicle: str
    fired_ms: int
    useful_until_ms: int
    lead: Lead
    ping: str
    category: str | None = None
    route: str | None = None
    zone: str | None = None
    eta_ms: int | None = None
    eta_low_ms: int | None = None
    eta_high_ms: int | None = None
    number: int = -1
    shadow: bool = False
    heard_ms: int | None = None
    tries: int | None = None


def alert_id(city: str, service_day: str, run: str, subscription: str, kind: Kind, ordinal: int) -> str:
    """Derive an alert's id: 24 hex digits, the same for the same decision, telling nothing of the household."""
    text = "\x1f".join((city, service_day, run, subscription, kind.value, str(ordinal)))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Alert)


def encode_alert(alert: Alert) -> bytes:
    """Write an alert as msgpack."""
    return _encoder.encode(alert)


def decode_alert(data: bytes) -> Alert:
    """Read an alert; raise msgspec.DecodeError if the bytes are none."""
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error
