"""The keys with which receipts are sealed, one a city, derived from the installation's signing key."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from notifier.adapters.webpush_keys import read_or_make
from notifier.receipts import Receipts


def receipts_of(key_file: Path, cities: Iterable[str]) -> Receipts:
    """Derive the keys of these cities; makes the signing key where there is none. Raise OSError."""
    master = read_or_make(key_file)
    return Receipts({city: _derived(master, city) for city in cities})


def _derived(master: bytes, city: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, b"gomikuru receipts of " + city.encode()).derive(master)
