"""Days that a timetable promises, for the time before pings have been learned: walks along a route's line. Pure.

A route becomes a few days at several paces, since a timetable says little of how fast the crew really is. They stand in
the first weeks of the calendar, so that nobody takes them for days that were seen, and give way to these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from geofence.forecast.alongside import along
from geofence.forecast.calibration import FACTORS, Calibration
from geofence.forecast.cells import Cells
from geofence.forecast.library import Day
from geofence.forecast.places import LONG_S
from geofence.forecast.visits import ARRIVAL_M, NEED_S, passes_of
from geofence.forecast.walk import Floats, Trace, trace_of
from geofence.runs import ROUTE

FIRST_SEEN = 400_000
"""Ordinals below it (before the year 1096) are those of planned days."""
PACES = (1.0, 0.8, 1.25, 0.9, 1.12)
GIVES_WAY = 2
"""So many planned days go with each day that was seen; with the third none is left."""
DRIVE_MPS, TOP_MPS, LEAD_IN_MPS = 5.0, 12.0, 6.0
LEAD_IN_M = 1_000.0
LEAST_STAND_S, USUAL_STAND_S, LONGEST_STAND_S = 20.0, 40.0, 235.0
FIX_S = 5.0
DROVE_SHARE = 0.6
OFF_TIME_S = 5_400.0
FIRES = (1.0, 0.5, 0.5, 0.35)
"""The firing rule while a timetable is all that is known: sooner than the default, for crews run early."""
WIDE = Calibration((1.8,) * FACTORS, (1.8,) * FACTORS)
"""How much wider intervals are that rest on a timetable alone: docs/prediction.md says what was measured."""


class PlannedStop(msgspec.Struct, frozen=True):
    """A stop of a plan, in ground metres; its time in seconds of the service day, where the plan says one."""

    x: float
    y: float
    at_s: float | None = None
    dwell_s: float | None = None


class Plan(msgspec.Struct, frozen=True):
    """A route as it is planned: its line and its stops in order; `learned` from pings, so that it promises nothing."""

    route: str
    weekdays: tuple[int, ...]
    x: Floats
    y: Floats
    stops: tuple[PlannedStop, ...]
    learned: bool = False

    @property
    def timed(self) -> bool:
        """Whether days can be made of it."""
        return not self.learned and sum(stop.at_s is not None for stop in self.stops) > 1


class Timetable(msgspec.Struct, frozen=True):
    """Planned days, and for each route whose days speak for it."""

    days: tuple[Day, ...] = ()
    crews: tuple[tuple[str, str], ...] = ()


def planned(day: Day) -> bool:
    """Tell whether a day was made of a timetable."""
    return day.ordinal < FIRST_SEEN


def crew_of(route: str) -> str:
    """Name the crew of a route, whoever drives it: what stands in place of a vehicle on its days."""
    return f"{ROUTE}{route}"


def timetable_of(plans: Iterable[Plan], seen: Sequence[Day]) -> Timetable:
    """Make planned days of the routes that were seldom seen, and find who drove each route."""
    days: list[Day] = []
    crews: list[tuple[str, str]] = []
    for plan in sorted(plans, key=lambda plan: plan.route):
        drove = [day.vehicle for day in seen if _drove(day, plan)]
        crew = min(Counter(drove).items(), key=lambda each: (-each[1], each[0]))[0] if drove else crew_of(plan.route)
        left = len(PACES) - GIVES_WAY * len(drove)
        made = _days(plan, crew, max(left, 0)) if plan.timed else []
        if made or drove:
            crews.append((plan.route, crew))
        days += made
    return Timetable(tuple(days), tuple(crews))


def _drove(day: Day, plan: Plan) -> bool:
    """Tell whether a day that was seen served most of a route's stops, on its weekday and about its time."""
    if len(plan.stops) < 2 or (plan.weekdays and (day.ordinal + 6) % 7 not in plan.weekdays):
        return False
    stops = Cells(np.array([stop.x for stop in plan.stops]), np.array([stop.y for stop in plan.stops]), ARRIVAL_M)
    passes = passes_of(day.trace, stops)
    at_s = np.array([np.nan if stop.at_s is None else stop.at_s for stop in plan.stops])[passes.place]
    served = (passes.excess_s >= NEED_S[0]) & ~(np.abs(passes.in_s - at_s) > OFF_TIME_S)
    return len(np.unique(passes.place[served])) >= DROVE_SHARE * len(plan.stops)


def _days(plan: Plan, crew: str, count: int) -> list[Day]:
    metres = along(plan.x, plan.y, [(stop.x, stop.y) for stop in plan.stops])
    days = []
    for k, pace in enumerate(PACES[:count]):
        weekday = plan.weekdays[k % len(plan.weekdays)] if plan.weekdays else k % 7
        days.append(Day(crew, 1 + weekday + 7 * k, _walk(plan, metres, pace)))
    return days


def _walk(plan: Plan, metres: Floats, pace: float) -> Trace:
    """Drive along the line, standing at each stop from its time on."""
    at_s, at_m = _course(_times(plan, metres, pace), metres, plan.stops)
    clock = np.arange(at_s[0], at_s[-1] + FIX_S, FIX_S)
    driven = np.interp(clock, at_s, at_m)
    line_m = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(plan.x), np.diff(plan.y)))))
    return trace_of(clock, np.interp(driven, line_m, plan.x), np.interp(driven, line_m, plan.y))


def _times(plan: Plan, metres: Floats, pace: float) -> Floats:
    """Tell when each stop is due: what shares a minute, or has no time, is spread by the way in between."""
    said = np.array([np.nan if stop.at_s is None else stop.at_s for stop in plan.stops])
    known = np.flatnonzero(np.isfinite(said))
    known = known[np.append(True, np.diff(np.maximum.accumulate(said[known])) > 0.0)]
    way_s = metres / DRIVE_MPS + USUAL_STAND_S * np.arange(len(metres))
    due = np.interp(way_s, way_s[known], said[known])
    due += np.minimum(way_s - way_s[known[0]], 0.0) + np.maximum(way_s - way_s[known[-1]], 0.0)
    paced: Floats = due[known[0]] + (due - due[known[0]]) * pace
    return paced


def _course(due: Floats, metres: Floats, stops: Sequence[PlannedStop]) -> tuple[list[float], list[float]]:
    """Lay out the day as moments and metres driven, between which the truck drives evenly."""
    lead_in_m = min(float(metres[0]), LEAD_IN_M)
    at_s, at_m = [float(due[0]) - lead_in_m / LEAD_IN_MPS], [float(metres[0]) - lead_in_m]
    now_s = float(due[0])
    for k, (here_m, there_m) in enumerate(pairwise(metres.tolist())):
        way_m = there_m - here_m
        usual = stops[k].dwell_s
        stand_s, rest_s = _stand(
            float(due[k + 1]) - now_s - way_m / DRIVE_MPS, USUAL_STAND_S if usual is None else usual
        )
        at_s += [now_s, now_s + stand_s]
        at_m += [here_m, here_m]
        if rest_s:
            halfway_s = now_s + stand_s + way_m / 2 / DRIVE_MPS
            at_s += [halfway_s, halfway_s + rest_s]
            at_m += [here_m + way_m / 2] * 2
        now_s = max(float(due[k + 1]), now_s + stand_s + rest_s + way_m / TOP_MPS)
    last = stops[-1].dwell_s
    at_s += [now_s, now_s + (USUAL_STAND_S if last is None else max(last, LEAST_STAND_S))]
    at_m += [float(metres[-1])] * 2
    return at_s, at_m


def _stand(room_s: float, usual_s: float) -> tuple[float, float]:
    """Tell how long a truck stands at a stop, and how long it rests on the way: a break, or a trip to tip."""
    usual_s = min(max(usual_s, LEAST_STAND_S), LONGEST_STAND_S)
    if room_s - usual_s >= LONG_S:
        return usual_s, room_s - usual_s
    return min(max(room_s, LEAST_STAND_S), LONGEST_STAND_S), 0.0
