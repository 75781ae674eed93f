"""The grid against brute force: which homes a leg newly reaches, over layers, tombstones, masks and told bits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence import grid
from geofence.geometry import project, segment_distance, stretch
from geofence.homes import HomeIndex, HomeRow
from geofence.told import Told
from tests.support.strategies import Leg, Neighbourhood, legs, neighbourhoods
from tests.support.truckline import place

NOBODY = np.zeros(0, dtype=np.uint8)
TOLERANCE = 1e-6


def found(
    index: HomeIndex, leg: Leg, old: bool = True, reach_from: float = 0.0, bit: int = 0, told: grid.Bits = NOBODY
) -> list[int]:
    """Ask the index, and give numbers."""
    rows = index.newly_within(leg, old, reach_from, bit, told)
    return sorted(int(number) for layer, some in rows for number in layer.columns.number[some])


def expected(
    rows: Iterable[HomeRow], leg: Leg, old: bool, reach_from: float, bit: int, told: set[int]
) -> tuple[set[int], set[int]]:
    """Measure every home: who is surely reached, and who lies so near a border that rounding may decide."""
    sure, doubtful = set(), set()
    for row in rows:
        x, y = project(row.lat, row.lon)
        reach = row.reach_m * stretch(row.lat)
        if row.number in told or (bit and row.mask and not row.mask & bit) or reach < reach_from:
            continue
        path = segment_distance(x, y, *leg) - reach
        start = segment_distance(x, y, *leg[:2], *leg[:2]) - reach
        if abs(path) < TOLERANCE or (old and abs(start) < TOLERANCE):
            doubtful.add(row.number)
        elif path < 0 and not (old and start < 0):
            sure.add(row.number)
    return sure, doubtful


@settings(max_examples=60, deadline=None)
@given(neighbourhoods(), st.booleans(), st.sampled_from([0, 1, 2, 4]), st.sampled_from([0.0, 300.0, 700.0]), st.data())
def test_what_a_leg_newly_reaches_is_what_brute_force_finds(
    homes: Neighbourhood, old: bool, bit: int, reach_from: float, data: st.DataObject
) -> None:
    """Over layers, homes removed and changed, bits of the told, masks, outliers and narrow leads: the same homes."""
    rows = {row.number: row for row in homes.rows}
    index = HomeIndex()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    for first, last in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        index = index.changed(homes.rows[first:last], ())
    gone = data.draw(st.sets(st.sampled_from(sorted(rows)), max_size=20))
    index = index.changed([], gone)
    living = [row for number, row in rows.items() if number not in gone]
    told = Told()
    told_numbers = data.draw(st.sets(st.sampled_from(sorted(rows)), max_size=20))
    for number in told_numbers:
        told.tell(number)
    for leg in homes.legs:
        got = set(found(index, leg, old, reach_from, bit, told.bits))
        sure, doubtful = expected(living, leg, old, reach_from, bit, told_numbers)
        assert got - doubtful == sure


@settings(max_examples=25, deadline=None)
@given(st.lists(legs(1500.0), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_twenty_thousand_homes_of_all_leads_are_found_as_by_brute_force(some: list[Leg], seed: int) -> None:
    """In a dense town, leg by leg, nobody is missed and nobody found without reason."""
    chance = np.random.default_rng(seed)
    spots = chance.uniform(-3000, 3000, (20_000, 2))
    leads = chance.choice([100.0, 120.0, 200.0, 300.0, 500.0, 1999.0], 20_000)
    rows = [
        HomeRow(k, "", *place(*spot), float(lead), 0)
        for k, (spot, lead) in enumerate(zip(spots.tolist(), leads.tolist(), strict=True))
    ]
    index = HomeIndex().changed(rows, ())
    (layer,) = index.layers
    x, y, reach = layer.places.T
    for leg in some:
        near = np.hypot(x - leg[0], y - leg[1]) - reach
        path = _path(x, y, leg) - reach
        sure = set(layer.columns.number[(path < -TOLERANCE) & (near > TOLERANCE)].tolist())
        possible = set(layer.columns.number[(path < TOLERANCE) & (near > -TOLERANCE)].tolist())
        got = found(index, leg)
        assert len(got) == len(set(got))
        assert sure <= set(got) <= possible


def _path(x: grid.Floats, y: grid.Floats, leg: Leg) -> grid.Floats:
    dx, dy = leg[2] - leg[0], leg[3] - leg[1]
    square = max(dx * dx + dy * dy, 1e-300)
    along = np.clip(((x - leg[0]) * dx + (y - leg[1]) * dy) / square, 0.0, 1.0)
    return np.asarray(np.hypot(x - leg[0] - along * dx, y - leg[1] - along * dy))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([100.0, 300.0, 2000.0]), st.data())
def test_homes_beyond_the_rim_of_the_grid_are_found_on_every_side(seed: int, lead: float, data: st.DataObject) -> None:
    """One home in some thousand lies out of the town, near or far: legs at the rim and out there find it as others."""
    chance = np.random.default_rng(seed)
    spots = chance.uniform(-200, 200, (3000, 2))
    far = chance.choice([300.0, 700.0, 2500.0, 40_000.0], 3) * chance.choice([-1, 1], 3)
    spots[:3] = [(far[0], spots[0, 1]), (spots[1, 0], far[1]), (far[2], -far[2])]
    rows = [HomeRow(k, "", *place(*spot), lead, 0) for k, spot in enumerate(spots.tolist())]
    index = HomeIndex().changed(rows, ())
    for outlier in (0, 1, 2):
        x, y = project(*place(*spots[outlier]))
        inward = np.arctan2(-spots[outlier, 1], -spots[outlier, 0]) + data.draw(st.floats(-1, 1))
        reach = lead * stretch(rows[outlier].lat)
        near, away = ((x + d * np.cos(inward), y + d * np.sin(inward)) for d in (reach - 5, reach + 5))
        for leg in ((*away, *near), (*near, *away), (*away, x, y)):
            got = set(found(index, leg))
            sure, doubtful = expected(rows, leg, True, 0.0, 0, set())
            assert got - doubtful == sure


def test_a_removed_home_is_not_found_even_on_the_path_itself() -> None:
    """A truck that drives over the very place of a removed home does not find it."""
    lat, lon = place(0, 0)
    x, y = project(lat, lon)
    index = HomeIndex().changed([HomeRow(1, "s", lat, lon, 100.0, 0), HomeRow(2, "t", *place(40, 0), 100.0, 0)], ())
    index = index.changed([], [1])
    assert found(index, (x, y, x, y), old=False) == [2]


def test_a_truck_that_stands_reaches_nobody_anew() -> None:
    """A leg of no length adds nothing to what was within reach before."""
    lat, lon = place(0, 0)
    x, y = project(lat, lon)
    index = HomeIndex().changed([HomeRow(1, "s", lat, lon, 100.0, 0)], ())
    assert found(index, (x, y, x, y)) == []
    assert found(index, (x, y, x, y), old=False) == [1]


def test_more_homes_than_the_buffer_holds_are_all_found() -> None:
    """Ten thousand homes in one house are all found at once."""
    rows = [HomeRow(k, "", *place(0, 0), 200.0, 0) for k in range(10_000)]
    x, y = project(*place(-300, 0))
    index = HomeIndex().changed(rows, ())
    assert len(found(index, (x, y, x + 400.0, y))) == 10_000


def test_a_change_between_far_places_takes_little_memory() -> None:
    """Two homes on two ends of the earth do not make a grid of millions of cells."""
    index = HomeIndex().changed([HomeRow(1, "", -60.0, -170.0, 100.0, 0), HomeRow(2, "", 60.0, 170.0, 100.0, 0)], ())
    assert sum(len(layer.starts) for layer in index.layers) < 1000
    row = HomeIndex().changed([HomeRow(k, "", 35.0, -170.0 + k, 100.0, 0) for k in range(300)], ())
    assert sum(len(layer.starts) for layer in row.layers) < 100_000
