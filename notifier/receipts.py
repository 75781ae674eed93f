"""What a device sends back when it has shown a push: sealed with the city's key, so nobody else reads or makes one.

AES-SIV: the same content gives the same receipt, so a repeated push carries the same one. Pure: keys come in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from model.subscription import Target

LONGEST = 600
_HINT = 4
_INFO = b"gomikuru receipts 1"


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """Which device of which home was reached by which alert; `target` is its digest."""

    city: str
    subscription: str
    target: str
    alert: str


class _City:
    """What is derived from one city's key."""

    def __init__(self, city: str, key: bytes) -> None:
        secret = HKDF(hashes.SHA256(), 96, None, _INFO).derive(key)
        self.city = city
        self.cipher = AESSIV(secret[:64])
        self.digests = secret[64:]
        self.hint = hashlib.blake2b(city.encode(), key=self.digests, digest_size=_HINT).digest()


class Receipts:
    """Seals and opens the receipts of all cities whose keys (at least 16 bytes) it is given."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._cities = {city: _City(city, key) for city, key in keys.items()}
        self._hinted: dict[bytes, list[_City]] = {}
        for each in self._cities.values():
            self._hinted.setdefault(each.hint, []).append(each)

    def seal(self, city: str, subscription: str, target: Target, alert: str) -> str:
        """Make a receipt: base64url, at most LONGEST characters for ids of ordinary length."""
        its = self._cities[city]
        content = _encoder.encode(Receipt(city, subscription, self.digest_of(city, subscription, target), alert))
        return base64.urlsafe_b64encode(its.hint + its.cipher.encrypt(content, [its.hint])).decode().rstrip("=")

    def open(self, text: str) -> Receipt | None:
        """Read a receipt; None where it is none of ours."""
        if len(text) > LONGEST or not text.isascii():
            return None
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        hint, sealed = data[:_HINT], data[_HINT:]
        opened = (self._opened(its, sealed) for its in self._hinted.get(hint, ()))
        return next((each for each in opened if each is not None), None)

    def digest_of(self, city: str, subscription: str, target: Target) -> str:
        """Name a target of a home where its address must not stand: 24 hex digits."""
        text = "\x1f".join((subscription, target.kind.value, target.value))
        return hashlib.blake2b(text.encode(), key=self._cities[city].digests, digest_size=12).hexdigest()

    def knows(self, city: str) -> bool:
        """Tell whether a city's key is here."""
        return city in self._cities

    @staticmethod
    def _opened(its: _City, sealed: bytes) -> Receipt | None:
        try:
            receipt = _decoder.decode(its.cipher.decrypt(sealed, [its.hint]))
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            return None
        return receipt if receipt.city == its.city else None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Receipt)

Receive = Callable[[str], bool]
"""What the API calls with a receipt: False where it is none of ours. Blocks; raises StoreUnavailable, StoreFault."""
