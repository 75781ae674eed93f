"""The command `gomikuru calendar`: a year of collections as a table, or as iCalendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gomikuru.commands.inputs import CityDir, city_at, fail, misused
from model.city import City
from notifier.tongue import Tongue
from residents.calendar.plan import Plan

Zone = Annotated[str | None, typer.Option("--zone", help="Only this zone.")]
Year = Annotated[int | None, typer.Option("--year", min=1970, max=9998, help="Which year; the present one.")]
IcsFile = Annotated[Path | None, typer.Option("--ics", help="Write iCalendar to this file; needs --zone.")]
Language = Annotated[str | None, typer.Option("--lang", help="Language of the names; the city's.")]


def calendar(
    city: CityDir, zone: Zone = None, year: Year = None, ics: IcsFile = None, language: Language = None
) -> None:
    """Show what is collected where on which day of a year, exceptions included."""
    from gomikuru.clocks import machine_ms
    from model import times

    described = city_at(city)
    plan = _plan(city, described)
    if zone is not None and not plan.covers(zone):
        fail(f"calendar.csv has no zone {zone!r}; it has {', '.join(plan.zones) or 'none'}")
    chosen = year or times.local(machine_ms(), described.timezone).year
    if ics is None:
        _show(plan, described, [zone] if zone else list(plan.zones), chosen, language)
    elif zone is None:
        misused("--ics writes one zone's calendar: name it with --zone")
    else:
        _write(plan, described, zone, chosen, language, ics)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(calendar)


def _plan(folder: Path, city: City) -> Plan:
    from gomikuru.city_files import calendar_csv, errors, exceptions_csv, read_bytes
    from gomikuru.city_files.plan_files import read_plan

    lines, problems = read_bytes(folder, calendar_csv.FILE)
    changes, unread = read_bytes(folder, exceptions_csv.FILE)
    if lines is None and not problems:
        fail(f"{folder}: there is no {calendar_csv.FILE}")
    plan, wrong = read_plan(lines, changes, city.language)
    found = [*problems, *unread, *wrong]
    for problem in found:
        typer.echo(str(problem), err=True)
    return plan if plan is not None and not errors(found) else fail("mend what is listed above, or `gomikuru check`")


def _show(plan: Plan, city: City, zones: list[str], year: int, language: str | None) -> None:
    from gomikuru.commands.sheets import show
    from gomikuru.evaluation.tables import Sheet
    from notifier.adapters.catalogues import load_words

    tongue = load_words().tongue(language or city.language, city)
    sheets = []
    for zone in zones:
        head = ("day", "waste", "out by", "moved from", "why")
        rows = list(_rows(plan, zone, year, tongue))
        sheets.append(Sheet(f"{zone}, {year}", 5, head, rows))
    show(Console(), sheets)


def _rows(plan: Plan, zone: str, year: int, tongue: Tongue) -> Iterator[tuple[str, ...]]:
    from model.times import format_clock

    for day, due in plan.days(zone, date(year - 1, 12, 31), (date(year + 1, 1, 1) - date(year, 1, 1)).days):
        for each in due:
            clock = "" if each.out_by_min is None else format_clock(each.out_by_min)
            moved = tongue.day(each.note.moved_from) if each.note else ""
            why = (tongue.reason(each.note.reasons) or "") if each.note else ""
            yield tongue.day(day), tongue.category(each.category), clock, moved, why


def _write(plan: Plan, city: City, zone: str, year: int, language: str | None, path: Path) -> None:
    from notifier.adapters.catalogues import load_words
    from web.feeds import calendar_of

    tongue = load_words().tongue(language or city.language, city)
    try:
        path.write_bytes(calendar_of(plan, zone, city, tongue, date(year, 1, 1), date(year, 12, 31), zone))
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    typer.echo(f"wrote {path}")
