"""The command `gomikuru import-5374`: a calendar in the form of 5374.jp becomes the files of a city."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gomikuru.city_files import calendar_csv, exceptions_csv
from gomikuru.city_files.form_5374 import Imported5374, import_5374, merged
from gomikuru.city_files.hours import minutes_of
from gomikuru.commands.inputs import fail, misused
from gomikuru.counted import counted
from residents.calendar.rules import words_of

PLACES, FRAGMENT = "places.csv", "categories.toml"

Source = Annotated[Path, typer.Option("--from", help="Folder with area_days.csv, center.csv and description.csv.")]
CityDir = Annotated[Path, typer.Option("--city", help="Folder of the city; made where it is not there.")]
OutBy = Annotated[str | None, typer.Option("--out-by", help="The time by which bags must be out, 08:30; none.")]


def import_5374_command(source: Source, city: CityDir, out_by: OutBy = None) -> None:
    """Make calendar.csv, exceptions.csv, places.csv and the categories of city.toml from a 5374.jp calendar.

    Every area and every cell comes through, or is named with the reason. Nothing that exists is overwritten.
    """
    minutes = minutes_of(out_by) if out_by else None
    if out_by and minutes is None:
        misused(f"--out-by: {out_by!r} is no time of day; write it as 08:30")
    if not source.is_dir():
        fail(f"{source}: there is no such folder")
    found = import_5374({path.name: path.read_bytes() for path in source.glob("*.csv")}, minutes)
    for problem in found.problems:
        typer.echo(f"{'warning' if problem.warning else 'error'}: {problem}", err=True)
    if not found.areas:
        fail("nothing was imported")
    texts = _texts(found, out_by or "")
    taken = [name for name in texts if (city / name).exists()]
    if taken:
        fail(f"{city}: {', '.join(taken)} exist, and are not overwritten; move them away")
    city.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (city / name).write_text(text, encoding="utf-8")
    _conclude(found, city)
    if any(not problem.warning for problem in found.problems):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("import-5374")(import_5374_command)


def _texts(found: Imported5374, out_by: str) -> dict[str, str]:
    lines = [(each.zone, each.category, words_of(each.rule), out_by) for each in found.collections]
    every, cancelled = exceptions_csv.EVERY, exceptions_csv.CANCELLED
    changes = [
        (each.day.isoformat(), each.zone or every, each.category or every, cancelled, each.reasons["ja"])
        for each in found.changes
    ]
    places = [(area.zone, "zone", area.zone, area.name, "", "", "", "") for area in found.areas]
    return {
        calendar_csv.FILE: _table(calendar_csv.COLUMNS, lines),
        exceptions_csv.FILE: _table(exceptions_csv.COLUMNS, changes),
        PLACES: _table(("zone", "kind", "id", "name", "kana", "lat", "lon", "also"), places),
        FRAGMENT: merged(found.categories),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _conclude(found: Imported5374, city: Path) -> None:
    n = found.counted
    typer.echo(
        f"{counted(n.areas, 'area')}: {n.areas - n.refused_areas} came through, {n.refused_areas} refused; "
        f"{counted(n.cells, 'cell')}: {n.cells - n.refused_cells} became {counted(len(found.collections), 'line')} of "
        f"{calendar_csv.FILE}, {n.refused_cells} refused; {counted(n.closures, 'closure')}: "
        f"{n.closures - n.refused_closures} became {counted(len(found.changes), 'line')} of {exceptions_csv.FILE}, "
        f"{n.refused_closures} refused"
    )
    typer.echo(
        f"wrote {city}: put {FRAGMENT} into city.toml, draw a zone for each area in zones.geojson with the ids of "
        f"{PLACES} (area-1, ...), then `gomikuru check --city {city}`"
    )
