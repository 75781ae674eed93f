"""The library of past days: their walks, and what each served when. Read by the matcher.

Arrays only; built once when a profile takes force. The columns of knots stand day after day.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.cells import Cells
from geofence.forecast.halts import Halts, halts_of
from geofence.forecast.hours import Hours, all_day, spots_of
from geofence.forecast.regular import depots_of, regular_of, without_lights
from geofence.forecast.services import services_of
from geofence.forecast.sides import rivals_of
from geofence.forecast.trips import Trips
from geofence.forecast.visits import ARRIVAL_M, AT_M, Passes, nearest_of, needs_of, passes_of, strength_of
from geofence.forecast.walk import Bools, Floats, Ints, Trace
from geofence.forecast.weekly import weekly_of

MATCH_M = 70.0
CREW_DAYS = 2
CREW_ALIKE = 0.3
CREW_PLAINLY = 2.0
"""A day is another vehicle's round where it has so much in common with two of its days, twice its own share."""
LEAST_TELLING = 5
WEEKLY = 0.9
"""A place that has weekdays of its own so surely is a regular one: lights have none."""
SELDOM_WORTH = 0.5
"""So much does what was loaded at a place count that is not regular: it may be a light at which trucks waited."""


class Day(msgspec.Struct, frozen=True):
    """One past day of one vehicle: whose, and on which date (as a proleptic ordinal)."""

    vehicle: str
    ordinal: int
    trace: Trace


class Library:
    """All that past days say; `days`, places and their `hours` as they were learned."""

    def __init__(
        self,
        days: Sequence[Day],
        place_x: Floats,
        place_y: Floats,
        hours: Hours | None = None,
        passes: Sequence[Passes] | None = None,
        rivals: Ints | None = None,
        halts: Sequence[Halts] | None = None,
    ) -> None:
        self.days = tuple(days)
        self.place_x, self.place_y = place_x, place_y
        self.hours = hours or all_day(len(place_x))
        self.spots = spots_of(place_x, place_y, self.hours)
        self.places = Cells(place_x, place_y, ARRIVAL_M)
        self.rivals = rivals if rivals is not None else self._rivals()
        if passes is None:
            passes = [passes_of(day.trace, self.places, self.rivals, self.hours) for day in self.days]
        self._passes = tuple(passes)
        self._halts = tuple(halts if halts is not None else (halts_of(day.trace) for day in self.days))
        self._knots(self.days)
        self.need_s = needs_of(self._passes, len(place_x))
        self.services = services_of(self._passes, self.need_s)
        self._kinship()
        self.rounds = self.telling_services.rounds()
        self.trips = Trips(self.telling_services, self.day, self.in_s, self.out_s)

    def _rivals(self) -> Ints:
        """Tell the rivals of each place; places of one spot have the same, and are none of one another's."""
        spots, which = np.unique(self.spots.first, return_inverse=True)
        table = rivals_of([day.trace for day in self.days], self.place_x[spots], self.place_y[spots])
        rivals: Ints = np.where(table >= 0, spots[table], -1)[which]
        return rivals

    def _knots(self, days: Sequence[Day]) -> None:
        self.day = np.repeat(np.arange(len(days)), [len(day.trace) for day in days])
        self.starts = np.flatnonzero(np.diff(self.day, prepend=-1))
        self.x = _joined([day.trace.x for day in days])
        self.y = _joined([day.trace.y for day in days])
        self.in_s = _joined([day.trace.in_s for day in days])
        self.out_s = _joined([day.trace.out_s for day in days])
        self.halt_in_s = _joined([halts.in_s for halts in self._halts])
        self.halt_out_s = _joined([halts.out_s for halts in self._halts])
        self.ux, self.uy = _headings(self.x, self.y, self.day)
        self.knots = Cells(self.x, self.y, MATCH_M)
        self.vehicle = np.array([day.vehicle for day in days])
        self.weekday = np.array([(day.ordinal + 6) % 7 for day in days], dtype=np.int64)

    def _kinship(self) -> None:
        """Tell for each weekday how much less each day was like the days of that weekday than the likest of its round.

        Days are compared by `telling` places: the regular ones, since who waits at which light says nothing of a day.
        """
        served = self.served = np.zeros((len(self.days), len(self.place_x)))
        served[self.services.day, self.services.place] = 1.0
        alike = _others(in_common(served, served))
        self.vehicle = crews_of(self.vehicle, alike)
        self.crews, self.crew = np.unique(self.vehicle, return_inverse=True)
        self.weekly = [weekly_of(served, self.crew == crew, self.weekday) for crew in range(len(self.crews))]
        self.regular = self._regular(alike)
        self.telling = self.regular if self.regular.sum() >= LEAST_TELLING else np.ones(len(self.place_x), dtype=bool)
        self.telling_services = self.services.only(self.telling)
        alike = _others(in_common(served[:, self.telling], served[:, self.telling]))
        alike[self.vehicle[:, None] != self.vehicle[None, :]] = np.nan
        kin = np.full((7, len(self.days)), np.nan)
        for weekday in range(7):
            same = alike[:, self.weekday == weekday]
            known = np.isfinite(same).any(axis=1)
            kin[weekday, known] = np.nanmean(same[known], axis=1)
        usual = np.array([np.nanmean(row) if np.isfinite(row).any() else 0.5 for row in alike])
        kin = np.where(np.isnan(kin), usual[None, :], kin)
        for crew in range(len(self.crews)):
            own = self.crew == crew
            kin[:, own] -= kin[:, own].max(axis=1, keepdims=True)
        self.kin = kin

    def strength(self) -> Floats:
        """Tell how much is loaded at each place on a day that serves it, and the more the more days do."""
        loaded_s = strength_of(self._passes, len(self.place_x))
        days = np.maximum(self.served.sum(axis=0), 1.0)
        strength: Floats = loaded_s / np.sqrt(days) * np.where(self.regular, 1.0, SELDOM_WORTH)
        return strength

    def _regular(self, alike: Floats) -> Bools:
        begins_s = np.array([day.trace.in_s[0] for day in self.days])
        ends_s = np.array([day.trace.out_s[-1] for day in self.days])
        at_depots = np.zeros(len(self.place_x), dtype=bool)
        np.logical_or.at(at_depots, self.spots.first, depots_of(self.services, self.served, begins_s, ends_s))
        depots = at_depots[self.spots.first]
        stops = regular_of(self.served, alike, self.vehicle, self.weekday)
        stops = without_lights(stops & ~depots, self.served, np.array([day.ordinal for day in self.days]))
        weekly = np.any([each.apart >= WEEKLY for each in self.weekly], axis=0)
        regular: Bools = stops | (weekly & ~depots)
        return regular

    def reached(self, x: float, y: float, at_s: float) -> tuple[Ints, Bools]:
        """Tell the places within reach of a spot at an hour, and at which of them a truck is that stands there."""
        found, away = self.places.near(x, y, ARRIVAL_M)
        kept = self.hours.covers(found, at_s)
        found, away = found[kept], away[kept]
        at = away <= AT_M
        if at.any():
            at &= nearest_of(self.places, self.rivals, found, away, np.full(len(found), x), np.full(len(found), y))
        return found, at

    def driven_by(self, crews: Sequence[str]) -> Bools:
        """Tell which days are rounds of these crews."""
        own: Bools = (self.vehicle[:, None] == np.array(crews)).any(axis=1)
        return own

    def away_m(self, x: float, y: float) -> Floats:
        """Tell the metres from a spot to each place."""
        away: Floats = np.hypot(self.place_x - x, self.place_y - y)
        return away

    def without(self, day: int) -> Library:
        """The library as it would be had one day not been seen; the places stay."""
        kept = [k for k in range(len(self.days)) if k != day]
        days, passes = [self.days[k] for k in kept], [self._passes[k] for k in kept]
        halts = [self._halts[k] for k in kept]
        return Library(days, self.place_x, self.place_y, self.hours, passes, self.rivals, halts)


def in_common(one: Floats, other: Floats) -> Floats:
    """Tell for each pair of days (rows: 1.0 for a place that was served) the share of their places that both served."""
    both = one @ other.T
    either = one.sum(axis=1)[:, None] + other.sum(axis=1)[None, :] - both
    share: Floats = both / np.maximum(either, 1.0)
    return share


def _others(alike: Floats) -> Floats:
    """Leave out what each day has in common with itself."""
    np.fill_diagonal(alike, np.nan)
    return alike


def crews_of(vehicle: npt.NDArray[np.str_], alike: Floats) -> npt.NDArray[np.str_]:
    """Tell for each day whose round it was: another vehicle's, where it plainly resembles the days of that one.

    `alike`: what each pair of days has in common, NaN for a day and itself. So a day driven by a substitute, or by two
    trucks that changed rounds, speaks for the round that was driven.
    """
    if not len(vehicle):
        return vehicle
    names = np.unique(vehicle)
    close = np.zeros((len(vehicle), len(names)))
    for k, name in enumerate(names):
        ranked = np.sort(np.nan_to_num(alike[:, vehicle == name]), axis=1)[:, -CREW_DAYS:]
        close[:, k] = ranked.sum(axis=1) / CREW_DAYS
    best = close.argmax(axis=1)
    days = np.arange(len(vehicle))
    own = close[days, np.searchsorted(names, vehicle)]
    lent = (close[days, best] >= CREW_ALIKE) & (close[days, best] > CREW_PLAINLY * own)
    crews: npt.NDArray[np.str_] = np.where(lent, names[best], vehicle)
    return crews


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _headings(x: Floats, y: Floats, day: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Tell the unit vector of the way into each knot; zero at the first of a day."""
    dx, dy = np.zeros(len(x)), np.zeros(len(x))
    dx[1:], dy[1:] = np.diff(x), np.diff(y)
    if len(day):
        dx[1:][day[1:] != day[:-1]] = 0.0
        dy[1:][day[1:] != day[:-1]] = 0.0
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    return dx / length, dy / length
