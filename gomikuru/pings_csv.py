"""Reads pings.csv, the file form of recorded pings (docs/replay.md): a row a fix, in the order of arrival."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from typing import Any

from model.ping import Ping
from model.times import parse_rfc3339

REQUIRED = ("vehicle_id", "timestamp", "lat", "lon")
OPTIONAL = ("speed_mps", "heading", "accuracy", "received_at")
_LATEST_MS = 4_102_444_800_000


class BadPings(ValueError):
    """The file is no pings.csv; the text says where and why."""


def read_pings(name: str, lines: Iterable[str], city: str) -> Iterator[Ping]:
    """Read the rows of a file, lazily; raise BadPings at the first row that is none."""
    rows = csv.reader(lines)
    try:
        yield from _read(name, rows, city)
    except csv.Error as error:
        raise BadPings(f"{name}: line {rows.line_num}: not readable as CSV: {error}") from None
    except UnicodeDecodeError:
        raise BadPings(f"{name}: after line {rows.line_num}: not UTF-8; save it as UTF-8") from None


def _read(name: str, rows: Any, city: str) -> Iterator[Ping]:
    header = [column.strip().lstrip("\ufeff") for column in next(rows, [])]
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise BadPings(
            f"{name}: line 1: columns {', '.join(missing)} are missing; the form is {','.join(REQUIRED)},..."
        )
    at = {column: header.index(column) for column in (*REQUIRED, *OPTIONAL) if column in header}
    for cells in rows:
        if not cells:
            continue
        try:
            yield ping_of(cells, at, city)
        except IndexError:
            wrong = f"has {len(cells)} cells, the header has {len(header)}"
            raise BadPings(f"{name}: line {rows.line_num}: {wrong}") from None
        except (ValueError, OverflowError) as error:
            raise BadPings(f"{name}: line {rows.line_num}: {error}") from None


def ping_of(cells: list[str], at: dict[str, int], city: str) -> Ping:
    """Read one row; `at` tells where each column stands. Raise ValueError, OverflowError or IndexError."""

    def cell(column: str) -> str:
        return cells[at[column]].strip() if column in at else ""

    def number(column: str) -> float | None:
        figure = float(cell(column)) if cell(column) else None
        if figure is not None and not math.isfinite(figure):
            raise ValueError(f"{column}: {cell(column)} is no number that can be measured")
        return figure

    if not cell("vehicle_id"):
        raise ValueError("vehicle_id is empty")
    fix_ms = _instant_ms(cell("timestamp"))
    received = cell("received_at")
    lat, lon = float(cell("lat")), float(cell("lon"))
    if not (abs(lat) <= 85.0 and abs(lon) <= 180.0):
        raise ValueError(f"{lat}, {lon} is no latitude and longitude that can be served")
    return Ping(
        city=city,
        truck=cell("vehicle_id"),
        fix_ms=fix_ms,
        received_ms=_instant_ms(received) if received else fix_ms,
        lat=lat,
        lon=lon,
        speed_mps=number("speed_mps"),
        heading_deg=number("heading"),
        accuracy_m=number("accuracy"),
    )


def _instant_ms(text: str) -> int:
    instant_ms = parse_rfc3339(text)
    if not 0 <= instant_ms <= _LATEST_MS:
        raise ValueError(f"{text} lies before 1970 or after 2099")
    return instant_ms
