"""The command `gomikuru check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gomikuru.counted import counted
from model.problem import Problem


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("check")(check)


def check(
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings file to check, over the shipped defaults.")
    ] = None,
    city: Annotated[
        list[Path] | None,
        typer.Option("--city", help="A city's folder; repeat it. Default: every city of the settings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at the settings and at every city file, and list all problems at once.

    Ends with 1 when there is an error; warnings alone end with 0.
    """
    from gomikuru.check import check_cities, check_settings, folders_in

    settings, problems = check_settings(config, os.environ)
    folders = city or (folders_in(settings.cities_dir) if settings else [])
    if settings and not folders:
        what = f"no city in {settings.cities_dir}"
        problems.append(Problem("settings", "cities_dir", what, "every city is a folder with a city.toml"))
    problems += check_cities(folders)
    _show(problems, [str(folder) for folder in folders], as_json)
    if any(not problem.warning for problem in problems):
        raise typer.Exit(1)


def _show(problems: list[Problem], folders: list[str], as_json: bool) -> None:
    wrong = sum(not problem.warning for problem in problems)
    if as_json:
        listed = [
            {"level": "warning" if each.warning else "error", "file": each.file, "where": each.where}
            | {"what": each.what, "remedy": each.remedy}
            for each in problems
        ]
        found = {"cities": folders, "errors": wrong, "warnings": len(problems) - wrong, "problems": listed}
        typer.echo(msgspec.json.encode(found).decode())
        return
    console = Console()
    if problems and console.is_terminal:
        console.print(_table(problems))
    else:
        for problem in problems:
            typer.echo(f"{'warning' if problem.warning else 'error'}: {problem}")
    names, mild = ", ".join(folders) or "no city", len(problems) - wrong
    typer.echo(f"checked the settings and {names}: {counted(wrong, 'error')}, {counted(mild, 'warning')}")


def _table(problems: list[Problem]) -> Table:
    table = Table("", "file", "where", "what is wrong", "what to do", show_lines=True)
    for each in problems:
        level = Text("warning", "yellow") if each.warning else Text("error", "bold red")
        table.add_row(level, *(Text(text) for text in (each.file, each.where, each.what, each.remedy)))
    return table
