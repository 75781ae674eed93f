"""Whose arrivals and alerts count, and which lead each has; then the score of one method's alerts. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gomikuru.evaluation.alert_scores import Alerts, AlertScore, Judged, judge, score_alerts
from gomikuru.evaluation.reading import AlertRow, BadFile
from gomikuru.evaluation.timeline import Flags, Floats, Ints, Names, Timeline

APPROACHING, CORRECTED = "approaching", "corrected"


class Leads(NamedTuple):
    """What each resident wants, by number: minutes, or NaN; and whether it wants minutes at all."""

    minutes: Floats
    counted: Flags


class Told(NamedTuple):
    """The alerts of a method, whose arrivals they are scored on, and how many were for residents not known."""

    alerts: Alerts
    leads: Leads
    strangers: int = 0


class _Row(NamedTuple):
    who: int
    kind: str
    fired_ms: int
    lead_min: float


def take_alerts(files: Iterable[tuple[str, list[AlertRow]]], names: Names, wanted: Leads | None) -> Told:
    """Take the alerts that count: `approaching` with minutes, `corrected`; raise BadFile where a lead is unknown.

    `wanted` is what residents.csv says; then only its residents count. Without it a resident whose alerts have no lead
    in minutes is left out, and one without an alert counts.
    """
    rows = [row for name, some in files for row in _rows(name, some, names, wanted)]
    known = [row for row in rows if row.who >= 0]
    leads = wanted or _leads_of(known, len(names))
    scored = [row for row in known if leads.counted[row.who]]
    told = [row for row in scored if row.kind == APPROACHING and not math.isnan(row.lead_min)]
    corrected = [row for row in scored if row.kind == CORRECTED]
    lead_min = np.array([row.lead_min for row in told], dtype=np.float64)
    resident, fired_ms = _columns(told)
    alerts = Alerts(resident, fired_ms, lead_min, *_columns(corrected))
    return Told(alerts, leads, len(rows) - len(known))


def judge_told(timeline: Timeline, told: Told) -> Judged:
    """Match a method's alerts and the arrivals of those who want minutes."""
    return judge(timeline, told.leads.counted[timeline.resident], told.alerts, told.leads.minutes)


def alert_score(judged: Judged, told: Told) -> AlertScore:
    """Score a method's alerts."""
    return score_alerts(judged, len(told.alerts.corrected_ms))


def _rows(name: str, alerts: list[AlertRow], names: Names, wanted: Leads | None) -> Iterator[_Row]:
    for who, alert in zip(names.codes([alert.resident for alert in alerts]).tolist(), alerts, strict=True):
        if alert.kind not in (APPROACHING, CORRECTED):
            continue
        lead_min = alert.lead_min
        if lead_min is None and wanted and who >= 0:
            lead_min = float(wanted.minutes[who])
        if lead_min is None and alert.kind == APPROACHING and not wanted:
            raise BadFile(f"{name}: line {alert.line}: no lead; give the residents' leads with --residents")
        yield _Row(who, alert.kind, alert.fired_ms, math.nan if lead_min is None else lead_min)


def _leads_of(rows: list[_Row], count: int) -> Leads:
    minutes = np.full(count, np.nan)
    counted = np.ones(count, dtype=np.bool_)
    for row in rows:
        if row.kind == APPROACHING and not math.isnan(row.lead_min):
            minutes[row.who] = row.lead_min
    for row in rows:
        if row.kind == APPROACHING and math.isnan(row.lead_min):
            counted[row.who] = not math.isnan(minutes[row.who])
    return Leads(minutes, counted)


def _columns(rows: list[_Row]) -> tuple[Ints, Ints]:
    return np.array([row.who for row in rows], dtype=np.int64), np.array([row.fired_ms for row in rows], dtype=np.int64)
