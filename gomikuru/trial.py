"""A trial put together: the archive's days, the learned places, the zones and the homes of now, into figures.

Homes come as an argument and are never written; what the archive knows of them is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import numpy as np

from geofence.forecast.profile import Profile
from geofence.forecast.recorded import Recording, day_ordinal
from geofence.geometry import project
from geofence.limits import Limits
from geofence.zones import ZoneBook
from gomikuru.archive.reading import Archive, HomeChange, KeptAlert
from gomikuru.counted import counted
from gomikuru.evaluation.timeline import NONE_MS, Arrivals, Floats, Ints
from gomikuru.evaluation.trial import OUTSIDE, Judging, Said, ZoneFigures, judged
from gomikuru.evaluation.trial_tables import Trial
from gomikuru.evaluation.truth import arrivals_at, served
from model.city import City
from model.subscription import Home, InZone, MinutesLead
from model.zone import Mode, Zone

_MINUTES = re.compile(r"(\d+(?:\.\d+)?) min")
ONE_DAY = timedelta(days=1)


class Asked(msgspec.Struct, frozen=True):
    """What is to be judged: a city with its zones, its homes, its profile, and so many days before one."""

    city: City
    zones: Sequence[Zone]
    homes: Sequence[Home]
    profile: Profile
    before: date
    days: int
    daily: bool


def try_out(asked: Asked, archive: Archive) -> Trial:
    """Judge the newest days of an archive. Raises OSError."""
    first, last = asked.before - timedelta(days=asked.days), asked.before - ONE_DAY
    kept = set(archive.alert_days())
    days = [day for day in archive.days() if first <= day <= last and day in kept]
    recording = Recording(asked.city)
    recording.add(archive.pings(first, last + ONE_DAY))  # what came late stands in the next day's file
    recorded = [day for day in recording.days(asked.profile.stretch) if date.fromordinal(day.ordinal) in set(days)]
    truth = served(asked.profile, recorded, asked.city)
    arrivals = arrivals_at(asked.homes, truth, asked.profile, asked.city)
    alerts = list(archive.alerts(first, last))
    zone = _zones_of(asked)
    said, left = _said(alerts, asked)
    judging = Judging(
        zone, _leads(asked.homes), _since(asked.homes, archive.homes(), asked.city), arrivals,
        _days_of(arrivals, asked.city), said,
    )  # fmt: skip
    rows = tuple(judged(judging, _modes(asked), days, asked.daily))
    notes = tuple(_notes(asked, days, first, arrivals, left, rows))
    return Trial(asked.city.id, str(first), str(last), rows, notes)


def _zones_of(asked: Asked) -> list[str]:
    """Tell each home's zone, as the engine does."""
    book = ZoneBook(asked.zones, Limits())
    found = []
    for home in asked.homes:
        if isinstance(home.place, InZone):
            found.append(home.place.zone)
        else:
            fence = book.at(*project(home.place.lat, home.place.lon))
            found.append(fence.zone.id if fence else OUTSIDE)
    return found


def _modes(asked: Asked) -> dict[str, str]:
    own = asked.city.zones
    modes = {zone.id: (zone.mode or own).value for zone in asked.zones}
    return modes | {OUTSIDE: own.value}


def _leads(homes: Sequence[Home]) -> Floats:
    return np.array([home.lead.minutes if isinstance(home.lead, MinutesLead) else np.nan for home in homes])


def _since(homes: Sequence[Home], changes: Iterable[HomeChange], city: City) -> Ints:
    """Tell each home's first whole day: the one after it came, or changed."""
    changed = {change.number: day_ordinal(change.at_ms, city) + 1 for change in changes if not change.gone}
    return np.array([changed.get(home.number, 0) for home in homes], dtype=np.int64)


def _days_of(arrivals: Arrivals, city: City) -> Ints:
    return np.array([day_ordinal(at_ms, city) for at_ms in arrivals.at_ms.tolist()], dtype=np.int64)


def _said(alerts: Sequence[KeptAlert], asked: Asked) -> tuple[Said, int]:
    """Take the alerts in minutes of homes that are still there; tell how many belong to nobody any more."""
    row_of = {home.number: k for k, home in enumerate(asked.homes)}
    rows = [
        (
            row_of[alert.number], alert.fired_ms, lead, day_ordinal(alert.fired_ms, asked.city), alert.shadow,
            alert.kind == "corrected", _or_none(alert.low_ms), _or_none(alert.high_ms),
        )
        for alert in alerts
        if alert.number in row_of and alert.kind in ("approaching", "corrected") and (lead := _minutes(alert.lead))
    ]  # fmt: skip
    kinds = (np.int64, np.int64, np.float64, np.int64, np.bool_, np.bool_, np.int64, np.int64)
    columns: list[Any] = [np.array([row[k] for row in rows], dtype=kind) for k, kind in enumerate(kinds)]
    return Said(*columns), sum(alert.number not in row_of for alert in alerts)


def _minutes(lead: str) -> float:
    found = _MINUTES.fullmatch(lead)
    return float(found[1]) if found else 0.0


def _or_none(instant_ms: int | None) -> int:
    return NONE_MS if instant_ms is None else instant_ms


def _notes(
    asked: Asked, days: Sequence[date], first: date, arrivals: Arrivals, left: int, rows: Sequence[ZoneFigures]
) -> Iterator[str]:
    """Say what the reader must know of the figures."""
    if not days:
        yield f"the archive holds no whole day since {first}: is the archive stage running?"
    elif len(days) < asked.days:
        yield f"the archive holds {counted(len(days), 'day')} of the {asked.days}"
    minutes = [k for k, home in enumerate(asked.homes) if isinstance(home.lead, MinutesLead)]
    if len(minutes) < len(asked.homes):
        yield f"{counted(len(asked.homes) - len(minutes), 'home')} with a lead in metres or by zone not judged"
    nowhere = len(set(minutes) - set(arrivals.resident.tolist()))
    if nowhere and days:
        yield f"{counted(nowhere, 'home')} with a lead in minutes to whose place no truck came on these days"
    if left:
        yield f"{counted(left, 'alert')} of homes that have left since not judged"
    if any(zone.mode is Mode.SHADOW for zone in asked.zones) or asked.city.zones is Mode.SHADOW:
        yield 'nobody in a zone in mode "shadow" is told anything; "live" in zones.geojson lets it go live'
    if days and not rows:
        yield "there is no home with a lead in minutes"
