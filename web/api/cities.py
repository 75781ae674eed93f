"""What everybody may ask of a city: its names, its places, its calendar, a collection point's window."""

from __future__ import annotations

from datetime import date

from model.subscription import AtPoint
from model.times import format_rfc3339, local
from residents.places import NamedPlace
from web.api.convert import day_of, refused
from web.api.days import calendar_days
from web.api.errors import not_found
from web.api.forms import PlaceQuery
from web.api.house import Call, House, Reply
from web.api.views import (
    CalendarView,
    CategoryView,
    ChannelsView,
    CitiesView,
    CityView,
    LineOffer,
    PlacesView,
    PlaceView,
    PointView,
    WebPushOffer,
)
from web.ports import ChannelsOffered, PublicCity

MAX_DAYS = 400
PUBLIC = {"Cache-Control": "public, max-age=60"}


def all_cities(house: House, _call: Call) -> Reply:
    """List the cities."""
    views = (city_view(each, house.channels_of(each.city.id)) for each in house.cities.values())
    return Reply(200, CitiesView(tuple(views)), PUBLIC)


def one_city(house: House, call: Call) -> Reply:
    """Tell of one city."""
    return Reply(200, city_view(call.city, house.channels_of(call.city.city.id)), PUBLIC)


def city_view(place: PublicCity, channels: ChannelsOffered) -> CityView:
    """Show a city."""
    city = place.city
    return CityView(
        id=city.id,
        name=city.name,
        timezone=city.timezone,
        language=city.language,
        languages=tuple(sorted(place.known().languages or ())),
        categories=tuple(
            CategoryView(id=each.id, names=each.names, pictogram=getattr(each, "pictogram", None))
            for each in city.categories
        ),
        base_map=city.base_map,
        centre=city.map_centre,
        policy=str(getattr(city, "policy", "just_in_time")),
        channels=ChannelsView(
            webpush=WebPushOffer(channels.webpush_key) if channels.webpush_key else None,
            fcm=channels.fcm,
            line=LineOffer(channels.line_add_url) if channels.line_add_url else None,
            email=channels.email,
        ),
    )


def search_places(house: House, call: Call) -> Reply:
    """Find places by name, or near a position."""
    house.guard.count("searches", call.address)
    asked: PlaceQuery = call.body
    book = call.city.places()
    if asked.q is not None and asked.lat is None and asked.lon is None:
        found = book.find(asked.q)
    elif asked.q is None and asked.lat is not None and asked.lon is not None:
        found = book.near(asked.lat, asked.lon, call.city.zone_at(asked.lat, asked.lon))
    else:
        raise refused("either q, or lat and lon")
    return Reply(200, PlacesView(tuple(map(_place_view, found))))


def zone_calendar(house: House, call: Call) -> Reply:
    """List a zone's collections."""
    zone = call.path["zone"]
    if zone not in (call.city.known().zones or ()):
        raise not_found("zone")
    today = local(house.clock.now_ms(), call.city.city.timezone).date()
    begin = day_of(call.query["from"], "from") if "from" in call.query else today
    days = _days(call.query.get("days", "31"), begin)
    return Reply(200, CalendarView(tuple(calendar_days(call.city.plan(), zone, begin, days))), PUBLIC)


def point_window(house: House, call: Call) -> Reply:
    """Tell a collection point's window."""
    named = call.city.places().point(call.path["point"])
    if named is None or named.lat is None or named.lon is None:
        raise not_found("collection point")
    now_ms, zone = house.clock.now_ms(), named.zone or call.city.zone_at(named.lat, named.lon)
    found = house.today.at_point(call.city.city.id, AtPoint(named.id, named.lat, named.lon), zone, now_ms)
    window = found.window
    view = PointView(
        state=found.state.value,
        low=format_rfc3339(window.low_ms) if window else None,
        high=format_rfc3339(window.high_ms) if window else None,
        share=window.share if window else None,
        updated_at=format_rfc3339(now_ms),
    )
    return Reply(200, view, {"Cache-Control": "public, max-age=10"})


def _place_view(place: NamedPlace) -> PlaceView:
    return PlaceView(kind=place.kind, id=place.id, name=place.name, zone=place.zone, lat=place.lat, lon=place.lon)


def _days(text: str, begin: date) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MAX_DAYS):
        raise refused(f"days: a number from 1 to {MAX_DAYS}")
    if not 2000 <= begin.year <= 2100:
        raise refused("from: a day from 2000 to 2100")
    return int(text)
