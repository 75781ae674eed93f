"""What the page needs from the world: news of one city, and the map that they are drawn on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from web.live import News, PushSeen


class FeedLost(Exception):
    """The source of news does not answer; ask again later."""


class Feed(Protocol):
    """News of one city, from now on."""

    def poll(self) -> Sequence[News]:
        """Give what is new, waiting a moment for the first; the first call gives where things stand. Raise FeedLost."""
        ...


PushSource = Callable[[], Sequence[PushSeen]]
"""Gives the pushes since it was last asked. Only a demo has one: production shows no household's push."""


class CityMap(msgspec.Struct, frozen=True):
    """What is drawn under the trucks: GeoJSON feature collections. `base_map` is a tile address, or None for none."""

    city: str
    name: str
    timezone: str
    language: str
    zones: Mapping[str, Any]
    routes: Mapping[str, Any]
    centre: tuple[float, float] | None = None
    base_map: str | None = None
    stale_after_s: float = 120.0


MapSource = Callable[[], CityMap]
"""Reads the map as it is in force now."""
