"""The hours of places, and which places are one spot: what is served at noon and again in the evening is two. Pure."""

from __future__ import annotations

import msgspec
import numpy as np

from geofence.forecast.walk import Bools, Floats, Ints


class Hours(msgspec.Struct, frozen=True):
    """For each place from when until when on a service day it is served, in seconds; infinite for all day."""

    from_s: Floats
    until_s: Floats

    def covers(self, place: Ints, at_s: Floats | float) -> Bools:
        """Tell which places may be served at a moment, or each at its own."""
        found: Bools = (self.from_s[place] <= at_s) & (at_s < self.until_s[place])
        return found


class Spots(msgspec.Struct, frozen=True):
    """Which places are one spot at several hours: `first` of each spot's places, and the how many-th a place is."""

    first: Ints
    turn: Ints

    def at(self, place: int) -> Ints:
        """Give all places of a place's spot, in the order of their hours."""
        found = np.flatnonzero(self.first == self.first[place])
        order: Ints = found[np.argsort(self.turn[found], kind="stable")]
        return order


def all_day(places: int) -> Hours:
    """Hours of places that are each served once a day."""
    return Hours(np.full(places, -np.inf), np.full(places, np.inf))


def spots_of(x: Floats, y: Floats, hours: Hours) -> Spots:
    """Find the places that are one spot at several hours."""
    _, row, which = np.unique(np.column_stack((x, y)), axis=0, return_index=True, return_inverse=True)
    first = row[which.reshape(-1)].astype(np.int64)
    order = np.lexsort((hours.from_s, first))
    begins = np.flatnonzero(np.diff(first[order], prepend=-1))
    turn = np.zeros(len(x), dtype=np.int64)
    turn[order] = np.arange(len(x)) - np.repeat(begins, np.diff(np.append(begins, len(x))))
    return Spots(first, turn)
