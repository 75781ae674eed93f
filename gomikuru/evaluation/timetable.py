"""The oldest baseline, a timetable: the truck comes when it mostly came, the alert one lead before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

import numpy as np

from gomikuru.evaluation.alert_scores import Alerts
from gomikuru.evaluation.baselines import alerts_at
from gomikuru.evaluation.timeline import MINUTE_MS, Arrivals, Floats
from model.city import City
from model.times import local, zone_info


class Timetable:
    """Each resident's median time of day in past arrivals, and the weekdays on which there were any."""

    def __init__(self, past: Arrivals, city: City) -> None:
        self._city = city
        self._weekdays: dict[int, set[int]] = {}
        minutes: dict[int, list[float]] = {}
        for resident, at_ms in zip(past.resident.tolist(), past.at_ms.tolist(), strict=True):
            if resident >= 0:
                since_start = local(at_ms, city.timezone) - timedelta(minutes=city.service_day_starts_min)
                minutes.setdefault(resident, []).append(
                    (since_start.replace(tzinfo=None) - datetime.combine(since_start.date(), time()))
                    / timedelta(minutes=1)
                )
                self._weekdays.setdefault(resident, set()).add(since_start.weekday())
        self._usual_min = {resident: float(np.median(some)) for resident, some in minutes.items()}
        self._known_weekdays = set().union(*self._weekdays.values())

    def alerts(self, days: Iterable[date], lead_min: Floats) -> Alerts:
        """Fire on each day that is one of the resident's weekdays, or of which the past says nothing at all."""
        rows = [
            (resident, self._instant_ms(day, usual_min) - round(lead_min[resident] * MINUTE_MS), lead_min[resident])
            for day in days
            for resident, usual_min in self._usual_min.items()
            if not np.isnan(lead_min[resident])
            and (day.weekday() in self._weekdays[resident] or day.weekday() not in self._known_weekdays)
        ]
        resident, fired_ms = (np.array([row[k] for row in rows], dtype=np.int64) for k in (0, 1))
        return alerts_at(resident, fired_ms, np.array([row[2] for row in rows], dtype=np.float64))

    def _instant_ms(self, day: date, minutes: float) -> int:
        moment = datetime.combine(day, time()) + timedelta(minutes=minutes + self._city.service_day_starts_min)
        return round(moment.replace(tzinfo=zone_info(self._city.timezone)).timestamp() * 1000)
