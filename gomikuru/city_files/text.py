"""Bytes to text and to the rows of a table: encodings, BOM, separators, header. Pure; no meaning of columns here."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence

import msgspec

from gomikuru.city_files.problem import meant
from model.problem import Problem

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAVE_AS = "save it as UTF-8 (in Excel: 'CSV UTF-8')"


class Row(msgspec.Struct, frozen=True):
    """One line of a table: its number in the file, and its trimmed cells by column."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def where(self) -> str:
        """Name the line as an error does."""
        return f"line {self.line}"


def decode_text(data: bytes, file: str, *, shift_jis: bool) -> tuple[str | None, list[Problem]]:
    """Decode UTF-8 with or without BOM; Shift_JIS is read with a warning where the form allows it."""
    if data.startswith(_UTF16):
        return None, [Problem(file, "", "the file is UTF-16 ('Unicode text')", SAVE_AS)]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        return None, [Problem(file, f"line {line}", "the file is neither UTF-8 nor Shift_JIS", SAVE_AS)]
    what = "the file is Shift_JIS, not UTF-8"
    if shift_jis:
        return text, [Problem(file, f"line {line}", f"{what}, and was read as such", SAVE_AS, warning=True)]
    return None, [Problem(file, f"line {line}", what, SAVE_AS)]


def read_table(
    data: bytes, file: str, columns: Sequence[str], required: Sequence[str]
) -> tuple[list[Row], list[Problem]]:
    """Read a CSV with a header; rows that cannot be laid under the header are left out and named."""
    text, problems = decode_text(data, file, shift_jis=True)
    if text is None:
        return [], problems
    reader = csv.reader(io.StringIO(text, newline=""))
    lines: list[tuple[int, list[str]]] = []
    try:
        begin = 1
        for cells in reader:
            lines.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(file, f"line {reader.line_num}", f"not readable as CSV: {error}", 'look for a stray "'))
        return [], problems
    lines = [(number, [cell.strip() for cell in cells]) for number, cells in lines if any(map(str.strip, cells))]
    if not lines:
        problems.append(Problem(file, "", "the file is empty", f"its first line must be {','.join(columns)}"))
        return [], problems
    header_line, header = lines[0]
    wrong = _header_problems(header, f"line {header_line}", file, columns, required)
    problems += wrong
    if any(not problem.warning for problem in wrong):
        return [], problems
    return _rows(lines[1:], header, file, problems), problems


def _header_problems(
    header: list[str], where: str, file: str, columns: Sequence[str], required: Sequence[str]
) -> list[Problem]:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            return [Problem(file, where, f"the columns are separated by {name}", "separate them with commas")]
    problems = [
        Problem(file, where, f"unknown column {column!r}", meant(column, columns))
        for column in header
        if column and column not in columns
    ]
    twice = sorted({column for column in header if column and header.count(column) > 1})
    problems += [Problem(file, where, f"column {column!r} stands twice", "remove one") for column in twice]
    missing = [column for column in required if column not in header]
    problems += [
        Problem(
            file, where, f"column {column!r} is missing", f"the first line must name the columns: {','.join(columns)}"
        )
        for column in missing
    ]
    return problems


def _rows(lines: list[tuple[int, list[str]]], header: list[str], file: str, problems: list[Problem]) -> list[Row]:
    rows = []
    for number, cells in lines:
        if any(cells[len(header) :]):
            what = f"{len(cells)} values under {len(header)} columns"
            problems.append(Problem(file, f"line {number}", what, 'put a value that holds a comma in "..."'))
            continue
        if any("\n" in cell for cell in cells):
            what = "a value runs on into the next line"
            problems.append(Problem(file, f"line {number}", what, 'look for a " that is not closed'))
            continue
        rows.append(Row(number, {name: cell for name, cell in zip(header, cells, strict=False) if name}))
    return rows
