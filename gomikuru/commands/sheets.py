"""Prints tables: fitted to a terminal, aligned text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gomikuru.evaluation.tables import Sheet, plain


def show(console: Console, sheets: Iterable[Sheet]) -> None:
    """Print tables."""
    for sheet in sheets:
        if console.is_terminal:
            for part in sheet.fitted(console.width):
                console.print(_table(part))
        else:
            typer.echo(plain(sheet) + "\n")


def _table(sheet: Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", title_style="bold")
    for k, column in enumerate(sheet.head):
        table.add_column(column, justify="left" if k < sheet.names else "right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
