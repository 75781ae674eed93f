"""What the page needs from the world: news of one city, and the map that they are drawn on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from model.city import City
from model.subscription import AtPoint, Subscription
from residents.calendar.plan import Plan
from residents.places import PlaceBook
from residents.today import Today
from residents.wish import Known
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


class PublicCity(Protocol):
    """What the public listener knows of a city: its files as they are in force."""

    @property
    def city(self) -> City:
        """The city."""
        ...

    def places(self) -> PlaceBook:
        """Give the places by which homes are named."""
        ...

    def zone_at(self, lat: float, lon: float) -> str | None:
        """Tell the zone in which a position lies."""
        ...

    def known(self) -> Known:
        """Tell the categories, zones and languages that a wish may name."""
        ...

    def plan(self) -> Plan:
        """Give the calendar."""
        ...


class TodaySource(Protocol):
    """How today's collection stands, as the engine sees it. Raises what the store raises."""

    def today(self, city: str, subscription: Subscription, now_ms: int) -> Today:
        """Tell it for one home."""
        ...

    def at_point(self, city: str, point: AtPoint, zone: str | None, now_ms: int) -> Today:
        """Tell it for a collection point, whether or not anybody subscribed there."""
        ...


class ChannelsOffered(msgspec.Struct, frozen=True, kw_only=True):
    """Which channels a city's residents may choose, and what a page needs to know for each; None: not offered."""

    webpush_key: str | None = None
    fcm: Mapping[str, str] | None = None
    line_add_url: str | None = None
    email: bool = False


class Notices(Protocol):
    """Asks the notifier to send something that no truck caused, to one home."""

    def test(self, city: str, subscription: Subscription, device: int, tag: str, at_ms: int) -> None:
        """Send a test push to the home's device of this place in its targets."""
        ...


class ReportDesk(Protocol):
    """Takes what residents report."""

    def not_collected(self, city: str, zone: str | None, category: str, day: str, at_ms: int) -> None:
        """Keep a report, without the home."""
        ...


class PageMessage(msgspec.Struct, frozen=True):
    """What a home's open page is told; as a push would say it."""

    kind: str
    title: str
    body: str
    tag: str
    lang: str


class PageFeed(Protocol):
    """What the open pages of a city are told, from now on."""

    def after(self, number: int, subscription: str) -> tuple[int, Sequence[PageMessage]]:
        """Give the newest number, and this home's messages after `number` (-1: none before now)."""
        ...
