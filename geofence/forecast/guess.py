"""The single best guess: the time whose limits of the open benchmark most probably hold the truth. Pure.

The limits (docs/evaluation.md) are wider late than early and widen with the time to arrival; so the best single
figure is neither the mean nor the median, but the one with most of the distribution inside its limits.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from geofence.forecast.outlook import BIN_S, BINS
from geofence.forecast.walk import Floats, Ints

SURE = 0.6
"""A time is foretold where its limits hold the truth with this chance; beyond, less is foretold and little is won."""
LIMITS_S = ((180.0, -30.0, 90.0), (360.0, -60.0, 150.0), (600.0, -60.0, 210.0), (900.0, -90.0, 270.0))
"""(time to arrival below, earliest, latest): of actual minus predicted; beyond the last the last limits hold on."""


def _runs() -> list[tuple[Ints, Ints]]:
    """Tell for each limit and guess (a bin's end) the first bin of the truth that lies within, and the one after."""
    guess_s = BIN_S * np.arange(BINS)
    ends = [*(round(below / BIN_S) for below, _, _ in LIMITS_S[:-1]), BINS]
    runs = []
    for (begin, end), (_, low, high) in zip(pairwise([0, *ends]), LIMITS_S, strict=True):
        first = np.clip(np.ceil((guess_s + low) / BIN_S - 0.5).astype(np.int64), begin, end)
        after = np.clip(np.floor((guess_s + high) / BIN_S - 0.5).astype(np.int64) + 1, first, end)
        runs.append((first, after))
    return runs


_RUNS = _runs()


def best_guess(chance: Floats) -> tuple[Floats, Floats]:
    """Tell for each row of chances the best guess in seconds, and how likely its limits hold the truth.

    Of equal guesses it is the middle of the first run.
    """
    until = np.zeros((len(chance), BINS + 1))
    np.cumsum(chance, axis=1, out=until[:, 1:])
    held = np.add.reduce([np.take(until, after, axis=1) - np.take(until, first, axis=1) for first, after in _RUNS])
    best = held.max(axis=1, keepdims=True)
    near = held >= best - 1e-9
    first = near.argmax(axis=1)
    beyond = ~near & (np.arange(BINS) > first[:, None])
    last = np.where(beyond.any(axis=1), beyond.argmax(axis=1), BINS) - 1
    guess: Floats = BIN_S * (first + last) / 2.0
    return guess, best[:, 0]
