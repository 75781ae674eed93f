"""The store in memory, for one process: streams.ports.Store with the promises of the real one, except surviving.

Leases, idleness and ids go by `now_ms`, which a test or a replay may drive; waiting goes by real time.
Longer than most files: it is the whole port, each promise in a few lines under one lock.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from streams import keys, within
from streams.ids import following, place
from streams.memory_stream import Group, MemoryStream
from streams.ports import START, Commit, CursorMoved, Delivery, Entry, Fence, LeaseLost, Loaded, StoreFault
from streams.shared import buried

Got = TypeVar("Got")


def machine_now_ms() -> int:
    """Tell the machine's time in ms UTC."""
    return time.time_ns() // 1_000_000


class _Lease(msgspec.Struct):
    number: int = 0
    owner: str = ""
    until_ms: int = 0


class MemoryStore:
    """All of the store, safe to share between threads."""

    def __init__(self, now_ms: Callable[[], int] = machine_now_ms) -> None:
        self._now_ms = now_ms
        self._changed = threading.Condition()
        self._streams: defaultdict[str, MemoryStream] = defaultdict(MemoryStream)
        self._leases: defaultdict[str, _Lease] = defaultdict(_Lease)
        self._hashes: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self._cursors: dict[str, str] = {}
        self._blobs: dict[str, bytes] = {}

    def close(self) -> None:
        """Do nothing: there is no connection."""

    # OrderedLog

    def append(self, stream: str, items: Sequence[bytes]) -> list[str]:
        """Append in order."""
        with self._changed:
            return self._append(stream, items)

    def append_bounded(self, stream: str, items: Sequence[bytes], max_len: int) -> None:
        """Append, forgetting the oldest."""
        with self._changed:
            self._append(stream, items)
            self._streams[stream].keep_newest(max(1, max_len))

    def read(self, stream: str, after: str, count: int, block_ms: int) -> list[Entry]:
        """Read after the cursor."""
        where = place(after)
        return self._wait(lambda: self._streams[stream].after(where, count), block_ms)

    def newest(self, stream: str, count: int) -> list[Entry]:
        """Read from the end."""
        with self._changed:
            return self._streams[stream].newest(count)

    def length(self, stream: str) -> int:
        """Count."""
        with self._changed:
            return len(self._streams[stream].places)

    def ahead(self, stream: str, cursor: str) -> int:
        """Count what follows the cursor."""
        with self._changed:
            return self._streams[stream].count_after(place(cursor))

    def trim(self, stream: str, upto: str) -> int:
        """Drop the beginning."""
        with self._changed:
            return self._streams[stream].drop_before(place(following(upto)))

    def remove(self, stream: str, ids: Sequence[str]) -> int:
        """Delete entries."""
        with self._changed:
            return sum(self._streams[stream].remove(place(entry_id)) for entry_id in ids)

    # Leases

    def acquire(self, name: str, owner: str, ttl_ms: int) -> Fence | None:
        """Take the lease."""
        with self._changed:
            lease, now_ms = self._leases[name], self._now_ms()
            if lease.owner not in ("", owner) and now_ms < lease.until_ms:
                return None
            lease.number, lease.owner, lease.until_ms = lease.number + 1, owner, now_ms + ttl_ms
            return Fence(name, lease.number, owner)

    def renew(self, fence: Fence, ttl_ms: int) -> bool:
        """Hold on."""
        with self._changed:
            if not self._holds(fence):
                return False
            self._leases[fence.name].until_ms = self._now_ms() + ttl_ms
            return True

    def release(self, fence: Fence) -> None:
        """Give it back."""
        with self._changed:
            if self._holds(fence):
                self._leases[fence.name].owner = ""

    # FencedState

    def load(self, city: str) -> Loaded:
        """Read cursor and fields."""
        with self._changed:
            return Loaded(self._cursors.get(city, START), dict(self._hashes[keys.state(city)]))

    def cursor(self, city: str) -> str:
        """Read the cursor."""
        with self._changed:
            return self._cursors.get(city, START)

    def commit(self, city: str, fence: Fence, commit: Commit) -> None:
        """Write all of it or nothing."""
        within.one_city(city, [fence.name, *commit.appends])
        within.onward(commit)
        with self._changed:
            if not self._holds(fence):
                raise LeaseLost(f"{fence.name}: fence {fence.number} of {fence.owner} is no longer valid")
            stored = self._cursors.get(city, START)
            if stored == commit.cursor:
                return
            if stored != commit.was:
                raise CursorMoved(f"{keys.cursor(city)} is neither {commit.was} nor {commit.cursor}")
            self._cursors[city] = commit.cursor
            self._write(keys.state(city), commit.puts, commit.deletes, commit.appends)

    # SharedQueue

    def join(self, stream: str, group: str) -> None:
        """Make the group."""
        with self._changed:
            self._streams[stream].groups.setdefault(group, Group())

    def take(self, stream: str, group: str, worker: str, count: int, block_ms: int) -> list[Delivery]:  # noqa: ARG002
        """Take new entries."""

        def attempt() -> list[Delivery]:
            return self._streams[stream].take(self._group(stream, group), count, self._now_ms())

        return self._wait(attempt, block_ms)

    def reclaim(self, stream: str, group: str, worker: str, idle_ms: int, count: int) -> list[Delivery]:  # noqa: ARG002
        """Take over what was never finished."""
        with self._changed:
            return self._streams[stream].reclaim(self._group(stream, group), idle_ms, count, self._now_ms())

    def done(self, stream: str, group: str, ids: Sequence[str]) -> None:
        """Finish entries."""
        with self._changed:
            known = self._streams[stream].groups.get(group, Group())
            for entry_id in ids:
                known.taken.pop(place(entry_id), None)

    def bury(self, stream: str, group: str, delivery: Delivery, why: str, dead: str) -> None:
        """Move a poison entry."""
        with self._changed:
            if self._group(stream, group).taken.pop(place(delivery.id), None):
                self._append(dead, [buried(delivery, why)])

    def trim_done(self, stream: str, group: str, upto: str | None = None) -> int:
        """Drop what everybody has finished."""
        with self._changed:
            self._group(stream, group)
            return self._streams[stream].drop_done(place(following(upto)) if upto else None)

    def backlog(self, stream: str, group: str) -> int:
        """Count what is left to do."""
        with self._changed:
            return self._streams[stream].backlog(self._group(stream, group))

    # Tables

    def transact(
        self,
        city: str,
        hash_name: str,
        puts: Mapping[str, bytes],
        deletes: Sequence[str],
        appends: Mapping[str, Sequence[bytes]],
        expect: Mapping[str, bytes | None] = {},
    ) -> bool:
        """Write fields and append, if what is expected holds."""
        within.one_city(city, appends)
        key = keys.key(hash_name, city)
        with self._changed:
            now = self._hashes[key]
            if any(now.get(field) != value for field, value in expect.items()):
                return False
            self._write(key, puts, deletes, appends)
            return True

    def fields(self, city: str, hash_name: str, names: Sequence[str] | None = None) -> dict[str, bytes]:
        """Read fields."""
        with self._changed:
            now = self._hashes[keys.key(hash_name, city)]
            return dict(now) if names is None else {name: now[name] for name in names if name in now}

    def scan_fields(
        self,
        city: str,
        hash_name: str,
        batch: int = 1000,  # noqa: ARG002
        prefix: str = "",
    ) -> Iterator[tuple[str, bytes]]:
        """Read a large hash."""
        yield from (each for each in self.fields(city, hash_name).items() if each[0].startswith(prefix))

    def count_fields(self, city: str, hash_name: str) -> int:
        """Count fields."""
        with self._changed:
            return len(self._hashes[keys.key(hash_name, city)])

    # Blobs

    def put(self, city: str, name: str, data: bytes) -> None:
        """Keep bytes."""
        with self._changed:
            self._blobs[keys.blob(city, name)] = bytes(data)

    def get(self, city: str, name: str) -> bytes | None:
        """Read bytes."""
        with self._changed:
            return self._blobs.get(keys.blob(city, name))

    def drop(self, city: str, name: str) -> None:
        """Forget bytes."""
        with self._changed:
            self._blobs.pop(keys.blob(city, name), None)

    # what they share; the lock is held

    def _append(self, stream: str, items: Sequence[bytes]) -> list[str]:
        ids = self._streams[stream].append(items, self._now_ms())
        self._changed.notify_all()
        return ids

    def _write(
        self, key: str, puts: Mapping[str, bytes], deletes: Sequence[str], appends: Mapping[str, Sequence[bytes]]
    ) -> None:
        fields = self._hashes[key]
        for name in deletes:
            fields.pop(name, None)
        fields.update({name: bytes(value) for name, value in puts.items()})
        for stream, items in appends.items():
            self._append(stream, items)

    def _holds(self, fence: Fence) -> bool:
        lease = self._leases[fence.name]
        return (lease.number, lease.owner) == (fence.number, fence.owner) and self._now_ms() < lease.until_ms

    def _group(self, stream: str, group: str) -> Group:
        groups = self._streams[stream].groups
        if group not in groups:
            raise StoreFault(f"{stream} has no group {group}. Call join() first")
        return groups[group]

    def _wait(self, attempt: Callable[[], list[Got]], block_ms: int) -> list[Got]:
        deadline = time.monotonic() + block_ms / 1000
        with self._changed:
            while not (got := attempt()):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return []
                self._changed.wait(left_s)
            return got
