"""The metres lead: a collecting truck comes within a home's distance and is not moving away.

What a leg newly reaches is looked up (grid), confirmed by fixes or driven length, and told. Every `sweep_m` driven, or
when the truck begins to collect, the whole disk is weighed, so that a home once passed over is found when the truck
turns round: the state counts, not only the edge.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from geofence import grid
from geofence.geometry import Floats
from geofence.homes import Layer
from geofence.scene import Nominee, Scene
from geofence.state import Truck, Waiting
from model.subscription import MetresLead

Found = list[tuple[Layer, npt.NDArray[np.int64]]]


def decide(truck: Truck, scene: Scene) -> tuple[Truck, list[Nominee]]:
    """Weigh the homes that this move newly reaches and those that wait, and nominate those that it approaches."""
    if not scene.collecting:
        return (replace(truck, waiting=(), swept_m=0.0) if truck.waiting or truck.swept_m else truck), []
    whole = scene.began or truck.weigh_all or scene.move.fresh
    swept = truck.swept_m + scene.move.metres
    if swept >= scene.limits.sweep_m:
        whole = True
    found = _reached(scene, whole)
    waiting, nominees = _weigh(truck.waiting, found, scene)
    return replace(truck, waiting=waiting, weigh_all=False, swept_m=0.0 if whole else swept), nominees


def _reached(scene: Scene, whole: bool) -> Found:
    """Look up the homes newly within reach: of each leg its capsule, or everything around the truck."""
    homes, move = scene.book.homes, scene.move
    reach_from = move.accuracy_m * scene.plane_per_m
    found: Found = []
    for leg in move.legs:
        found.extend(homes.newly_within(leg, not move.fresh, reach_from, scene.bit, scene.told.bits))
    if whole:
        found.extend(homes.newly_within((*scene.here, *scene.here), False, reach_from, scene.bit, scene.told.bits))
    return found


def _weigh(waiting: tuple[Waiting, ...], found: Found, scene: Scene) -> tuple[tuple[Waiting, ...], list[Nominee]]:
    if not waiting and not found:
        return (), []
    before = {home.number: home for home in waiting}
    weighed: dict[int, Waiting | Nominee | None] = {}
    for layer, rows in _grouped(before, found, scene):
        _weigh_rows(layer, rows, before, scene, weighed)
    still = tuple(home for home in weighed.values() if isinstance(home, Waiting))
    return still, [home for _, home in sorted(weighed.items()) if isinstance(home, Nominee)]


def _grouped(before: dict[int, Waiting], found: Found, scene: Scene) -> Found:
    """Join those who wait to those found, layer by layer, each home once."""
    rows: dict[int, tuple[Layer, list[npt.NDArray[np.int64]]]] = {}
    for layer, index in found:
        rows.setdefault(id(layer), (layer, []))[1].append(index)
    for number in before:
        place = scene.book.homes.find(number)
        if place is not None and not scene.told.has(number):
            rows.setdefault(id(place[0]), (place[0], []))[1].append(np.array([place[1]], dtype=np.int64))
    return [(layer, np.unique(np.concatenate(parts))) for layer, parts in rows.values()]


def _weigh_rows(
    layer: Layer,
    rows: npt.NDArray[np.int64],
    before: dict[int, Waiting],
    scene: Scene,
    weighed: dict[int, Waiting | Nominee | None],
) -> None:
    nearest, now = np.empty(len(rows)), np.empty(len(rows))
    path = np.array((*scene.path[:-1], *(leg[:2] for leg in scene.move.legs[-1:]), scene.here))
    grid.path_distances(layer.places, rows, path, nearest, now)
    limits, scale = scene.limits, scene.plane_per_m
    reach = layer.places[rows, 2]
    too_narrow = scene.move.accuracy_m * scale
    slack = max(limits.leaving_m, limits.leaving_share * scene.move.metres) * scale
    leaving = now > nearest + slack
    outer = reach + np.maximum(limits.outer_m * scale, limits.outer_share * reach)
    sparse = scene.move.ms >= limits.sparse_ms
    driven = _chords(layer.places[rows], scene.move.legs[-1]) / scale if sparse else np.zeros(len(rows))
    for j, row in enumerate(rows.tolist()):
        number = int(layer.columns.number[row])
        known = before.get(number)
        if reach[j] < too_narrow:
            if known:
                weighed[number] = known
            continue
        inside = now[j] <= (outer[j] if known else reach[j])
        fixes = (known.fixes if known else 0) + (1 if inside and not (known and scene.move.again) else 0)
        metres = (known.metres if known else 0.0) + float(driven[j])
        sure = fixes >= limits.confirm_fixes or (sparse and metres >= limits.confirm_m)
        if sure and not leaving[j]:
            weighed[number] = _nominee(layer, row, number, scene)
        elif now[j] <= outer[j] and not leaving[j]:
            weighed[number] = Waiting(number, fixes, metres)


def _chords(places: Floats, leg: tuple[float, float, float, float]) -> Floats:
    """Measure how much of a leg lies within each home's reach (plane metres)."""
    start = np.array(leg[:2])
    along = np.array(leg[2:]) - start
    length = float(np.hypot(*along))
    if length == 0.0:
        return np.zeros(len(places))
    unit = along / length
    to_home = places[:, :2] - start
    foot = to_home @ unit
    aside = np.abs(to_home[:, 0] * unit[1] - to_home[:, 1] * unit[0])
    half = np.sqrt(np.maximum(places[:, 2] ** 2 - aside**2, 0.0))
    chord: Floats = np.clip(foot + half, 0.0, length) - np.clip(foot - half, 0.0, length)
    return chord


def _nominee(layer: Layer, row: int, number: int, scene: Scene) -> Nominee:
    limits = scene.limits
    metres = float(layer.columns.reach_m[row])
    useful = int(min(max(metres / limits.closing_mps * 1000.0, limits.useful_min_ms), limits.useful_max_ms))
    return Nominee(number, layer.columns.ids[row].decode(), MetresLead(metres), useful)
