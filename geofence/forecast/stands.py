"""Where trucks stood on past days, long enough to load. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from geofence.forecast.walk import Floats, Ints, Trace

STOP_S = 15.0


class Stands(msgspec.Struct, frozen=True):
    """Stands of at least STOP_S as columns, in order of day (its number) and time."""

    day: Ints
    x: Floats
    y: Floats
    in_s: Floats
    out_s: Floats

    @property
    def stood_s(self) -> Floats:
        """How long each lasted."""
        return self.out_s - self.in_s


def stands_of(traces: Sequence[Trace]) -> Stands:
    """Find the stands of past days."""
    long = [trace.out_s - trace.in_s >= STOP_S for trace in traces]
    day = np.repeat(np.arange(len(traces)), [int(each.sum()) for each in long])
    columns = (
        np.concatenate([getattr(trace, name)[each] for trace, each in zip(traces, long, strict=True)] or [np.zeros(0)])
        for name in ("x", "y", "in_s", "out_s")
    )
    return Stands(day, *columns)
