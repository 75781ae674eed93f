"""An archive for tests: workers over a folder, and what the folder holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from gomikuru.archive.reading import Archive
from gomikuru.archive.worker import ArchiveWorker, Pace
from gomikuru.clocks import DrivenClock
from gomikuru.metrics import MemoryMeter
from model.city import City
from model.event import encode_event
from model.ping import Ping
from streams import keys
from streams.ports import Store
from tests.support.rounds import CITY

PACE = Pace(every_s=0.01, batch=7, tidy_s=0.0)


def archiver(
    store: Any,
    root: Path,
    owner: str = "one",
    clock: DrivenClock | None = None,
    pace: Pace = PACE,
    city: City = CITY,
    meter: MemoryMeter | None = None,
) -> ArchiveWorker:
    """Make a worker of the archive of one city."""
    return ArchiveWorker([city], store, root, clock or DrivenClock(), meter or MemoryMeter(), owner, pace)


def archived(root: Path, city: City = CITY) -> list[Ping]:
    """Read every ping of the archive."""
    return list(Archive(root, city.id).pings(date.min, date.max))


def said(store: Store, pings: list[Ping], city: City = CITY) -> None:
    """Append pings to the city's stream, as ingest does."""
    store.append(keys.events(city.id), [encode_event(ping) for ping in pings])


def names(pings: list[Ping]) -> list[str]:
    """Name pings by truck and fix time."""
    return [ping.id for ping in pings]
