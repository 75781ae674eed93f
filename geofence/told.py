"""Who was told, a run at a time: one bit a subscription number, kept in chunks that are small to commit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geofence.grid import Bits

CHUNK_BYTES = 128
"""One chunk holds 1,024 subscriptions."""


class Told:
    """The told-record of one run. Grows by `tell`; `touched` names the chunks that a commit must write."""

    def __init__(self) -> None:
        self.bits: Bits = np.zeros(CHUNK_BYTES, dtype=np.uint8)
        self.touched: set[int] = set()

    def has(self, number: int) -> bool:
        """Tell whether a subscription was told."""
        byte = number >> 3
        return byte < len(self.bits) and bool((int(self.bits[byte]) >> (number & 7)) & 1)

    def tell(self, number: int) -> None:
        """Record that a subscription was told."""
        byte = number >> 3
        if byte >= len(self.bits):
            size = max(2 * len(self.bits), (byte // CHUNK_BYTES + 1) * CHUNK_BYTES)
            self.bits = np.concatenate((self.bits, np.zeros(size - len(self.bits), dtype=np.uint8)))
        self.bits[byte] |= np.uint8(1 << (number & 7))
        self.touched.add(byte // CHUNK_BYTES)

    def forget(self, numbers: Iterable[int]) -> None:
        """Remove subscriptions that are gone."""
        for number in numbers:
            if self.has(number):
                self.bits[number >> 3] &= np.uint8(~(1 << (number & 7)) & 0xFF)
                self.touched.add((number >> 3) // CHUNK_BYTES)

    def chunk(self, index: int) -> bytes:
        """Give the bytes of one chunk."""
        return self.bits[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES].tobytes()

    def load(self, index: int, data: bytes) -> None:
        """Take one chunk as it was committed."""
        end = (index + 1) * CHUNK_BYTES
        if end > len(self.bits):
            self.bits = np.concatenate((self.bits, np.zeros(end - len(self.bits), dtype=np.uint8)))
        self.bits[index * CHUNK_BYTES : end] = np.frombuffer(data, dtype=np.uint8)
