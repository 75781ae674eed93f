"""What the API gives, as structs. No position of a home leaves but to who holds its key."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from web.api.forms import Clock, Day, HomeForm, Instant


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of waste: its name by language, and its pictogram where the city has one."""

    id: str
    names: Mapping[str, str]
    pictogram: str | None = None


class WebPushOffer(msgspec.Struct, frozen=True):
    """The application server key for `PushManager.subscribe`."""

    key: str


class LineOffer(msgspec.Struct, frozen=True):
    """Where to add the city's LINE account."""

    add_url: str


class ChannelsView(msgspec.Struct, frozen=True, kw_only=True):
    """What can reach a device here; null where it is not offered. `fcm`: the Firebase web configuration."""

    webpush: WebPushOffer | None = None
    fcm: Mapping[str, str] | None = None
    line: LineOffer | None = None
    email: bool = False


class CityView(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may know of a city."""

    id: str
    name: str
    timezone: str
    language: str
    languages: tuple[str, ...]
    categories: tuple[CategoryView, ...]
    base_map: str | None
    centre: tuple[float, float] | None
    policy: str
    channels: ChannelsView


class CitiesView(msgspec.Struct, frozen=True):
    """The cities that are served here."""

    cities: tuple[CityView, ...]


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A place by which a home can be named; `kind`: zone, point, street or block."""

    kind: str
    id: str
    name: str
    zone: str | None
    lat: float | None
    lon: float | None


class PlacesView(msgspec.Struct, frozen=True):
    """What was found, best first."""

    places: tuple[PlaceView, ...]


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What is unusual about a collection: from which day it was moved, and why, by language."""

    moved_from: Day
    reasons: Mapping[str, str] = {}


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """One collection of the calendar."""

    date: Day
    category: str
    out_by: Clock | None = None
    note: NoteView | None = None


class CalendarView(msgspec.Struct, frozen=True):
    """A zone's collections, in order."""

    days: tuple[DayView, ...]


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """A device, masked: `name` tells it from others, and is no address."""

    id: str
    kind: str
    name: str


class HomeView(HomeForm, frozen=True, kw_only=True):
    """The home form as it is kept, and the home's devices, in the order in which they are tried."""

    devices: tuple[DeviceView, ...] = ()


class Welcomed(msgspec.Struct, frozen=True):
    """A new home: the key that the device keeps, the code to print, the home."""

    key: str
    recovery_code: str
    home: HomeView


class KeyGiven(msgspec.Struct, frozen=True):
    """A key to a home that exists."""

    key: str
    recovery_code: str | None = None


class RecoveryGiven(msgspec.Struct, frozen=True):
    """A new recovery code; the one before opens nothing more."""

    recovery_code: str


class LinkGiven(msgspec.Struct, frozen=True):
    """A code for a second phone: once, until `expires_at`."""

    code: str
    expires_at: Instant


class TestSent(msgspec.Struct, frozen=True):
    """The tag that the test push will carry."""

    tag: str


class WindowView(msgspec.Struct, frozen=True, kw_only=True):
    """When the truck is expected: between `low` and `high` with probability `share`, likeliest about `mid`."""

    low: Instant
    mid: Instant
    high: Instant
    share: float


class NearTruckView(msgspec.Struct, frozen=True):
    """A truck that concerns this home, and when it was there."""

    lat: float
    lon: float
    at: Instant


class NextView(msgspec.Struct, frozen=True, kw_only=True):
    """The next day of collection from today on that is not over; `out_by` is the earliest of its categories'."""

    date: Day
    categories: tuple[str, ...]
    out_by: Clock | None = None


class TodayView(msgspec.Struct, frozen=True, kw_only=True):
    """How today's collection stands for a home. `state`: see residents.today.State."""

    date: Day
    state: str
    categories: tuple[str, ...] = ()
    window: WindowView | None = None
    passed_at: Instant | None = None
    heard_at: Instant | None = None
    trucks: tuple[NearTruckView, ...] = ()
    next: NextView | None = None


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """A collection point's window, for the city's other programs."""

    state: str
    low: Instant | None = None
    high: Instant | None = None
    share: float | None = None
    updated_at: Instant
