"""A truck's day so far, kept up fix by fix: its walk, its place on past days, what it has served, how full it is. Pure."""

from __future__ import annotations

from math import hypot

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast import walk as walking
from geofence.forecast.cells import Cells
from geofence.forecast.library import Library
from geofence.forecast.outlook import Today
from geofence.forecast.places import FACILITY_APART_M, LONG_S, STAY_M, STOP_S
from geofence.forecast.progress import Matcher, Progress
from geofence.forecast.visits import ARRIVAL_M, FREE_MPS, PASS_GAP_S
from geofence.forecast.walk import Knot, Walk


class Pass(msgspec.Struct, frozen=True, array_like=True):
    """A stay within reach of a place that may yet become a service."""

    place: int
    in_s: float
    metres: float
    last_s: float


class Stay(msgspec.Struct, frozen=True, array_like=True):
    """Where the truck has been for a while: a long stay far from every place is a tip or a depot."""

    x: float
    y: float
    since_s: float
    tipped: bool = False


class DaySoFar(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered of a truck's service day; small enough to be committed with every ping."""

    day: str
    walk: Walk
    stay: Stay
    progress: Progress = Progress()
    served: bytes = b""
    passes: tuple[Pass, ...] = ()
    load_s: float = 0.0


class Guide:
    """A library with what is needed to follow trucks through it; made once for a profile."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.matcher = Matcher(library)
        self._wide = Cells(library.place_x, library.place_y, FACILITY_APART_M)

    def begin(self, day: str, at_s: float, x: float, y: float, vehicle: str) -> DaySoFar:
        """Take the first fix of a service day."""
        progress = self.matcher.step(Progress(), at_s, x, y, 0.0, 0.0, vehicle)
        blank = bytes((len(self.library.place_x) + 7) // 8)
        return DaySoFar(day, walking.begin(at_s, x, y), Stay(x, y, at_s), progress, blank)

    def follow(self, so_far: DaySoFar, at_s: float, x: float, y: float, vehicle: str) -> tuple[DaySoFar, bool]:
        """Take the next fix; tell also whether the truck has moved on by a knot or more."""
        before = so_far.walk
        walk, closed = walking.onward(before, at_s, x, y)
        passes = so_far.passes
        progress, load_s = so_far.progress, so_far.load_s
        if closed:
            progress = self._matched(progress, before, closed, walk, vehicle)
            stood_s = closed[0].out_s - closed[0].in_s
            load_s += stood_s if STOP_S <= stood_s < LONG_S else 0.0
            passes = self._passing(passes, before, closed, walk)
        else:
            passes = tuple(
                msgspec.structs.replace(each, last_s=at_s) if self._holds(each, walk) else each for each in passes
            )
        served = self._served(so_far.served, passes)
        stay = self._stay(so_far.stay, at_s, x, y)
        load_s = 0.0 if stay.tipped else load_s
        return DaySoFar(so_far.day, walk, stay, progress, served, passes, load_s), bool(closed)

    def _matched(
        self, progress: Progress, before: Walk, closed: tuple[Knot, ...], walk: Walk, vehicle: str
    ) -> Progress:
        x, y = before.x, before.y
        for knot in (*closed[1:], Knot(walk.x, walk.y, walk.in_s, walk.in_s)):
            progress = self.matcher.step(progress, knot.in_s, knot.x, knot.y, knot.x - x, knot.y - y, vehicle)
            x, y = knot.x, knot.y
        return progress

    def _passing(
        self, passes: tuple[Pass, ...], before: Walk, closed: tuple[Knot, ...], walk: Walk
    ) -> tuple[Pass, ...]:
        """Open and lengthen passes with the knots that are new."""
        known = {each.place: each for each in passes}
        last = closed[0]
        for place in self._near(before.x, before.y):
            if place in known:
                known[place] = msgspec.structs.replace(known[place], last_s=last.out_s)
        x, y = before.x, before.y
        for knot in (*closed[1:], Knot(walk.x, walk.y, walk.in_s, walk.in_s)):
            hop = hypot(knot.x - x, knot.y - y)
            x, y = knot.x, knot.y
            for place in self._near(x, y):
                held = known.get(place)
                if held is None or knot.in_s - held.last_s > PASS_GAP_S:
                    known[place] = Pass(place, knot.in_s, 0.0, knot.in_s)
                else:
                    known[place] = Pass(place, held.in_s, held.metres + hop, knot.in_s)
        return tuple(each for each in known.values() if walk.in_s - each.last_s <= PASS_GAP_S)

    def _near(self, x: float, y: float) -> list[int]:
        found: list[int] = self.library.places.near(x, y, ARRIVAL_M)[0].tolist()
        return found

    def _holds(self, each: Pass, walk: Walk) -> bool:
        library = self.library
        return hypot(library.place_x[each.place] - walk.x, library.place_y[each.place] - walk.y) <= ARRIVAL_M

    def _served(self, served: bytes, passes: tuple[Pass, ...]) -> bytes:
        """Mark the places whose pass has lasted long enough to be a service."""
        need = self.library.need_s
        marked = [each.place for each in passes if each.last_s - each.in_s - each.metres / FREE_MPS >= need[each.place]]
        new = [place for place in marked if not served[place >> 3] >> (place & 7) & 1]
        if new:
            bits = bytearray(served)
            for place in new:
                bits[place >> 3] |= 1 << (place & 7)
            served = bytes(bits)
        return served

    def _stay(self, stay: Stay, at_s: float, x: float, y: float) -> Stay:
        if hypot(x - stay.x, y - stay.y) > STAY_M:
            return Stay(x, y, at_s)
        if (
            not stay.tipped
            and at_s - stay.since_s >= LONG_S
            and not len(self._wide.near(stay.x, stay.y, FACILITY_APART_M)[0])
        ):
            return Stay(stay.x, stay.y, stay.since_s, True)
        return stay

    def until(self, so_far: DaySoFar, at_s: float, weekday: int) -> Today:
        """Tell the day so far as the outlook asks for it."""
        walk = so_far.walk
        served = served_places(so_far.served, len(self.library.place_x))
        return Today(at_s, at_s - walk.in_s, so_far.load_s, weekday, served, walk.x, walk.y)


def served_places(bits: bytes, places: int) -> npt.NDArray[np.bool_]:
    """Unpack the places that were served."""
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=places, bitorder="little").astype(bool)
