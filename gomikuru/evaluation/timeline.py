"""The truth in order, and the question that every score asks: which arrival of this resident comes next.

Instants are ms UTC, residents are small numbers (`Names` gives them).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NONE_MS = -1
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FOLLOWS_MS = 45 * MINUTE_MS


class Names:
    """Residents' ids as numbers, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._codes)

    def close(self) -> None:
        """Take no new names: whoever is unknown from now on is -1."""
        self._closed = True

    def codes(self, names: list[str]) -> Ints:
        """Number many names."""
        known = self._codes
        if self._closed:
            return np.array([known.get(name, -1) for name in names], dtype=np.int64)
        return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


class Arrivals(NamedTuple):
    """Who was reached when, one row an arrival."""

    resident: Ints
    at_ms: Ints


class Timeline:
    """Arrivals in order of resident and time; the same one twice counts once; `strangers` were left out."""

    def __init__(self, arrivals: Arrivals) -> None:
        known = arrivals.resident >= 0
        self.strangers = int((~known).sum())
        pairs = np.unique(np.stack([arrivals.resident[known], arrivals.at_ms[known]], axis=1), axis=0)
        self.resident: Ints = pairs[:, 0].copy()
        self.at_ms: Ints = pairs[:, 1].copy()
        self._instants, ranks = np.unique(self.at_ms, return_inverse=True)
        self._keys: Ints = self.resident * (len(self._instants) + 1) + ranks.reshape(-1)

    def __len__(self) -> int:
        return len(self.at_ms)

    def next(self, resident: Ints, at_ms: Ints) -> Ints:
        """Tell for each (resident, instant) the resident's first arrival then or later: its row, or -1."""
        if not len(self):
            return np.full(len(resident), -1, dtype=np.int64)
        wanted = resident * (len(self._instants) + 1) + np.searchsorted(self._instants, at_ms)
        row = np.searchsorted(self._keys, wanted).astype(np.int64)
        there = row < len(self)
        row[~there] = 0
        there &= (self.resident[row] == resident) & (resident >= 0)
        return np.where(there, row, -1)


def joined(parts: Iterable[Arrivals]) -> Arrivals:
    """Put the arrivals of several files together."""
    empty = np.zeros(0, dtype=np.int64)
    return Arrivals(*(np.concatenate(columns) for columns in zip(Arrivals(empty, empty), *parts, strict=True)))
