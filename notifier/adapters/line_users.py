"""Which homes a LINE user is linked to, in the store, under a name made with the city's key."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from model.subscription import Target
from notifier.receipts import Receipts
from streams.ports import Tables

LINE_USERS = "line-users"
MOST = 5
Edit = Callable[[tuple[str, ...]], tuple[str, ...]]
TRIES = 20


class LineUsers:
    """One city's."""

    def __init__(self, store: Tables, receipts: Receipts, city: str) -> None:
        self._store = store
        self._receipts = receipts
        self._city = city

    def homes(self, user: Target) -> tuple[str, ...]:
        """Give the ids of a user's homes, the newest link first."""
        name = self._name(user)
        return _read(self._store.fields(self._city, LINE_USERS, [name]).get(name))

    def link(self, user: Target, home: str) -> None:
        """Note a link."""
        self._change(user, lambda homes: (home, *(each for each in homes if each != home))[:MOST])

    def drop(self, user: Target, home: str) -> None:
        """Forget one link; the user's other homes stay."""
        if home in (homes := self.homes(user)):
            left = tuple(each for each in homes if each != home)
            self._change(user, lambda _: left) if left else self.unlink(user)

    def unlink(self, user: Target) -> None:
        """Forget a user."""
        self._store.transact(self._city, LINE_USERS, {}, [self._name(user)], {})

    def _change(self, user: Target, edit: Edit) -> None:
        name = self._name(user)
        for _ in range(TRIES):
            stored = self._store.fields(self._city, LINE_USERS, [name]).get(name)
            puts = {name: msgspec.msgpack.encode(edit(_read(stored)))}
            if self._store.transact(self._city, LINE_USERS, puts, (), {}, {name: stored}):
                return

    def _name(self, user: Target) -> str:
        return self._receipts.digest_of(self._city, "", user)


def _read(data: bytes | None) -> tuple[str, ...]:
    return msgspec.msgpack.decode(data, type=tuple[str, ...]) if data else ()
