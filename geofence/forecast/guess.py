"""The single best guess: the time whose limits of the open benchmark most probably hold the truth. Pure.

The limits (docs/evaluation.md) are wider late than early and widen with the time to arrival; so the best single
figure is neither the mean nor the median, but the one with most of the distribution inside its limits.
"""

from __future__ import annotations

import numpy as np

from geofence.forecast.outlook import BIN_S, BINS
from geofence.forecast.walk import Floats

LIMITS_S = ((180.0, -30.0, 90.0), (360.0, -60.0, 150.0), (600.0, -60.0, 210.0), (900.0, -90.0, 270.0))
"""(time to arrival below, earliest, latest): of actual minus predicted; beyond the last the last limits hold on."""


def _inside() -> Floats:
    """Tell for each guess (row, a bin's end) which bins of the truth lie within its limits."""
    guess = BIN_S * np.arange(BINS)[:, None]
    truth = BIN_S * (np.arange(BINS) + 0.5)[None, :]
    early, late = np.full((1, BINS), LIMITS_S[-1][1]), np.full((1, BINS), LIMITS_S[-1][2])
    for below, low, high in reversed(LIMITS_S):
        here = truth < below
        early[here], late[here] = low, high
    off = truth - guess
    inside: Floats = ((off >= early) & (off <= late)).astype(np.float64)
    return inside


_INSIDE = _inside()


def best_guess(chance: Floats) -> tuple[Floats, Floats]:
    """Tell for each row of chances the best guess in seconds, and how likely its limits hold the truth.

    Of equal guesses it is the middle of the first run.
    """
    held = chance @ _INSIDE.T
    best = held.max(axis=1, keepdims=True)
    near = held >= best - 1e-9
    first = near.argmax(axis=1)
    beyond = ~near & (np.arange(BINS) > first[:, None])
    last = np.where(beyond.any(axis=1), beyond.argmax(axis=1), BINS) - 1
    guess: Floats = BIN_S * (first + last) / 2.0
    return guess, best[:, 0]
