"""What the rooms ask of a store of streams. Two adapters keep these promises: redis_streams (real) and memory.

All calls block the calling thread; async callers use a thread. Entry ids grow in the order of `append`, also after
a trim; they are not text to compare by `<`: use `streams.ids.place`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

START = "0-0"
"""The cursor before the first entry."""


class StoreUnavailable(Exception):
    """The store did not answer, or answered that it cannot; what was asked may or may not have happened. Ask again."""


class StoreFault(Exception):
    """The store understood and refused: a key of the wrong kind, a missing right. Asking again will not help."""


class LeaseLost(Exception):
    """Another owner holds the lease now: stop, write nothing, take it anew."""


class CursorMoved(Exception):
    """The stored cursor is not the one this commit starts from: load again."""


class Entry(NamedTuple):
    """One entry of a stream."""

    id: str
    data: bytes


class Delivery(NamedTuple):
    """One entry handed to one worker of a group; `tries` counts the deliveries so far, from 1."""

    id: str
    data: bytes
    tries: int


class Fence(msgspec.Struct, frozen=True):
    """Proof of a lease: a number that only grows, and the random name of its owner."""

    name: str
    number: int
    owner: str


class Loaded(NamedTuple):
    """A city's committed state: the cursor of its event stream, and its fields."""

    cursor: str
    fields: dict[str, bytes]


class Commit(msgspec.Struct, frozen=True):
    """What one step writes at once: fields, alerts, and the cursor, which it must move onward from `was` to `cursor`.

    Deletes come before puts. Streams of `appends` belong to the city.
    """

    was: str
    cursor: str
    puts: Mapping[str, bytes] = {}
    deletes: Sequence[str] = ()
    appends: Mapping[str, Sequence[bytes]] = {}


class OrderedLog(Protocol):
    """Streams that are read in order from a cursor."""

    def append(self, stream: str, items: Sequence[bytes]) -> list[str]:
        """Append in order; on return every item is as durable as the store is set to be. Raise StoreUnavailable."""
        ...

    def append_bounded(self, stream: str, items: Sequence[bytes], max_len: int) -> None:
        """Append, forgetting the oldest entries beyond about `max_len`. For diagnostics only."""
        ...

    def read(self, stream: str, after: str, count: int, block_ms: int) -> list[Entry]:
        """Read at most `count` entries after the cursor, waiting up to `block_ms` for the first."""
        ...

    def newest(self, stream: str, count: int) -> list[Entry]:
        """Read the newest entries, newest first."""
        ...

    def length(self, stream: str) -> int:
        """Tell how many entries the stream holds."""
        ...

    def ahead(self, stream: str, cursor: str) -> int:
        """Tell how many entries follow the cursor; where very many do and very many do not, all are counted."""
        ...

    def trim(self, stream: str, upto: str) -> int:
        """Drop entries up to and including id `upto`, which all readers have passed; tell how many."""
        ...

    def remove(self, stream: str, ids: Sequence[str]) -> int:
        """Delete single entries; tell how many there were."""
        ...


class Leases(Protocol):
    """Exclusive work: at most one live fence a name, each with a higher number than the last."""

    def acquire(self, name: str, owner: str, ttl_ms: int) -> Fence | None:
        """Take the lease, or None while another owner holds it. `name` is a key of the city."""
        ...

    def renew(self, fence: Fence, ttl_ms: int) -> bool:
        """Hold on for another `ttl_ms`; False when it was lost."""
        ...

    def release(self, fence: Fence) -> None:
        """Give it back, so that the next worker need not wait."""
        ...


class FencedState(Protocol):
    """A city's state, changed only by the holder of its lease, only from the cursor that is stored."""

    def load(self, city: str) -> Loaded:
        """Read cursor and fields at one moment; START and no fields for a new city."""
        ...

    def cursor(self, city: str) -> str:
        """Read the cursor alone."""
        ...

    def commit(self, city: str, fence: Fence, commit: Commit) -> None:
        """Write all of it or nothing; done already (the answer was lost) is done. Raise LeaseLost, CursorMoved."""
        ...


class SharedQueue(Protocol):
    """Streams whose entries are shared out among the workers of a group, each given back when its worker died."""

    def join(self, stream: str, group: str) -> None:
        """Make the group, from the stream's beginning, unless it is there; without it other calls raise StoreFault."""
        ...

    def take(self, stream: str, group: str, worker: str, count: int, block_ms: int) -> list[Delivery]:
        """Take new entries, waiting up to `block_ms` for the first."""
        ...

    def reclaim(self, stream: str, group: str, worker: str, idle_ms: int, count: int) -> list[Delivery]:
        """Take over entries that any worker took at least `idle_ms` ago and never finished, oldest first.

        Any worker includes `worker` itself, whose answer may have been lost: work on one entry for less than `idle_ms`.
        """
        ...

    def done(self, stream: str, group: str, ids: Sequence[str]) -> None:
        """Finish entries: they are not delivered again, and may be trimmed."""
        ...

    def bury(self, stream: str, group: str, delivery: Delivery, why: str, dead: str) -> None:
        """Move a poison entry to the stream `dead` as msgpack [why, tries, data], and finish it, at once."""
        ...

    def trim_done(self, stream: str, group: str, upto: str | None = None) -> int:
        """Drop the entries that precede everything still pending or undelivered, in any group; tell how many.

        `upto`: drop nothing that comes after this id, whatever the groups have finished.
        """
        ...

    def backlog(self, stream: str, group: str) -> int:
        """Tell how many entries are pending or not yet delivered."""
        ...


class Blobs(Protocol):
    """Immutable bytes under a name, such as one version of a city's zones."""

    def put(self, city: str, name: str, data: bytes) -> None:
        """Keep the bytes; durable on return."""
        ...

    def get(self, city: str, name: str) -> bytes | None:
        """Read them back, or None."""
        ...

    def drop(self, city: str, name: str) -> None:
        """Forget them."""
        ...


class Tables(Protocol):
    """Hashes of a city that anybody may change, in small transactions, together with what they announce."""

    def transact(
        self,
        city: str,
        hash_name: str,
        puts: Mapping[str, bytes],
        deletes: Sequence[str],
        appends: Mapping[str, Sequence[bytes]],
        expect: Mapping[str, bytes | None] = {},
    ) -> bool:
        """Write fields of the hash `<hash_name>:{city}` and append to streams at once, if `expect` holds.

        `expect` gives fields the value they must have now (None: absent). False: it does not hold, nothing was written.
        Deletes come before puts. Streams of `appends` belong to the city.
        After StoreUnavailable the outcome is unknown: read the fields, or ask again with `expect`.
        """
        ...

    def fields(self, city: str, hash_name: str, names: Sequence[str] | None = None) -> dict[str, bytes]:
        """Read the named fields that exist, or all of them, at one moment."""
        ...

    def scan_fields(
        self, city: str, hash_name: str, batch: int = 1000, prefix: str = ""
    ) -> Iterator[tuple[str, bytes]]:
        """Read a large hash piece by piece, each field once; what is written meanwhile may or may not be seen.

        With a `prefix`, only the values of fields whose names begin with it are fetched.
        """
        ...

    def count_fields(self, city: str, hash_name: str) -> int:
        """Tell how many fields the hash holds."""
        ...


class Store(OrderedLog, Leases, FencedState, SharedQueue, Blobs, Tables, Protocol):
    """All of it, as one adapter gives it."""
