"""Points in square cells, to find those near a place without looking at the others."""

from __future__ import annotations

from math import floor

import numpy as np

from geofence.forecast.walk import Floats, Ints

_ROW = 1 << 22


class Cells:
    """A fixed set of points; `near` gives the indices of those within a radius of at most one cell."""

    def __init__(self, x: Floats, y: Floats, cell_m: float) -> None:
        self._cell = cell_m
        self.x, self.y = x, y
        self._around: dict[tuple[int, int], tuple[Ints, Floats, Floats]] = {}
        keys = self._key(np.floor(x / cell_m), np.floor(y / cell_m))
        self._order = np.argsort(keys, kind="stable").astype(np.int64)
        self._keys = keys[self._order]

    @staticmethod
    def _key(column: Floats, row: Floats) -> Ints:
        return row.astype(np.int64) * _ROW + column.astype(np.int64)

    def near(self, x: float, y: float, radius_m: float) -> tuple[Ints, Floats]:
        """Find the points within a radius: their indices in rising order, and their distances."""
        cell = floor(x / self._cell), floor(y / self._cell)
        points, at_x, at_y = self._around.get(cell) or self._neighbours(*cell)
        away = np.hypot(at_x - x, at_y - y)
        kept = away <= radius_m
        return points[kept], away[kept]

    def _neighbours(self, column: int, row: int) -> tuple[Ints, Floats, Floats]:
        """Find the points of a cell and the eight around it, and keep what was found, since trucks come again."""
        firsts = (np.array([row - 1, row, row + 1]) * _ROW + column - 1).astype(np.int64)
        low = np.searchsorted(self._keys, firsts, side="left")
        high = np.searchsorted(self._keys, firsts + 2, side="right")
        points = np.concatenate([self._order[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)])
        points = np.sort(points)
        found = points, self.x[points], self.y[points]
        if len(points):
            self._around[column, row] = found
        return found

    def near_many(self, x: Floats, y: Floats, radius_m: float) -> tuple[Ints, Ints, Floats]:
        """Find for many places at once the points within a radius: pairs (place, point) in order, and distances."""
        column, row = np.floor(x / self._cell), np.floor(y / self._cell)
        places, points = [], []
        for offset in (-1, 0, 1):
            first = ((row + offset) * _ROW + column - 1).astype(np.int64)
            low = np.searchsorted(self._keys, first, side="left")
            count = np.searchsorted(self._keys, first + 2, side="right") - low
            place = np.repeat(np.arange(len(x)), count)
            within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
            places.append(place)
            points.append(self._order[np.repeat(low, count) + within])
        place, point = np.concatenate(places), np.concatenate(points)
        away = np.hypot(self.x[point] - x[place], self.y[point] - y[place])
        kept = away <= radius_m
        order = np.lexsort((point[kept], place[kept]))
        return place[kept][order], point[kept][order], away[kept][order]
