"""A city's secrets in its hash `access`: made here, found by digest, changed in transactions. See residents.access."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from residents.access import (
    KEY_BYTES,
    LINK_MS,
    HeldCode,
    HeldKey,
    Holding,
    holding_name,
    is_over,
    key_digest,
    key_name,
    key_text,
    opens,
    with_names,
    without_names,
)
from residents.adapters.key_files import Keys
from residents.codes import LINK_LENGTH, RECOVERY_LENGTH, bits_of, code_index, code_of, read_code
from residents.keys import derived
from residents.ports import RegistryBusy, ResidentsStore

T = TypeVar("T")

ACCESS = "access"
TRIES = 50
BATCH = 500
CODES = "codes"

Change = tuple[Mapping[str, bytes], tuple[str, ...]]
"""What to put and what to delete."""


class Linked(NamedTuple):
    """A code for a second phone, and until when it holds, UTC ms."""

    code: str
    until_ms: int


class AccessStore:
    """The secrets of all cities. Raises StoreUnavailable, StoreFault, RegistryBusy, KeyMissing."""

    def __init__(self, store: ResidentsStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    def home_of(self, city: str, key: str) -> str | None:
        """Tell which home a key opens; the same work for a key that opens none."""
        digest = key_digest(key)
        name = key_name(digest)
        data = self._store.fields(city, ACCESS, [name]).get(name)
        held = msgspec.msgpack.decode(data, type=HeldKey) if data else None
        return held.subscription if opens(held, digest) and held else None

    def add_key(self, city: str, subscription: str) -> str:
        """Give a home one more key."""
        key = new_key()
        name, held = kept_key(key, subscription)
        self._edit(city, subscription, lambda holding: _adding(holding, {name: held}))
        return key

    def drop_other_keys(self, city: str, subscription: str, key: str) -> None:
        """Take all other keys from a home."""
        name = key_name(key_digest(key))

        def change(holding: Holding) -> tuple[Holding, Change]:
            gone = tuple(each for each in holding.names if each.startswith("k:") and each != name)
            return without_names(holding, gone), ({}, gone)

        self._edit(city, subscription, change)

    def add_recovery(self, city: str, subscription: str) -> str:
        """Give a home a new recovery code; the one before opens nothing more."""
        code = new_code(RECOVERY_LENGTH)
        name, held = self.kept_recovery(city, code, subscription)

        def change(holding: Holding) -> tuple[Holding, Change]:
            gone = tuple(each for each in holding.names if each.startswith("r:"))
            after, (puts, dropped) = _adding(without_names(holding, gone), {name: held})
            return after, (puts, (*gone, *dropped))

        self._edit(city, subscription, change)
        return code

    def recovered(self, city: str, code: str) -> str | None:
        """Tell which home a recovery code opens; it stays in force."""
        plain = read_code(code, RECOVERY_LENGTH)
        names = ["r:" + index for index in self._indices(city, plain or "")]
        found = self._store.fields(city, ACCESS, names)
        held = next((msgspec.msgpack.decode(data, type=HeldCode) for data in found.values()), None)
        return held.subscription if held and plain else None

    def add_link(self, city: str, subscription: str, now_ms: int) -> Linked:
        """Make a code for a second phone: once, ten minutes. The home's link code before it ends."""
        code, until_ms = new_code(LINK_LENGTH), now_ms + LINK_MS
        name = "l:" + self._indices(city, code)[0]
        held = {name: msgspec.msgpack.encode(HeldCode(subscription, until_ms))}

        def change(holding: Holding) -> tuple[Holding, Change]:
            gone = tuple(each for each in holding.names if each.startswith("l:"))
            after, (puts, dropped) = _adding(without_names(holding, gone), held)
            return after, (puts, (*gone, *dropped))

        self._edit(city, subscription, change)
        return Linked(code, until_ms)

    def take_link(self, city: str, code: str, now_ms: int) -> str | None:
        """Use a link code up; tell whose home it opens, None when it opens none, or no longer."""
        plain = read_code(code, LINK_LENGTH)
        found = self._store.fields(city, ACCESS, ["l:" + index for index in self._indices(city, plain or "")])
        for name, data in found.items():
            held = msgspec.msgpack.decode(data, type=HeldCode)
            if plain and self._store.transact(city, ACCESS, {}, [name], {}, {name: data}):
                return held.subscription if (held.until_ms or 0) > now_ms else None
        return None

    def erase(self, city: str, subscription: str) -> None:
        """Forget everything that opens a home."""
        place = holding_name(subscription)
        for _ in range(TRIES):
            data = self._store.fields(city, ACCESS, [place]).get(place)
            if data is None:
                return
            names = msgspec.msgpack.decode(data, type=Holding).names
            if self._store.transact(city, ACCESS, {}, [place, *names], {}, {place: data}):
                return
        raise _busy(city)

    def holding(self, city: str, subscription: str) -> Holding | None:
        """Read what stands for a home; None when nothing does."""
        place = holding_name(subscription)
        data = self._store.fields(city, ACCESS, [place]).get(place)
        return msgspec.msgpack.decode(data, type=Holding) if data else None

    def note_warned(self, city: str, subscription: str, day: str | None) -> None:
        """Note when a home was told that it will be erased; None: it was seen again."""
        self._edit(
            city, subscription, lambda holding: (msgspec.structs.replace(holding, warned_day=day), ({}, ())), make=False
        )

    def sweep(self, city: str, now_ms: int) -> int:
        """Forget link codes and answers whose time is over; tell how many."""
        over = [(name, data) for name, data in self._store.scan_fields(city, ACCESS) if is_over(name, data, now_ms)]
        return sum(self._store.transact(city, ACCESS, {}, [name], {}, {name: data}) for name, data in over)

    def kept_recovery(self, city: str, code: str, subscription: str) -> tuple[str, bytes]:
        """Give a recovery code the form in which it is stored."""
        return "r:" + self._indices(city, code)[0], msgspec.msgpack.encode(HeldCode(subscription))

    def _indices(self, city: str, code: str) -> list[str]:
        return [code_index(derived(key, CODES), code) for key in self._keys.keys(city).all]

    def _edit(
        self, city: str, subscription: str, change: Callable[[Holding], tuple[Holding, Change]], make: bool = True
    ) -> None:
        place = holding_name(subscription)
        for _ in range(TRIES):
            data = self._store.fields(city, ACCESS, [place]).get(place)
            if data is None and not make:
                return
            after, (puts, gone) = change(msgspec.msgpack.decode(data, type=Holding) if data else Holding())
            puts = {**puts, place: msgspec.msgpack.encode(after)}
            if self._store.transact(city, ACCESS, puts, gone, {}, {place: data}):
                return
        raise _busy(city)


def new_key() -> str:
    """Make a home key."""
    return key_text(secrets.token_bytes(KEY_BYTES))


def new_code(length: int) -> str:
    """Make a code."""
    return code_of(secrets.randbits(bits_of(length)), length)


def kept_key(key: str, subscription: str) -> tuple[str, bytes]:
    """Give a home key the form in which it is stored."""
    digest = key_digest(key)
    return key_name(digest), msgspec.msgpack.encode(HeldKey(digest, subscription))


def _adding(holding: Holding, held: Mapping[str, bytes]) -> tuple[Holding, Change]:
    after, gone = with_names(holding, *held)
    return after, (held, gone)


def _busy(city: str) -> RegistryBusy:
    return RegistryBusy(f"the keys of a home in city {city!r} were changed by others {TRIES} times in a row")
