"""The homes as they stand in the store: in chunks of 256 numbers.

So a change writes little, and a start reads much at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from model.event import HomesChanged
from model.subscription import Home

HOMES = "homes/"
CHUNK_BITS = 8
EMPTY = b"\x90"

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Home]] = msgspec.msgpack.Decoder(list[Home])


class StoredHomes:
    """The chunks in force, by number."""

    def __init__(self) -> None:
        self._chunks: dict[int, bytes] = {}

    def rewrite(self, event: HomesChanged) -> Iterator[str]:
        """Bring the chunks up to date, and name the fields that changed."""
        changes: dict[int, dict[int, Home | None]] = {}
        for number in event.gone:
            changes.setdefault(number >> CHUNK_BITS, {})[number] = None
        for home in event.put:
            changes.setdefault(home.number >> CHUNK_BITS, {})[home.number] = home
        for chunk, changed in changes.items():
            kept = {home.number: home for home in _decoder.decode(self._chunks.get(chunk, EMPTY))}
            homes = [home for home in (kept | changed).values() if home is not None]
            self._chunks[chunk] = _encoder.encode(homes)
            yield f"{HOMES}{chunk}"

    def field(self, name: str) -> bytes:
        """Give a field's bytes; EMPTY where no home is left in it."""
        return self._chunks[int(name.removeprefix(HOMES))]

    def load(self, fields: Mapping[str, bytes]) -> Iterator[Home]:
        """Take what is stored, and give its homes in the order of their numbers."""
        chunks = {int(name.removeprefix(HOMES)): data for name, data in fields.items() if name.startswith(HOMES)}
        self._chunks.update(chunks)
        for _, data in sorted(chunks.items()):
            yield from sorted(_decoder.decode(data), key=lambda home: home.number)
