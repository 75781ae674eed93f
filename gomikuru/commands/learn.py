"""The command `gomikuru learn`: past days of pings in, from files or from the archive, and a profile out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from geofence.forecast.profile import FILE
from gomikuru.archive.reading import Archive
from gomikuru.clocks import machine_ms
from gomikuru.commands.inputs import CityDir, archive_dir, city_at, fail, misused, pings_of
from gomikuru.counted import counted
from gomikuru.learning.night import over
from gomikuru.learning.profile_file import Learned, learn_into
from gomikuru.pings_csv import BadPings
from model.city import City
from model.ping import Ping

PATIENCE = 15
"""How far a gentle learning stands back (nice)."""

PingFiles = Annotated[
    list[str] | None, typer.Option("--pings", help="A pings.csv, or a pattern such as 'days/*.csv'; repeatable.")
]
OutFile = Annotated[
    Path | None, typer.Option("--out", help=f"Where to write the profile; without it {FILE} in the city's folder.")
]
FromArchive = Annotated[bool, typer.Option("--archive", help="Learn from the city's archive, as every night.")]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help="With --archive: from so many of the newest days (35).")
]
Before = Annotated[
    str | None,
    typer.Option(
        "--before", metavar="DAY", help="With --archive: from days before this one; else from all that are over."
    ),
]
Gently = Annotated[bool, typer.Option("--gently", help="Stand back behind whatever else the machine does.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was learned as one JSON object.")]
Config = Annotated[Path | None, typer.Option("--config", help="With --archive: settings file, over the defaults.")]


def learn(
    city: CityDir,
    pings: PingFiles = None,
    out: OutFile = None,
    archive: FromArchive = False,
    days: Days = None,
    before: Before = None,
    gently: Gently = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Learn from past days of pings where trucks work, in which order, and how long it takes."""
    if bool(pings) is archive:
        misused("give the past days, either with --pings or with --archive")
    if not archive and (days or before or config):
        misused("--days, --before and --config go with --archive")
    if gently:
        os.nice(PATIENCE)
    described = city_at(city)
    target = out or city / FILE
    first_open = _day(before) if before else over(machine_ms(), described)
    source = (
        _archived(described, archive_dir(config), days or 35, first_open)
        if archive
        else pings_of(pings or [], described.id)
    )
    try:
        learned = learn_into(target, described, source, _tell, first_open if archive else None)
    except BadPings as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if as_json:
        typer.echo(msgspec.json.encode(learned).decode())
    _conclude(learned, target)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(learn)


def _archived(city: City, root: Path, days: int, before: date) -> Iterable[Ping]:
    """Read the newest days of the archive; the last file holds what came late of the days before."""
    kept = Archive(root, city.id)
    newest = [day for day in kept.days() if day <= before][-(days + 1) :]
    return kept.pings(newest[0], newest[-1]) if newest else ()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        misused(f"--before: {text!r} is no day; write it as 2026-11-24")


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _conclude(learned: Learned, target: Path) -> None:
    if not learned.truck_days:
        told = counted(learned.pings, "ping")
        fail(f"{told}: too few on any day to learn from; a day of one truck needs 30 at least")
    size = f"{learned.bytes / 1000:.0f} kB"
    _tell(f"{target}: {counted(learned.truck_days, 'truck-day')}, {counted(learned.places, 'place')}, {size}")
