"""The Redis adapter's shared queues: consumer groups whose entries come back when their worker died."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.ids import following
from streams.link import Link
from streams.ordered import arguments, entries
from streams.ports import Delivery, StoreFault


class RedisSharedQueue:
    """Keeps the promises of streams.ports.SharedQueue."""

    _link: Link

    def join(self, stream: str, group: str) -> None:
        """Make the group."""
        try:
            self._link.call(stream, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
        except StoreFault as fault:
            if "BUSYGROUP" not in str(fault):
                raise

    def take(self, stream: str, group: str, worker: str, count: int, block_ms: int) -> list[Delivery]:
        """Take new entries."""
        who = ("GROUP", group, worker)
        for wait in self._link.waits(block_ms):
            answer = self._link.call(stream, "XREADGROUP", *who, "COUNT", count, *wait, "STREAMS", stream, ">")
            if answer:
                return [Delivery(entry.id, entry.data, 1) for entry in entries(answer[0][1])]
        return []

    def reclaim(self, stream: str, group: str, worker: str, idle_ms: int, count: int) -> list[Delivery]:
        """Take over what was never finished."""
        rows = self._link.run("reclaim", [stream], [group, worker, idle_ms, count])
        return [Delivery(entry_id.decode(), flat[1], int(tries)) for entry_id, tries, flat in rows]

    def done(self, stream: str, group: str, ids: Sequence[str]) -> None:
        """Finish entries."""
        if ids:
            self._link.call(stream, "XACK", stream, group, *arguments(ids))

    def bury(self, stream: str, group: str, delivery: Delivery, why: str, dead: str) -> None:
        """Move a poison entry."""
        letter = buried(delivery, why)
        self._link.run("bury", [stream, dead], [group, delivery.id, letter])

    def trim_done(self, stream: str, group: str, upto: str | None = None) -> int:
        """Drop what everybody has finished."""
        return int(self._link.run("trim_done", [stream], [group, following(upto) if upto else ""]))

    def backlog(self, stream: str, group: str) -> int:
        """Count what is left to do."""
        return int(self._link.run("backlog", [stream], [group]))


def buried(delivery: Delivery, why: str) -> bytes:
    """Write a dead letter: msgpack [why, tries, data]."""
    return msgspec.msgpack.encode([why, delivery.tries, delivery.data])
