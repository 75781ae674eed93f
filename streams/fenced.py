"""The Redis adapter's leases, and the state of a city that only the holder of its lease may change."""

from __future__ import annotations

from itertools import chain

from streams import keys, within
from streams.link import Argument, Link
from streams.ports import START, Commit, CursorMoved, Fence, LeaseLost, Loaded


class RedisFencedState:
    """Keeps the promises of streams.ports.Leases and FencedState."""

    _link: Link

    def acquire(self, name: str, owner: str, ttl_ms: int) -> Fence | None:
        """Take the lease."""
        number = int(self._link.run("acquire", [name, f"{name}:number"], [owner, ttl_ms]))
        return Fence(name, number, owner) if number else None

    def renew(self, fence: Fence, ttl_ms: int) -> bool:
        """Hold on."""
        return bool(self._link.run("renew", [fence.name], [_token(fence), ttl_ms]))

    def release(self, fence: Fence) -> None:
        """Give it back."""
        self._link.run("release", [fence.name], [_token(fence)])

    def load(self, city: str) -> Loaded:
        """Read cursor and fields."""
        cursor, flat = self._link.run("load", [keys.state(city), keys.cursor(city)], [])
        return Loaded(cursor.decode(), {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)})

    def cursor(self, city: str) -> str:
        """Read the cursor."""
        name = keys.cursor(city)
        return (self._link.call(name, "GET", name) or START.encode()).decode()

    def commit(self, city: str, fence: Fence, commit: Commit) -> None:
        """Write all of it or nothing."""
        within.one_city(city, [fence.name, *commit.appends])
        within.onward(commit)
        counts = [len(commit.puts), len(commit.deletes), *map(len, commit.appends.values())]
        arguments: list[Argument] = [_token(fence), commit.was, commit.cursor, *counts, *commit.deletes]
        arguments.extend(chain.from_iterable(commit.puts.items()))
        arguments.extend(chain.from_iterable(commit.appends.values()))
        names = [fence.name, keys.state(city), keys.cursor(city), *commit.appends]
        verdict = self._link.run("commit", names, arguments, durable=True)
        if verdict == b"LEASE":
            raise LeaseLost(f"{fence.name}: fence {fence.number} of {fence.owner} is no longer valid")
        if verdict == b"CURSOR":
            raise CursorMoved(f"{keys.cursor(city)} is neither {commit.was} nor {commit.cursor}")


def _token(fence: Fence) -> str:
    return f"{fence.number} {fence.owner}"
