"""What the rooms may ask of the registry of residents, and what the registry needs from the world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from model.subscription import Subscription, Target
from residents.wish import ANYTHING, Known, Wish
from streams.ports import OrderedLog, Tables

Tokens = Callable[[], str]
"""Gives an id that nobody can guess and that no other subscription has."""

Names = Callable[[bytes], Collection[str]]
"""Tells which subscriptions the entry of a stream names."""


class ResidentsStore(OrderedLog, Tables, Protocol):
    """The part of a store that the registry uses."""


class Imported(NamedTuple):
    """What an import did: how many subscriptions are new, changed, and were already so."""

    new: int
    changed: int
    unchanged: int


class RegistryBusy(Exception):
    """Others changed the same subscriptions on every try; nothing was written. Ask again."""


class Registry(Protocol):
    """The subscriptions of every city. Raises StoreUnavailable, StoreFault, RecordUnreadable, RegistryBusy.

    After StoreUnavailable ask again with the same id: what has been written already is not written twice.
    """

    def put(self, city: str, wish: Wish, known: Known = ANYTHING) -> Subscription:
        """Keep a wish, new or in place of the one with its id. Raise WishRefused with all that is wrong."""
        ...

    def import_many(self, city: str, wishes: Iterable[Wish], known: Known = ANYTHING) -> Imported:
        """Keep many wishes, a few hundred at a time, each such batch whole; nothing when one of them is refused."""
        ...

    def get(self, city: str, subscription: str) -> Subscription | None:
        """Read one subscription."""
        ...

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Read those of the named subscriptions that exist."""
        ...

    def list(self, city: str) -> Iterator[Subscription]:
        """Read all of a city's subscriptions, piece by piece, in no order."""
        ...

    def count(self, city: str) -> int:
        """Tell how many subscriptions a city has."""
        ...

    def remove(self, city: str, subscription: str) -> bool:
        """Remove a subscription and everything that names it; False when there was none."""
        ...

    def remove_many(self, city: str, ids: Iterable[str]) -> int:
        """Remove many; tell how many there were."""
        ...

    def add_target(self, city: str, subscription: str, target: Target) -> Subscription | None:
        """Add a device to a home; None when there is no such subscription."""
        ...

    def drop_target(self, city: str, subscription: str, target: Target) -> bool:
        """Drop a device from a home; False when it was not there."""
        ...

    def bar_target(self, city: str, subscription: str, target: Target) -> bool:
        """Take a device out of use, because the present sender may not reach it; False when it was not in use."""
        ...

    def unbar_targets(self, city: str, ids: Iterable[str]) -> int:
        """Take the barred devices of these homes into use again; tell how many homes had any."""
        ...

    def note_seen(self, city: str, subscription: str, day: str) -> bool:
        """Note that a home's page was open on this day (ISO); False when that is known, or the home is gone."""
        ...

    def reseal(self, city: str) -> int:
        """Seal what is not sealed with the key in force; tell how many records that were."""
        ...
