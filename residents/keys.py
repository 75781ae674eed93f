"""A city's own key, and the keys that follow from it, one a purpose. Pure: key material comes in from outside."""

from __future__ import annotations

import base64
import binascii
import hashlib

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
KEY_ID_BYTES = 4


class KeyUnreadable(Exception):
    """A key's file does not hold keys; the message never repeats its contents."""


class CityKeys(msgspec.Struct, frozen=True):
    """The key in force for one city, and those before it, which still open what they have sealed."""

    city: str
    key: bytes
    old: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"CityKeys({self.city}, masked)"

    @property
    def all(self) -> tuple[bytes, ...]:
        """All keys, the one in force first."""
        return (self.key, *self.old)


def city_key(master: bytes, city: str) -> bytes:
    """Derive a city's own key from the installation's master key."""
    return _hkdf(master, "gomikuru city\x1f" + city)


def derived(key: bytes, purpose: str) -> bytes:
    """Derive from a city's key the key of one purpose: 32 bytes that tell nothing of any other."""
    return _hkdf(key, "gomikuru purpose\x1f" + purpose)


def key_id(key: bytes) -> bytes:
    """Name a key without giving it away: 4 bytes."""
    return hashlib.sha256(b"gomikuru key id\x1f" + key).digest()[:KEY_ID_BYTES]


def read_keys(text: str) -> tuple[bytes, ...]:
    """Read a key file: one key a line in base64, the one in force first; lines with # in front say something else."""
    keys = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = base64.b64decode(line.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyUnreadable(f"line {number} is no key: 32 bytes in base64; put the file back from its backup")
        keys.append(key)
    if not keys:
        raise KeyUnreadable("holds no key; put the file back from its backup")
    return tuple(keys)


def write_key(key: bytes) -> str:
    """Write a key as a line of a key file."""
    return base64.b64encode(key).decode() + "\n"


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(key)
