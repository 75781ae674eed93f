"""Reads a city's archive: pings, alerts and changes of subscriptions of some days, each once, what is torn left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from gomikuru.archive.folder import Folder, once
from gomikuru.archive.rows import ALERTS, HOMES, PINGS, PINGS_HEADER, Kind, cells_of
from gomikuru.pings_csv import ping_of
from model.ping import Ping
from model.times import parse_rfc3339

COLUMNS = {name: k for k, name in enumerate(PINGS_HEADER.split(","))}


class KeptAlert(NamedTuple):
    """What the archive keeps of an alert, as far as judging needs it; instants in ms UTC."""

    number: int
    kind: str
    fired_ms: int
    lead: str
    shadow: bool
    low_ms: int | None
    high_ms: int | None


class HomeChange(NamedTuple):
    """A subscription came or changed, or it went (`gone`)."""

    number: int
    at_ms: int
    gone: bool


class Archive:
    """One city's archive, for reading. Raises OSError."""

    def __init__(self, root: Path, city: str) -> None:
        self._folder = Folder(root, city)
        self._city = city

    def days(self) -> list[date]:
        """List the days of which there are pings."""
        return self._folder.days(PINGS)

    def alert_days(self) -> list[date]:
        """List the days on which alerts were archived, if only that there were none."""
        return self._folder.days(ALERTS)

    def pings(self, first: date, last: date) -> Iterator[Ping]:
        """Read the pings that arrived on some days, in that order."""
        for line in self._lines(PINGS, first, last):
            cells = cells_of(line)
            with suppress(ValueError, OverflowError):
                if len(cells) == len(COLUMNS):
                    yield ping_of(cells, COLUMNS, self._city)

    def alerts(self, first: date, last: date) -> Iterator[KeptAlert]:
        """Read the alerts that were decided on some days."""
        for line in self._lines(ALERTS, first, last):
            try:
                kept = _decoder.decode(line)
            except msgspec.DecodeError:
                continue
            low, high = (parse_rfc3339(text) if text else None for text in (kept.eta_low, kept.eta_high))
            yield KeptAlert(kept.number, kept.kind, parse_rfc3339(kept.fired_at), kept.lead, kept.shadow, low, high)

    def homes(self) -> Iterator[HomeChange]:
        """Read all changes of subscriptions, oldest first."""
        for line in self._lines(HOMES, date.min, date.max):
            cells = cells_of(line)
            if len(cells) == 3 and cells[0].isdecimal():
                yield HomeChange(int(cells[0]), parse_rfc3339(cells[1]), cells[2] == "gone")

    def _lines(self, kind: Kind, first: date, last: date) -> Iterator[str]:
        """Read the days' lines; what stood on the day before is known still, what is older is not met again."""
        before: set[object] = set()
        for day in self._folder.days(kind):
            if first <= day <= last:
                seen: set[object] = set()
                yield from once(kind, self._folder.lines(kind, day), seen, before)
                before = seen


class _Alert(msgspec.Struct):
    number: int
    kind: str
    fired_at: str
    lead: str
    shadow: bool = False
    eta_low: str | None = None
    eta_high: str | None = None


_decoder = msgspec.json.Decoder(_Alert)
