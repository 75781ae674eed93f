"""The command `gomikuru dead-letters`: alerts that were given up, to be read, sent again, or dropped."""

from __future__ import annotations

import contextlib
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gomikuru.counted import counted
from gomikuru.served import NoSuchCity, city_named
from gomikuru.settings_sources import SettingsError
from model.times import format_rfc3339
from streams.ports import StoreFault, StoreUnavailable

if TYPE_CHECKING:
    from notifier.dead_letters import DeadLetter
    from streams.ports import OrderedLog
    from streams.redis_streams import RedisStore

City = Annotated[str, typer.Option("--city", help="The city's id, as in its city.toml.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    RESEND = "resend"
    DROP = "drop"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("dead-letters")(dead_letters)


def dead_letters(
    city: City,
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    ids: Annotated[list[str] | None, typer.Argument(help="Dead letters, by the id that `list` shows.")] = None,
    config: Config = None,
) -> None:
    """Show the alerts that could not be sent; `resend ID...` puts them back in the queue, `drop ID...` forgets them.

    An alert that is no longer useful is not sent late, also when it is put back: the notifier counts it as expired.
    """
    from gomikuru.embedded import EmbeddedFailed

    if (action is Action.LIST) == bool(ids):
        raise typer.BadParameter("give the ids of dead letters with `resend` and `drop`, and none with `list`")
    try:
        with _opened(config, city) as store:
            code = _list(store, city) if action is Action.LIST else _act(store, city, action, ids or [])
    except (SettingsError, NoSuchCity, StoreUnavailable, StoreFault, EmbeddedFailed) as error:
        typer.echo(str(error), err=True)
        code = 1
    raise typer.Exit(code)


def _opened(config: Path | None, city: str) -> contextlib.closing[RedisStore]:
    from gomikuru import settings, wiring

    loaded = settings.load(config, os.environ)
    city_named(loaded.cities_dir, city)
    return contextlib.closing(wiring.open_store(loaded))


def _list(store: OrderedLog, city: str) -> int:
    from notifier.dead_letters import letters

    count = 0
    for letter in letters(store, city):
        if not count:
            typer.echo("id  alert  tries: why it was given up")
        count += 1
        typer.echo(line(letter))
    typer.echo(f"{counted(count, 'dead letter')} in {city}", err=True)
    return 0


def _act(store: OrderedLog, city: str, action: Action, ids: list[str]) -> int:
    from notifier import dead_letters as desk

    missing = 0
    for letter_id in ids:
        try:
            letter = (desk.resend if action is Action.RESEND else desk.drop)(store, city, letter_id)
        except desk.NoSuchLetter as error:
            typer.echo(f"{error}; `gomikuru dead-letters --city {city}` shows those that there are", err=True)
            missing += 1
            continue
        typer.echo(f"{'put back' if action is Action.RESEND else 'dropped'}: {line(letter)}")
    return 1 if missing else 0


def line(letter: DeadLetter) -> str:
    """Put a dead letter on one line: what it is, why it died, until when it was useful."""
    alert = letter.alert
    what = f"{counted(len(letter.data), 'byte')} that are no alert"
    if alert is not None:
        what = f"{alert.kind.value} {alert.id} run {alert.run} useful until {format_rfc3339(alert.useful_until_ms)}"
    return f"{letter.id}  {what}  tries {letter.tries}: {letter.why}"
