"""Between the API's forms and the household's wish: times of day, leads, places. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from model.kind import Kind
from model.subscription import (
    AtPoint,
    InZone,
    Lead,
    MetresLead,
    MinutesLead,
    Pin,
    Place,
    Quiet,
    Reminder,
    Subscription,
    Target,
    TargetKind,
    ZoneLead,
)
from model.times import format_clock, format_rfc3339, parse_rfc3339, zone_info
from residents.devices import device_id
from residents.wish import Wish
from web.api.errors import Refused
from web.api.forms import (
    DeviceForm,
    HomeForm,
    LeadForm,
    PinPlace,
    PointPlace,
    QuietForm,
    ReminderForm,
    WebPushSubscription,
    ZonePlace,
)
from web.api.views import DeviceView, HomeView
from web.ports import PublicCity

MIN_SHOWN = 20
LATEST_MS = 4_102_444_800_000
"""2100-01-01: nobody is away for longer."""


def refused(*problems: str) -> Refused:
    """Say that a form is well made, and cannot be kept."""
    return Refused(422, "refused", "this cannot be kept; see problems", problems)


def wish_of(form: HomeForm, city: PublicCity) -> Wish:
    """Make a wish of a form; a pin's zone is found where the form names none. Raise Refused."""
    place, zone = _place(form, city)
    return Wish(
        place=place,
        lead=_lead(form.lead),
        zone=zone,
        categories=form.categories,
        language=form.language,
        quiet=Quiet(minutes(form.quiet.begin), minutes(form.quiet.until)) if form.quiet else None,
        kinds=tuple(Kind(kind) for kind in form.kinds),
        reminders=tuple(Reminder(each.days_before, minutes(each.at)) for each in form.reminders),
        needs_min=form.needs_min,
        paused_until_ms=_paused(form.paused_until, city.city.timezone),
    )


def home_view(home: Subscription) -> HomeView:
    """Show a home to who holds its key; its devices masked."""
    quiet = home.quiet
    return HomeView(
        place=_place_form(home.place),
        lead=_lead_form(home.lead),
        zone=home.zone,
        categories=home.categories,
        language=home.language,
        quiet=QuietForm(begin=format_clock(quiet.from_min), until=format_clock(quiet.until_min)) if quiet else None,
        kinds=tuple(kind.value for kind in home.kinds),  # type: ignore[misc]
        reminders=tuple(
            ReminderForm(days_before=each.days_before, at=format_clock(each.at_min)) for each in home.reminders
        ),
        needs_min=home.needs_min,
        paused_until=format_rfc3339(home.paused_until_ms) if home.paused_until_ms is not None else None,
        devices=tuple(map(device_view, home.targets)),
    )


def device_view(target: Target) -> DeviceView:
    """Show a device masked."""
    return DeviceView(id=device_id(target), kind=target.kind.value, name=masked(target))


def masked(target: Target) -> str:
    """Tell one device from another without its address: a browser's push service, an address's first letter."""
    if target.kind is TargetKind.EMAIL:
        name, _, host = target.value.partition("@")
        return f"{name[:1]}…@{host}"
    if target.kind is TargetKind.WEBPUSH:
        return target.value.partition("://")[2].partition("/")[0].partition('"')[0]
    return f"…{target.value[-4:]}" if len(target.value) >= MIN_SHOWN else "…"


def target_of(form: DeviceForm) -> Target:
    """Make a target of a device's form. Raise Refused."""
    kind = TargetKind(form.kind)
    if kind is TargetKind.WEBPUSH:
        if form.subscription is None or form.value is not None:
            raise refused("subscription: a browser's push subscription, and no value")
        return Target(kind, _webpush(form.subscription))
    if form.value is None or form.subscription is not None:
        raise refused("value: the device's address, and no subscription")
    if kind is TargetKind.EMAIL and not _is_address(form.value):
        raise refused("value: no e-mail address")
    return Target(kind, form.value)


def minutes(text: str) -> int:
    """Read HH:MM as minutes after midnight."""
    return int(text[:2]) * 60 + int(text[3:])


def day_of(text: str, name: str) -> date:
    """Read a day. Raise Refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(f"{name}: no day of the calendar; it looks like 2026-11-23") from None


def _place(form: HomeForm, city: PublicCity) -> tuple[Place, str | None]:
    place = form.place
    match place:
        case ZonePlace():
            return InZone(place.zone), form.zone
        case PinPlace():
            return Pin(place.lat, place.lon), form.zone or city.zone_at(place.lat, place.lon)
        case PointPlace():
            named = city.places().point(place.point)
            lat, lon = place.lat, place.lon
            if named and named.lat is not None:
                lat, lon = named.lat, named.lon
            if lat is None or lon is None:
                raise refused("place: the city names no such collection point; give its lat and lon")
            return AtPoint(place.point, lat, lon), form.zone or (named and named.zone) or city.zone_at(lat, lon)


def _place_form(place: Place) -> PinPlace | ZonePlace | PointPlace:
    match place:
        case InZone(zone):
            return ZonePlace(zone=zone)
        case AtPoint(point, lat, lon):
            return PointPlace(point=point, lat=lat, lon=lon)
        case Pin(lat, lon):
            return PinPlace(lat=lat, lon=lon)


def _lead(form: LeadForm) -> Lead:
    leads = list(_leads(form))
    if len(leads) != 1:
        raise refused("lead: exactly one of minutes, metres, zone")
    return leads[0]


def _leads(form: LeadForm) -> Iterator[Lead]:
    if form.minutes is not None:
        yield MinutesLead(form.minutes)
    if form.metres is not None:
        yield MetresLead(form.metres)
    if form.zone:
        yield ZoneLead()


def _lead_form(lead: Lead) -> LeadForm:
    match lead:
        case MinutesLead(minutes=value):
            return LeadForm(minutes=value)
        case MetresLead(metres=value):
            return LeadForm(metres=value)
        case ZoneLead():
            return LeadForm(zone=True)


def _paused(text: str | None, timezone: str) -> int | None:
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-23"):
            begins = datetime.combine(date.fromisoformat(text), datetime.min.time(), zone_info(timezone))
            until_ms = (begins - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(milliseconds=1)
        else:
            until_ms = parse_rfc3339(text)
        if not 0 <= until_ms < LATEST_MS:
            raise ValueError(text)
        return until_ms
    except (ValueError, OverflowError):
        raise refused("paused_until: neither a day such as 2026-12-30 nor an instant in RFC 3339") from None


def _webpush(subscription: WebPushSubscription) -> str:
    value = msgspec.json.encode(subscription).decode()
    if any(each.isspace() for each in value):
        raise refused("subscription: holds spaces")
    return value


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and "." in host.strip(".")) and text.isprintable() and " " not in text and len(text) <= 254
