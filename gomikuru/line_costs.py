"""How many LINE messages a month a city would need, from its calendar and, where there is one, its archive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from gomikuru.archive.reading import Archive, KeptAlert
from gomikuru.city_files import calendar_csv, read_bytes

ASSUMED_ALERTS = 1.3
"""Alerts a collection where nothing is archived: the call, and a correction at about every third one."""
MONTHS = 12
DAYS = 365


class Share(NamedTuple):
    """A figure, and where it comes from."""

    value: float
    source: str


def collections_a_month(folder: Path, first: date) -> Share | None:
    """Tell on how many days a month a household of an average zone has a collection, over the year from `first`."""
    data, _ = read_bytes(folder, calendar_csv.FILE)
    lines, _ = calendar_csv.read_calendar(data) if data is not None else ([], [])
    by_zone: dict[str, set[date]] = defaultdict(set)
    year = [first + timedelta(days=ahead) for ahead in range(DAYS)]
    for line in lines:
        by_zone[line.zone].update(day for day in year if line.rule.falls_on(day))
    if not by_zone:
        return None
    mean = sum(map(len, by_zone.values())) / len(by_zone) / MONTHS
    return Share(mean, f"{calendar_csv.FILE}, the mean of {len(by_zone)} zones over a year, exceptions aside")


def alerts_a_collection(archive: Path, city: str, last: date, days: int = 28) -> Share:
    """Tell how many alerts a home had on a day on which it had any, of the archive's newest days."""
    first = last - timedelta(days=days - 1)
    try:
        per_home_day = _counted(
            (kept.number, kept.fired_ms // 86_400_000) for kept in _sent(archive, city, first, last)
        )
    except OSError:
        per_home_day = {}
    if not per_home_day:
        return Share(ASSUMED_ALERTS, "assumed: nothing is archived yet")
    mean = sum(per_home_day.values()) / len(per_home_day)
    return Share(mean, f"the archive, {len(per_home_day)} days of homes from {first} to {last}")


def _sent(archive: Path, city: str, first: date, last: date) -> Iterable[KeptAlert]:
    return (kept for kept in Archive(archive, city).alerts(first, last) if not kept.shadow)


def _counted(keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for key in keys:
        counts[key] += 1
    return counts
