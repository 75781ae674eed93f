"""The command `gomikuru learn`: past days, from files or the archive, and timetables in; a profile and routes out."""

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
from gomikuru.city_files.routes_geojson import FILE as ROUTES_FILE
from gomikuru.clocks import machine_ms
from gomikuru.commands.inputs import CityDir, archive_dir, assignments_at, city_at, drawn_at, fail, misused, pings_of
from gomikuru.commands.several import SeveralFiles
from gomikuru.counted import counted
from gomikuru.learning.night import over
from gomikuru.learning.profile_file import Learned, Targets, learn_into, learned_from_pings
from gomikuru.pings_csv import BadPings
from model.city import City
from model.ping import Ping

PATIENCE = 15
"""How far a gentle learning stands back (nice)."""

PingFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--pings",
        help=f"A pings.csv, several, or a pattern such as 'days/*.csv'. Not needed where {ROUTES_FILE} has times.",
    ),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", help=f"Where to write the profile; without it {FILE} in the city's folder.")
]
RoutesFile = Annotated[
    Path | None,
    typer.Option(
        "--routes",
        help=f"Where to write the rounds that were learned; without it {ROUTES_FILE} in the city's folder, unless "
        "there is one.",
    ),
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
    routes: RoutesFile = None,
    archive: FromArchive = False,
    days: Days = None,
    before: Before = None,
    gently: Gently = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Learn from past days of pings, or from a timetable, where trucks work, in which order, how long it takes."""
    if pings and archive:
        misused("give the past days either with --pings or with --archive")
    if not archive and (days or before or config):
        misused("--days, --before and --config go with --archive")
    if gently:
        os.nice(PATIENCE)
    described, targets, drawn = city_at(city), _targets(city, out, routes), drawn_at(city, assignments_at(city))
    if not pings and not archive:
        _spare(targets.profile)
    first_open = _day(before) if before else over(machine_ms(), described)
    source: Iterable[Ping] = pings_of(pings or [], described.id)
    if archive:
        source = _archived(described, archive_dir(config), days or 35, first_open)
    try:
        learned = learn_into(targets, described, source, _tell, first_open if archive else None, drawn)
    except BadPings as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if as_json:
        typer.echo(msgspec.json.encode(learned).decode())
    if not learned.bytes:
        _too_little(learned.pings, bool(pings) or archive)
    _conclude(learned, targets, city)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(cls=SeveralFiles)(learn)


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


def _targets(city: Path, out: Path | None, routes: Path | None) -> Targets:
    if routes is not None and routes.exists():
        fail(f"{routes}: exists, and is not overwritten; name another file, or move it away")
    own = city / ROUTES_FILE
    wanted = routes or (None if own.exists() else own)
    return Targets(out or city / FILE, wanted, adopted=wanted == own)


def _spare(target: Path) -> None:
    """Let nobody lose what was learned from pings by naming none."""
    if learned_from_pings(target):
        fail(f"{target}: was learned from pings, which a timetable cannot replace; give --pings, or move the file away")


def _too_little(taken: int, pings: bool) -> None:
    if pings:
        fail(f"{counted(taken, 'ping')}: too few on any day to learn from; a day of one truck needs 30 at least")
    fail(f"nothing to learn from: give --pings, or put stops with scheduled_time into {ROUTES_FILE}")


def _conclude(learned: Learned, targets: Targets, city: Path) -> None:
    what = counted(learned.truck_days, "truck-day")
    what += f", the timetable of {counted(learned.planned, 'round')}" if learned.planned else ""
    size = f"{learned.bytes / 1000:.0f} kB"
    _tell(f"{targets.profile}: {what}, {counted(learned.places, 'place')}, {size}")
    if learned.rounds:
        _tell(f"{targets.routes}: {counted(learned.rounds, 'round')} as learned; look at them, rename them, mend them")
    elif learned.truck_days and targets.routes is None:
        _tell(f"{city / ROUTES_FILE}: is there already and stays; --routes FILE writes what was learned")
