"""The `gomikuru` program: the visible list of its commands. Exit codes: 0 well, 1 a problem found, 2 wrong usage."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import typer

COMMANDS = (
    "run",
    "simulate",
    "learn",
    "replay",
    "evaluate",
    "testbed",
    "subscriptions",
    "reports",
    "privacy",
    "trucks",
    "calendar",
    "import-5374",
    "check",
    "doctor",
    "line-cost",
    "quarantine",
    "dead-letters",
)
"""In the order of `--help`. Each is a module of gomikuru.commands that registers the command of its name."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gomikuru {version('gomikuru')}")
        raise typer.Exit


def _program(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


def program(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Make the program with some of its commands: what the others need is not loaded."""
    app = typer.Typer(
        name="gomikuru",
        help="Tells each household, in time and never in vain, that the garbage truck is about to reach it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_program)
    for name in names:
        import_module(f"gomikuru.commands.{name.replace('-', '_')}").register(app)
    return app


def main() -> None:
    """Run the program; the entry point of the distribution. Only the command that is asked for is loaded."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    program(asked or COMMANDS)()
