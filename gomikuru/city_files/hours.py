"""Times of day and days of the week as operators write them: 08:30, 08:30-11:30, mon,thu. Pure."""

from __future__ import annotations

import re

from residents.calendar.rules import WEEKDAYS, weekdays_of

__all__ = ["DAY_MIN", "WEEKDAYS", "minutes_of", "weekdays_of", "window_of"]

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
DAY_MIN = 24 * 60


def minutes_of(text: str, most: int = DAY_MIN - 1) -> int | None:
    """Read HH:MM as minutes after midnight; None if it is no such time, or after `most`."""
    found = _CLOCK.fullmatch(text.strip())
    if not found or int(found[2]) > 59:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes if minutes <= most else None


def window_of(text: str) -> tuple[int, int] | None:
    """Read HH:MM-HH:MM; the end may pass midnight, as 22:00-26:30. None if it is no window."""
    begin, _, end = text.partition("-")
    first, last = minutes_of(begin), minutes_of(end, 2 * DAY_MIN)
    if first is None or last is None or last <= first:
        return None
    return first, last
