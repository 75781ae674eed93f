"""The command `gomikuru replay`: recorded pings in, the alerts that residents would have got out."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from geofence.files import FILE as ZONES_FILE
from geofence.files import read_zones
from gomikuru.city_files import load_city
from gomikuru.counted import counted
from gomikuru.pings_csv import BadPings, read_pings
from gomikuru.replay import Twin, alert_line, homes_of
from gomikuru.residents_csv import read_residents
from model.city import City
from model.ping import Ping
from model.subscription import MinutesLead
from residents.wish import Wish

CityDir = Annotated[
    Path, typer.Option("--city", help="Folder of the city; city.toml with id, name, timezone is enough.")
]
PingFiles = Annotated[
    list[str], typer.Option("--pings", help="A pings.csv, or a pattern such as 'days/*.csv'; repeatable.")
]
ResidentsFile = Annotated[Path, typer.Option("--residents", help="A residents.csv: whom to tell.")]
OutFile = Annotated[Path, typer.Option("--out", help="Where to write alerts.jsonl; - is the terminal.")]


def replay(city: CityDir, pings: PingFiles, residents: ResidentsFile, out: OutFile) -> None:
    """Play recorded pings through the engine, without servers and faster than real time."""
    described = _city(city)
    twin = Twin(described)
    zones = _zones(city)
    if zones is not None:
        twin.zones(zones, 0)
    twin.homes(homes_of(_wishes(residents)), 0)
    try:
        lines = (alert_line(alert) for alert in twin.play(_pings(pings, described.id)))
        _write(out, lines)
    except BadPings as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")
    _summary(twin)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(replay)


def _city(folder: Path) -> City:
    city, problems = load_city(folder)
    for problem in problems:
        typer.echo(str(problem), err=True)
    return city or _fail(f"{folder} is no city that can be replayed; mend what is listed above")


def _zones(folder: Path) -> bytes | None:
    path = folder / ZONES_FILE
    if not path.exists():
        return None
    data = path.read_bytes()
    _, problems = read_zones(data)
    for problem in problems:
        typer.echo(str(problem), err=True)
    return data if not problems else _fail(f"{path} is broken; mend what is listed above, or `gomikuru check`")


def _wishes(path: Path) -> list[Wish]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            read = read_residents(lines)
    except OSError as error:
        _fail(f"{path}: {error.strerror}")
    for problem in read.problems:
        typer.echo(f"{path}: {problem}", err=True)
    if read.problems:
        _fail(f"{path} is broken; mend what is listed above")
    minutes = sum(isinstance(wish.lead, MinutesLead) for wish in read.wishes)
    if minutes:
        who = f"{counted(minutes, 'resident')} with a lead in minutes"
        typer.echo(f"{path}: {who}: this version does not decide these", err=True)
    return read.wishes


def _pings(patterns: list[str], city: str) -> Iterator[Ping]:
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) or _fail(f"{pattern}: no such file")  # noqa: PTH207 - patterns may be absolute
        for name in names:
            with Path(name).open(encoding="utf-8-sig", newline="") as lines:
                yield from read_pings(name, lines, city)


def _write(out: Path, lines: Iterator[bytes]) -> None:
    if str(out) == "-":
        for line in lines:
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()
        return
    with out.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)


def _summary(twin: Twin) -> None:
    tally = twin.tally
    for title, counter in (("pings", tally.verdicts), ("refused", tally.rejected), ("alerts", tally.alerts)):
        parts = ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"
        typer.echo(f"{title}: {parts}", err=True)


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
