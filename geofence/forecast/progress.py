"""Where on which past day the truck is now: a forward filter over the knots of all past days. Pure.

A hidden Markov model in the manner of Newson and Krumm (2009), with the past walks of the trucks in place of a street
map: the state is a knot of a past day, a move goes on along that day's order (or, rarely, to any knot near by), and the
place and the heading of the truck say how well a knot fits. One more state stands for all that no past day knows
(an errand, a detour, a new street). A beam of the best knots is kept. Each day's share of the belief
fades a little with every knot towards what is likely at this time of day, so that the evidence of the last kilometre
counts, not that of the morning.
"""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.library import MATCH_M, Library
from geofence.forecast.visits import firsts
from geofence.forecast.walk import Floats, Ints

AHEAD = ((-1, 0.04), (0, 0.14), (1, 0.40), (2, 0.22), (3, 0.10), (4, 0.05), (5, 0.03), (6, 0.02))
APART = 8
"""So far apart stand the days where knots are laid out in a row: farther than a move goes."""
ASTRAY = 0.02
"""The chance, with every knot, that the truck leaves what past days know."""
BACK = 0.25
"""The chance that it is back, where knots of its own days are near."""
ELSEWHERE_FIT = 0.5
"""How well any place fits a truck that is elsewhere; a knot of a past day fits its own place with 1."""
LOST_M = 300.0
FOREIGN_FIT = 1.9
"""How much better than elsewhere a knot of another vehicle's day fits.

The beam keeps some six tenths of a belief from knot to knot; so it takes about a kilometre to believe a substitution.
"""
FLAT_M = 12.0
SIGMA_M = 22.0
MEMORY = 0.96
CLOCK_S = 2400.0
CLOCK_FLOOR = 0.03
"""A day is likelier to be today's way the nearer its time is to now; an hour and a half early or late is rare."""
BEAM = 160
BACKWARD = 0.12
FOREIGN = 0.02
"""What knots of other vehicles count beside its own, where a truck has days of its own."""


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """The beam: knots of the library and the belief in each (float32 bytes), and when a knot last matched.

    The beliefs sum to one; `elsewhere` is the chance that the truck is on no past day's way at all.
    """

    knots: bytes = b""
    belief: bytes = b""
    matched_s: float = 0.0
    lost_m: float = 0.0
    elsewhere: float = 0.5


def beam(progress: Progress) -> tuple[Ints, Floats]:
    """Tell the knots and the belief in each, which sums to one."""
    knots = np.frombuffer(progress.knots, dtype=np.int32).astype(np.int64)
    return knots, np.frombuffer(progress.belief, dtype=np.float32).astype(np.float64)


class Matcher:
    """Steps beams through a library; holds scratch arrays, no memory."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._slot = np.arange(len(library.x)) + APART * (library.day + 1)
        self._dense = np.zeros(len(library.x) + APART * (len(library.days) + 2))
        self._own: dict[str, Floats] = {}

    def step(self, progress: Progress, at_s: float, x: float, y: float, dx: float, dy: float, vehicle: str) -> Progress:
        """Take the next knot of today (ground metres), reached at `at_s`, and the way (dx, dy) that led to it."""
        library = self._library
        hop = float(np.hypot(dx, dy))
        found, away = library.knots.near(x, y, MATCH_M)
        if not len(found):
            elsewhere = 1.0 - (1.0 - progress.elsewhere) * float(np.exp(-hop / LOST_M))
            lost_m = progress.lost_m + hop
            return Progress(progress.knots, progress.belief, progress.matched_s, lost_m, elsewhere)
        own = self._weights(vehicle)[library.day[found]]
        off_s = np.abs(library.in_s[found] - at_s)
        likely = own * (CLOCK_FLOOR + (1.0 - CLOCK_FLOOR) * np.exp(-off_s / CLOCK_S))
        moved, elsewhere = self._prior(progress, found, likely, float(own.max()))
        fit = np.exp(-0.5 * (np.maximum(away - FLAT_M, 0.0) / SIGMA_M) ** 2)
        if hop > 0.0:
            cosine = (library.ux[found] * dx + library.uy[found] * dy) / hop
            fit *= np.where(cosine >= 0.5, 1.0, np.maximum(BACKWARD, (cosine + 0.7) / 1.2))
        fit *= np.where(own < 1.0, ELSEWHERE_FIT * FOREIGN_FIT, 1.0)
        return _kept(found, moved * fit, elsewhere * ELSEWHERE_FIT, library.day, likely, at_s)

    def _prior(self, progress: Progress, found: Ints, likely: Floats, own: float) -> tuple[Floats, float]:
        """Move the belief along each day's order; what is elsewhere may come back to any knot near by."""
        back = progress.elsewhere * BACK * own
        moved = back * likely / likely.sum()
        elsewhere = progress.elsewhere - back + (1.0 - progress.elsewhere) * ASTRAY
        if not progress.knots:
            return moved, elsewhere
        knots, belief = beam(progress)
        dense, held, to = self._dense, self._slot[knots], self._slot[found]
        dense[held] = belief * ((1.0 - progress.elsewhere) * (1.0 - ASTRAY))
        for ahead, chance in AHEAD:
            moved = moved + chance * dense[to - ahead]
        dense[held] = 0.0
        return moved, elsewhere

    def _weights(self, vehicle: str) -> Floats:
        known = self._own.get(vehicle)
        if known is None:
            own = self._library.vehicle == vehicle
            known = np.where(own, 1.0, FOREIGN) if own.any() else np.ones(len(own))
            self._own[vehicle] = known
        return known


def _kept(found: Ints, belief: Floats, elsewhere: float, day: Ints, likely: Floats, at_s: float) -> Progress:
    """Let each day's share fade towards what is likely anyway, keep the best knots, and make the belief one again."""
    member = day[found]
    share = np.bincount(member, belief)
    total = share.sum()
    if not total > 0.0:
        return Progress(matched_s=at_s, elsewhere=1.0)
    share = share / total
    usual = np.zeros(len(share))
    first = np.flatnonzero(firsts(member))
    usual[member[first]] = np.maximum.reduceat(likely, first)
    faded = share**MEMORY * (usual / usual.sum()) ** (1.0 - MEMORY)
    faded = faded / faded.sum()
    belief = belief / total * (faded / np.maximum(share, 1e-300))[member]
    if len(found) > BEAM:
        best = np.sort(np.argpartition(-belief, BEAM)[:BEAM])
        found, belief = found[best], belief[best]
    belief = belief / belief.sum()
    away = float(elsewhere / (elsewhere + total))
    return Progress(found.astype(np.int32).tobytes(), belief.astype(np.float32).tobytes(), at_s, 0.0, away)
