"""Calibration: an interval that was learned holds eight of ten, whatever the raw quantiles were worth."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from geofence.forecast.calibration import EDGES_S, ENOUGH, FACTORS, HORIZONS, SOON_S, Calibration, calibrated
from geofence.forecast.guess import SURE
from geofence.forecast.rehearsal import GRID_S, Rows
from geofence.forecast.walk import Floats

LARGE = 60_000


def foretold(
    chance: np.random.Generator, count: int, told: float, sigma: float = 0.22, middles: tuple[float, float] = (60, 1400)
) -> Rows:
    """Draw arrivals, lognormal around the middle; the raw 10 % and 90 % quantiles are those of `told` times sigma."""
    middle = np.exp(chance.uniform(float(np.log(middles[0])), float(np.log(middles[1])), count))
    actual = middle * np.exp(sigma * chance.normal(size=count))
    reach = 1.2816 * told * sigma
    return Rows(
        run=np.zeros(count, dtype=np.int64),
        place=np.arange(count),
        at_s=np.zeros(count),
        actual_s=actual,
        within=np.ones((count, len(GRID_S)), np.float32),
        low_s=middle * np.exp(-reach),
        middle_s=middle,
        high_s=middle * np.exp(reach),
        guess_s=middle,
        held=np.zeros(count, np.float32),
    )


def share_held(calibration: Calibration, rows: Rows) -> Floats:
    """Tell by horizon, and last over all, how much of the truth lies inside."""
    low, high = calibration.interval(rows.low_s, rows.middle_s, rows.high_s, rows.guess_s, rows.held >= SURE)
    inside = (low <= rows.actual_s) & (rows.actual_s <= high)
    bucket = np.searchsorted(EDGES_S, rows.middle_s)
    return np.array([*(inside[bucket == k].mean() for k in range(5)), inside.mean()])


@pytest.mark.parametrize("told", [0.4, 1.0, 2.5])
def test_calibrated_intervals_hold_eighty_percent_of_fresh_draws(told: float) -> None:
    """Whether the raw quantiles were too narrow, right, or too wide: 78 to 82 %, at each horizon and over all."""
    chance = np.random.default_rng(11)
    calibration = calibrated(foretold(chance, LARGE, told), expect=0.5)
    held = share_held(calibration, foretold(chance, LARGE, told))
    assert held.min() >= 0.78
    assert held.max() <= 0.82


def test_a_tenth_lies_outside_on_each_side() -> None:
    """Early and late are each left out once in ten, though the truth is lopsided."""
    chance = np.random.default_rng(5)
    calibration = calibrated(foretold(chance, LARGE, 0.7), expect=0.5)
    rows = foretold(chance, LARGE, 0.7)
    low, high = calibration.interval(rows.low_s, rows.middle_s, rows.high_s, rows.guess_s, rows.held >= SURE)
    assert (rows.actual_s < low).mean() == pytest.approx(0.1, abs=0.01)
    assert (rows.actual_s > high).mean() == pytest.approx(0.1, abs=0.01)


def test_sure_guesses_have_factors_of_their_own() -> None:
    """Sharp and blurred forecasts that were wide and narrow by the wrong measure: each holds eight of ten by itself."""
    chance = np.random.default_rng(7)

    def both() -> Rows:
        blurred, sharp = foretold(chance, LARGE, 0.5), foretold(chance, LARGE, 2.0)
        sharp = replace(sharp, held=np.ones(LARGE, np.float32))
        columns = (np.concatenate((getattr(blurred, name), getattr(sharp, name))) for name in Rows.__struct_fields__)
        return Rows(*columns)

    calibration, fresh = calibrated(both(), expect=0.5), both()
    low, high = calibration.interval(fresh.low_s, fresh.middle_s, fresh.high_s, fresh.guess_s, fresh.held >= SURE)
    inside = (low <= fresh.actual_s) & (fresh.actual_s <= high)
    assert inside[:LARGE].mean() == pytest.approx(0.8, abs=0.02)
    assert inside[LARGE:].mean() == pytest.approx(0.8, abs=0.02)


def test_an_interval_takes_the_best_guess_in_and_still_holds_eight_of_ten() -> None:
    """A guess that lies early, as the limits want it, widens the interval; its factors are learned with it."""
    chance = np.random.default_rng(3)
    rows, fresh = (replace(each, guess_s=0.7 * each.middle_s) for each in (foretold(chance, LARGE, 1.0) for _ in "ab"))
    calibration = calibrated(rows, expect=0.5)
    low, high = calibration.interval(fresh.low_s, fresh.middle_s, fresh.high_s, fresh.guess_s, fresh.held >= SURE)
    assert (low <= fresh.guess_s).all()
    assert (high >= fresh.guess_s).all()
    assert (fresh.actual_s < low).mean() <= 0.1
    assert ((low <= fresh.actual_s) & (fresh.actual_s <= high)).mean() == pytest.approx(0.8, abs=0.02)


def test_of_what_comes_soon_eight_of_ten_are_held() -> None:
    """Where forecasts are so wide that what was foretold for later often comes soon: counted by what came, it holds."""
    chance = np.random.default_rng(13)
    calibration, fresh = (calibrated(foretold(chance, LARGE, 1.0, 0.9), expect=0.5), foretold(chance, LARGE, 1.0, 0.9))
    low, high = calibration.interval(fresh.low_s, fresh.middle_s, fresh.high_s, fresh.guess_s, fresh.held >= SURE)
    soon = fresh.actual_s <= SOON_S
    inside = (low <= fresh.actual_s) & (fresh.actual_s <= high)
    assert inside[soon].mean() == pytest.approx(0.8, abs=0.02)


def test_the_factors_of_an_older_version_are_for_both() -> None:
    """A profile from before has six factors a half; they hold whether a guess is sure or not."""
    older = Calibration(low=(0.5, 1.0, 1.0, 1.0, 1.0, 2.0), high=(1.0,) * HORIZONS)
    low_s, middle_s, high_s = (np.array([each, each]) for each in (40.0, 100.0, 160.0))
    low, _ = older.interval(low_s, middle_s, high_s, middle_s, np.array([False, True]))
    assert low.tolist() == [62.5, 62.5]


def test_too_few_rows_change_nothing() -> None:
    """With less than sixty rows at a horizon its factors stay 1; a horizon that has enough gets its own."""
    few = foretold(np.random.default_rng(1), ENOUGH - 1, 0.4, middles=(60, 170))
    assert calibrated(few, expect=0.5) == Calibration()
    enough = calibrated(foretold(np.random.default_rng(1), ENOUGH * 20, 0.4, middles=(60, 170)), expect=0.5)
    assert enough.low[0] != 1.0
    assert enough.high[0] != 1.0
    assert enough.low[1:] == enough.high[1:] == (1.0,) * (FACTORS - 1)


def test_what_was_hardly_expected_and_what_never_came_teach_nothing() -> None:
    """Only arrivals that were foretold with the chance asked for, and that came, count."""
    rows = foretold(np.random.default_rng(2), 5_000, 0.4)
    unlikely = replace(rows, within=rows.within * np.float32(0.4))
    assert calibrated(unlikely, expect=0.5) == Calibration()
    never = replace(rows, actual_s=np.full(5_000, np.inf))
    assert calibrated(never, expect=0.5) == Calibration()


def test_an_interval_never_begins_in_the_past() -> None:
    """However far a half is stretched, nothing is foretold for before now."""
    wide = Calibration(low=(5.0,) * FACTORS, high=(5.0,) * FACTORS)
    sure = np.array([True, False])
    middle = np.array([60.0, 900.0])
    low, high = wide.interval(np.array([0.0, 30.0]), middle, np.array([90.0, 2000.0]), middle, sure)
    assert (low >= 0.0).all()
    assert (high >= np.array([60.0, 900.0])).all()
