"""How long a truck has been where it is: stands that drift, or a second bay, part into several are one halt. Pure.

Between tall blocks the fixes of a truck that stands wander by tens of metres, and a walk makes several knots of one
stand. What is left of a stop is told by how long the truck has been there, not by its latest knot. The walk itself
keeps them apart: where a truck serves, and on which side of a street, is a matter of fewer metres.
"""

from __future__ import annotations

from math import hypot

import msgspec

from geofence.forecast.stands import STOP_S
from geofence.forecast.walk import Floats, Knot, Trace, Walk

HALT_M = 70.0


class Halt(msgspec.Struct, frozen=True, array_like=True):
    """The first stand of a halt: where it was, and since when. Knots within HALT_M of it belong to the halt."""

    x: float
    y: float
    in_s: float

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a spot belongs to it."""
        return hypot(x - self.x, y - self.y) <= HALT_M


class Halts(msgspec.Struct, frozen=True):
    """Of each knot of a day, since when and until when its halt lasted; its own times where it is of none."""

    in_s: Floats
    out_s: Floats


def onward(halt: Halt | None, knot: Knot) -> Halt | None:
    """Take the next closed knot of a walk: it goes on with the halt, begins one, or leaves it."""
    if halt is not None and halt.holds(knot.x, knot.y):
        return halt
    return Halt(knot.x, knot.y, knot.in_s) if knot.out_s - knot.in_s >= STOP_S else None


def halted_s(halt: Halt | None, walk: Walk, at_s: float) -> float:
    """Tell how long a truck has been where it is; `halt` as of its closed knots."""
    stood_s = at_s - walk.in_s
    if halt is None or stood_s < STOP_S or not halt.holds(walk.mean_x, walk.mean_y):
        return stood_s
    return at_s - halt.in_s


def halts_of(trace: Trace) -> Halts:
    """Find the halts of a past day; each ends with its last stand."""
    in_s, out_s = trace.in_s.copy(), trace.out_s.copy()
    halt: Halt | None = None
    first = last = 0
    for k, knot in enumerate(trace.knots()):
        before, halt = halt, onward(halt, knot)
        if halt is not before:
            _lasted(in_s, out_s, first, last)
            first = last = k
        elif halt is not None and knot.out_s - knot.in_s >= STOP_S:
            last = k
    _lasted(in_s, out_s, first, last)
    return Halts(in_s, out_s)


def _lasted(in_s: Floats, out_s: Floats, first: int, last: int) -> None:
    """Give all knots of a halt its times."""
    if last > first:
        in_s[first : last + 1], out_s[first : last + 1] = in_s[first], out_s[last]
