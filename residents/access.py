"""What opens a home: keys that devices hold, a code to print, codes for a second phone. Only digests are stored. Pure.

All of a city's secrets stand in one hash, each under a name that follows from the secret:
`k:` a home key, `r:` a recovery code, `l:` a link code, `i:` a sign-up under way or done, `h:` what a home has of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

KEY_BYTES = 32
MAX_KEYS = 20
"""Devices of one home that hold a key; the oldest key gives way."""

LINK_MS = 10 * 60 * 1000
REPEAT_MS = 24 * 3600 * 1000
"""How long a sign-up that is asked for again gets the answer of the first time."""


class HeldKey(msgspec.Struct, frozen=True, array_like=True):
    """The digest of a home key, and the home that it opens."""

    digest: bytes
    subscription: str


class HeldCode(msgspec.Struct, frozen=True, array_like=True):
    """Which home a code opens, and until when (UTC ms; None: always)."""

    subscription: str
    until_ms: int | None = None


class HeldStart(msgspec.Struct, frozen=True, array_like=True):
    """A sign-up: the digest of what was asked, when, whose home it made, its sealed secrets, whether it is finished."""

    body: bytes
    at_ms: int
    subscription: str
    sealed: bytes
    done: bool = False


class Holding(msgspec.Struct, frozen=True, array_like=True):
    """The names of all that stands for one home, and the day (ISO) on which it was warned of being erased."""

    names: tuple[str, ...] = ()
    warned_day: str | None = None


def key_text(chance: bytes) -> str:
    """Write 32 random bytes as a home key: 43 characters that stand in a link as they are."""
    return base64.urlsafe_b64encode(chance).decode().rstrip("=")


def key_digest(key: str) -> bytes:
    """Give the only form in which a home key is stored."""
    return hashlib.sha256(key.encode()).digest()


def key_name(digest: bytes) -> str:
    """Name a key's place by half of its digest; the whole is compared in constant time."""
    return "k:" + digest[:16].hex()


def opens(held: HeldKey | None, digest: bytes) -> bool:
    """Compare a stored key with the one that was shown, with the same work whether or not there is one."""
    stored = held.digest if held else bytes(32)
    return hmac.compare_digest(stored, digest) and held is not None


def start_name(idempotency_key: str) -> str:
    """Name the place of a sign-up."""
    return "i:" + hashlib.sha256(idempotency_key.encode()).hexdigest()


def holding_name(subscription: str) -> str:
    """Name the place where a home's secrets are listed."""
    return "h:" + subscription


def is_over(name: str, value: bytes, now_ms: int) -> bool:
    """Tell whether something stored has had its time: link codes and answers to repeat."""
    try:
        if name.startswith("l:"):
            until_ms = msgspec.msgpack.decode(value, type=HeldCode).until_ms
            return until_ms is not None and until_ms <= now_ms
        return name.startswith("i:") and msgspec.msgpack.decode(value, type=HeldStart).at_ms + REPEAT_MS <= now_ms
    except msgspec.DecodeError:
        return False


def with_names(holding: Holding, *names: str) -> tuple[Holding, tuple[str, ...]]:
    """Add names to a home's; tell also which keys give way."""
    kept = (*(name for name in holding.names if name not in names), *names)
    keys = [name for name in kept if name.startswith("k:")]
    gone = tuple(keys[: max(0, len(keys) - MAX_KEYS)])
    return msgspec.structs.replace(holding, names=tuple(name for name in kept if name not in gone)), gone


def without_names(holding: Holding, gone: tuple[str, ...]) -> Holding:
    """Take names out of a home's."""
    return msgspec.structs.replace(holding, names=tuple(name for name in holding.names if name not in gone))
