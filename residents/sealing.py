"""Seals what identifies a device before it is stored: AES-256-GCM, bound to its city and to whom it belongs.

Pure: nonces (12 random bytes, never twice) and keys come in from outside.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from residents.keys import KEY_ID_BYTES, CityKeys, derived, key_id

FORM = b"\x01"
NONCE_BYTES = 12
PURPOSE = "targets"


class SealBroken(Exception):
    """What was sealed cannot be opened; the message says why and what to do, and repeats nothing."""


KeysOf = Callable[[], CityKeys]
"""Gives a city's keys as they are in force at this moment."""


class Sealer:
    """Seals and opens for one city. Safe to share between threads."""

    def __init__(self, keys_of: KeysOf, nonces: Callable[[], bytes]) -> None:
        self._keys_of = keys_of
        self._nonces = nonces
        self._made: tuple[CityKeys, dict[bytes, AESGCM]] | None = None

    def seal(self, whose: str, data: bytes) -> bytes:
        """Seal data that belongs to `whose` with the key in force."""
        keys, ciphers = self._ciphers()
        name, nonce = key_id(keys.key), self._nonces()
        return FORM + name + nonce + ciphers[name].encrypt(nonce, data, _bound(keys.city, whose))

    def unseal(self, whose: str, sealed: bytes) -> bytes:
        """Open what was sealed for `whose`, with whichever key sealed it. Raise SealBroken."""
        keys, ciphers = self._ciphers()
        at = len(FORM) + KEY_ID_BYTES
        cipher = ciphers.get(_name_in(sealed))
        if cipher is None:
            raise SealBroken(
                f"what is stored of a home in city {keys.city!r} was sealed with a key that is not here; nothing is "
                "lost: put the key back (privacy.key_file or privacy.keys_dir), also under a newer one"
            )
        try:
            return cipher.decrypt(sealed[at : at + NONCE_BYTES], sealed[at + NONCE_BYTES :], _bound(keys.city, whose))
        except (InvalidTag, ValueError) as error:
            raise SealBroken(
                f"what is stored of a home in city {keys.city!r} is damaged, or was moved there from another home; "
                "restore the store from its backup"
            ) from error

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the key in force sealed this."""
        keys, _ = self._ciphers()
        return _name_in(sealed) == key_id(keys.key)

    def _ciphers(self) -> tuple[CityKeys, dict[bytes, AESGCM]]:
        keys, made = self._keys_of(), self._made
        if made is None or made[0] is not keys:
            made = keys, {key_id(key): AESGCM(derived(key, PURPOSE)) for key in keys.all}
            self._made = made
        return made


SealerOf = Callable[[str], Sealer]
"""Gives the sealer of a city."""


def _name_in(sealed: bytes) -> bytes:
    return sealed[len(FORM) : len(FORM) + KEY_ID_BYTES] if sealed.startswith(FORM) else b""


def _bound(city: str, whose: str) -> bytes:
    return f"{city}\x1f{whose}".encode()
