"""Homes with a lead in minutes, as arrays by the place that serves them: only those newly within a lead are looked up.

The large part is sorted by (place, lead), so that those to tell are one binary search; what changed since stands in a
small dictionary, until there is enough of it to sort anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from geofence.forecast.profile import Profile
from geofence.forecast.walk import Ints
from geofence.geometry import project
from geofence.serving import Serving
from model.kind import OPT_IN, Kind

GRAIN_MIN = 0.5
"""Leads are rounded to half minutes: 3 to 60 gives at most 115 of them."""

_LEADS = 256
_BIT = {kind: 1 << k for k, kind in enumerate(OPT_IN)}


class MinutesHome(msgspec.Struct, frozen=True):
    """One home: category bits, the place on the map in degrees, and what it asked to hear besides."""

    number: int
    subscription: str
    lat: float
    lon: float
    lead_min: float
    mask: int
    kinds: tuple[Kind, ...] = ()


class Served(NamedTuple):
    """A home of a place, as it is told: category bits, lead."""

    number: int
    subscription: str
    mask: int
    lead_min: float


class MinutesHomes:
    """The homes in force, and, once places are known, which place serves each."""

    def __init__(self) -> None:
        self._number, self._mask, self._wants = array("q"), array("L"), array("B")
        self._lat, self._lon, self._lead = array("d"), array("d"), array("d")
        self._ids: list[bytes] = []
        self._row: dict[int, int] = {}
        self._serving: Serving | None = None
        self._sorted = self._settled = 0
        self._keys: Ints = np.zeros(0, dtype=np.int64)
        self._order: Ints = np.zeros(0, dtype=np.int64)
        self._fresh: dict[int, list[int]] = {}
        self._leads: set[int] = set()
        self.leads_min: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self._row)

    def put(self, home: MinutesHome) -> None:
        """Take or replace a home; `settle` must follow."""
        self.drop(home.number)
        self._row[home.number] = len(self._ids)
        self._number.append(home.number)
        self._ids.append(home.subscription.encode())
        self._lat.append(home.lat)
        self._lon.append(home.lon)
        self._lead.append(grained(home.lead_min))
        self._mask.append(home.mask)
        self._wants.append(sum(_BIT.get(kind, 0) for kind in home.kinds))

    def drop(self, number: int) -> None:
        """Forget a home; its row stays until the next sorting."""
        self._row.pop(number, None)

    def served_by(self, profile: Profile) -> None:
        """Let a profile's places serve the homes. All are assigned anew."""
        self._serving = Serving(profile)
        self._sort()

    def settle(self) -> None:
        """Assign what was put since: into the small part, or, where that has grown, all anew."""
        count = len(self._ids)
        if self._serving is None:
            return
        if count - self._sorted > max(4096, self._sorted // 8):
            self._sort()
            return
        rows = np.arange(self._settled, count)
        keys = self._keys_of(rows)
        for row, key in zip(rows.tolist(), keys.tolist(), strict=True):
            if key >= 0:
                self._fresh.setdefault(key, []).append(row)
        self._settled = count
        self._note_leads(keys)

    def at(self, place: int, lead_min: float) -> list[Served]:
        """Give the homes of a place that have a lead, by number."""
        key = _key(self._first(place), lead_min)
        low, high = np.searchsorted(self._keys, (key, key + 1))
        return sorted(self._living((*self._order[low:high].tolist(), *self._fresh.get(key, ()))))

    def that_want(self, place: int, kind: Kind) -> list[Served]:
        """Give the homes of a place, whatever their lead, that asked to hear a kind, by number."""
        place = self._first(place)
        low, high = np.searchsorted(self._keys, (place * _LEADS, (place + 1) * _LEADS))
        rows = self._order[low:high]
        if len(rows):
            rows = rows[np.frombuffer(self._wants, dtype=np.uint8)[rows] & _BIT[kind] > 0]
        fresh = (row for lead in self.leads_min for row in self._fresh.get(_key(place, lead), ()))
        asked = (row for row in fresh if self._wants[row] & _BIT[kind])
        return sorted(self._living((*rows.tolist(), *asked)))

    def _living(self, rows: Iterable[int]) -> Iterator[Served]:
        for row in rows:
            number = self._number[row]
            if self._row.get(number) == row:
                yield Served(number, self._ids[row].decode(), int(self._mask[row]), self._lead[row])

    def _sort(self) -> None:
        self._compact()
        rows = np.arange(len(self._ids))
        keys = self._keys_of(rows)
        served = np.flatnonzero(keys >= 0)
        order = served[np.argsort(keys[served], kind="stable")]
        self._order, self._keys = order, keys[order]
        self._sorted = self._settled = len(self._ids)
        self._fresh, self._leads = {}, set()
        self._note_leads(self._keys)

    def _compact(self) -> None:
        if len(self._row) == len(self._ids):
            return
        kept = sorted(self._row.values())
        self._ids = [self._ids[row] for row in kept]
        for name in ("_number", "_mask", "_wants", "_lat", "_lon", "_lead"):
            column = getattr(self, name)
            setattr(self, name, array(column.typecode, (column[row] for row in kept)))
        self._row = {number: row for row, number in enumerate(self._number)}

    def _keys_of(self, rows: Ints) -> Ints:
        """Tell for rows the key of their place and lead, -1 where no place is near."""
        if self._serving is None or not len(rows):
            return np.full(len(rows), -1, dtype=np.int64)
        lat, lon, lead_min = (np.frombuffer(column)[rows] for column in (self._lat, self._lon, self._lead))
        place = self._serving.at(lat, lon)
        lead = np.round(lead_min / GRAIN_MIN).astype(np.int64)
        keys: Ints = np.where(place >= 0, place * _LEADS + lead, -1)
        return keys

    def places_of(self, number: int) -> list[int]:
        """Tell which places serve a home: one, at each of its hours; or none."""
        row = self._row.get(number)
        if row is None or self._serving is None:
            return []
        key = int(self._keys_of(np.array([row]))[0])
        return self._serving.spots.at(key // _LEADS).tolist() if key >= 0 else []

    def _first(self, place: int) -> int:
        """Tell the place under which the homes of a spot stand."""
        return place if self._serving is None else int(self._serving.spots.first[place])

    def spot_of(self, number: int) -> tuple[float, float] | None:
        """Tell where a home is on the plane, or None."""
        row = self._row.get(number)
        return None if row is None else project(self._lat[row], self._lon[row])

    def _note_leads(self, keys: Ints) -> None:
        """Take note of the leads of keys; one that nobody has any more is forgotten with the next sorting."""
        self._leads.update(np.flatnonzero(np.bincount(keys[keys >= 0] % _LEADS)).tolist())
        self.leads_min = tuple(lead * GRAIN_MIN for lead in sorted(self._leads))


def grained(lead_min: float) -> float:
    """Round a lead as it is kept."""
    return round(lead_min / GRAIN_MIN) * GRAIN_MIN


def _key(place: int, lead_min: float) -> int:
    return place * _LEADS + round(lead_min / GRAIN_MIN)
