"""The Redis adapter's streams that are read in order: appending, reading from a cursor, trimming."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.ids import following
from streams.link import Argument, Link
from streams.ports import Entry

FIELD = b"d"
"""The one field of an entry, which holds its bytes."""

_PIECE = 5000


class RedisOrderedLog:
    """Keeps the promises of streams.ports.OrderedLog."""

    _link: Link

    def append(self, stream: str, items: Sequence[bytes]) -> list[str]:
        """Append in order."""
        if len(items) == 1:
            return [self._link.call(stream, "XADD", stream, "*", FIELD, items[0], durable=True).decode()]
        ids: list[str] = []
        for at in range(0, len(items), _PIECE):
            answer = self._link.run("append", [stream], [0, *items[at : at + _PIECE]], durable=True)
            ids.extend(entry_id.decode() for entry_id in answer)
        return ids

    def append_bounded(self, stream: str, items: Sequence[bytes], max_len: int) -> None:
        """Append, forgetting the oldest."""
        for at in range(0, len(items), _PIECE):
            self._link.run("append", [stream], [max(1, max_len), *items[at : at + _PIECE]])

    def read(self, stream: str, after: str, count: int, block_ms: int) -> list[Entry]:
        """Read after the cursor."""
        for wait in self._link.waits(block_ms):
            answer = self._link.call(stream, "XREAD", "COUNT", count, *wait, "STREAMS", stream, after)
            if answer:
                return entries(answer[0][1])
        return []

    def newest(self, stream: str, count: int) -> list[Entry]:
        """Read from the end."""
        return entries(self._link.call(stream, "XREVRANGE", stream, "+", "-", "COUNT", count))

    def length(self, stream: str) -> int:
        """Count."""
        return int(self._link.call(stream, "XLEN", stream))

    def ahead(self, stream: str, cursor: str) -> int:
        """Count what follows the cursor."""
        return int(self._link.run("ahead", [stream], [cursor]))

    def trim(self, stream: str, upto: str) -> int:
        """Drop the beginning."""
        return int(self._link.call(stream, "XTRIM", stream, "MINID", following(upto)))

    def remove(self, stream: str, ids: Sequence[str]) -> int:
        """Delete entries."""
        pieces = (ids[at : at + _PIECE] for at in range(0, len(ids), _PIECE))
        return sum(int(self._link.call(stream, "XDEL", stream, *arguments(piece))) for piece in pieces)


def entries(rows: Sequence[Any]) -> list[Entry]:
    """Read redis-py's rows of a stream."""
    return [Entry(entry_id.decode(), fields[FIELD]) for entry_id, fields in rows]


def arguments(names: Sequence[str]) -> list[Argument]:
    """Hand names over as arguments of a command."""
    return list(names)
