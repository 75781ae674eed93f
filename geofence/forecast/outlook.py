"""When will the truck be at each place ahead: the times that followed on past days at the same point. Pure.

Every day of the beam says how long it took from there to each place that it then served; these samples, weighted by
how much that day was like today, blurred, and put into bins, are the distribution of the time to arrival. The weight
of days on which the truck did not come within the horizon is left out: a row sums to the chance that it comes.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np

from geofence.forecast.library import Library
from geofence.forecast.modes import Manner, Modes, Today, effective, modes_of, resumes
from geofence.forecast.progress import Progress
from geofence.forecast.resume import FASTEST_MPS, HORIZON_S, Points, Samples, points_of, resumed
from geofence.forecast.visits import ARRIVAL_M
from geofence.forecast.walk import Floats, Ints

BIN_S = 15.0
BINS = round(HORIZON_S / BIN_S)
OURS = 0.5
"""A round is the truck's own by the share of what it has served today that days of this round usually serve."""
LEAST_SERVED = 0.1
BLUR = (-1.28, -0.52, 0.0, 0.52, 1.28)


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


def outlook(library: Library, progress: Progress, today: Today, manner: Manner) -> Outlook:
    """Tell when the truck will be at each place that it has not served today."""
    modes = modes_of(library, progress, today, manner)
    if not len(modes):
        return NOTHING
    weight, certain = _weighed(modes, manner)
    points = points_of(library, today, manner) if resumes(today, manner) else None
    known = _known(progress, modes, points, manner)
    crew = int(library.crew[modes.day[np.argmax(weight)]])
    place, after, mode = _samples(library, modes, today)
    usual = _usual(library, crew, today.weekday, manner) * _trusted(library, crew, modes.day, weight, today, manner)
    likely = weight[mode] * (known * certain) * usual[place]
    samples = Samples(place, after, likely)
    if points is not None:
        samples = _joined(samples, _resumed(library, modes, points, weight * known, 1.0 - known, today, manner))
    sigma = np.hypot(manner.blur_s, manner.blur_share * samples.after)
    return _binned(samples.place, samples.after, samples.weight, sigma, _at_least_s(library, today))


def _resumed(
    library: Library, modes: Modes, points: Points, weight: Floats, elsewhere: float, today: Today, manner: Manner
) -> Samples:
    """Tell when the truck will be where, as far as it has left its round; the less, the less that round is its own."""
    usual = _usual(library, int(np.searchsorted(library.crews, today.crews[0])), today.weekday, manner)
    done = today.served & library.telling
    ours = float((done & (usual > OURS)).sum()) / max(float(done.sum()), 1.0)
    found = resumed(library, modes, points, weight, elsewhere * ours, today, manner)
    return Samples(found.place, found.after, found.weight * usual[found.place])


def _joined(one: Samples, other: Samples) -> Samples:
    return Samples(*(np.concatenate((getattr(one, name), getattr(other, name))) for name in Samples.__struct_fields__))


def _known(progress: Progress, modes: Modes, points: Points | None, manner: Manner) -> float:
    """Tell the chance that the truck is on a past day's way: by the way, what was served in order, and the time.

    Against it stands that the truck has left its round, where it fits at the best of `points`; or that it is elsewhere.
    """
    on_the_way = (1.0 - progress.elsewhere) * float(modes.fits.sum())
    if points is not None:
        elsewhere = (progress.elsewhere * manner.astray_round + manner.away) * points.fit
    else:
        elsewhere = progress.elsewhere * float(modes.blank.sum())
    return on_the_way / max(on_the_way + elsewhere, 1e-300)


def _binned(place: Ints, after: Floats, weight: Floats, sigma: Floats, least_s: Floats) -> Outlook:
    """Blur samples and put them into bins, none sooner than the truck could be there; what is beyond is left out."""
    if not len(place):
        return NOTHING
    rows, row = _ranked(place, len(least_s))
    at_s = np.maximum(after + np.multiply.outer(BLUR, sigma), least_s[place])
    bins = np.clip(at_s / BIN_S, 0, BINS - 1).astype(np.int64) + row * BINS
    share = np.where(at_s < HORIZON_S, weight / len(BLUR), 0.0)
    chance = np.bincount(bins.ravel(), share.ravel(), minlength=len(rows) * BINS).astype(np.float64, copy=False)
    return Outlook(rows, chance.reshape(len(rows), BINS))


def _ranked(place: Ints, places: int) -> tuple[Ints, Ints]:
    """Tell which places there are, in rising order, and the rank of each."""
    there = np.bincount(place, minlength=places) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[place]


def _at_least_s(library: Library, today: Today) -> Floats:
    """Tell how long the truck needs to each place at least."""
    return np.maximum(library.away_m(today.x, today.y) - ARRIVAL_M, 0.0) / FASTEST_MPS


def _weighed(modes: Modes, manner: Manner) -> tuple[Floats, float]:
    """Even out the weights, make them one, and tell how much can be built on so few days."""
    weight = modes.weight**manner.even
    weight = weight / weight.sum()
    modes_said = effective(weight)
    return weight, modes_said / (modes_said + manner.doubt)


@lru_cache(maxsize=64)
def _usual(library: Library, crew: int, weekday: int, manner: Manner) -> Floats:
    """Damp places that days like this one seldom serve: one for those that all of them do."""
    habit = _habit(library, crew, weekday, manner)
    damped: Floats = habit * (1.0 + manner.seldom) / (habit + manner.seldom)
    weekly = library.weekly[crew]
    bounded: Floats = np.clip(damped, weekly.least[weekday], weekly.most[weekday])
    return bounded


@lru_cache(maxsize=64)
def _habit(library: Library, crew: int, weekday: int, manner: Manner) -> Floats:
    """Tell how often each place is served on days of this round that are like this weekday's."""
    like = np.exp(manner.kin * library.kin[weekday]) * (library.crew == crew)
    like = np.where(library.weekday == weekday, manner.weekday * like, like)
    habit: Floats = like / like.sum() @ library.served
    return habit


def _trusted(library: Library, crew: int, day: Ints, weight: Floats, today: Today, manner: Manner) -> Floats:
    """Tell how much more, or less, the days that served a place must count, so that stops are left out as usual.

    A few days weigh most by the way and the hour; that one of them left a stop out says little of today, for which the
    habit of all days of the round speaks too. Where today's weekday always served a place, it is served.
    """
    shares = np.bincount(day, weight, minlength=len(library.days)).astype(np.float64, copy=False)
    served, days = shares @ library.served, effective(shares)
    habit = _habit(library, crew, today.weekday, manner)
    expected = (days * served + manner.habit * habit) / (days + manner.habit)
    expected = np.where(served > LEAST_SERVED, expected, LEAST_SERVED)
    expected = np.maximum(expected, library.weekly[crew].least[today.weekday])
    trusted: Floats = expected / np.maximum(served, LEAST_SERVED)
    return trusted


def _samples(library: Library, modes: Modes, today: Today) -> tuple[Ints, Floats, Ints]:
    """Gather the places that the day of each mode then served: which, how long after, and of which mode.

    Modes that are on a trip say when the truck is back, not where it goes on.
    """
    services = library.services
    low = services.reached(modes.day, modes.at_s)
    high = np.where(modes.ends >= 0, low, services.reached(modes.day, modes.at_s + HORIZON_S))
    row, mode = services.ahead(low, high, today.served)
    return services.place[row], services.in_s[row] - modes.at_s[mode], mode
