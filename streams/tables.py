"""The Redis adapter's hashes that anybody may change in small transactions, and its immutable bytes under a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from streams import keys, within
from streams.link import Argument, Link
from streams.ordered import arguments


class RedisTables:
    """Keeps the promises of streams.ports.Tables and Blobs."""

    _link: Link

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
        told: list[Argument] = [len(expect), len(puts), len(deletes), *map(len, appends.values())]
        for field, value in expect.items():
            told.extend((field, "-" if value is None else "=", value or b""))
        told.extend(deletes)
        told.extend(chain.from_iterable(puts.items()))
        told.extend(chain.from_iterable(appends.values()))
        return bool(self._link.run("transact", [keys.key(hash_name, city), *appends], told, durable=True))

    def fields(self, city: str, hash_name: str, names: Sequence[str] | None = None) -> dict[str, bytes]:
        """Read fields."""
        key = keys.key(hash_name, city)
        if names is None:
            return {name.decode(): value for name, value in self._link.call(key, "HGETALL", key).items()}
        if not names:
            return {}
        values = self._link.call(key, "HMGET", key, *arguments(names))
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}

    def scan_fields(
        self, city: str, hash_name: str, batch: int = 1000, prefix: str = ""
    ) -> Iterator[tuple[str, bytes]]:
        """Read a large hash: its names first, since HSCAN repeats fields, and loses some when a replica takes over."""
        key = keys.key(hash_name, city)
        names = [name for name in self._link.call(key, "HKEYS", key) if name.startswith(prefix.encode())]
        for at in range(0, len(names), batch):
            piece = names[at : at + batch]
            for name, value in zip(piece, self._link.call(key, "HMGET", key, *piece), strict=True):
                if value is not None:
                    yield name.decode(), value

    def count_fields(self, city: str, hash_name: str) -> int:
        """Count fields."""
        key = keys.key(hash_name, city)
        return int(self._link.call(key, "HLEN", key))

    def put(self, city: str, name: str, data: bytes) -> None:
        """Keep bytes."""
        key = keys.blob(city, name)
        self._link.call(key, "SET", key, data, durable=True)

    def get(self, city: str, name: str) -> bytes | None:
        """Read bytes."""
        key = keys.blob(city, name)
        data: bytes | None = self._link.call(key, "GET", key)
        return data

    def drop(self, city: str, name: str) -> None:
        """Forget bytes."""
        key = keys.blob(city, name)
        self._link.call(key, "DEL", key)
