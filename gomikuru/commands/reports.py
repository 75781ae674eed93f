"""The command `gomikuru reports`: what residents said was not collected."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gomikuru.commands.inputs import fail
from gomikuru.counted import counted
from gomikuru.served import NoSuchCity, city_named
from model.report import NotCollected, decode_report
from model.times import format_rfc3339
from streams import keys
from streams.ports import START, OrderedLog, StoreFault, StoreUnavailable

PAGE = 1000


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("reports")(reports)


def reports(
    city: Annotated[str, typer.Option("--city", help="The city's id, as in its city.toml.")],
    day: Annotated[str | None, typer.Option("--day", help="Only reports about this day: 2026-11-23.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a report.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")] = None,
) -> None:
    """Show what residents reported as not collected: how many by day, zone and kind of waste. It names nobody."""
    from gomikuru.embedded import EmbeddedFailed
    from gomikuru.settings import SettingsError, load
    from gomikuru.wiring import open_store

    try:
        settings = load(config, os.environ)
        city_named(settings.cities_dir, city)
        with contextlib.closing(open_store(settings)) as store:
            found = [each for each in kept(store, city) if day in (None, each.day)]
    except (SettingsError, NoSuchCity, StoreUnavailable, StoreFault, EmbeddedFailed) as error:
        fail(str(error))
    for text in map(as_object, found) if as_json else summary(found):
        typer.echo(text)
    if not as_json:
        typer.echo(f"{counted(len(found), 'report')} of {city}", err=True)


def kept(store: OrderedLog, city: str) -> Iterator[NotCollected]:
    """Read what is kept of a city's reports, oldest first."""
    after = START
    while entries := store.read(keys.reports(city), after, PAGE, 0):
        after = entries[-1].id
        for entry in entries:
            with contextlib.suppress(msgspec.DecodeError):
                yield decode_report(entry.data)


def summary(found: list[NotCollected]) -> list[str]:
    """Count reports by day, zone and category, a tab between the columns."""
    counts = Counter((each.day, each.zone or "-", each.category) for each in found)
    return ["\t".join((*what, str(count))) for what, count in sorted(counts.items())]


def as_object(report: NotCollected) -> str:
    """Write a report as a line of JSON."""
    fields = msgspec.structs.asdict(report)
    return msgspec.json.encode({"at": format_rfc3339(fields.pop("at_ms")), **fields}).decode()
