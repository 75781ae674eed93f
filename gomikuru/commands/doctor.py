"""The command `gomikuru doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from gomikuru.doctor import Finding

COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor")(doctor)


def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Only this part (machine, store, broker, fcm, webpush, line, email, public, learning); repeat it.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell whether broker, store and channels can be reached and keep what they acknowledge, and what to do if not.

    Sends nothing to anybody and changes nothing. Ends with 1 when something does not work.
    """
    from gomikuru.doctor import PARTS, examine
    from gomikuru.settings import SettingsError, load

    unknown = set(only or ()) - PARTS.keys()
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(PARTS)}", param_hint="--only")
    try:
        settings = load(config, os.environ)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    found = list(examine(settings, _filters(settings.cities_dir), only or tuple(PARTS)))
    if as_json:
        typer.echo(_json(found))
    else:
        _show(found)
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)


def _filters(cities_dir: Path) -> list[str]:
    """List the topics that ingest would read; broken city files are the affair of `gomikuru check`."""
    from gomikuru.city_files import load_cities
    from ingest.decode import filters
    from ingest.directory import Directory, DirectoryConflict

    cities, _ = load_cities(cities_dir)
    try:
        return filters(Directory.of(folder.city for folder in cities))
    except DirectoryConflict:
        return filters(Directory.of(()))


def _json(found: Iterable[Finding]) -> str:
    listed = [msgspec.structs.asdict(finding) for finding in found]
    wrong = {level: sum(item["level"] == level for item in listed) for level in ("error", "warning")}
    return msgspec.json.encode({"errors": wrong["error"], "warnings": wrong["warning"], "findings": listed}).decode()


def _show(found: list[Finding]) -> None:
    console = Console()
    if not console.is_terminal:
        for finding in found:
            remedy = f"; {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{finding.level}: {finding.part}: {finding.what}{remedy}")
        return
    table = Table("", "part", "found", "what to do")
    for finding in found:
        level = Text(finding.level, COLOURS[finding.level])
        table.add_row(level, finding.part, Text(finding.what), Text(finding.remedy))
    console.print(table)
