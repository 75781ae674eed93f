"""Intervals that hold what they promise: split-conformal factors from rehearsals, by horizon. Pure.

What is learned is the distance of the truth from the middle, in units of the interval's own half widths (normalised
residuals, Lei et al. 2018), by how far off it is and how sure the best guess is: each half is stretched so that a tenth
of all lies beyond it and the best guess, and both together hold 80 %. Then all are stretched alike, until 80 % of what
came within a quarter of an hour is held: that is where residents look.
"""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.guess import SURE
from geofence.forecast.rehearsal import GRID_S, Rows
from geofence.forecast.walk import Bools, Floats, Ints

EDGES_S = (180.0, 360.0, 600.0, 900.0, 1500.0)
SLACK_S = 15.0
ENOUGH = 60
SOON_S, HELD = 900.0, 0.8
BOUNDS, SCALE_BOUNDS = (0.1, 5.0), (1.0 / 1.5, 1.5)
HORIZONS = len(EDGES_S) + 1
FACTORS = 2 * HORIZONS


class Calibration(msgspec.Struct, frozen=True, array_like=True):
    """Factors for the lower and the upper half: by horizon of the middle for guesses that are not sure, then for sure.

    Profiles of older versions have factors by horizon only: they hold for both.
    """

    low: tuple[float, ...] = (1.0,) * FACTORS
    high: tuple[float, ...] = (1.0,) * FACTORS

    def interval(
        self, low_s: Floats, middle_s: Floats, high_s: Floats, guess_s: Floats, sure: Bools
    ) -> tuple[Floats, Floats]:
        """Stretch raw 10 % and 90 % quantiles around the middle, and take the best guess in."""
        bucket = _bucket(middle_s, sure)
        down = np.resize(self.low, FACTORS)[bucket] * (middle_s - low_s + SLACK_S)
        up = np.resize(self.high, FACTORS)[bucket] * (high_s - middle_s + SLACK_S)
        return np.minimum(np.maximum(middle_s - down, 0.0), guess_s), np.maximum(middle_s + up, guess_s)


def calibrated(rows: Rows, expect: float, beyond: float = 0.1) -> Calibration:
    """Learn the factors from what came, and was foretold with a chance of `expect` or more within half an hour.

    `beyond`: the share of all that is to lie beyond each half.
    """
    foretold = rows.within[:, GRID_S.index(1800.0)] >= expect
    came = foretold & (rows.actual_s <= 2700.0)
    middle, guess, actual = rows.middle_s[came], rows.guess_s[came], rows.actual_s[came]
    down = np.where(actual < guess, middle - actual, 0.0) / (middle - rows.low_s[came] + SLACK_S)
    up = np.where(actual > guess, actual - middle, 0.0) / (rows.high_s[came] - middle + SLACK_S)
    bucket = _bucket(middle, rows.held[came] >= SURE)
    low, high = (
        np.array([_factor(side[bucket == k], 1.0 - beyond, *BOUNDS) for k in range(FACTORS)]) for side in (down, up)
    )
    scale = _factor(np.maximum(down / low[bucket], up / high[bucket])[actual <= SOON_S], HELD, *SCALE_BOUNDS)
    scales = np.where(np.bincount(bucket, minlength=FACTORS) < ENOUGH, 1.0, scale)
    return Calibration(tuple((scales * low).tolist()), tuple((scales * high).tolist()))


def _bucket(middle_s: Floats, sure: Bools) -> Ints:
    """Tell which factors are for a middle of the times, and a guess that is sure or not."""
    bucket: Ints = np.searchsorted(EDGES_S, middle_s) + sure * HORIZONS
    return bucket


def _factor(scores: Floats, share: float, least: float, most: float) -> float:
    """Tell the factor that holds a share of all; `scores`: where the truth lies, in units of the halves."""
    if len(scores) < ENOUGH:
        return 1.0
    return float(np.clip(np.quantile(scores, share), least, most))
