"""What an examination finds: about which part, how bad, what, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "note", "warning", "error"]
SKEW_ALLOWED_MS = 2000


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. A `note` is what could not be checked, or need not be done."""

    part: str
    level: Level
    what: str
    remedy: str = ""


def ok(part: str, what: str) -> Finding:
    """Tell that something is as it should be."""
    return Finding(part, "ok", what)


def note(part: str, what: str, remedy: str = "") -> Finding:
    """Tell what was not checked, or is worth knowing."""
    return Finding(part, "note", what, remedy)


def warning(part: str, what: str, remedy: str) -> Finding:
    """Tell what may fail later."""
    return Finding(part, "warning", what, remedy)


def error(part: str, what: str, remedy: str) -> Finding:
    """Tell what does not work, or loses data."""
    return Finding(part, "error", what, remedy)


def clock(part: str, whose: str, skew_ms: int) -> Finding:
    """Judge the difference between another clock and this machine's."""
    what = f"the clock of {whose} differs by {skew_ms / 1000:+.1f} s from this machine's"
    if abs(skew_ms) <= SKEW_ALLOWED_MS:
        return ok(part, what)
    return warning(part, what, "synchronise this machine by NTP (timedatectl set-ntp true)")
