"""One stream in memory with its groups: entries, who took which, and what is left. No lock, no clock of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

import msgspec

from streams.ids import Place, place, text
from streams.ports import Delivery, Entry

_BEFORE_ALL: Place = (0, 0)


class Taken(msgspec.Struct):
    """An entry that a worker took and has not finished."""

    at_ms: int
    tries: int


class Group(msgspec.Struct):
    """What a group has seen, and what it has not finished."""

    delivered: Place = _BEFORE_ALL
    taken: dict[Place, Taken] = {}

    def needs(self) -> Place:
        """Tell the first place that this group may still ask for."""
        return min(self.taken) if self.taken else (self.delivered[0], self.delivered[1] + 1)


class MemoryStream:
    """Entries in the order of their ids, which only grow, also when all entries are gone."""

    def __init__(self) -> None:
        self.last = _BEFORE_ALL
        self.places: list[Place] = []
        self.items: list[bytes] = []
        self.groups: dict[str, Group] = {}

    def append(self, items: Sequence[bytes], now_ms: int) -> list[str]:
        """Append, and give ids."""
        ids = []
        for item in items:
            self.last = (now_ms, 0) if now_ms > self.last[0] else (self.last[0], self.last[1] + 1)
            self.places.append(self.last)
            self.items.append(bytes(item))
            ids.append(text(self.last))
        return ids

    def after(self, where: Place, count: int) -> list[Entry]:
        """Read at most `count` entries after a place."""
        first = bisect_right(self.places, where)
        return self._entries(range(first, min(first + count, len(self.places))))

    def count_after(self, where: Place) -> int:
        """Count the entries after a place."""
        return len(self.places) - bisect_right(self.places, where)

    def newest(self, count: int) -> list[Entry]:
        """Read from the end."""
        end = len(self.places)
        return self._entries(range(end - 1, max(end - count, 0) - 1, -1))

    def drop_before(self, where: Place) -> int:
        """Drop everything that stands before a place."""
        count = bisect_left(self.places, where)
        del self.places[:count], self.items[:count]
        return count

    def keep_newest(self, count: int) -> None:
        """Drop all but the newest."""
        if len(self.places) > count:
            self.drop_before(self.places[-count])

    def remove(self, where: Place) -> int:
        """Drop one entry."""
        at = self._index(where)
        if at is None:
            return 0
        del self.places[at], self.items[at]
        return 1

    def take(self, group: Group, count: int, now_ms: int) -> list[Delivery]:
        """Hand out new entries."""
        found = self.after(group.delivered, count)
        for entry in found:
            group.delivered = place(entry.id)
            group.taken[group.delivered] = Taken(now_ms, 1)
        return [Delivery(entry.id, entry.data, 1) for entry in found]

    def reclaim(self, group: Group, idle_ms: int, count: int, now_ms: int) -> list[Delivery]:
        """Hand out again what was taken long ago, oldest first; forget what was deleted meanwhile."""
        again: list[Delivery] = []
        for where in sorted(p for p, taken in group.taken.items() if now_ms - taken.at_ms >= idle_ms):
            if len(again) == count:
                break
            at = self._index(where)
            if at is None:
                del group.taken[where]
                continue
            taken = Taken(now_ms, group.taken[where].tries + 1)
            group.taken[where] = taken
            again.append(Delivery(text(where), self.items[at], taken.tries))
        return again

    def drop_done(self, before: Place | None = None) -> int:
        """Drop what no group needs any more, and of that only what stands before a place."""
        needed = min(group.needs() for group in self.groups.values())
        return self.drop_before(needed if before is None else min(needed, before))

    def backlog(self, group: Group) -> int:
        """Count what a group has not finished."""
        return len(group.taken) + len(self.places) - bisect_right(self.places, group.delivered)

    def _entries(self, indexes: Iterable[int]) -> list[Entry]:
        return [Entry(text(self.places[i]), self.items[i]) for i in indexes]

    def _index(self, where: Place) -> int | None:
        at = bisect_left(self.places, where)
        return at if at < len(self.places) and self.places[at] == where else None
