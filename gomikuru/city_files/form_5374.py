"""The calendar in the form of 5374.jp, turned into ours: every row comes through, or is refused with its reason. Pure.

area_days.csv has a row an area and a column a kind of waste, with cells such as `月 木` (every Monday and Thursday),
`水1 水3` (the first and third Wednesday) or `20260403` (that day); center.csv the days on which a centre is closed;
description.csv the kinds of waste. target.csv and remarks.csv say what belongs where: that has no place here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from gomikuru.city_files.text import Row, read_table
from model.city import Category
from model.problem import Problem
from residents.calendar.plan import Change, Collection
from residents.calendar.rules import Rule

AREA_DAYS, CENTER, DESCRIPTION = "area_days.csv", "center.csv", "description.csv"
LEFT_OUT = ("target.csv", "remarks.csv")
AREA, CENTRE = "地名", "センター"
CLOSED = ("名称", "休止開始日", "休止終了日")
DESCRIBED = ("label", "sublabel", "description", "styles", "bgcolor")
WEEKDAYS = "月火水木金土日"
MOST_CLOSED_DAYS = 366

_PART = re.compile(r"([月火水木金土日])([1-5]*)|(\d{8})")
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("大型|粗大", "bulky", "🛋️"),
    ("小型複雑", "small-appliances", "🔌"),
    ("有害|危険", "hazardous", "⚠️"),
    ("ペットボトル", "pet-bottles", "🧴"),
    ("プラ", "plastic", "♳"),
    ("缶|ビン|びん", "cans-and-bottles", "🥫"),
    ("紙|古着", "paper-and-cloth", "📰"),
    ("もやせない|燃やせない|燃えない|もえない|不燃", "unburnable", "🪨"),
    ("資源", "recyclables", "♻️"),
    ("もやせる|燃やせる|燃える|もえる|可燃|燃焼", "burnable", "🔥"),
)
"""How well-known kinds are called, the first that is found in the name; with a pictogram."""


class Area(NamedTuple):
    """An area of area_days.csv: the id of its zone, its name, its centre, and its line."""

    zone: str
    name: str
    centre: str
    line: int


class Counted(NamedTuple):
    """What went in and what became of it: `whole` and `partly` areas came through, cells gave lines or were refused."""

    areas: int
    refused_areas: int
    cells: int
    refused_cells: int
    closures: int
    refused_closures: int


class Imported5374(NamedTuple):
    """All of it, in our terms, and everything that was refused or looks wrong."""

    areas: Sequence[Area]
    categories: Sequence[Category]
    collections: Sequence[Collection]
    changes: Sequence[Change]
    counted: Counted
    problems: Sequence[Problem]


def import_5374(files: Mapping[str, bytes], out_by_min: int | None = None) -> Imported5374:
    """Read a folder's files by name; `out_by_min` is what the form does not know."""
    problems: list[Problem] = []
    rows, columns = _area_rows(files.get(AREA_DAYS), problems)
    categories = _categories(columns, files.get(DESCRIPTION), problems)
    areas: list[Area] = []
    collections: list[Collection] = []
    refused_areas = cells = refused_cells = 0
    names: dict[str, int] = {}
    for row in rows:
        first = names.setdefault(row[AREA], row.line)
        if not row[AREA] or first != row.line:
            what = f"area {row[AREA]!r} stands on line {first} already" if row[AREA] else "the area has no name"
            problems.append(Problem(AREA_DAYS, row.where, what, "left out: give every area its own name"))
            refused_areas += 1
            continue
        area = Area(f"area-{len(areas) + 1}", row[AREA], row[CENTRE], row.line)
        areas.append(area)
        for column in columns:
            if not row[column]:
                continue
            cells += 1
            rules = list(rules_of(row[column]))
            if not rules:
                what = f"{row[column]!r} for {column!r} is not understood"
                problems.append(Problem(AREA_DAYS, row.where, what, "left out: write 月 木, 水1 水3 or 20260403"))
                refused_cells += 1
            collections += [Collection(area.zone, categories[column].id, rule, out_by_min) for rule in rules]
    closures, changes, refused = _closures(files.get(CENTER), areas, collections, problems)
    problems += _left_out(files)
    counted = Counted(len(rows), refused_areas, cells, refused_cells, closures, refused)
    return Imported5374(areas, list(categories.values()), collections, changes, counted, problems)


def rules_of(cell: str) -> Iterator[Rule]:
    """Read the days of a cell, weekly ones and those of the month apart; nothing where any part is not understood."""
    text = unicodedata.normalize("NFKC", cell)
    if _PART.sub("", text).strip(" 、,・/"):
        return
    weekly: set[int] = set()
    monthly: dict[tuple[int, ...], set[int]] = {}
    dates: set[date] = set()
    for weekday, nth, day in _PART.findall(text):
        if day:
            found = _date(f"{day[:4]}/{day[4:6]}/{day[6:]}")
            if found is None:
                return
            dates.add(found)
        elif nth:
            monthly.setdefault((WEEKDAYS.index(weekday),), set()).update(map(int, nth))
        else:
            weekly.add(WEEKDAYS.index(weekday))
    if weekly:
        yield Rule(tuple(sorted(weekly)))
    together: dict[tuple[int, ...], list[int]] = {}
    for (weekday_number,), counts in monthly.items():
        together.setdefault(tuple(sorted(counts)), []).append(weekday_number)
    for nths, weekdays in together.items():
        yield Rule(tuple(sorted(weekdays)), nths)
    if dates:
        yield Rule(dates=tuple(sorted(dates)))


def _area_rows(data: bytes | None, problems: list[Problem]) -> tuple[list[Row], list[str]]:
    if data is None:
        problems.append(Problem(AREA_DAYS, "", "is missing", "name a folder of the 5374.jp form"))
        return [], []
    columns = _header(data)
    rows, wrong = read_table(data, AREA_DAYS, columns, (AREA, CENTRE))
    problems += wrong
    return rows, [column for column in columns if column and column not in (AREA, CENTRE)]


def _header(data: bytes) -> list[str]:
    """Name the columns: the kinds of waste are the city's own."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            lines = data.decode(encoding).splitlines()
        except UnicodeDecodeError:
            continue
        return [cell.strip().strip('"') for cell in (lines[0] if lines else "").split(",")]
    return []


def _categories(columns: Sequence[str], data: bytes | None, problems: list[Problem]) -> dict[str, Category]:
    rows, wrong = read_table(data, DESCRIPTION, DESCRIBED, ("label",)) if data is not None else ([], [])
    problems += wrong
    for row in rows:
        if row["label"] not in columns:
            what = f"{row['label']!r} is no column of {AREA_DAYS}"
            problems.append(Problem(DESCRIPTION, row.where, what, "left out: nobody collects it", warning=True))
    found: dict[str, Category] = {}
    taken: set[str] = set()
    for column in columns:
        name, pictogram = next(
            ((name, sign) for words, name, sign in _KNOWN if re.search(words, column)), ("category", "")
        )
        own = next(each for n in range(1, len(columns) + 2) if (each := name if n == 1 else f"{name}-{n}") not in taken)
        taken.add(own)
        found[column] = Category(own, {"ja": column}, pictogram)
    return found


def _closures(
    data: bytes | None, areas: Sequence[Area], collections: Sequence[Collection], problems: list[Problem]
) -> tuple[int, list[Change], int]:
    rows, wrong = read_table(data, CENTER, CLOSED, CLOSED) if data is not None else ([], [])
    problems += wrong
    changes: dict[tuple[date, str | None], Change] = {}
    refused = 0
    for row in rows:
        begins, ends = _date(row[CLOSED[1]]), _date(row[CLOSED[2]])
        zones = {area.zone for area in areas if area.centre == row[CLOSED[0]]}
        what = _wrong_closure(row, begins, ends, zones)
        if what or begins is None or ends is None:
            problems.append(Problem(CENTER, row.where, what, "left out"))
            refused += 1
            continue
        everywhere = len(zones) == len(areas)
        for day in (begins + timedelta(days=n) for n in range((ends - begins).days + 1)):
            hit = {each.zone for each in collections if each.zone in zones and each.rule.falls_on(day)}
            for zone in [None] if everywhere and hit else sorted(hit):
                changes[day, zone] = Change(day, zone, reasons={"ja": f"{row[CLOSED[0]]}の休止期間"})
    return len(rows), list(changes.values()), refused


def _wrong_closure(row: Row, begins: date | None, ends: date | None, zones: set[str]) -> str:
    if begins is None or ends is None:
        return f"{row[CLOSED[1]]!r} to {row[CLOSED[2]]!r}: no days"
    if not 0 <= (ends - begins).days < MOST_CLOSED_DAYS:
        return f"{begins} to {ends} is no span of up to a year"
    return "" if zones else f"no area has the centre {row[CLOSED[0]]!r}"


def _left_out(files: Mapping[str, bytes]) -> Iterator[Problem]:
    for name in LEFT_OUT:
        if name in files:
            rows = max(0, sum(bool(line.strip()) for line in files[name].splitlines()) - 1)
            what = f"its {rows} rows say what belongs to which waste, which Gomikuru does not keep"
            yield Problem(name, "", what, "left out: link to the city's own page", warning=True)


def _date(text: str) -> date | None:
    found = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", unicodedata.normalize("NFKC", text).strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def merged(categories: Sequence[Category]) -> str:
    """Write the categories as city.toml has them."""
    pieces = []
    for each in categories:
        names = ", ".join(f"{tag} = {msgspec.json.encode(name).decode()}" for tag, name in each.names.items())
        sign = f'pictogram = "{each.pictogram}"\n' if each.pictogram else ""
        pieces.append(f'[[categories]]\nid = "{each.id}"\nnames = {{ {names} }}\n{sign}')
    return "\n".join(pieces)
