"""The command `gomikuru dead-letters`: alerts that were given up, to be read, sent again, or dropped.

With --events: the events that the engine could not take, which nobody can send again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gomikuru.counted import counted
from gomikuru.served import NoSuchCity, city_named
from gomikuru.settings_sources import SettingsError
from model.ping import Ping
from model.times import format_rfc3339
from streams.ports import StoreFault, StoreUnavailable

if TYPE_CHECKING:
    from geofence.aside import SetAside
    from notifier.dead_letters import DeadLetter
    from streams.ports import OrderedLog
    from streams.redis_streams import RedisStore

City = Annotated[str, typer.Option("--city", help="The city's id, as in its city.toml.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]
Events = Annotated[
    bool,
    typer.Option("--events", help="Instead of alerts: events that the engine could not take, to list or drop."),
]


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
    events: Events = False,
    config: Config = None,
) -> None:
    """Show the alerts that could not be sent; `resend ID...` puts them back in the queue, `drop ID...` forgets them.

    An alert that is no longer useful is not sent late, also when it is put back: the notifier counts it as expired.
    """
    from gomikuru.embedded import EmbeddedFailed

    if (action is Action.LIST) == bool(ids):
        raise typer.BadParameter("give the ids of dead letters with `resend` and `drop`, and none with `list`")
    if events and action is Action.RESEND:
        raise typer.BadParameter("an event that the engine could not take is not sent again; `list` or `drop`")
    try:
        with _opened(config, city) as store:
            if action is Action.LIST:
                code = _list_events(store, city) if events else _list(store, city)
            else:
                code = _act(store, city, action, ids or [], events)
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

    count = _print("id  alert  tries: why it was given up", map(line, letters(store, city)))
    typer.echo(f"{counted(count, 'dead letter')} in {city}", err=True)
    return 0


def _list_events(store: OrderedLog, city: str) -> int:
    from geofence.aside import events_aside

    count = _print("id  event: why it was set aside", map(event_line, events_aside(store, city)))
    typer.echo(f"{counted(count, 'event')} set aside in {city}", err=True)
    return 0


def _print(head: str, lines: Iterable[str]) -> int:
    count = 0
    for count, text in enumerate(lines, 1):
        if count == 1:
            typer.echo(head)
        typer.echo(text)
    return count


def _act(store: OrderedLog, city: str, action: Action, ids: list[str], events: bool) -> int:
    from geofence.aside import NoSuchEvent
    from notifier.dead_letters import NoSuchLetter

    missing = 0
    for each in ids:
        try:
            typer.echo(_dropped_event(store, city, each) if events else _treated(store, city, action, each))
        except (NoSuchLetter, NoSuchEvent) as error:
            which = " --events" if events else ""
            typer.echo(f"{error}; `gomikuru dead-letters{which} --city {city}` shows those that there are", err=True)
            missing += 1
    return 1 if missing else 0


def _treated(store: OrderedLog, city: str, action: Action, letter_id: str) -> str:
    from notifier import dead_letters as desk

    if action is Action.RESEND:
        return f"put back: {line(desk.resend(store, city, letter_id))}"
    return f"dropped: {line(desk.drop(store, city, letter_id))}"


def _dropped_event(store: OrderedLog, city: str, aside_id: str) -> str:
    from geofence import aside

    return f"dropped: {event_line(aside.drop(store, city, aside_id))}"


def line(letter: DeadLetter) -> str:
    """Put a dead letter on one line: what it is, why it died, until when it was useful."""
    alert = letter.alert
    what = f"{counted(len(letter.data), 'byte')} that are no alert"
    if alert is not None:
        what = f"{alert.kind.value} {alert.id} run {alert.run} useful until {format_rfc3339(alert.useful_until_ms)}"
    return f"{letter.id}  {what}  tries {letter.tries}: {letter.why}"


def event_line(kept: SetAside) -> str:
    """Put an event on one line: what it is, never where a truck or a home was, and why it was set aside."""
    event = kept.event
    if event is None:
        what = f"{counted(len(kept.data), 'byte')} that are no event"
    elif isinstance(event, Ping):
        what = f"ping {event.id} received {format_rfc3339(event.received_ms)}"
    else:
        what = f"{type(event).__name__} at {format_rfc3339(event.at_ms)}"
    return f"{kept.id}  {what}: {kept.why}"
