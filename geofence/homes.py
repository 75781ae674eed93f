"""Homes with a lead in metres, as arrays: a large layer and small ones of recent changes, merged as they grow.

A layer never changes but for its tombstones (a negative reach). So a change costs what it changes, and now and then
a merge; a ping costs what newly comes within reach (see grid).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from geofence import grid
from geofence.geometry import Floats, project_many, stretch_many

CLASS_EDGES_M = (100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 650.0, 800.0, 1000.0, 1300.0, 1600.0, 2000.0)
"""A class holds the reaches above one edge and up to the next; round leads are the commonest and so exact."""

MAX_CELLS = 4_000_000
CELLS_PER_HOME = 64
ROWS_PER_REACH = 8.0
CELLS_PER_ROW_HEIGHT = 4.0
MERGE_SHARE = 8
"""A layer is merged into the one before when it is larger than that one divided by this."""


class HomeRow(msgspec.Struct, frozen=True):
    """One home as the index takes it: degrees, metres, category bits (0 is every category)."""

    number: int
    subscription: str
    lat: float
    lon: float
    reach_m: float
    mask: int


class Columns(msgspec.Struct, frozen=True):
    """Many homes as columns of equal length; `ids` are subscription ids in UTF-8."""

    number: npt.NDArray[np.int64]
    ids: npt.NDArray[np.bytes_]
    x: Floats
    y: Floats
    reach: Floats
    reach_m: Floats
    mask: npt.NDArray[np.uint32]

    def take(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Columns:
        """Pick rows."""
        return Columns(*(getattr(self, name)[index] for name in self.__struct_fields__))


def columns(
    number: npt.NDArray[np.int64],
    ids: npt.NDArray[np.bytes_],
    lat: Floats,
    lon: Floats,
    reach_m: Floats,
    mask: npt.NDArray[np.uint32],
) -> Columns:
    """Put homes given in degrees and metres on the plane."""
    x, y = project_many(lat, lon)
    return Columns(number, ids, x, y, reach_m * stretch_many(lat), reach_m, mask)


class HomeRows:
    """Many homes gathered in plain arrays: millions of objects would take gigabytes."""

    def __init__(self) -> None:
        self._number, self._mask = array("q"), array("L")
        self._lat, self._lon, self._reach_m = array("d"), array("d"), array("d")
        self._ids: list[bytes] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, number: int, subscription: str, lat: float, lon: float, reach_m: float, mask: int) -> None:
        """Take one home: degrees, metres, category bits."""
        self._number.append(number)
        self._ids.append(subscription.encode())
        self._lat.append(lat)
        self._lon.append(lon)
        self._reach_m.append(reach_m)
        self._mask.append(mask)

    def columns(self) -> Columns:
        """Put them on the plane."""
        return columns(
            np.array(self._number, dtype=np.int64),
            np.array(self._ids, dtype=np.bytes_),
            np.array(self._lat, dtype=np.float64),
            np.array(self._lon, dtype=np.float64),
            np.array(self._reach_m, dtype=np.float64),
            np.array(self._mask, dtype=np.uint32),
        )


def columns_of(rows: Iterable[HomeRow]) -> Columns:
    """Put rows on the plane."""
    gathered = HomeRows()
    for row in rows:
        gathered.add(row.number, row.subscription, row.lat, row.lon, row.reach_m, row.mask)
    return gathered.columns()


class Layer:
    """Homes in the order of their class and cell, and where each cell begins."""

    def __init__(self, homes: Columns) -> None:
        classes, cells, width = _place(homes)
        order = np.argsort(cells, kind="stable")
        taken = homes.take(order)
        self.starts = np.zeros(width + 1, dtype=np.int32)
        np.cumsum(np.bincount(cells, minlength=width), out=self.starts[1:])
        self.places = np.column_stack((taken.x, taken.y, taken.reach))
        x, y, reach = self.places.T
        self.columns = msgspec.structs.replace(taken, x=x, y=y, reach=reach)
        self.arrays = (classes, self.starts, self.places, self.columns.mask, self.columns.number)
        self._by_number = np.argsort(self.columns.number, kind="stable")
        self._sorted = self.columns.number[self._by_number]
        self.alive = len(order)

    def find(self, number: int) -> int:
        """Tell the row of a home, or -1 when it is not here or gone."""
        at = int(np.searchsorted(self._sorted, number))
        if at == len(self._sorted) or self._sorted[at] != number:
            return -1
        row = int(self._by_number[at])
        return row if self.places[row, 2] > 0.0 else -1

    def without(self, number: int) -> bool:
        """Bury a home; tell whether it was here."""
        row = self.find(number)
        if row < 0:
            return False
        self.places[row, 2] = -1.0
        self.alive -= 1
        return True

    def living(self) -> Columns:
        """Tell the homes that are not gone."""
        return self.columns.take(self.places[:, 2] > 0.0)


def _place(homes: Columns) -> tuple[Floats, npt.NDArray[np.int64], int]:
    """Lay a grid a class over the homes: the table of classes, each home's cell, and the number of cells."""
    group = np.searchsorted(np.array(CLASS_EDGES_M), homes.reach_m, side="left")
    classes = np.zeros((len(CLASS_EDGES_M) + 1, 10))
    cells = np.zeros(len(homes.number), dtype=np.int64)
    width = 0
    for c in np.unique(group):
        members = group == c
        x, y, reach = homes.x[members], homes.y[members], homes.reach[members]
        xmin, xmax = np.quantile(x, (0.001, 0.999)) if len(x) > 1000 else (x.min(), x.max())
        ymin, ymax = np.quantile(y, (0.001, 0.999)) if len(y) > 1000 else (y.min(), y.max())
        most = min(MAX_CELLS, CELLS_PER_HOME * len(x)) / CELLS_PER_ROW_HEIGHT
        fit = max(float(np.sqrt((xmax - xmin) * (ymax - ymin) / most)), (xmax - xmin + ymax - ymin) / most)
        cell = max(20.0, float(reach.max()) / ROWS_PER_REACH, fit)
        wide = cell / CELLS_PER_ROW_HEIGHT
        nx, ny = int((xmax - xmin) / wide) + 3, int((ymax - ymin) / cell) + 3
        left, bottom = xmin - wide, ymin - cell
        column = np.clip(np.floor((x - left) * (1.0 / wide)), 0, nx - 1).astype(np.int64)
        row = np.clip(np.floor((y - bottom) / cell), 0, ny - 1).astype(np.int64)
        cells[members] = width + row * nx + column
        classes[c] = (left, bottom, wide, cell, nx, ny, reach.min(), reach.max(), width, 1.0)
        width += nx * ny
    return classes, cells, width


class HomeIndex:
    """All homes with a lead in metres. `changed` gives the next index; the old one must not be used after."""

    def __init__(self, layers: Sequence[Layer] = ()) -> None:
        self.layers = tuple(layers)
        self._out = np.zeros(4096, dtype=np.int64)

    def __len__(self) -> int:
        return sum(layer.alive for layer in self.layers)

    def changed(self, put: Iterable[HomeRow], gone: Iterable[int]) -> HomeIndex:
        """Put and remove homes."""
        rows = list({row.number: row for row in put}.values())
        for number in (*gone, *(row.number for row in rows)):
            for layer in self.layers:
                if layer.without(number):
                    break
        return self.with_columns(columns_of(rows)) if rows else HomeIndex(self.layers)

    def with_columns(self, homes: Columns) -> HomeIndex:
        """Add homes that are not in the index yet."""
        layers = [*self.layers, Layer(homes)]
        while len(layers) > 1 and layers[-1].alive * MERGE_SHARE > layers[-2].alive:
            top, below = layers.pop().living(), layers.pop().living()
            layers.append(Layer(_joined(below, top)))
        return HomeIndex([layer for layer in layers if layer.alive])

    def newly_within(
        self, leg: tuple[float, float, float, float], old: bool, reach_from: float, bit: int, told: grid.Bits
    ) -> list[tuple[Layer, npt.NDArray[np.int64]]]:
        """Find the homes that a leg newly reaches (see grid.newly_within), as rows of layers."""
        found = []
        for layer in self.layers:
            count = grid.newly_within(leg, old, reach_from, *layer.arrays, bit, told, self._out)
            while count > len(self._out):
                self._out = np.zeros(count * 2, dtype=np.int64)
                count = grid.newly_within(leg, old, reach_from, *layer.arrays, bit, told, self._out)
            if count:
                found.append((layer, self._out[:count].copy()))
        return found

    def spot_of(self, number: int) -> tuple[float, float] | None:
        """Tell where a home is on the plane, or None."""
        found = self.find(number)
        if found is None:
            return None
        layer, row = found
        return float(layer.places[row, 0]), float(layer.places[row, 1])

    def find(self, number: int) -> tuple[Layer, int] | None:
        """Tell where a home stands, or None."""
        for layer in self.layers:
            row = layer.find(number)
            if row >= 0:
                return layer, row
        return None


def _joined(one: Columns, two: Columns) -> Columns:
    return Columns(*(np.concatenate((getattr(one, n), getattr(two, n))) for n in one.__struct_fields__))
