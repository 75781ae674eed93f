"""What one line of the archive's files says, and how lines are told apart. Pure.

pings.csv has the form that `gomikuru replay` reads; alerts.jsonl that of a replay, a number in place of the resident;
homes.csv says when a subscription came, changed or went. No home, no name, no device.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from gomikuru.replay import alert_fields
from model.alert import Alert
from model.event import HomesChanged
from model.ping import Ping
from model.times import format_rfc3339

PINGS_HEADER = "vehicle_id,timestamp,lat,lon,speed_mps,heading,accuracy,received_at"
HOMES_HEADER = "number,at,what"
DEGREES = 7
"""Decimals of a degree: a centimetre."""


class Kind(NamedTuple):
    """One kind of daily files: the folder, how names end, the first line, and what makes two lines the same."""

    folder: str
    ending: str
    header: str
    key: Callable[[str], object]


def ping_lines(ping: Ping) -> list[str]:
    """Write a ping as a row of pings.csv."""
    where = round(ping.lat, DEGREES), round(ping.lon, DEGREES)
    figures = map(_figure, (ping.speed_mps, ping.heading_deg, ping.accuracy_m))
    return [_row(ping.truck, format_rfc3339(ping.fix_ms), *where, *figures, format_rfc3339(ping.received_ms))]


def alert_lines(alert: Alert) -> list[str]:
    """Write an alert without who is meant: the number says it to whoever has the registry."""
    fields = alert_fields(alert)
    del fields["resident_id"]
    return [msgspec.json.encode({"number": alert.number, **fields}).decode()]


def home_lines(change: HomesChanged) -> list[str]:
    """Write which subscriptions came or changed, and which went."""
    at = format_rfc3339(change.at_ms)
    put = [f"{home.number},{at},put" for home in change.put]
    return put + [f"{number},{at},gone" for number in change.gone]


def _ping_key(line: str) -> object:
    cells = cells_of(line)
    return tuple(cells[:2])


def _alert_key(line: str) -> object:
    return msgspec.json.decode(line, type=_Id).alert_id


def cells_of(line: str) -> list[str]:
    """Part a row of a CSV file."""
    return next(csv.reader([line]), [])


PINGS = Kind("pings", ".csv", PINGS_HEADER, _ping_key)
ALERTS = Kind("alerts", ".jsonl", "", _alert_key)
HOMES = Kind("homes", ".csv", HOMES_HEADER, lambda line: line)
KINDS: Sequence[Kind] = (PINGS, ALERTS, HOMES)


class _Id(msgspec.Struct):
    alert_id: str


def _row(*cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _figure(figure: float | None) -> object:
    return "" if figure is None else round(figure, 2)
