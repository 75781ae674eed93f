"""The calendar feed of a zone, read back by the library that phones' calendars are compared with."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest
from starlette.applications import Starlette

from model.city import Category, City
from model.times import parse_rfc3339
from residents.calendar.plan import Change, Collection, Plan
from residents.calendar.rules import Rule
from tests.support.notifying import WORDS, SetClock
from web.feeds import feed_routes

NAMES = {"ja": "燃えるごみ", "en": "Burnable waste", "vi": "Rác cháy được"}
LINES = (Collection("sakura-1", "burnable", Rule((1, 4)), 480), Collection("sakura-1", "plastic", Rule((3,)), None))
CHANGES = (
    Change(date(2026, 12, 29), reasons={"ja": "年末のため"}),
    Change(date(2027, 1, 1), "sakura-1", "burnable", date(2027, 1, 3), {"ja": "元日のため", "en": "New Year's Day"}),
)


def city(timezone: str = "Asia/Tokyo") -> City:
    return City("minami", "南市", timezone, categories=(Category("burnable", NAMES),))


class Plans:
    def __init__(self) -> None:
        self.plan: Plan | None = Plan(LINES, CHANGES)

    def __call__(self, _city: str) -> Plan | None:
        return self.plan


class Client:
    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


def client(plans: Plans, timezone: str = "Asia/Tokyo", at: str = "2026-12-20T12:00:00+09:00") -> Client:
    clock = SetClock(parse_rfc3339(at))
    routes = feed_routes(plans, {"minami": city(timezone)}, WORDS, clock, lambda _city, _zone: "さくら台一丁目")
    return Client(Starlette(routes=routes))


def events(text: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


def test_the_feed_is_ical_and_has_exactly_the_plans_days() -> None:
    """All-day events with the category's name in the city's language; a cancelled day is left out."""
    answer = client(Plans()).get("/c/minami/zones/sakura-1.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert all(len(line.encode()) <= 75 for line in answer.text.split("\r\n"))
    found = events(answer.text)
    plan = Plan(LINES, CHANGES)
    expected = {
        (day, due.category)
        for n in range(-31, 371)
        for day in [date(2026, 12, 20) + timedelta(days=n)]
        for due in plan.on("sakura-1", day)
    }
    assert len(found) == len(expected)
    assert {event["DTSTART"].dt for event in found} == {day for day, _ in expected}
    assert {str(event["SUMMARY"]) for event in found} == {"燃えるごみ", "ごみ"}
    assert date(2026, 12, 29) not in {event["DTSTART"].dt for event in found}
    assert answer.text.count("DTSTART;VALUE=DATE:") == len(expected)
    assert "さくら台一丁目の収集日（南市）" in str(icalendar.Calendar.from_ical(answer.text)["X-WR-CALNAME"])


def test_a_moved_collection_keeps_its_identity_and_says_why() -> None:
    """The phone moves the event; the note says from where, in the language asked for."""
    plans = Plans()
    web = client(plans)
    found = events(web.get("/c/minami/zones/sakura-1.ics?lang=en").text)
    moved = next(event for event in found if event["DTSTART"].dt == date(2027, 1, 3))
    assert str(moved["SUMMARY"]) == "Burnable waste"
    assert str(moved["DESCRIPTION"]).split("\n")[1:] == ["Moved from Fri, Jan 1", "Reason: New Year's Day."]
    plans.plan = Plan(LINES)
    before = {str(e["UID"]): e["DTSTART"].dt for e in events(web.get("/c/minami/zones/sakura-1.ics").text)}
    assert before[str(moved["UID"])] == date(2027, 1, 1)
    assert len(before) == len(events(web.get("/c/minami/zones/sakura-1.ics").text))


def test_an_etag_spares_the_second_download_until_the_plan_changes() -> None:
    """304 for the same feed; another one after an exception."""
    plans = Plans()
    web = client(plans)
    first = web.get("/c/minami/zones/sakura-1.ics")
    again = web.get("/c/minami/zones/sakura-1.ics", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age" in again.headers["cache-control"]
    plans.plan = Plan(LINES, CHANGES[:1])
    changed = web.get("/c/minami/zones/sakura-1.ics", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("path", ["/c/minami/zones/nowhere.ics", "/c/kita/zones/sakura-1.ics"])
def test_an_unknown_zone_or_city_is_not_found(path: str) -> None:
    """Nor is a city without a calendar."""
    assert client(Plans()).get(path).status_code == 404
    empty = Plans()
    empty.plan = None
    assert client(empty).get("/c/minami/zones/sakura-1.ics").status_code == 404


def test_an_unknown_language_is_answered_in_the_citys() -> None:
    """And a known one without the category's name says rubbish."""
    web = client(Plans())
    assert web.get("/c/minami/zones/sakura-1.ics?lang=eo").headers["content-language"] == "ja"
    assert "rác" in web.get("/c/minami/zones/sakura-1.ics?lang=vi").text


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/New_York", "Asia/Tokyo"])
def test_timed_events_end_at_the_wall_clock_time_on_both_sides_of_summer_time(timezone: str) -> None:
    """08:00 stays 08:00 all year, with the time zone's own definition in the feed."""
    text = client(Plans(), timezone).get("/c/minami/zones/sakura-1.ics?timed=1").text
    timed = [event for event in events(text) if isinstance(event["DTSTART"].dt, datetime)]
    assert len(timed) > 90
    for event in timed:
        day = event["DTEND"].dt.date()
        assert event["DTEND"].dt == datetime(day.year, day.month, day.day, 8, tzinfo=ZoneInfo(timezone))
        assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=30)
    assert f"TZID:{timezone}" in text
