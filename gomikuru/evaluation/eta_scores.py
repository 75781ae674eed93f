"""Scores predictions of arrival by the transit industry's open benchmark: four buckets, their limits, the headline.

An error is actual minus predicted, in seconds: above 0 the truck came later than it was told. docs/evaluation.md has
every rule in words.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from gomikuru.evaluation.timeline import FOLLOWS_MS, HOUR_MS, NONE_MS, Flags, Floats, Ints, Timeline

COVERED_WITHIN_S = 900.0


class Bucket(NamedTuple):
    """Predictions by time to the actual arrival, `from_s` inclusive to `until_s` exclusive, and the limits of error."""

    name: str
    from_s: float
    until_s: float
    earliest_s: float
    latest_s: float


BUCKETS = (
    Bucket("0-3 min", 0, 180, -30, 90),
    Bucket("3-6 min", 180, 360, -60, 150),
    Bucket("6-10 min", 360, 600, -60, 210),
    Bucket("10-15 min", 600, 900, -90, 270),
)


class Predictions(NamedTuple):
    """Rows of predictions.csv as columns; an absent edge of the interval is NONE_MS, an unknown resident -1."""

    resident: Ints
    made_ms: Ints
    eta_ms: Ints
    low_ms: Ints
    high_ms: Ints


class BucketScore(msgspec.Struct, frozen=True):
    """One line of the ETA table. Shares are 0 to 1; None where there is nothing to divide by."""

    bucket: str
    predictions: int
    never_fulfilled: int
    accuracy: float | None
    bias_s: float | None
    median_error_s: float | None
    p90_error_s: float | None
    interval_coverage: float | None
    coverage: float | None


class EtaScore(msgspec.Struct, frozen=True):
    """The ETA table and its summary."""

    predictions: int
    arrivals: int
    buckets: tuple[BucketScore, ...]
    headline: float | None
    coverage: float | None
    interval_coverage: float | None
    interval_coverage_all: float | None
    never_fulfilled: int
    escaped: int


class Fulfilled(NamedTuple):
    """Each prediction that an arrival followed; `low_s`, `high_s`: actual minus that edge, NaN without one."""

    horizon_s: npt.NDArray[np.float32]
    error_s: npt.NDArray[np.float32]
    low_s: npt.NDArray[np.float32]
    high_s: npt.NDArray[np.float32]


class EtaTally:
    """Takes predictions in portions of any size and keeps what the score needs; portions change nothing.

    `strangers` counts those of residents that are not known, `hours` (since 1970) tells when predictions were made.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._parts: list[Fulfilled] = []
        self._unfulfilled = np.zeros(len(BUCKETS), dtype=np.int64)
        self._covered = np.zeros((len(BUCKETS), len(timeline)), dtype=np.bool_)
        self._predictions = 0
        self.strangers = 0
        self.hours: set[int] = set()
        self._never = 0
        self._escaped = 0

    def add(self, some: Predictions) -> None:
        """Take some predictions; those of unknown residents do not count."""
        known = some.resident >= 0
        self.strangers += int((~known).sum())
        if not known.all():
            some = Predictions(*(column[known] for column in some))
        self.hours.update(np.unique(some.made_ms // HOUR_MS).tolist())
        row = self._timeline.next(some.resident, some.made_ms)
        at_ms = self._timeline.at_ms[row] if len(self._timeline) else np.zeros(len(row), dtype=np.int64)
        came = (row >= 0) & (at_ms - some.made_ms <= FOLLOWS_MS)
        said_s = (some.eta_ms - some.made_ms) / 1000
        self._predictions += len(row)
        self._never += int((~came).sum())
        self._unfulfilled += _counts(np.maximum(said_s[~came], 0.0))
        self._take(Predictions(*(column[came] for column in some)), at_ms[came], row[came])
        taken = self._parts[-1]
        outside = (taken.horizon_s >= COVERED_WITHIN_S) & (taken.error_s > BUCKETS[-1].latest_s)
        self._escaped += int((outside & (said_s[came] < COVERED_WITHIN_S)).sum())

    def fulfilled(self) -> Fulfilled:
        """Give every prediction that an arrival followed."""
        empty = np.zeros(0, dtype=np.float32)
        parts = [Fulfilled(empty, empty, empty, empty), *self._parts]
        return Fulfilled(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def score(self) -> EtaScore:
        """Score everything that was taken so far."""
        told = self.fulfilled()
        buckets = tuple(self._bucket(number, told) for number in range(len(BUCKETS)))
        shares = [bucket.accuracy for bucket in buckets]
        filled = [share for share in shares if share is not None]
        return EtaScore(
            predictions=self._predictions,
            arrivals=len(self._timeline),
            buckets=buckets,
            headline=sum(filled) / len(filled) if len(filled) == len(shares) else None,
            coverage=share_of(np.logical_or.reduce(self._covered, axis=0)),
            interval_coverage=interval_coverage(told, told.horizon_s < COVERED_WITHIN_S),
            interval_coverage_all=interval_coverage(told, np.ones(len(told.horizon_s), dtype=np.bool_)),
            never_fulfilled=self._never,
            escaped=self._escaped,
        )

    def _take(self, came: Predictions, at_ms: Ints, row: Ints) -> None:
        horizon_s = (at_ms - came.made_ms) / 1000
        low_s, high_s = (
            np.where(edge == NONE_MS, np.nan, (at_ms - edge) / 1000) for edge in (came.low_ms, came.high_ms)
        )
        columns = (horizon_s, (at_ms - came.eta_ms) / 1000, low_s, high_s)
        self._parts.append(Fulfilled(*(column.astype(np.float32) for column in columns)))
        for number, bucket in enumerate(BUCKETS):
            self._covered[number, row[_within(horizon_s, bucket)]] = True

    def _bucket(self, number: int, told: Fulfilled) -> BucketScore:
        bucket = BUCKETS[number]
        inside = _within(told.horizon_s, bucket)
        error = told.error_s[inside].astype(np.float64)
        never = int(self._unfulfilled[number])
        right = int(((error >= bucket.earliest_s) & (error <= bucket.latest_s)).sum())
        count = len(error) + never
        return BucketScore(
            bucket=bucket.name,
            predictions=count,
            never_fulfilled=never,
            accuracy=right / count if count else None,
            bias_s=float(error.mean()) if len(error) else None,
            median_error_s=float(np.median(np.abs(error))) if len(error) else None,
            p90_error_s=float(np.quantile(np.abs(error), 0.9)) if len(error) else None,
            interval_coverage=interval_coverage(told, inside),
            coverage=share_of(self._covered[number]),
        )


def interval_coverage(told: Fulfilled, among: Flags) -> float | None:
    """Tell how many of some predictions' intervals held the truth; those without an interval do not count."""
    low_s, high_s = told.low_s[among], told.high_s[among]
    given = ~(np.isnan(low_s) | np.isnan(high_s))
    return share_of((low_s[given] >= 0) & (high_s[given] <= 0))


def share_of(flags: Flags) -> float | None:
    """Tell the share that is true; None of nothing."""
    return float(flags.mean()) if len(flags) else None


def _within(horizon_s: Floats | npt.NDArray[np.float32], bucket: Bucket) -> Flags:
    flags: Flags = (horizon_s >= bucket.from_s) & (horizon_s < bucket.until_s)
    return flags


def _counts(horizon_s: Floats) -> Ints:
    return np.array([int(_within(horizon_s, bucket).sum()) for bucket in BUCKETS], dtype=np.int64)
