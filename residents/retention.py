"""How long a home is kept that nobody looks after: warned first, then erased. Pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a home today. `FORGIVE`: it was warned, and seen since."""

    KEEP = "keep"
    WARN = "warn"
    FORGIVE = "forgive"
    ERASE = "erase"


def judge(seen_day: str | None, warned_day: str | None, day: date, unseen_days: int, warned_days: int) -> Verdict:
    """Judge a home by the days (ISO) on which it was seen last and warned; 0 `unseen_days`: all are kept.

    A home without a seen day did not sign up itself: whoever entered it looks after it.
    """
    if not unseen_days or seen_day is None:
        return Verdict.KEEP
    if (day - date.fromisoformat(seen_day)).days < unseen_days:
        return Verdict.FORGIVE if warned_day else Verdict.KEEP
    if warned_day is None:
        return Verdict.WARN
    return Verdict.ERASE if (day - date.fromisoformat(warned_day)).days >= warned_days else Verdict.KEEP
