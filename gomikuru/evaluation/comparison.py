"""Scores the baselines on the arrivals on which a method is scored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gomikuru.evaluation.alert_scores import Alerts, AlertScore
from gomikuru.evaluation.baselines import distance_over_speed, joined_alerts, radius_alerts
from gomikuru.evaluation.eta_scores import EtaTally
from gomikuru.evaluation.recording import Fixes, Homes, Plane, record
from gomikuru.evaluation.report import MethodScore
from gomikuru.evaluation.residents import Residents
from gomikuru.evaluation.scoring import Told, alert_score, judge_told
from gomikuru.evaluation.timeline import Arrivals, Timeline
from gomikuru.evaluation.timetable import Timetable
from model.city import City
from model.ping import Ping

RADII_M = (500, 1000)


def compare(
    timeline: Timeline, residents: Residents, pings: Iterable[Ping], city: City, past: Arrivals | None
) -> Iterator[MethodScore]:
    """Score each baseline; the timetable only where there are past arrivals."""
    plane = Plane(float(np.nanmean(residents.lat)) if (~np.isnan(residents.lat)).any() else 0.0)
    recording = record(pings, city, plane)
    if past:
        told = Timetable(past, city).alerts(recording.days, residents.leads.minutes)
        yield MethodScore("timetable", alerts=_alerts(timeline, residents, told))
    groups = [(recording.serving(wanted), homes) for wanted, homes in _groups(residents, plane)]
    for metres in RADII_M:
        told = joined_alerts([radius_alerts(days, homes, metres) for days, homes in groups])
        yield MethodScore(f"{metres} m", alerts=_alerts(timeline, residents, told))
    yield _over_speed(timeline, residents, groups)


def _groups(residents: Residents, plane: Plane) -> Iterator[tuple[tuple[str, ...], Homes]]:
    """Part the residents that have a place by the waste that they care for."""
    wanted = residents.categories
    for categories in sorted(set(wanted)):
        same = np.array([each == categories for each in wanted], dtype=np.bool_)
        rows = np.flatnonzero(same & ~np.isnan(residents.lat))
        x, y = plane.place(residents.lat[rows], residents.lon[rows])
        yield categories, Homes(rows, x, y, residents.leads.minutes[rows])


def _over_speed(timeline: Timeline, residents: Residents, groups: list[tuple[list[Fixes], Homes]]) -> MethodScore:
    tally = EtaTally(timeline)
    told = []
    for days, homes in groups:
        for said in distance_over_speed(days, homes):
            tally.add(said.predictions)
            told.append(said.alerts)
    return MethodScore("distance/speed", tally.score(), alerts=_alerts(timeline, residents, joined_alerts(told)))


def _alerts(timeline: Timeline, residents: Residents, alerts: Alerts) -> AlertScore:
    told = Told(alerts, residents.leads)
    return alert_score(judge_told(timeline, told), told)
