"""When a city's nightly learning is due, and what is kept of the last one. Pure: the time comes in.

A night is named by the instant for which it was planned, so that it is done once, whoever does it and however late.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from model.city import City
from model.times import local, service_day, zone_info

HASH = "learning"
FIELD = "night"
AGAIN_MS = 3_600_000
"""How long after a failure it is tried again."""
ALMOST_OVER_MS = 3_600_000
"""A service day counts as over when it has no more than an hour left: learning may come shortly before its end."""


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the last night. `learned_ms`: when a profile was made last, from so many `truck_days`.

    `failing_ms`: since when nothing but failures came; `problem` says what the last one was.
    """

    planned_ms: int
    tried_ms: int
    learned_ms: int | None = None
    truck_days: int = 0
    seconds: float = 0.0
    failing_ms: int | None = None
    problem: str = ""


def planned_ms(now_ms: int, city: City, at_min: int) -> int:
    """Tell the newest night that was planned by now: `at_min` minutes after local midnight."""
    today = local(now_ms, city.timezone).date()
    planned = _instant_ms(today, at_min, city.timezone)
    return planned if planned <= now_ms else _instant_ms(today - timedelta(days=1), at_min, city.timezone)


def is_due(last: Night | None, planned: int, now_ms: int) -> bool:
    """Tell whether the night that was planned is still to be done, or to be tried again."""
    if last is None or last.planned_ms < planned:
        return True
    return last.failing_ms is not None and now_ms - last.tried_ms >= AGAIN_MS


def over(now_ms: int, city: City) -> date:
    """Tell the first service day that is not over: days before it are whole."""
    return service_day(now_ms + ALMOST_OVER_MS, city.timezone, city.service_day_starts_min)


def learned(last: Night | None, planned: int, now_ms: int, truck_days: int, seconds: float) -> Night:
    """Note a night that went well. `truck_days` 0: there was nothing to learn from, and no profile was made."""
    made = now_ms if truck_days else last.learned_ms if last else None
    return Night(planned_ms=planned, tried_ms=now_ms, learned_ms=made, truck_days=truck_days, seconds=seconds)


def failed(last: Night | None, planned: int, now_ms: int, problem: str) -> Night:
    """Note a night that did not."""
    before = last or Night(planned_ms=planned, tried_ms=now_ms)
    since = now_ms if before.failing_ms is None else before.failing_ms
    return msgspec.structs.replace(before, planned_ms=planned, tried_ms=now_ms, failing_ms=since, problem=problem[:500])


def encode_night(night: Night) -> bytes:
    """Write it for the store."""
    return msgspec.json.encode(night)


def decode_night(data: bytes | None) -> Night | None:
    """Read it; None where there is none, or none that this version can read."""
    try:
        return msgspec.json.decode(data, type=Night) if data else None
    except msgspec.DecodeError:
        return None


def _instant_ms(day: date, at_min: int, timezone: str) -> int:
    wall = datetime(day.year, day.month, day.day, at_min // 60, at_min % 60, tzinfo=zone_info(timezone))
    return round(wall.timestamp() * 1000)
