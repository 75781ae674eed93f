"""When will the truck be at each place ahead: the times that followed on past days at the same point. Pure.

Every day of the beam says how long it took from there to each place that it then served; these samples, weighted by
how much that day was like today, blurred, and put into bins, are the distribution of the time to arrival. The weight
of days on which the truck did not come within the horizon is left out: a row sums to the chance that it comes.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.library import Library
from geofence.forecast.places import STOP_S
from geofence.forecast.progress import Progress, beam
from geofence.forecast.visits import ARRIVAL_M
from geofence.forecast.walk import Floats, Ints

BIN_S = 15.0
BINS = 288
HORIZON_S = BIN_S * BINS
FASTEST_MPS = 14.0
BLUR = (-1.28, -0.52, 0.0, 0.52, 1.28)


class Manner(msgspec.Struct, frozen=True):
    """How samples are weighted and blurred; the figures are argued in docs/prediction.md."""

    load_share: float = 0.25
    load_floor: float = 0.15
    kin: float = 4.0
    alike: float = 2.0
    blur_s: float = 15.0
    blur_share: float = 0.22
    least_mode: float = 0.004
    even: float = 0.7
    doubt: float = 0.3
    seldom: float = 0.3
    clock_s: float = 900.0
    clock_floor: float = 0.05
    shown: float = 4.0
    shown_after: int = 5


class Today(msgspec.Struct, frozen=True):
    """What is known of a truck's day so far: `at_s` now, `stood_s` at its present place, `served` by place."""

    at_s: float
    stood_s: float
    load_s: float
    weekday: int
    served: npt.NDArray[np.bool_]
    x: float
    y: float


class Mode(msgspec.Struct, frozen=True):
    """A point of a past day where the truck may now be: the time of that day, and the belief."""

    day: int
    knot: int
    at_s: float
    weight: float


class Outlook(msgspec.Struct, frozen=True):
    """The places ahead in rising order, and a row of chances a place: share of the weight that arrives in each bin."""

    place: Ints
    chance: Floats

    def within(self, seconds: float) -> Floats:
        """Tell for each place the chance that the truck is there within so many seconds."""
        full = int(seconds // BIN_S)
        total: Floats = self.chance[:, : min(full, BINS)].sum(axis=1)
        if full < BINS:
            total = total + self.chance[:, full] * (seconds / BIN_S - full)
        return total

    def quantiles(self, levels: tuple[float, ...]) -> list[Floats]:
        """Tell for each place, given that the truck comes within the horizon, the times at some levels (seconds)."""
        rising = np.cumsum(self.chance, axis=1)
        total = np.maximum(rising[:, -1:], 1e-12)
        return [BIN_S * _crossing(rising / total, level) for level in levels]


def _crossing(rising: Floats, level: float) -> Floats:
    """Tell where each row passes a level, in bins, interpolated within the bin."""
    at = np.argmax(rising >= level, axis=1)
    rows = np.arange(len(rising))
    before = np.where(at > 0, rising[rows, np.maximum(at - 1, 0)], 0.0)
    share = (level - before) / np.maximum(rising[rows, at] - before, 1e-12)
    found: Floats = at + np.clip(share, 0.0, 1.0)
    return found


NOTHING = Outlook(np.zeros(0, dtype=np.int64), np.zeros((0, BINS)))


def modes_of(library: Library, progress: Progress, today: Today, manner: Manner) -> list[Mode]:
    """Gather the beam into points of past days, and weigh each day by how much it is like today."""
    if not progress.knots:
        return []
    knots, belief = beam(progress)
    day = library.day[knots]
    new = np.ones(len(knots), dtype=bool)
    new[1:] = (np.diff(knots) > 6) | (day[1:] != day[:-1])
    first = np.flatnonzero(new)
    mass = np.add.reduceat(belief, first)
    bounds = np.append(first, len(knots))
    modes = []
    for k in np.flatnonzero(mass >= manner.least_mode).tolist():
        part = slice(int(bounds[k]), int(bounds[k + 1]))
        knot = int(knots[part][int(np.argmax(belief[part]))])
        modes.append(_mode(library, knot, float(mass[k]), progress, today, manner))
    return modes


def _mode(library: Library, knot: int, mass: float, progress: Progress, today: Today, manner: Manner) -> Mode:
    day = int(library.day[knot])
    if progress.lost_m > 0.0:
        at_s = float(library.in_s[knot]) + today.at_s - progress.matched_s
    else:
        at_s = _moment(library, day, knot, today.stood_s)
    weight = mass * _likeness(library, day, knot, at_s, today, manner)
    return Mode(day, knot, at_s, weight)


def _moment(library: Library, day: int, knot: int, stood_s: float) -> float:
    """Tell the time of a past day at which the truck had stood at a knot as long as it has now."""
    if stood_s >= STOP_S:
        low, high = max(knot - 2, 0), min(knot + 3, len(library.x))
        near = np.arange(low, high)[library.day[low:high] == day]
        longest = int(near[int(np.argmax(library.out_s[near] - library.in_s[near]))])
        if library.out_s[longest] - library.in_s[longest] >= STOP_S:
            knot = longest
    return float(library.in_s[knot] + min(stood_s, library.out_s[knot] - library.in_s[knot]))


def _likeness(library: Library, day: int, knot: int, at_s: float, today: Today, manner: Manner) -> float:
    """Weigh a day: as full as now, at about this time, the same places served by then, like others of this weekday."""
    off = (float(library.load[knot]) - today.load_s) / (manner.load_share * max(library.full_s, 60.0))
    full = manner.load_floor + (1.0 - manner.load_floor) * float(np.exp(-0.5 * off * off))
    kin = float(np.exp(manner.kin * (library.kin[today.weekday, day] - 1.0)))
    part = library.visits(day)
    until = int(np.searchsorted(library.visit_in[part], at_s))
    then = np.zeros(len(today.served), dtype=bool)
    then[library.visit_place[part][:until]] = True
    then, now = then[library.telling], today.served[library.telling]
    either = int(np.count_nonzero(then | now))
    alike = int(np.count_nonzero(then & now)) / either if either else 1.0
    late = (today.at_s - at_s) / manner.clock_s
    clock = manner.clock_floor + (1.0 - manner.clock_floor) * float(np.exp(-0.5 * late * late))
    return float(full * kin * clock * np.exp(manner.alike * (alike - 1.0)))


def outlook(library: Library, progress: Progress, today: Today, manner: Manner) -> Outlook:
    """Tell when the truck will be at each place that it has not served today."""
    modes = modes_of(library, progress, today, manner)
    if not modes:
        return NOTHING
    modes, certain = _weighed(modes, manner)
    certain *= 1.0 - progress.elsewhere
    share = _days_alike(library, modes, today, manner)
    habit = share @ library.served
    place, after, weight = _samples(library, modes, today)
    weight = weight * certain * (habit * (1.0 + manner.seldom) / (habit + manner.seldom))[place]
    sigma = np.hypot(manner.blur_s, manner.blur_share * after)
    return _binned(place, after, weight, sigma, _at_least_s(library, today))


def _binned(place: Ints, after: Floats, weight: Floats, sigma: Floats, least_s: Floats) -> Outlook:
    """Blur samples and put them into bins, none sooner than the truck could be there."""
    if not len(place):
        return NOTHING
    rows, row = np.unique(place, return_inverse=True)
    chance = np.zeros(len(rows) * BINS)
    for step in BLUR:
        bins = np.clip(np.maximum(after + step * sigma, least_s[place]) / BIN_S, 0, BINS - 1).astype(np.int64)
        chance += np.bincount(row * BINS + bins, weight / len(BLUR), minlength=len(chance))
    return Outlook(rows, chance.reshape(len(rows), BINS))


def _at_least_s(library: Library, today: Today) -> Floats:
    """Tell how long the truck needs to each place at least."""
    away = np.hypot(library.place_x - today.x, library.place_y - today.y)
    least: Floats = np.maximum(away - ARRIVAL_M, 0.0) / FASTEST_MPS
    return least


def _weighed(modes: list[Mode], manner: Manner) -> tuple[list[Mode], float]:
    """Even out the weights, make them one, and tell how much can be built on so few days."""
    weight = np.array([mode.weight for mode in modes]) ** manner.even
    weight = weight / weight.sum()
    effective = 1.0 / float(np.square(weight).sum())
    evened = [msgspec.structs.replace(mode, weight=float(w)) for mode, w in zip(modes, weight, strict=True)]
    return evened, effective / (effective + manner.doubt)


def _days_alike(library: Library, modes: list[Mode], today: Today, manner: Manner) -> Floats:
    """Tell how much each past day of the round says about this one; the shares sum to one.

    Days are like this one by the weekday, and, once some places are served, by what they have in common with it.
    """
    vehicle = library.vehicle[max(modes, key=lambda mode: mode.weight).day]
    shown = today.served & library.telling
    done = int(np.count_nonzero(shown))
    common = library.served @ shown / max(done, 1) * min(done / manner.shown_after, 1.0)
    like = np.exp(manner.kin * library.kin[today.weekday] + manner.shown * common) * (library.vehicle == vehicle)
    share: Floats = like / like.sum()
    return share


def _samples(library: Library, modes: list[Mode], today: Today) -> tuple[Ints, Floats, Floats]:
    """Gather from each mode the places that its day then served, how long after, with the mode's weight."""
    places, afters, weights = [], [], []
    for mode in modes:
        part = library.visits(mode.day)
        arrivals = library.visit_in[part]
        low, high = np.searchsorted(arrivals, (mode.at_s, mode.at_s + HORIZON_S))
        place, first = np.unique(library.visit_place[part][low:high], return_index=True)
        open_ = ~today.served[place]
        places.append(place[open_])
        afters.append(arrivals[low:high][first][open_] - mode.at_s)
        weights.append(np.full(int(open_.sum()), mode.weight))
    return np.concatenate(places), np.concatenate(afters), np.concatenate(weights)
