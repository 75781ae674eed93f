"""Instants are whole milliseconds since 1970-01-01 UTC (`*_ms`); this file turns them into text, local time and back.

Pure: a time zone comes in by name and is looked up in the tz database; no clock is read here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 instant such as 2026-11-23T08:31:00Z; raise ValueError if it is none or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write UTC as ...Z")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def format_rfc3339(instant_ms: int) -> str:
    """Write an instant in UTC with milliseconds only where there are some, such as 2026-11-23T08:31:00Z."""
    moment = _EPOCH + timedelta(milliseconds=instant_ms)
    precision = "milliseconds" if instant_ms % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def format_clock(minute: int) -> str:
    """Write minutes after midnight as HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def local(instant_ms: int, timezone: str) -> datetime:
    """Tell the local date and time of an instant in an IANA time zone."""
    return (_EPOCH + timedelta(milliseconds=instant_ms)).astimezone(zone_info(timezone))


def service_day(instant_ms: int, timezone: str, starts_min: int) -> date:
    """Tell the service day of an instant: the local date, counted from `starts_min` minutes after midnight."""
    return (local(instant_ms, timezone) - timedelta(minutes=starts_min)).date()


def instant(day: date, minutes: int, timezone: str) -> int:
    """Tell the instant, ms UTC, of a wall-clock time: `minutes` after local midnight of a day in an IANA time zone.

    A time that summer time leaves out comes so much later by the clock; of one that comes twice the first is meant.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return (wall.replace(tzinfo=zone_info(timezone)) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=64)
def zone_info(timezone: str) -> ZoneInfo:
    """Look a time zone up by its IANA name; raise ZoneInfoNotFoundError or ValueError if there is none."""
    return ZoneInfo(timezone)
