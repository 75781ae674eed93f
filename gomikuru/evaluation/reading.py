"""Reads predictions.csv, arrivals.csv and alerts.jsonl: lines of text -> columns. Pure; opens no file.

Rows are read in portions, so that a list of all rows never exists: that costs more than the scoring.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np

from gomikuru.evaluation.eta_scores import Predictions
from gomikuru.evaluation.instants import BadInstant, instants_ms
from gomikuru.evaluation.timeline import NONE_MS, Arrivals, Names, joined
from model.times import parse_rfc3339

PREDICTIONS = ("made_at", "resident_id", "vehicle_id", "eta", "eta_low", "eta_high")
ARRIVALS = ("resident_id", "vehicle_id", "arrived_at")
PORTION = 5_000

_LEAD = re.compile(r"(?P<minutes>\d+(\.\d+)?) min|\d+(\.\d+)? m|zone")


class BadFile(ValueError):
    """A file is not of its form; the text says where and why."""


class AlertRow(NamedTuple):
    """What the score needs of one alert; `lead_min`: None where no lead is given, NaN for one not in minutes."""

    line: int
    resident: str
    kind: str
    fired_ms: int
    lead_min: float | None


def read_predictions(name: str, lines: Iterable[str], names: Names) -> Iterator[Predictions]:
    """Read a predictions.csv in portions; raise BadFile."""
    for at, columns in _portions(name, lines, PREDICTIONS, ("made_at", "resident_id", "eta")):
        low, high = (_instants(name, at, columns, edge, True) for edge in ("eta_low", "eta_high"))
        backwards = np.flatnonzero((low != NONE_MS) & (high != NONE_MS) & (low > high))
        if len(backwards):
            raise BadFile(f"{name}: line {at[backwards[0]]}: eta_low lies after eta_high")
        made = _instants(name, at, columns, "made_at", False)
        yield Predictions(
            _residents(name, at, columns, names), made, _instants(name, at, columns, "eta", False), low, high
        )


def read_arrivals(name: str, lines: Iterable[str], names: Names) -> Arrivals:
    """Read an arrivals.csv; raise BadFile."""
    parts = [
        Arrivals(_residents(name, at, columns, names), _instants(name, at, columns, "arrived_at", False))
        for at, columns in _portions(name, lines, ARRIVALS, ("resident_id", "arrived_at"))
    ]
    return joined(parts)


def read_alerts(name: str, lines: Iterable[str]) -> Iterator[AlertRow]:
    """Read an alerts.jsonl; raise BadFile."""
    number = 0
    decoder = msgspec.json.Decoder(dict[str, Any])
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _alert(number, decoder.decode(line))
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFile(f"{name}: line {number}: no JSON object: {error}") from None
    except UnicodeDecodeError:
        raise BadFile(f"{name}: after line {number}: not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise BadFile(f"{name}: line {number}: {error}") from None


def _alert(number: int, fields: dict[str, Any]) -> AlertRow:
    texts = []
    for field in ("resident_id", "kind", "fired_at"):
        value = fields.get(field)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{field} is {'absent' if field not in fields else 'no text'}")
        texts.append(value)
    resident, kind, fired_at = texts
    return AlertRow(number, resident, kind, parse_rfc3339(fired_at), _lead_min(fields.get("lead")))


def _lead_min(lead: Any) -> float | None:
    if lead is None:
        return None
    form = _LEAD.fullmatch(lead) if isinstance(lead, str) else None
    if not form:
        raise ValueError(f"lead: {lead!r} is not of the form 10 min, 200 m or zone")
    if not form["minutes"]:
        return math.nan
    minutes = float(form["minutes"])
    if not minutes > 0:
        raise ValueError(f"lead: {lead!r} is no time before anything")
    return minutes


def _portions(
    name: str, lines: Iterable[str], form: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[tuple[list[int], dict[str, list[str]]]]:
    rows = csv.reader(lines)
    try:
        header = [column.strip().lstrip("\ufeff") for column in next(rows, [])]
        missing = [column for column in needed if column not in header]
        if missing:
            raise BadFile(f"{name}: line 1: columns {', '.join(missing)} are missing; the form is {','.join(form)}")
        while True:
            before = rows.line_num
            some = list(islice(rows, PORTION))
            if not some:
                return
            at = list(range(before + 1, before + 1 + len(some)))
            yield _columns(name, at, some, header)
    except csv.Error as error:
        raise BadFile(f"{name}: line {rows.line_num}: not readable as CSV: {error}") from None
    except UnicodeDecodeError:
        raise BadFile(f"{name}: after line {rows.line_num}: not UTF-8; save it as UTF-8") from None


def _columns(
    name: str, at: list[int], rows: list[list[str]], header: list[str]
) -> tuple[list[int], dict[str, list[str]]]:
    if set(map(len, rows)) != {len(header)}:
        kept = [(line, row) for line, row in zip(at, rows, strict=True) if row]
        at, rows = [line for line, _ in kept], [row for _, row in kept]
        for line, row in kept:
            if len(row) != len(header):
                raise BadFile(f"{name}: line {line}: has {len(row)} cells, the header has {len(header)}")
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    return at, {title: list(cells) for title, cells in zip(header, columns, strict=True)}


def _instants(name: str, at: list[int], columns: dict[str, list[str]], column: str, may_be_empty: bool) -> Any:
    if column not in columns:
        return np.full(len(at), NONE_MS, dtype=np.int64)
    try:
        return instants_ms(columns[column], may_be_empty)
    except BadInstant as error:
        raise BadFile(f"{name}: line {at[error.row]}: {column} {error}") from None


def _residents(name: str, at: list[int], columns: dict[str, list[str]], names: Names) -> Any:
    residents = columns["resident_id"]
    if "" in residents:
        raise BadFile(f"{name}: line {at[residents.index('')]}: resident_id is empty")
    return names.codes(residents)
