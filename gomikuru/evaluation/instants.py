"""Columns of RFC 3339 text -> instants in ms UTC, fast for the usual forms (...Z, with or without milliseconds)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gomikuru.evaluation.timeline import NONE_MS, Ints
from model.times import parse_rfc3339

LATEST_MS = 4_102_444_800_000

_SECONDS, _MILLIS = 20, 24


class BadInstant(ValueError):
    """A cell is no instant: `row` counts from 0 within the column."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row


def instants_ms(column: list[str], may_be_empty: bool = False) -> Ints:
    """Read a column; an empty cell is NONE_MS where that is allowed. Raise BadInstant at the first that is none."""
    try:
        raw = np.array(column, dtype=np.bytes_)
    except UnicodeEncodeError:
        raw = np.zeros(len(column), dtype="S1")
    found = np.full(len(column), NONE_MS, dtype=np.int64)
    rest = np.ones(len(column), dtype=np.bool_)
    for width in (_SECONDS, _MILLIS):
        rows = _of_form(raw, width)
        rows, instants = _parse(raw, rows, width)
        found[rows] = instants
        rest[rows] = False
    for row in np.flatnonzero(rest | (found < 0) | (found > LATEST_MS)).tolist():
        if not (may_be_empty and not column[row]):
            found[row] = _slowly(row, column[row])
    return found


def _of_form(raw: npt.NDArray[np.bytes_], width: int) -> Ints:
    if raw.dtype.itemsize < width or not len(raw):
        return np.zeros(0, dtype=np.int64)
    letters = raw.view(np.uint8).reshape(len(raw), raw.dtype.itemsize)
    fits = (letters[:, width - 1] == ord("Z")) & (letters[:, 10] == ord("T"))
    if raw.dtype.itemsize > width:
        fits &= letters[:, width] == 0
    if width == _MILLIS:
        digits = letters[:, 20:23]
        fits &= (letters[:, 19] == ord(".")) & ((digits >= ord("0")) & (digits <= ord("9"))).all(axis=1)
    return np.flatnonzero(fits)


def _parse(raw: npt.NDArray[np.bytes_], rows: Ints, width: int) -> tuple[Ints, Ints]:
    text = raw[rows].astype(f"S{width - 1}")
    try:
        return rows, text.astype("datetime64[ms]").astype(np.int64)
    except ValueError:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def _slowly(row: int, text: str) -> int:
    if not text:
        raise BadInstant(row, "is empty")
    try:
        instant_ms = parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise BadInstant(row, str(error)) from None
    if not 0 <= instant_ms <= LATEST_MS:
        raise BadInstant(row, f"{text} lies before 1970 or after 2099")
    return instant_ms
