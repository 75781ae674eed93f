"""What the API takes and gives, as structs from which its OpenAPI is made. Unknown fields are refused.

Instants are RFC 3339 in UTC, days `YYYY-MM-DD`, times of day `HH:MM` in the city's time zone.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Lat = Annotated[float, Meta(ge=-85.0, le=85.0, description="Degrees WGS 84")]
Lon = Annotated[float, Meta(ge=-180.0, le=180.0, description="Degrees WGS 84")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Short = Annotated[str, Meta(min_length=1, max_length=64)]
Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Local time of day, HH:MM")]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day, YYYY-MM-DD")]
Instant = Annotated[str, Meta(max_length=40, description="RFC 3339, UTC")]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends."""


class PinPlace(Form, frozen=True, kw_only=True, tag_field="kind", tag="pin"):
    """A home on the map."""

    lat: Lat
    lon: Lon


class ZonePlace(Form, frozen=True, kw_only=True, tag_field="kind", tag="zone"):
    """A home known by its zone only."""

    zone: Id


class PointPlace(Form, frozen=True, kw_only=True, tag_field="kind", tag="point"):
    """A collection point by its id; its position is the city's where the city names one."""

    point: Id
    lat: Lat | None = None
    lon: Lon | None = None


class LeadForm(Form, frozen=True, kw_only=True):
    """When to be told: exactly one of the three."""

    minutes: Annotated[float, Meta(ge=3, le=60)] | None = None
    metres: Annotated[float, Meta(ge=100, le=2000)] | None = None
    zone: bool = False


class QuietForm(Form, frozen=True, kw_only=True, rename={"begin": "from"}):
    """Hours without pushes; they may span midnight."""

    begin: Clock
    until: Clock


class ReminderForm(Form, frozen=True, kw_only=True):
    """A reminder of a collection."""

    days_before: Annotated[int, Meta(ge=0, le=2)]
    at: Clock


class HomeForm(Form, frozen=True, kw_only=True):
    """What a household wishes."""

    place: PinPlace | ZonePlace | PointPlace
    lead: LeadForm
    zone: Id | None = None
    categories: Annotated[tuple[Short, ...], Meta(max_length=32)] = ()
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] = "ja"
    quiet: QuietForm | None = None
    kinds: Annotated[tuple[Literal["here", "passed"], ...], Meta(max_length=2)] = ()
    reminders: Annotated[tuple[ReminderForm, ...], Meta(max_length=4)] = ()
    needs_min: Annotated[float, Meta(ge=0, le=60)] | None = None
    paused_until: Annotated[str, Meta(max_length=40, description="A day, or an instant in RFC 3339")] | None = None


class WebPushKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a browser's subscription."""

    p256dh: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{80,100}=*$")]
    auth: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{20,24}=*$")]


class WebPushSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's `PushSubscription.toJSON()`; what else it holds is left away."""

    endpoint: Annotated[str, Meta(pattern="^https?://[!-~]+$", max_length=2048)]
    keys: WebPushKeys


class DeviceForm(Form, frozen=True, kw_only=True):
    """A device: `subscription` with webpush, `value` with the others."""

    kind: Literal["webpush", "fcm_token", "fcm_fid", "email"]
    value: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    subscription: WebPushSubscription | None = None


class PlaceQuery(Form, frozen=True, kw_only=True):
    """Either what somebody typed, or where they are."""

    q: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    lat: Lat | None = None
    lon: Lon | None = None


class LinkForm(Form, frozen=True, kw_only=True):
    """A code for a second phone."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


class RecoverForm(Form, frozen=True, kw_only=True):
    """A recovery code: for a new key, or with `erase` to remove the home; `revoke` takes all other keys from it."""

    recovery_code: Annotated[str, Meta(min_length=1, max_length=40)]
    erase: bool = False
    revoke: bool = False


class NotCollectedForm(Form, frozen=True, kw_only=True):
    """What was not collected, and on which day."""

    date: Day
    category: Short


class ReceiptForm(Form, frozen=True, kw_only=True):
    """The receipt of a push that was shown."""

    receipt: Annotated[str, Meta(min_length=1, max_length=1024)]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong: `code` for programs, `message` and `problems` for who writes them."""

    code: str
    message: str
    problems: tuple[str, ...] = ()


class Failed(msgspec.Struct, frozen=True):
    """Every answer that is no success."""

    error: Fault
