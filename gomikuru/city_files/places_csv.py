"""places.csv: the names by which people know where they live, for the search of the resident's page. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gomikuru.city_files.text import Row, read_table
from model.problem import Problem
from residents.places import KINDS, NamedPlace

FILE = "places.csv"
COLUMNS = ("zone", "kind", "id", "name", "kana", "lat", "lon", "also")
REQUIRED = ("zone", "kind", "id", "name")
MAX_ID = 64


def read_places(data: bytes) -> tuple[list[NamedPlace], list[Problem]]:
    """Read the places: the lines that can be used, and all that is wrong. `also`: further names, separated by |."""
    rows, problems = read_table(data, FILE, COLUMNS, REQUIRED)
    places, seen = [], dict[tuple[str, str], int]()
    for row in rows:
        wrong = _wrong(row)
        first = seen.setdefault((row["kind"], row["id"]), row.line)
        if first != row.line:
            wrong.append(_problem(row, f"{row['kind']} {row['id']!r} stands on line {first} already", "remove one"))
        problems += wrong
        if not wrong:
            places.append(_place(row))
    return places, problems


def _place(row: Row) -> NamedPlace:
    return NamedPlace(
        kind=row["kind"],
        id=row["id"],
        name=row["name"],
        zone=row["zone"] or None,
        lat=float(row["lat"]) if row["lat"] else None,
        lon=float(row["lon"]) if row["lon"] else None,
        kana=row["kana"],
        also=tuple(filter(None, (name.strip() for name in row["also"].split("|")))),
    )


def _wrong(row: Row) -> list[Problem]:
    wrong = []
    if row["kind"] not in KINDS:
        wrong.append(_problem(row, f"kind {row['kind']!r} is none", f"write one of {', '.join(KINDS)}"))
    if not 0 < len(row["id"]) <= MAX_ID or not row["id"].isprintable() or "/" in row["id"]:
        wrong.append(_problem(row, "id is empty, too long or holds a /", f"1 to {MAX_ID} characters without /"))
    if not row["name"]:
        wrong.append(_problem(row, "name is empty", ""))
    if bool(row["lat"]) != bool(row["lon"]):
        wrong.append(_problem(row, "lat comes without lon, or lon without lat", "write both, or neither"))
    if row["kind"] == "point" and not row["lat"]:
        wrong.append(_problem(row, "a collection point has no position", "write its lat and lon"))
    wrong += [
        _problem(row, f"{name} {row[name]!r} is no number of degrees to {most}", "write degrees WGS 84, as 34.8295")
        for name, most in (("lat", 85.0), ("lon", 180.0))
        if row[name] and not _within(row[name], most)
    ]
    return wrong


def _within(text: str, most: float, read: Callable[[str], float] = float) -> bool:
    try:
        return -most <= read(text) <= most
    except ValueError:
        return False


def _problem(row: Row, what: str, remedy: str) -> Problem:
    return Problem(FILE, row.where, what, remedy)
