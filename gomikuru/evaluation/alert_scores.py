"""Scores alerts with a lead in minutes: hit, close, late, early, missed an arrival; false, repeated an alert.

An alert belongs to the resident's first arrival at or after it, where one comes within the window. One before that is
false, and its arrival, if it has no other alert and comes on the same day, early. docs/evaluation.md has every rule in
words.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gomikuru.evaluation.eta_scores import share_of
from gomikuru.evaluation.timeline import FOLLOWS_MS, HOUR_MS, MINUTE_MS, Flags, Floats, Ints, Timeline

WINDOW_LEADS = 3.0
HIT = (0.5, 2.0)
LATE_UNDER = 0.3
SAME_DAY_MS = 12 * HOUR_MS


class Alerts(NamedTuple):
    """Alerts `approaching` with a lead in minutes, and the instants of `corrected` ones, as columns."""

    resident: Ints
    fired_ms: Ints
    lead_min: Floats
    corrected_resident: Ints
    corrected_ms: Ints


class AlertFigures(msgspec.Struct, frozen=True):
    """One line of the alert table. `lead_min` is None in the line of all leads. Shares are 0 to 1; None of nothing."""

    lead_min: float | None
    arrivals: int
    alerts: int
    hit: float | None
    close: float | None
    late: float | None
    missed: float | None
    early: float | None
    false: float | None
    repeated: float | None
    renewed: int
    median_given_min: float | None
    median_given_leads: float | None
    short: float | None


class AlertScore(msgspec.Struct, frozen=True):
    """The alert table: all leads together, each lead, and how many corrections were sent."""

    total: AlertFigures
    by_lead: tuple[AlertFigures, ...]
    corrected: int


class Judged(NamedTuple):
    """Each alert (`false`, `repeated`, `renewed`) and each arrival (`given_min`; NaN is missed) with its lead."""

    alert_lead_min: Floats
    false: Flags
    repeated: Flags
    renewed: Flags
    arrival_lead_min: Floats
    given_min: Floats


def judge(timeline: Timeline, counted: Flags, alerts: Alerts, wanted_min: Floats) -> Judged:
    """Match alerts and arrivals.

    `counted` says for each row of the timeline whether its resident wants minutes; `wanted_min` is the lead of each
    resident where it is known (else NaN), used for arrivals without an alert.
    """
    order = np.lexsort((alerts.fired_ms, alerts.resident))
    resident, fired_ms, lead_min = alerts.resident[order], alerts.fired_ms[order], alerts.lead_min[order]
    row = timeline.next(resident, fired_ms)
    gap_ms = timeline.at_ms[row] - fired_ms if len(timeline) else np.zeros(len(row), dtype=np.int64)
    false = (row < 0) | (gap_ms > np.maximum(FOLLOWS_MS, WINDOW_LEADS * lead_min * MINUTE_MS))
    told = np.flatnonzero(~false | ((row >= 0) & (gap_ms <= SAME_DAY_MS)))
    told = told[np.lexsort((false[told], row[told]))]
    rows, first = np.unique(row[told], return_index=True)
    first = told[first]
    repeated = ~false
    repeated[first] = False
    given_min = np.full(len(timeline), np.nan)
    given_min[rows] = gap_ms[first] / MINUTE_MS
    arrival_lead_min = np.full(len(timeline), np.nan)
    if len(timeline):
        arrival_lead_min = wanted_min[timeline.resident]
    arrival_lead_min[rows] = lead_min[first]
    renewed = _renewed(repeated, resident, fired_ms, alerts)
    return Judged(lead_min, false, repeated, renewed, arrival_lead_min[counted], given_min[counted])


def score_alerts(judged: Judged, corrected: int) -> AlertScore:
    """Make the table."""
    leads = np.unique(np.concatenate([judged.alert_lead_min, judged.arrival_lead_min]))
    by_lead = tuple(_figures(judged, float(lead)) for lead in leads if not np.isnan(lead))
    return AlertScore(_figures(judged, None), by_lead, corrected)


def _renewed(repeated: Flags, resident: Ints, fired_ms: Ints, alerts: Alerts) -> Flags:
    corrections: dict[int, list[int]] = {}
    for who, when in zip(alerts.corrected_resident.tolist(), alerts.corrected_ms.tolist(), strict=True):
        corrections.setdefault(who, []).append(when)
    found = np.zeros(len(repeated), dtype=np.bool_)
    for k in np.flatnonzero(repeated).tolist():
        between = (int(fired_ms[k - 1]), int(fired_ms[k]))
        found[k] = any(between[0] <= when <= between[1] for when in corrections.get(int(resident[k]), ()))
    return found


def _figures(judged: Judged, lead_min: float | None) -> AlertFigures:
    if lead_min is None:
        alerts = np.ones(len(judged.false), dtype=np.bool_)
        arrivals = np.ones(len(judged.given_min), dtype=np.bool_)
    else:
        alerts, arrivals = judged.alert_lead_min == lead_min, judged.arrival_lead_min == lead_min
    given_min = judged.given_min[arrivals]
    told = ~np.isnan(given_min)
    leads = given_min / judged.arrival_lead_min[arrivals]
    return AlertFigures(
        lead_min=lead_min,
        arrivals=int(arrivals.sum()),
        alerts=int(alerts.sum()),
        hit=share_of((leads >= HIT[0]) & (leads <= HIT[1])),
        close=share_of((leads >= LATE_UNDER) & (leads < HIT[0])),
        late=share_of(leads < LATE_UNDER),
        missed=share_of(~told),
        early=share_of(leads > HIT[1]),
        false=share_of(judged.false[alerts]),
        repeated=share_of(judged.repeated[alerts]),
        renewed=int(judged.renewed[alerts].sum()),
        median_given_min=_median(given_min[told]),
        median_given_leads=_median(leads[told]),
        short=share_of(leads[told] < 1.0),
    )


def _median(figures: Floats) -> float | None:
    return float(np.median(figures)) if len(figures) else None
