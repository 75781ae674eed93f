"""trucks.csv: the vehicles, and how each of them may speak. Pure: bytes in, trucks and problems out."""

from __future__ import annotations

import re
import unicodedata

from gomikuru.city_files.problem import meant
from gomikuru.city_files.text import Row, read_table
from ingest.directory import TRACCAR_CREDENTIAL
from model.city import City, Truck
from model.problem import Problem

FILE = "trucks.csv"
COLUMNS = ("truck_id", "name", "category", "credential", "external_id", "route_id")
_SPREADSHEET_NUMBER = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
_NOT_IN_TOPICS = re.compile(r"[\s/+#\x00-\x1f]")
LONGEST_ID = 64


def read_trucks(data: bytes, city: City | None) -> tuple[tuple[Truck, ...], list[Problem]]:
    """Read the trucks of a city; without it (city.toml is broken) what they refer to is not checked."""
    rows, problems = read_table(data, FILE, COLUMNS, ("truck_id",))
    through = {TRACCAR_CREDENTIAL} | {gateway.credential for gateway in (city.gateways if city else ())}
    for row in rows:
        problems += _id_problems(row) + _cell_problems(row, through)
        problems += _unknown(row, city) if city else []
    problems += _twice(rows, ("truck_id",)) + _twice(rows, ("credential", "external_id"))
    problems += _ambiguous(rows, through)
    return tuple(_truck(row) for row in rows), problems


def _truck(row: Row) -> Truck:
    return Truck(
        id=row["truck_id"],
        name=row["name"],
        category=row["category"] or None,
        credential=row["credential"] or None,
        external_id=row["external_id"] or None,
        route=row["route_id"] or None,
    )


def _id_problems(row: Row) -> list[Problem]:
    truck = row["truck_id"]
    if not truck:
        return [Problem(FILE, row.where, "truck_id is empty", "give every truck an id")]
    problems = []
    if _NOT_IN_TOPICS.search(truck) or truck.startswith("$") or len(truck) > LONGEST_ID:
        what = f"truck_id {truck!r} cannot stand in a topic"
        problems.append(Problem(FILE, row.where, what, f"use at most {LONGEST_ID} characters, no space, no / + # or $"))
    plain = unicodedata.normalize("NFKC", truck)
    if plain != truck:
        what = f"truck_id {truck!r} is written with full-width or half-width characters"
        problems.append(Problem(FILE, row.where, what, f"a tracker set up as {plain!r} would not match", warning=True))
    return problems


def _cell_problems(row: Row, through: set[str]) -> list[Problem]:
    problems = []
    for column in ("truck_id", "external_id", "credential"):
        if _SPREADSHEET_NUMBER.fullmatch(row[column]):
            what = f"{column} {row[column]!r} was shortened by a spreadsheet"
            remedy = "set the column to text, and type the number again"
            problems.append(Problem(FILE, row.where, what, remedy))
    if row["credential"] in through and not row["external_id"]:
        what = f"credential {row['credential']!r} speaks for many trucks, and external_id is empty"
        problems.append(Problem(FILE, row.where, what, "write what it calls this truck"))
    if row["external_id"] and not row["credential"]:
        what = "external_id without a credential"
        problems.append(Problem(FILE, row.where, what, "write the broker user that sends for this truck"))
    return problems


def _unknown(row: Row, city: City) -> list[Problem]:
    problems = []
    known = [category.id for category in city.categories]
    if row["category"] and row["category"] not in known:
        what = f"category {row['category']!r} is not in city.toml"
        problems.append(Problem(FILE, row.where, what, meant(row["category"], known)))
    if row["credential"] == TRACCAR_CREDENTIAL and city.traccar_topic is None:
        what = f"credential {TRACCAR_CREDENTIAL!r}, and city.toml sets no traccar_topic"
        problems.append(Problem(FILE, row.where, what, "set the topic to which Traccar forwards"))
    return problems


def _twice(rows: list[Row], columns: tuple[str, ...]) -> list[Problem]:
    first: dict[tuple[str, ...], int] = {}
    problems = []
    for row in rows:
        value = tuple(row[column] for column in columns)
        if not value[0]:
            continue
        line = first.setdefault(value, row.line)
        if line != row.line:
            named = " with ".join(f'{column} "{cell}"' for column, cell in zip(columns, value, strict=True) if cell)
            what = f"{named} stands twice (first on line {line})"
            problems.append(Problem(FILE, row.where, what, "every truck needs its own"))
    return problems


def _ambiguous(rows: list[Row], through: set[str]) -> list[Problem]:
    """Find credentials that several trucks share though one of them has no external id to be told by."""
    shared: dict[str, list[Row]] = {}
    for row in rows:
        if row["credential"] and row["credential"] not in through:
            shared.setdefault(row["credential"], []).append(row)
    return [
        Problem(
            FILE,
            row.where,
            f"credential {credential!r} is shared by several trucks, and external_id is empty",
            "write what the tracker calls this truck, or give it its own credential",
        )
        for credential, those in shared.items()
        if len({row["external_id"] for row in those}) > 1
        for row in those
        if not row["external_id"]
    ]
