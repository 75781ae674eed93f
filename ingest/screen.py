"""What one ping alone tells of its worth: from the future, hopelessly dated, late (history), or live.

Pure. Duplicates, order, jumps and accuracy need what came before, and are decided in the engine's fenced state.
"""

from __future__ import annotations

import msgspec

from model.ping import Ping, Reason, Rejected
from model.times import parse_rfc3339

_EPOCH_OF_TRUST_MS = parse_rfc3339("2000-01-01T00:00:00Z")


class Limits(msgspec.Struct, frozen=True):
    """How far a fix may lie ahead of its receipt, after how long it is history, and how many one message may hold."""

    future_ms: int = 60_000
    late_ms: int = 120_000
    oldest_ms: int = _EPOCH_OF_TRUST_MS
    max_fixes: int = 10_000


def screen(ping: Ping, limits: Limits, topic: str = "", payload: bytes = b"") -> Ping | Rejected:
    """Let a ping pass, marked late where it is, or refuse one whose time cannot be (with its topic and payload)."""
    ahead_ms = ping.fix_ms - ping.received_ms
    if ping.fix_ms < limits.oldest_ms or ping.received_ms < limits.oldest_ms:
        return _refuse(ping, Reason.BAD_TIME, "a receiver that has not learnt the date yet", topic, payload)
    if ahead_ms > limits.future_ms:
        detail = f"the fix is {ahead_ms / 1000:.0f} s ahead of its receipt; check the tracker's clock"
        return _refuse(ping, Reason.FUTURE, detail, topic, payload)
    return msgspec.structs.replace(ping, late=True) if -ahead_ms > limits.late_ms else ping


def _refuse(ping: Ping, reason: Reason, detail: str, topic: str, payload: bytes) -> Rejected:
    return Rejected(
        reason=reason,
        detail=detail,
        topic=topic,
        payload=payload,
        received_ms=ping.received_ms,
        city=ping.city,
        truck=ping.truck,
    )
