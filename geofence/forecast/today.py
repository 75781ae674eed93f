"""A truck's day so far, kept up fix by fix: its walk, its place on past days, what it served. Pure."""

from __future__ import annotations

from functools import reduce
from math import hypot

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast import halts
from geofence.forecast import walk as walking
from geofence.forecast.cells import Cells
from geofence.forecast.library import Library
from geofence.forecast.modes import Today
from geofence.forecast.progress import Matcher, Progress, beam
from geofence.forecast.visits import FREE_MPS, PASS_GAP_S
from geofence.forecast.walk import Ints, Knot, Walk

SWING = 40
"""Knots, some 30 m apart, for which another round must have seemed likelier before the truck is taken to be on it."""
UNSEEN_S = 240.0
UNSEEN_M = 200.0
"""After such a silence, so far from where it began, it is not known what was served meanwhile."""
START_M = 300.0
LATELY = 8


class Pass(msgspec.Struct, frozen=True, array_like=True):
    """A stay within reach of a place that may yet become a service."""

    place: int
    last_s: float
    excess_s: float = 0.0


class DaySoFar(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered of a truck's service day; small enough to be committed with every ping.

    `crew`: whose round it is, empty until that is known; `swing`: for how many knots another's has seemed likelier;
    `since_s`: since when the truck has been seen without a break; all day, if it was first seen where days begin;
    `own`: by whose days it was begun; `worked_s`: when it began to serve a telling place last; `lately`: the telling
    places that it served last, the newest first; `halt`: where it has stopped, as of the closed knots of its walk.
    """

    day: str
    walk: Walk
    progress: Progress = Progress()
    served: bytes = b""
    passes: tuple[Pass, ...] = ()
    crew: str = ""
    swing: int = 0
    since_s: float = 0.0
    own: str = ""
    worked_s: float = 0.0
    lately: tuple[int, ...] = ()
    halt: halts.Halt | None = None

    def is_of(self, profile: str, ordinal: int) -> bool:
        """Tell whether it is of a service day and speaks of the knots and places of a version of the profile."""
        return self.day.startswith(f"{profile}/{ordinal}/")


class Guide:
    """A library with what is needed to follow trucks through it; made once for a profile."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.matcher = Matcher(library)
        self._starts = Cells(library.x[library.starts], library.y[library.starts], START_M)
        self._crews = frozenset(library.crews.tolist())

    def begin(self, day: str, at_s: float, x: float, y: float, vehicle: str, every_s: float = 0.0) -> DaySoFar:
        """Take the first fix of a service day; `every_s` as of a walk."""
        progress = self.matcher.step(Progress(), at_s, x, y, 0.0, 0.0, vehicle)
        blank = bytes((len(self.library.place_x) + 7) // 8)
        crew = vehicle if vehicle in self._crews else ""
        since_s = 0.0 if len(self._starts.near(x, y, START_M)[0]) else at_s
        walk = walking.begin(at_s, x, y, every_s)
        return DaySoFar(day, walk, progress, blank, crew=crew, since_s=since_s, own=vehicle)

    def follow(self, so_far: DaySoFar, at_s: float, x: float, y: float, vehicle: str) -> tuple[DaySoFar, bool]:
        """Take the next fix; tell also whether the truck has moved on by a knot or more."""
        before = so_far.walk
        walk, closed = walking.onward(before, at_s, x, y)
        passes = so_far.passes
        progress = so_far.progress
        crew, swing = so_far.crew, so_far.swing
        halt = reduce(halts.onward, closed, so_far.halt)
        if closed:
            progress = self._matched(progress, before, closed, walk, vehicle)
            crew, swing = self._swung(crew, swing, progress, len(closed))
            passes = self._passing(passes, closed, walk)
        served = self._served(so_far.served, passes, walk)
        unseen = at_s - before.near_s > UNSEEN_S and hypot(x - before.x, y - before.y) > UNSEEN_M
        since_s = at_s if unseen else so_far.since_s
        new = self._telling(so_far.served, served)
        worked_s = at_s if new else so_far.worked_s
        lately = (*new, *so_far.lately)[:LATELY]
        after = msgspec.structs.replace(
            so_far,
            walk=walk,
            progress=progress,
            served=served,
            passes=passes,
            crew=crew,
            swing=swing,
            since_s=since_s,
            worked_s=worked_s,
            lately=lately,
            halt=halt,
        )
        return after, bool(closed)

    def _matched(
        self, progress: Progress, before: Walk, closed: tuple[Knot, ...], walk: Walk, vehicle: str
    ) -> Progress:
        x, y = before.x, before.y
        for knot in (*closed[1:], Knot(walk.x, walk.y, walk.in_s, walk.in_s)):
            progress = self.matcher.step(progress, knot.in_s, knot.x, knot.y, knot.x - x, knot.y - y, vehicle)
            x, y = knot.x, knot.y
        return progress

    def _swung(self, crew: str, swing: int, progress: Progress, knots: int) -> tuple[str, int]:
        """Tell whose round it is now: another's only when that has seemed likelier for a long way, all in all."""
        seems = likeliest_crew(self.library, progress)
        if seems is None or seems == crew:
            return crew, max(swing - knots, 0)
        swing += knots
        return (seems, 0) if swing >= SWING else (crew, swing)

    def _passing(self, passes: tuple[Pass, ...], closed: tuple[Knot, ...], walk: Walk) -> tuple[Pass, ...]:
        """Count what the closed knots add to passes; what the open knot adds is known when it closes."""
        known = {each.place: each for each in passes}
        left = None
        for knot in closed:
            way_s = 0.0
            if left is not None:
                way_s = knot.in_s - left.out_s - hypot(knot.x - left.x, knot.y - left.y) / FREE_MPS
            excess_s = knot.out_s - knot.in_s + min(max(way_s, 0.0), PASS_GAP_S)
            left = knot
            found, at = self.library.reached(knot.x, knot.y, knot.in_s)
            for place, here in zip(found.tolist(), at.tolist(), strict=True):
                held = known.get(place)
                so_far_s = held.excess_s if held is not None and knot.in_s - held.last_s <= PASS_GAP_S else 0.0
                known[place] = Pass(place, knot.out_s, so_far_s + (excess_s if here else 0.0))
        return tuple(each for each in known.values() if walk.in_s - each.last_s <= PASS_GAP_S)

    def _served(self, served: bytes, passes: tuple[Pass, ...], walk: Walk) -> bytes:
        """Mark the places whose pass has lasted long enough to be a service, the open knot's standing with it."""
        need = self.library.need_s
        excess = {each.place: each.excess_s for each in passes}
        stood_s = walk.near_s - walk.in_s
        if stood_s > 0.0:
            here = walk.closed()
            found, at = self.library.reached(here.x, here.y, here.in_s)
            for place in found[at].tolist():
                excess[place] = excess.get(place, 0.0) + stood_s
        new = [p for p, seconds in excess.items() if seconds >= need[p] and not served[p >> 3] >> (p & 7) & 1]
        if new:
            bits = bytearray(served)
            for place in new:
                bits[place >> 3] |= 1 << (place & 7)
            served = bytes(bits)
        return served

    def _telling(self, before: bytes, served: bytes) -> list[int]:
        """Tell the telling places that have been served since."""
        if served == before:
            return []
        new = newly_served(before, served, len(self.library.place_x)) & self.library.telling
        return np.flatnonzero(new).tolist()

    def until(self, so_far: DaySoFar, at_s: float, weekday: int) -> Today:
        """Tell the day so far as the outlook asks for it."""
        walk = so_far.walk
        served = served_places(so_far.served, len(self.library.place_x))
        stood_s = halts.halted_s(so_far.halt, walk, at_s)
        crews = (so_far.crew, so_far.own) if so_far.crew else ()
        return Today(
            at_s=at_s,
            since_s=so_far.since_s,
            stood_s=stood_s,
            weekday=weekday,
            served=served,
            x=walk.x,
            y=walk.y,
            crews=crews,
            worked_s=so_far.worked_s,
            lately=so_far.lately,
        )


def likeliest_crew(library: Library, progress: Progress) -> str | None:
    """Tell whose past days hold most of the belief; None where the truck is on none."""
    crew = _likeliest(library, progress, library.crew)
    return None if crew is None else str(library.crews[crew])


def likeliest_day(library: Library, progress: Progress) -> int | None:
    """Tell the past day that holds most of the belief; None where the truck is on none."""
    return _likeliest(library, progress, np.arange(len(library.days)))


def _likeliest(library: Library, progress: Progress, kind: Ints) -> int | None:
    """Tell of which kind, a number for each day, the days are that hold most of the belief."""
    if not progress.knots:
        return None
    knots, belief = beam(progress)
    return int(np.argmax(np.bincount(kind[library.day[knots]], belief)))


def newly_served(before: bytes, served: bytes, places: int) -> npt.NDArray[np.bool_]:
    """Tell the places that were served since."""
    return served_places(served, places) & ~served_places(before, places)


def served_places(bits: bytes, places: int) -> npt.NDArray[np.bool_]:
    """Unpack the places that were served."""
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=places, bitorder="little").astype(bool)
