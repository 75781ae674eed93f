"""What the page shows, as a pure fold: news in, a frozen picture out, and the difference between two pictures.

A truck stands where its newest fix says, whatever order fixes arrive in. A browser that was slow gets the difference
to the newest picture, so that nothing is ever queued for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T")

RECENT = 50
"""Alerts and pushes that the page keeps showing."""

FORGET_MS = 24 * 3600 * 1000
"""A truck whose newest fix is this much older than the newest of all leaves the picture."""


class TruckSeen(msgspec.Struct, frozen=True):
    """Where a truck was at `fix_ms`."""

    truck: str
    lat: float
    lon: float
    fix_ms: int
    speed_mps: float | None = None
    heading_deg: float | None = None
    collecting: bool | None = None


class AlertSeen(msgspec.Struct, frozen=True):
    """A decided alert: its truck and zone, no home."""

    id: str
    kind: str
    truck: str
    fired_ms: int
    zone: str | None = None


class PushSeen(msgspec.Struct, frozen=True):
    """A push as the phone shows it; a place only where a demo shows made-up homes."""

    tag: str
    title: str
    body: str
    at_ms: int
    lat: float | None = None
    lon: float | None = None
    resident: str | None = None


class MapChanged(msgspec.Struct, frozen=True):
    """Zones or routes are new: the browser must ask for the map again."""

    version: str


class FeedState(msgspec.Struct, frozen=True):
    """The source of news was lost, or is back."""

    ok: bool


News = TruckSeen | AlertSeen | PushSeen | MapChanged | FeedState


class Picture(msgspec.Struct, frozen=True):
    """All that a page shows at one moment. `alerts` and `pushes` are the newest, by id; `*_count` counts all."""

    trucks: Mapping[str, TruckSeen] = {}
    alerts: Mapping[str, AlertSeen] = {}
    pushes: Mapping[str, PushSeen] = {}
    alert_count: int = 0
    push_count: int = 0
    map_version: str = ""
    feed_ok: bool = True


def fold(picture: Picture, news: Iterable[News]) -> Picture:
    """Take news into a picture; the same picture when they change nothing."""
    trucks, alerts, pushes = dict(picture.trucks), dict(picture.alerts), dict(picture.pushes)
    alert_count, push_count = picture.alert_count, picture.push_count
    version, feed_ok = picture.map_version, picture.feed_ok
    for item in news:
        match item:
            case TruckSeen():
                last = trucks.get(item.truck)
                if last is None or item.fix_ms > last.fix_ms:
                    trucks[item.truck] = item
            case AlertSeen():
                alert_count += item.id not in alerts
                _latest(alerts, item.id, item)
            case PushSeen():
                push_count += 1
                _latest(pushes, item.tag, item)
            case MapChanged():
                version = item.version
            case FeedState():
                feed_ok = item.ok
    after = Picture(_current(trucks), alerts, pushes, alert_count, push_count, version, feed_ok)
    return picture if after == picture else after


def difference(seen: Picture | None, now: Picture) -> dict[str, object]:
    """Tell a browser that has seen one picture, or none, what makes it the other."""
    full = seen is None
    before = seen or Picture()
    return {
        "full": full,
        "feed": now.feed_ok,
        "map": now.map_version,
        "alert_count": now.alert_count,
        "push_count": now.push_count,
        "trucks": _changed(before.trucks, now.trucks),
        "gone": [truck for truck in before.trucks if truck not in now.trucks],
        "alerts": _changed(before.alerts, now.alerts),
        "pushes": _changed(before.pushes, now.pushes),
    }


def _changed(before: Mapping[str, News], now: Mapping[str, News]) -> list[News]:
    return [value for name, value in now.items() if before.get(name) != value]


def _latest(recent: dict[str, T], name: str, item: T) -> None:
    recent.pop(name, None)
    recent[name] = item
    if len(recent) > RECENT:
        del recent[next(iter(recent))]


def _current(trucks: dict[str, TruckSeen]) -> dict[str, TruckSeen]:
    newest = max((seen.fix_ms for seen in trucks.values()), default=0)
    return {name: seen for name, seen in trucks.items() if newest - seen.fix_ms < FORGET_MS}
