"""How good a zone's alerts were, day by day: the figures on which a city decides to let it go live. Pure.

Homes are numbered in their order. The rules of hit, late and so on are those of alert_scores; docs/evaluation.md says
what else is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec
import numpy as np

from gomikuru.evaluation.alert_scores import AlertFigures, Alerts, judge, score_alerts
from gomikuru.evaluation.eta_scores import share_of
from gomikuru.evaluation.timeline import FOLLOWS_MS, Arrivals, Flags, Floats, Ints, Timeline

OUTSIDE = "-"
"""The row of homes in no zone."""
MIXED = "mixed"


class Said(NamedTuple):
    """Alerts with a lead in minutes, as columns; `low_ms` and `high_ms` -1 where none was promised."""

    resident: Ints
    fired_ms: Ints
    lead_min: Floats
    day: Ints
    shadow: Flags
    corrected: Flags
    low_ms: Ints
    high_ms: Ints

    def only(self, rows: Flags) -> Said:
        """Pick rows."""
        return Said(*(getattr(self, name)[rows] for name in self._fields))


class Judging(msgspec.Struct, frozen=True):
    """What is judged: each home's zone, lead (NaN: none in minutes) and first day (ordinal), and what happened."""

    zone: Sequence[str]
    lead_min: Floats
    since_day: Ints
    arrivals: Arrivals
    arrival_day: Ints
    said: Said


class ZoneFigures(msgspec.Struct, frozen=True):
    """One row. `day` is None in the row of all days; `inside`: the share of arrivals within the promised interval."""

    zone: str
    mode: str
    day: date | None
    days: int
    homes: int
    figures: AlertFigures
    inside: float | None


def judged(judging: Judging, modes: Mapping[str, str], days: Sequence[date], daily: bool) -> Iterator[ZoneFigures]:
    """Judge zone by zone, in order of their names; with `daily` each day too."""
    zones = np.array(judging.zone, dtype=object)
    for zone in sorted(set(judging.zone)):
        homes = (zones == zone) & ~np.isnan(judging.lead_min)
        if not homes.any():
            continue
        yield _row(judging, homes, zone, modes.get(zone, OUTSIDE), days, None)
        for day in days if daily else ():
            yield _row(judging, homes, zone, modes.get(zone, OUTSIDE), [day], day)


def _row(judging: Judging, homes: Flags, zone: str, mode: str, days: Sequence[date], day: date | None) -> ZoneFigures:
    ordinals = np.array([each.toordinal() for each in days], dtype=np.int64)
    came = _wanted(judging, homes, judging.arrivals.resident, judging.arrival_day, ordinals)
    said = judging.said.only(_wanted(judging, homes, judging.said.resident, judging.said.day, ordinals))
    timeline = Timeline(Arrivals(judging.arrivals.resident[came], judging.arrivals.at_ms[came]))
    told, corrected = said.only(~said.corrected), said.only(said.corrected)
    alerts = Alerts(told.resident, told.fired_ms, told.lead_min, corrected.resident, corrected.fired_ms)
    everybody = np.ones(len(timeline), dtype=np.bool_)
    figures = score_alerts(judge(timeline, everybody, alerts, judging.lead_min), len(corrected.fired_ms)).total
    worked = len(np.unique(judging.arrival_day[came]))
    shown = _mode_of(told.shadow, mode) if day else mode
    return ZoneFigures(zone, shown, day, worked, int(homes.sum()), figures, _inside(timeline, told))


def _wanted(judging: Judging, homes: Flags, resident: Ints, day: Ints, ordinals: Ints) -> Flags:
    """Tell the rows of some homes on some days, from each home's first day on."""
    wanted: Flags = homes[resident] & np.isin(day, ordinals) & (day >= judging.since_day[resident])
    return wanted


def _mode_of(shadow: Flags, otherwise: str) -> str:
    """Tell the mode of a day by its alerts; that of now where there were none."""
    if not len(shadow):
        return otherwise
    return MIXED if shadow.any() and not shadow.all() else "shadow" if shadow[0] else "live"


def _inside(timeline: Timeline, told: Said) -> float | None:
    """Tell the share of arrivals that came within the interval that their alert promised."""
    promised = told.only(told.low_ms >= 0)
    row = timeline.next(promised.resident, promised.fired_ms)
    came = (row >= 0) & ((timeline.at_ms[row] - promised.fired_ms <= FOLLOWS_MS) if len(timeline) else False)
    if not came.any():
        return None
    at_ms = timeline.at_ms[row[came]]
    return share_of((promised.low_ms[came] <= at_ms) & (at_ms <= promised.high_ms[came]))
