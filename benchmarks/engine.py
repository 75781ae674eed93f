"""The engine on the lab workload, beside an STRtree and GEOSEARCH on the same events: `python -m benchmarks.engine`.

170,000 homes in 6 by 6 km with leads of 200, 300 and 500 m, 100 trucks, a fix a second, 6 m/s. Asserts that all find
the same homes, prints a table and, as its last line, JSON. About time it asserts nothing.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from geofence.book import Book
from geofence.geometry import project_many, stretch
from geofence.homes import Columns, HomeIndex, columns
from geofence.limits import Limits
from geofence.state import State
from geofence.step import step
from model.city import City
from model.ping import Ping
from tests.support.stores import ValkeyServer
from tests.support.truckline import LAT, START_MS, place

RADII = (200.0, 300.0, 500.0)
DENSITY = 170_000 / 36.0
TRUCKS, SPEED_MPS = 100, 6.0
NOBODY = np.zeros(0, dtype=np.uint8)

Leg = tuple[float, float, float, float]
Enters = list[set[int]]


class Workload(NamedTuple):
    """Homes as columns, their degrees, and the trucks' fixes second by second: (seconds, trucks) degrees."""

    homes: Columns
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    fix_lat: npt.NDArray[np.float64]
    fix_lon: npt.NDArray[np.float64]


class Speed(NamedTuple):
    """Pings a second, of the median chunk and the best, and over how many pings."""

    pings_s: int
    best: int
    pings: int


def workload(count: int, seconds: int, seed: int = 1) -> Workload:
    """Scatter homes evenly, and drive trucks along a grid of streets, turning at some crossings."""
    chance = np.random.default_rng(seed)
    side = 1000.0 * (count / DENSITY) ** 0.5
    south, west = place(0.0, 0.0)
    north, east = place(side, side)
    lat, lon = chance.uniform(south, north, count), chance.uniform(west, east, count)
    ids = np.char.mod("s%d", np.arange(count)).astype(np.bytes_)
    lead = chance.choice(RADII, count)
    homes = columns(np.arange(count, dtype=np.int64), ids, lat, lon, lead, np.zeros(count, dtype=np.uint32))
    fixes = _drives(chance, seconds, side)
    degrees_m = (north - south) / side, (east - west) / side
    return Workload(homes, lat, lon, south + fixes[..., 1] * degrees_m[0], west + fixes[..., 0] * degrees_m[1])


def _drives(chance: np.random.Generator, seconds: int, side: float) -> npt.NDArray[np.float64]:
    ways = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]) * SPEED_MPS
    spots = chance.uniform(0, side, (TRUCKS, 2))
    heading = chance.integers(0, 4, TRUCKS)
    fixes = np.empty((seconds, TRUCKS, 2))
    for second in range(seconds):
        fixes[second] = spots
        heading = np.where(chance.random(TRUCKS) < 0.05, (heading + chance.choice([1, 3], TRUCKS)) % 4, heading)
        ahead = spots + ways[heading]
        out = ((ahead < 0) | (ahead > side)).any(axis=1)
        heading = np.where(out, (heading + 2) % 4, heading)
        spots = np.where(out[:, None], spots, ahead)
    return fixes


def legs_of(work: Workload) -> list[tuple[int, Leg]]:
    """Put the fixes on the plane: for each ping its truck, and the leg from the fix before."""
    x, y = project_many(work.fix_lat, work.fix_lon)
    ends = np.stack((x[:-1], y[:-1], x[1:], y[1:]), axis=-1)
    return [(truck, tuple(leg)) for second in ends.tolist() for truck, leg in enumerate(second)]


def timed(events: Sequence[Any], chunk: int, act: Callable[[Any], None], clock: Callable[[], float]) -> Speed:
    """Take events one by one; the rate is that of the median chunk."""
    rates = []
    for first in range(0, len(events), chunk):
        some = events[first : first + chunk]
        began = clock()
        for event in some:
            act(event)
        rates.append(len(some) / max(clock() - began, 1e-9))
    return Speed(round(median(rates)), round(max(rates)), len(events))


def ours(index: HomeIndex, legs: list[tuple[int, Leg]]) -> tuple[Speed, list[list[Any]]]:
    """Look up what each leg newly reaches, ping by ping from Python."""
    found: list[list[Any]] = []
    index.newly_within(legs[0][1], True, 0.0, 0, NOBODY)
    speed = timed(
        legs, 5000, lambda event: found.append(index.newly_within(event[1], True, 0.0, 0, NOBODY)), time.process_time
    )
    return speed, found


def split(legs: list[tuple[int, Leg]], found: list[list[Any]]) -> tuple[Enters, int]:
    """Tell who is inside at the new fix and was not at the old; and how many the leg only touched between its ends."""
    enters: Enters = []
    grazed = 0
    for (_, leg), layers in zip(legs, found, strict=True):
        inside: set[int] = set()
        for layer, rows in layers:
            x, y, reach = layer.places[rows].T
            at_end = np.hypot(x - leg[2], y - leg[3]) <= reach
            inside.update(layer.columns.number[rows[at_end]].tolist())
            grazed += int((~at_end).sum())
        enters.append(inside)
    return enters, grazed


def strtree(homes: Columns, legs: list[tuple[int, Leg]]) -> tuple[Speed, Enters]:
    """A query of shapely's STRtree by the largest box, a filter by distance, and the difference to the set before."""
    tree = shapely.STRtree(shapely.points(homes.x, homes.y))
    widest = float(homes.reach.max())
    before = {truck: _inside(tree, homes, widest, leg[0], leg[1]) for truck, leg in legs[:TRUCKS]}
    enters: Enters = []

    def act(event: tuple[int, Leg]) -> None:
        truck, leg = event
        now = _inside(tree, homes, widest, leg[2], leg[3])
        enters.append(now - before[truck])
        before[truck] = now

    return timed(legs, 100, act, time.process_time), enters


def _inside(tree: shapely.STRtree, homes: Columns, widest: float, x: float, y: float) -> set[int]:
    rows = tree.query(shapely.box(x - widest, y - widest, x + widest, y + widest))
    near = (homes.x[rows] - x) ** 2 + (homes.y[rows] - y) ** 2 <= homes.reach[rows] ** 2
    return set(homes.number[rows[near]].tolist())


def geosearch(work: Workload, pings: int) -> tuple[Speed, Enters]:
    """GEOSEARCH on a real Valkey, a key a radius, three pipelined searches a ping, and the difference of sets."""
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(Path(folder), ("--appendonly", "no"))
        server.start()
        try:
            return _geosearch(server, work, pings)
        finally:
            server.stop()


def _geosearch(server: ValkeyServer, work: Workload, pings: int) -> tuple[Speed, Enters]:
    with server.client() as client:
        for radius in RADII:
            members = np.flatnonzero(work.homes.reach_m == radius)
            for some in np.array_split(members, max(1, len(members) // 5000)):
                values = [value for n in some.tolist() for value in (float(work.lon[n]), float(work.lat[n]), str(n))]
                client.geoadd(f"homes:{radius:g}", values)

        def inside(lat: float, lon: float) -> set[int]:
            pipe = client.pipeline(transaction=False)
            for radius in RADII:
                pipe.geosearch(f"homes:{radius:g}", longitude=lon, latitude=lat, radius=radius, unit="m")
            return {int(member) for some in pipe.execute() for member in some}

        before = [inside(*at) for at in zip(work.fix_lat[0].tolist(), work.fix_lon[0].tolist(), strict=True)]
        enters: Enters = []

        def act(event: tuple[int, float, float]) -> None:
            truck, lat, lon = event
            now = inside(lat, lon)
            enters.append(now - before[truck])
            before[truck] = now

        lat, lon = work.fix_lat[1:].ravel()[:pings].tolist(), work.fix_lon[1:].ravel()[:pings].tolist()
        events = [(k % TRUCKS, lat[k], lon[k]) for k in range(pings)]
        return timed(events, 100, act, time.perf_counter), enters


def agreed(homes: Columns, legs: list[tuple[int, Leg]], one: Enters, two: Enters, share: float, metres: float) -> int:
    """Assert that enters differ only in homes so near a border that the other's earth model may decide; count those."""
    doubtful = 0
    for (_, leg), a, b in zip(legs, one, two, strict=False):
        for number in a ^ b:
            reach = homes.reach[number]
            slack = share * reach + metres * stretch(LAT)
            gaps = [abs(np.hypot(homes.x[number] - leg[k], homes.y[number] - leg[k + 1]) - reach) for k in (0, 2)]
            assert min(gaps) <= slack, f"home {number} is {min(gaps):.2f} m from the border"
            doubtful += 1
    return doubtful


def whole_step(index: HomeIndex, work: Workload, pings: int) -> tuple[Speed, int]:
    """Take pings through the whole engine, all trucks at work: order, motion, zones, homes, told-record, alerts."""
    state, book = State(), Book(City(id="lab", name="lab", timezone="Asia/Tokyo"), Limits())
    book.homes = index
    alerts = 0
    events = list(_pings(work, pings))

    def act(ping: Ping) -> None:
        nonlocal alerts
        alerts += len(step(state, ping, book, {}).alerts)

    for ping in events[:TRUCKS]:
        act(ping)
    return timed(events[TRUCKS:], 2000, act, time.process_time), alerts


def _pings(work: Workload, pings: int) -> Iterator[Ping]:
    for k in range(pings):
        second, truck = divmod(k, TRUCKS)
        at_ms = START_MS + second * 1000
        lat, lon = float(work.fix_lat[second, truck]), float(work.fix_lon[second, truck])
        yield Ping("lab", str(truck), at_ms, at_ms + 300, lat, lon, collecting=True)


def memory(index: HomeIndex) -> float:
    """Tell how many bytes a home takes in the index."""
    held: dict[int, int] = {}
    for layer in index.layers:
        arrays = [*layer.arrays, layer._by_number, layer._sorted]
        arrays += [getattr(layer.columns, name) for name in layer.columns.__struct_fields__]
        for array in arrays:
            base = array if array.base is None else array.base
            held[id(base)] = base.nbytes
    return sum(held.values()) / len(index)


def sizes(counts: Sequence[int], pings: int) -> Iterator[dict[str, float]]:
    """Measure the look-up in larger towns of the same density."""
    for count in counts:
        work = workload(count, 1 + pings // TRUCKS)
        began = time.perf_counter()
        index = HomeIndex().with_columns(work.homes)
        build_s = time.perf_counter() - began
        speed, _ = ours(index, legs_of(work))
        yield {
            "homes": count,
            "pings_s": speed.pings_s,
            "best": speed.best,
            "bytes_a_home": round(memory(index), 1),
            "build_s": round(build_s, 2),
        }


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pings", type=int, default=60_000, help="Pings for ours (default 60,000).")
    parser.add_argument("--step-pings", type=int, default=60_000)
    parser.add_argument("--strtree-pings", type=int, default=2_000)
    parser.add_argument("--geosearch-pings", type=int, default=1_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000_000, 5_000_000])
    asked = parser.parse_args()
    work = workload(170_000, 2 + max(asked.pings, asked.step_pings) // TRUCKS)
    legs = legs_of(work)[: asked.pings]
    index = HomeIndex().with_columns(work.homes)
    mine, found = ours(index, legs)
    enters, grazed = split(legs, found)
    tree, tree_enters = strtree(work.homes, legs[: asked.strtree_pings])
    agreed(work.homes, legs, tree_enters, enters, 0.0, 1e-6)
    redis, redis_enters = geosearch(work, asked.geosearch_pings)
    doubtful = agreed(work.homes, legs, redis_enters, enters, 0.005, 0.5)
    stepped, alerts = whole_step(index, work, asked.step_pings)
    rows = {
        "ours, what a leg newly reaches": mine,
        "ours, the whole step": stepped,
        "shapely STRtree": tree,
        "Valkey GEOSEARCH": redis,
    }
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}; one core\n")
    print(f"{'':34}{'pings/s':>10}{'best':>10}{'pings':>9}{'times slower':>14}")
    for name, speed in rows.items():
        print(f"{name:34}{speed.pings_s:10,}{speed.best:10,}{speed.pings:9,}{mine.pings_s / speed.pings_s:14.1f}")
    count = sum(map(len, enters))
    print(f"\nenter events: {count:,} in {len(legs):,} pings; besides, {grazed:,} homes were within reach only between")
    print("two fixes, which the leg finds and the other two do not.")
    print(
        f"STRtree: the same events in its first {tree.pings:,} pings. GEOSEARCH: the same in its first {redis.pings:,}"
    )
    print(f"but for {doubtful:,} of {sum(map(len, redis_enters)):,}, which lie within 0.5 % and 0.5 m of a border")
    print(f"(its earth is a sphere, ours an ellipsoid). The whole step told {alerts:,} homes.\n")
    larger = list(sizes(asked.sizes, min(asked.pings, 30_000)))
    for each in larger:
        print(
            f"{each['homes']:>10,} homes: {each['pings_s']:,} pings/s (best {each['best']:,}), "
            f"{each['bytes_a_home']} bytes a home, index built in {each['build_s']} s"
        )
    result = {name: speed._asdict() for name, speed in rows.items()}
    print(msgspec.json.encode({"lab": result, "enters": count, "grazed": grazed, "sizes": larger}).decode())


if __name__ == "__main__":
    main()
