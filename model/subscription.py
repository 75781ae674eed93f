"""Who wants to be told what. A place together with a target is personal data: it is never logged."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from model.kind import Kind


class Pin(msgspec.Struct, frozen=True, tag="pin"):
    """A home, or a collection point, on the map: degrees WGS 84."""

    lat: float
    lon: float

    def __repr__(self) -> str:
        return "Pin(masked)"


class InZone(msgspec.Struct, frozen=True, tag="zone"):
    """A home known only by the id of its zone."""

    zone: str


class AtPoint(msgspec.Struct, frozen=True, tag="point"):
    """A named collection point, with its position: degrees WGS 84."""

    point: str
    lat: float
    lon: float

    def __repr__(self) -> str:
        return "AtPoint(masked)"


Place = Pin | InZone | AtPoint


class ZoneLead(msgspec.Struct, frozen=True, tag="zone"):
    """Tell me when the truck enters my zone."""


class MetresLead(msgspec.Struct, frozen=True, tag="metres"):
    """Tell me when the truck is within this distance: 100 to 2000 m."""

    metres: float


class MinutesLead(msgspec.Struct, frozen=True, tag="minutes"):
    """Tell me this long before the truck is here: 3 to 60 min."""

    minutes: float


Lead = ZoneLead | MetresLead | MinutesLead

LEAD_METRES = (100.0, 2000.0)
LEAD_MINUTES = (3.0, 60.0)


class Quiet(msgspec.Struct, frozen=True):
    """Hours without pushes, in minutes after local midnight; `until_min` before `from_min` spans midnight."""

    from_min: int
    until_min: int


class Reminder(msgspec.Struct, frozen=True):
    """When a home wants to hear of a collection: `at_min` minutes after local midnight, so many days before it."""

    days_before: int
    at_min: int


class TargetKind(StrEnum):
    """Which channel reaches a target, and what its value is.

    `WEBPUSH`: the browser's subscription as JSON without spaces (endpoint, keys.p256dh, keys.auth); `LINE`: a user id;
    `EMAIL`: an address; `PAGE`: the resident's page while it is open; `SCREEN`: a number of the demo.
    """

    FCM_TOKEN = "fcm_token"
    FCM_FID = "fcm_fid"
    WEBPUSH = "webpush"
    LINE = "line"
    EMAIL = "email"
    PAGE = "page"
    SCREEN = "screen"


class Target(msgspec.Struct, frozen=True):
    """One device: an opaque address of its channel. Never shown in full."""

    kind: TargetKind
    value: str

    def __repr__(self) -> str:
        return f"Target({self.kind.value}, masked)"


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One household's wish. `number` is small, unique in its city, and never used again.

    `kinds`: those of model.kind.OPT_IN that it wants to hear besides what everybody is told. `zone`: whose calendar
    holds for it (of an InZone its own); `needs_min`: how long it needs to the collection point; nothing is sent before
    `paused_until_ms`; `seen_day`: the last day (ISO) on which its page was open, for retention.
    """

    id: str
    city: str
    number: int
    version: int
    place: Place
    lead: Lead
    categories: tuple[str, ...] = ()
    language: str = "ja"
    quiet: Quiet | None = None
    targets: tuple[Target, ...] = ()
    kinds: tuple[Kind, ...] = ()
    zone: str | None = None
    reminders: tuple[Reminder, ...] = ()
    needs_min: float | None = None
    paused_until_ms: int | None = None
    seen_day: str | None = None


class Home(msgspec.Struct, frozen=True, array_like=True):
    """What the engine may know of a subscription: no language, no target."""

    number: int
    subscription: str
    place: Place
    lead: Lead
    categories: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


def home_of(subscription: Subscription) -> Home:
    """Reduce a subscription to what the engine needs."""
    one = subscription
    return Home(one.number, one.id, one.place, one.lead, one.categories, one.kinds)
