"""The best guess: of all times the one whose limits most probably hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.forecast.guess import LIMITS_S, best_guess
from geofence.forecast.outlook import BIN_S, BINS, HORIZON_S
from geofence.forecast.walk import Floats


def limits(truth_s: float) -> tuple[float, float]:
    """Tell the open benchmark's limits of actual minus predicted, by the time to arrival, as the design has them."""
    if truth_s < 180:
        return -30.0, 90.0
    if truth_s < 360:
        return -60.0, 150.0
    if truth_s < 600:
        return -60.0, 210.0
    return -90.0, 270.0


def held(chance: Floats, guess_s: float) -> float:
    """Tell the chance that the truth lies within the limits of a guess."""
    total = 0.0
    for k in np.flatnonzero(chance).tolist():
        truth = BIN_S * (k + 0.5)
        low, high = limits(truth)
        if low <= truth - guess_s <= high:
            total += float(chance[k])
    return total


rows = st.dictionaries(st.integers(0, BINS - 1), st.floats(0.01, 1.0), min_size=1, max_size=12)


def chances(weights: dict[int, float]) -> Floats:
    chance = np.zeros(BINS)
    chance[list(weights)] = list(weights.values())
    chance /= chance.sum()
    return chance


def guessed(chance: Floats) -> float:
    return float(best_guess(chance[None, :])[0][0])


@given(rows)
def test_no_other_guess_would_hold_more(weights: dict[int, float]) -> None:
    """Of all multiples of a bin none holds more of the distribution than the best guess does."""
    chance = chances(weights)
    guess = guessed(chance)
    most = max(held(chance, BIN_S * k) for k in range(BINS))
    assert held(chance, guess) >= most - 1e-6
    assert float(best_guess(chance[None, :])[1][0]) == pytest.approx(most)
    assert 0.0 <= guess < HORIZON_S


@given(st.lists(rows, min_size=1, max_size=5))
def test_each_row_is_guessed_by_itself(some: list[dict[int, float]]) -> None:
    """What is foretold of one place does not depend on the others."""
    table = np.array([chances(weights) for weights in some])
    assert best_guess(table)[0].tolist() == [guessed(row) for row in table]


@pytest.mark.parametrize(("minutes", "other"), [(2, 25), (5, 40), (10, 60)])
def test_two_times_as_likely_as_each_other_are_not_met_in_the_middle(minutes: int, other: int) -> None:
    """Where two past days say different times, the guess is one of them, not a time that neither knows."""
    chance = chances({4 * minutes: 1.0, 4 * other: 1.0})
    guess = guessed(chance)
    assert held(chance, guess) == pytest.approx(0.5)


def test_a_sure_time_is_guessed_early_since_the_limits_are_wider_late() -> None:
    """A truck that surely comes in twelve minutes is guessed within the limits, and before them rather than after."""
    chance = chances({48: 1.0})
    guess = guessed(chance)
    assert 48 * BIN_S + 7.5 - 270.0 <= guess < 48 * BIN_S


def test_the_limits_are_those_of_the_design() -> None:
    """Up to 3, 6, 10 and 15 minutes: -30..+90, -60..+150, -60..+210, -90..+270 s of actual minus predicted."""
    first = [(180.0, -30.0, 90.0), (360.0, -60.0, 150.0)]
    assert list(LIMITS_S) == [*first, (600.0, -60.0, 210.0), (900.0, -90.0, 270.0)]


def test_no_rows_are_no_guesses() -> None:
    """An empty outlook gives an empty answer."""
    assert best_guess(np.zeros((0, BINS)))[0].tolist() == []
