"""The zone lead: a collecting truck enters a zone. Two boundaries, confirmation by fixes or driven length.

A truck that crosses without collecting announces nothing, but is remembered as inside: when it begins to collect
there, the state counts and not the edge.
"""

from __future__ import annotations

import shapely
from msgspec.structs import replace

from geofence.scene import Nominee, Scene
from geofence.state import InFence, Truck
from geofence.zones import Fence
from model.subscription import ZoneLead


def decide(truck: Truck, scene: Scene) -> tuple[Truck, list[Nominee]]:
    """Follow the truck in and out of zones, and nominate the subscribers of those it now enters collecting."""
    known = {fence.zone: fence for fence in truck.fences}
    near = {fence.zone.id: fence for leg in scene.move.legs for fence in scene.book.zones.near(leg)}
    inside: list[InFence] = []
    nominees: list[Nominee] = []
    for name in sorted(known.keys() | near.keys()):
        fence = near.get(name) or scene.book.zones.fences.get(name)
        if fence is None:
            continue
        now, crossed = _position(known.get(name), fence, scene)
        due = crossed or (now and now.confirmed and now.announced != scene.run)
        if due and scene.collecting and _serves(fence, scene):
            nominees.extend(_subscribers(name, scene))
            now = now and InFence(now.zone, now.fixes, now.metres, True, scene.run)
        if now is not None:
            inside.append(now)
    fences = tuple(inside)
    return (truck if fences == truck.fences else _with(truck, fences)), nominees


def _with(truck: Truck, fences: tuple[InFence, ...]) -> Truck:
    return replace(truck, fences=fences)


def _position(known: InFence | None, fence: Fence, scene: Scene) -> tuple[InFence | None, bool]:
    """Tell the truck's standing in one zone, and whether it crossed the whole of it on this move."""
    move, limits = scene.move, scene.limits
    if move.again or move.accuracy_m > fence.width_m:
        return known, False
    if known is not None and known.confirmed:
        return (known if shapely.intersects_xy(fence.outer, *scene.here) else None), False
    within = bool(shapely.intersects_xy(fence.inner, *scene.here))
    metres = known.metres if known else 0.0
    if move.ms >= limits.sparse_ms:
        metres += sum(fence.metres_inside(leg) for leg in move.legs)
    far_enough = metres >= limits.confirm_m
    if within:
        fixes = (known.fixes if known else 0) + 1
        return InFence(fence.zone.id, fixes, metres, fixes >= limits.confirm_fixes or far_enough), False
    if known is not None and shapely.intersects_xy(fence.outer, *scene.here):
        return InFence(known.zone, known.fixes, metres, far_enough), False
    return None, far_enough


def _serves(fence: Fence, scene: Scene) -> bool:
    categories = fence.zone.categories
    return not categories or scene.category is None or scene.category in categories


def _subscribers(zone: str, scene: Scene) -> list[Nominee]:
    return [
        Nominee(number, resident.subscription, ZoneLead(), scene.limits.zone_useful_ms, zone)
        for number, resident in scene.book.zone_homes.of(zone)
        if scene.concerns(resident.mask) and not scene.told.has(number)
    ]
