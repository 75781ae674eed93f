"""The `gomikuru` program: the visible list of its commands. Exit codes: 0 well, 1 a problem found, 2 wrong usage."""

from __future__ import annotations

from importlib.metadata import version

import typer

from gomikuru.commands import (
    check,
    dead_letters,
    doctor,
    evaluate,
    learn,
    line_cost,
    privacy,
    quarantine,
    replay,
    reports,
    run,
    simulate,
    subscriptions,
    testbed,
    trucks,
)

COMMANDS = (
    run,
    simulate,
    learn,
    replay,
    evaluate,
    testbed,
    subscriptions,
    reports,
    privacy,
    trucks,
    check,
    doctor,
    line_cost,
    quarantine,
    dead_letters,
)

app = typer.Typer(
    name="gomikuru",
    help="Tells each household, in time and never in vain, that the garbage truck is about to reach it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gomikuru {version('gomikuru')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


for _command in COMMANDS:
    _command.register(app)


def main() -> None:
    """Run the program; the entry point of the distribution."""
    app()
