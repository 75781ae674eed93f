"""Takes entries of the alert streams for one worker: first what another worker left undone, then what is new.

One city a call: two cities in one read are refused on a cluster. Blocks; called from threads, one at a time a city.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from notifier.limits import Limits
from streams import keys
from streams.ports import Delivery, Store


class Intake:
    """What is shared with the store about reading: the group, and when to look for what others left."""

    def __init__(self, store: Store, worker: str, cities: Collection[str], limits: Limits) -> None:
        self._store = store
        self._worker = worker
        self._limits = limits
        # Cities beyond the threads share them: each then waits in the store for a shorter time.
        self._block_ms = int(limits.block_ms * min(1.0, limits.store_threads / max(1, len(cities))))
        self._joined: set[str] = set()
        self._reclaim_at_s = dict.fromkeys(cities, 0.0)

    def next(self, city: str, count: int) -> list[Delivery]:
        """Give at most `count` entries, waiting a little for the first."""
        stream, group = keys.alerts(city), self._limits.group
        if city not in self._joined:
            self._store.join(stream, group)
            self._joined.add(city)
        left = self._left_undone(city, count)
        return left or self._store.take(stream, group, self._worker, count, self._block_ms)

    def rejoin(self, city: str) -> None:
        """Make sure of the group again before the next read: a store that was emptied has lost it."""
        self._joined.discard(city)

    def _left_undone(self, city: str, count: int) -> list[Delivery]:
        if time.monotonic() < self._reclaim_at_s[city]:
            return []
        idle_ms = int(self._limits.reclaim_idle_s * 1000)
        left = self._store.reclaim(keys.alerts(city), self._limits.group, self._worker, idle_ms, count)
        all_seen = len(left) < count
        self._reclaim_at_s[city] = time.monotonic() + self._limits.reclaim_every_s if all_seen else 0.0
        return left
