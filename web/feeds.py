"""The calendar of a zone as iCalendar (RFC 5545), for phone calendars to subscribe to. Holds nothing of any resident.

An event's UID follows from the day on which its rule gives it, so that a collection that is moved moves in the phone's
calendar, and one that is cancelled leaves it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from model import times
from model.city import City
from model.ports import ServiceClock
from notifier.tongue import Tongue
from notifier.words import Words
from residents.calendar.plan import Due, Plan

PAST_DAYS, AHEAD_DAYS = 31, 370
KEPT = 1000
"""So many feeds are kept ready; each is made anew when the day or the plan changes."""
TIMED_MIN = 30
"""How long before the time for bags a timed event begins."""

PlanOf = Callable[[str], Plan | None]
ZoneNames = Callable[[str, str], str | None]


class Feed(NamedTuple):
    """One feed as it is sent."""

    body: bytes
    etag: str


def feed_routes(
    plan_of: PlanOf, cities: Mapping[str, City], words: Words, clock: ServiceClock, zone_names: ZoneNames | None = None
) -> list[Route]:
    """Make the routes of the feeds: `?lang=` chooses the language, `?timed=1` events that end when bags must be out."""
    feeds = _Feeds(plan_of, cities, words, clock, zone_names)
    return [Route("/c/{city}/zones/{zone}.ics", feeds.answer, methods=["GET"])]


def calendar_of(
    plan: Plan, zone: str, city: City, tongue: Tongue, first: date, last: date, name: str, *, timed: bool = False
) -> bytes:
    """Write a zone's collections from `first` to `last`, both inclusive, as iCalendar."""
    calendar = Calendar()
    calendar.add("prodid", "-//Gomikuru//collection calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", tongue.say("feed.name", zone=name, city=city.name))
    calendar.add("x-wr-timezone", city.timezone)
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT12H")
    for day, due in plan.days(zone, first - timedelta(days=1), (last - first).days + 1):
        for each in due:
            calendar.add_component(_event(each, day, zone, city, tongue, stamped=first, timed=timed))
    if timed:
        calendar.add_missing_timezones(first_date=first, last_date=last + timedelta(days=1))
    return bytes(calendar.to_ical())


def _event(due: Due, day: date, zone: str, city: City, tongue: Tongue, *, stamped: date, timed: bool) -> Event:
    event = Event()
    planned = due.note.moved_from if due.note is not None else day
    event.add("uid", _uid(city.id, zone, due.category, planned))
    event.add("dtstamp", datetime.combine(stamped, time(), UTC))
    event.add("summary", tongue.category(due.category))
    if timed and due.out_by_min is not None:
        ends = times.local(times.instant(day, due.out_by_min, city.timezone), city.timezone)
        event.add("dtstart", ends - timedelta(minutes=TIMED_MIN))
        event.add("dtend", ends)
    else:
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    if said := _described(due, day, city, tongue):
        event.add("description", said)
    return event


def _described(due: Due, day: date, city: City, tongue: Tongue) -> str:
    lines = []
    if due.out_by_min is not None:
        lines.append(tongue.say("feed.out_by", time=tongue.clock(times.instant(day, due.out_by_min, city.timezone))))
    if due.note is not None:
        lines.append(tongue.say("feed.moved", day=tongue.day(due.note.moved_from)))
        reason = tongue.reason(due.note.reasons)
        lines += [tongue.say("reason", reason=reason)] if reason else []
    return "\n".join(lines)


def _uid(city: str, zone: str, category: str, planned: date) -> str:
    text = "\x1f".join((city, zone, category, planned.isoformat()))
    return f"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}@{city}.gomikuru"


class _Feeds:
    """Answers requests, from a store of feeds that are ready."""

    def __init__(
        self,
        plan_of: PlanOf,
        cities: Mapping[str, City],
        words: Words,
        clock: ServiceClock,
        zone_names: ZoneNames | None,
    ) -> None:
        self._plan_of = plan_of
        self._cities = cities
        self._words = words
        self._clock = clock
        self._zone_names = zone_names or (lambda _city, _zone: None)
        self._ready: OrderedDict[tuple[object, ...], tuple[Plan, Feed]] = OrderedDict()

    def answer(self, request: Request) -> Response:
        """Give a zone's feed; 404 where there is no such city or zone, 304 where the caller has it already."""
        city, zone = self._cities.get(request.path_params["city"]), request.path_params["zone"]
        plan = self._plan_of(city.id) if city is not None else None
        if city is None or plan is None or not plan.covers(zone):
            return PlainTextResponse("there is no such calendar\n", 404)
        lang = self._words.spoken(request.query_params.get("lang", city.language), city.language)
        feed = self._feed(plan, city, zone, lang, request.query_params.get("timed") == "1")
        headers = {"ETag": feed.etag, "Cache-Control": "public, max-age=3600", "Content-Language": lang}
        if feed.etag in [
            each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")
        ]:
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="collection.ics"'
        return Response(feed.body, media_type="text/calendar", headers=headers)

    def _feed(self, plan: Plan, city: City, zone: str, lang: str, timed: bool) -> Feed:
        today = times.local(self._clock.now_ms(), city.timezone).date()
        name = self._zone_names(city.id, zone) or zone
        key = (city.id, zone, lang, timed, today, name)
        kept = self._ready.get(key)
        if kept is not None and kept[0] is plan:
            return kept[1]
        first, last = today - timedelta(days=PAST_DAYS), today + timedelta(days=AHEAD_DAYS)
        body = calendar_of(plan, zone, city, self._words.tongue(lang, city), first, last, name, timed=timed)
        feed = Feed(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
        self._ready[key] = (plan, feed)
        while len(self._ready) > KEPT:
            self._ready.popitem(last=False)
        return feed
