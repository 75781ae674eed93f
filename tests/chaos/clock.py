"""Service time that one process writes and all others read: eight bytes of a file that they map.

It stands still while anything is down, so that no alert stops being useful because of the harness.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FORM = struct.Struct("<q")


class SharedClock:
    """Service time in ms UTC, as the conductor last set it."""

    factor = 0.0

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_FORM.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)

    def now_ms(self) -> int:
        """Tell the service time in ms UTC."""
        return int(_FORM.unpack(self._map[:])[0])

    def advance_to(self, instant_ms: int) -> None:
        """Move on to an instant; one that lies behind changes nothing. Only one process may do it."""
        self._map[:] = _FORM.pack(max(self.now_ms(), instant_ms))

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
