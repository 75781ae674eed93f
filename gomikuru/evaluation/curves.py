"""What the picture draws of predictions: errors and coverage by minute of horizon, and the calibration."""

from __future__ import annotations

import msgspec
import numpy as np

from gomikuru.evaluation.eta_scores import Fulfilled, interval_coverage

MINUTES = 30
NOMINAL_LOW, NOMINAL_HIGH = 0.1, 0.9


class Minute(msgspec.Struct, frozen=True):
    """Predictions made `minute` to `minute` + 1 minutes before the arrival; errors are actual minus predicted."""

    minute: int
    predictions: int
    p10_s: float
    median_s: float
    p90_s: float
    interval_coverage: float | None


class Calibration(msgspec.Struct, frozen=True):
    """The share of arrivals that came by the interval's low edge (10 % should), by `eta`, by its high edge (90 %)."""

    predictions: int
    by_low: float
    by_eta: float
    by_high: float


class Curves(msgspec.Struct, frozen=True):
    """Everything by horizon; minutes without predictions are left out."""

    calibration: Calibration | None
    minutes: tuple[Minute, ...]


def curves_of(told: Fulfilled) -> Curves:
    """Draw up the curves of predictions that an arrival followed."""
    minute = (told.horizon_s // 60).astype(np.int64)
    order = np.argsort(minute, kind="stable")
    told = Fulfilled(*(column[order] for column in told))
    edges = np.searchsorted(minute[order], np.arange(MINUTES + 1))
    some = [_minute(k, told, slice(edges[k], edges[k + 1])) for k in range(MINUTES) if edges[k] < edges[k + 1]]
    return Curves(_calibration(told), tuple(some))


def _minute(minute: int, told: Fulfilled, rows: slice) -> Minute:
    some = Fulfilled(*(column[rows] for column in told))
    p10_s, median_s, p90_s = (float(figure) for figure in np.quantile(some.error_s, (0.1, 0.5, 0.9)))
    held = interval_coverage(some, np.ones(len(some.error_s), dtype=np.bool_))
    return Minute(minute, len(some.error_s), p10_s, median_s, p90_s, held)


def _calibration(told: Fulfilled) -> Calibration | None:
    given = ~(np.isnan(told.low_s) | np.isnan(told.high_s))
    if not given.any():
        return None
    by_low, by_eta, by_high = (float((column[given] <= 0).mean()) for column in (told.low_s, told.error_s, told.high_s))
    return Calibration(int(given.sum()), by_low, by_eta, by_high)
