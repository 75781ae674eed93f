"""Where residents come in and go: a home and its secrets are made together, repeated safely, and erased together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from model.ports import ServiceClock
from model.subscription import Subscription, Target
from residents.access import REPEAT_MS, HeldStart, Holding, holding_name, start_name
from residents.adapters.access_store import ACCESS, AccessStore, kept_key, new_code, new_key
from residents.adapters.key_files import Keys
from residents.adapters.redis_registry import random_id
from residents.codes import RECOVERY_LENGTH
from residents.ports import Registry, ResidentsStore
from residents.wish import ANYTHING, Known, Wish, WishRefused, problems_of

TRIES = 50

Forget = Callable[[Subscription, Sequence[Target]], None]
"""Forgets what other rooms keep of a home's devices."""


class Welcome(NamedTuple):
    """What a new home is told, this once: its key, its recovery code, and itself."""

    key: str
    recovery_code: str
    home: Subscription


class AskedOtherwise(Exception):
    """The same idempotency key came with another wish."""


class Reception:
    """Signs homes up and erases them. Raises what registry and access raise.

    The secrets are written before the home: a crash between leaves a key that opens nothing, and asking again with the
    same idempotency key finishes the sign-up.
    """

    def __init__(
        self,
        store: ResidentsStore,
        registry: Registry,
        keys: Keys,
        clock: ServiceClock,
        forget: Forget = lambda _home, _targets: None,
    ) -> None:
        self._store = store
        self._registry = registry
        self._keys = keys
        self._clock = clock
        self._forget = forget
        self.access = AccessStore(store, keys)

    def sign_up(self, city: str, wish: Wish, repeat_key: str, known: Known = ANYTHING) -> Welcome:
        """Make a home, or give the same answer again. Raise WishRefused, AskedOtherwise."""
        problems = problems_of(wish, known)
        if problems:
            raise WishRefused(problems)
        body = hashlib.sha256(msgspec.msgpack.encode(msgspec.structs.replace(wish, seen_day=None))).digest()
        name = start_name(repeat_key)
        started = self._start(city, name, body)
        key, code = self._opened(city, name, started)
        home = None if not started.done else self._registry.get(city, started.subscription)
        if home is None and not started.done:
            home = self._registry.put(city, msgspec.structs.replace(wish, id=started.subscription), known)
            self._finish(city, name, started)
        if home is None:
            raise AskedOtherwise("this sign-up was made, and its home was erased since; begin anew with another key")
        return Welcome(key, code, home)

    def erase(self, city: str, subscription: str) -> bool:
        """Remove a home with all that names or opens it; False when there was none."""
        if home := self._registry.get(city, subscription):
            self._forget(home, home.targets)
        removed = self._registry.remove(city, subscription)
        self.access.erase(city, subscription)
        return removed

    def _start(self, city: str, name: str, body: bytes) -> HeldStart:
        for _ in range(TRIES):
            now_ms = self._clock.now_ms()
            data = self._store.fields(city, ACCESS, [name]).get(name)
            held = msgspec.msgpack.decode(data, type=HeldStart) if data else None
            if held and held.at_ms + REPEAT_MS > now_ms:
                if held.body != body:
                    raise AskedOtherwise("this idempotency key came with another wish before; use a new one")
                return held
            if made := self._made(city, name, body, now_ms, data):
                return made
        raise AskedOtherwise("this sign-up is under way elsewhere; ask again")

    def _made(self, city: str, name: str, body: bytes, now_ms: int, before: bytes | None) -> HeldStart | None:
        subscription, key, code = random_id(), new_key(), new_code(RECOVERY_LENGTH)
        sealed = self._keys.sealer(city).seal(name, msgspec.msgpack.encode((key, code)))
        held = HeldStart(body, now_ms, subscription, sealed)
        opening = dict([kept_key(key, subscription), self.access.kept_recovery(city, code, subscription)])
        holding = msgspec.msgpack.encode(Holding((*opening, name)))
        puts = {**opening, name: msgspec.msgpack.encode(held), holding_name(subscription): holding}
        return held if self._store.transact(city, ACCESS, puts, (), {}, {name: before}) else None

    def _opened(self, city: str, name: str, held: HeldStart) -> tuple[str, str]:
        return msgspec.msgpack.decode(self._keys.sealer(city).unseal(name, held.sealed), type=tuple[str, str])

    def _finish(self, city: str, name: str, held: HeldStart) -> None:
        done = msgspec.msgpack.encode(msgspec.structs.replace(held, done=True))
        self._store.transact(city, ACCESS, {name: done}, (), {}, {name: msgspec.msgpack.encode(held)})
