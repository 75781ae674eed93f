"""The command `gomikuru replay`: recorded pings in, the alerts that residents would have got out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from geofence.files import FILE as ZONES_FILE
from geofence.files import read_zones
from geofence.forecast.profile import FILE as PROFILE_FILE
from geofence.forecast.profile import BadProfile, Profile, decode_profile
from gomikuru.commands.inputs import CityDir, PingFiles, assignments_at, checked, city_at, drawn_at, fail, pings_of
from gomikuru.commands.several import SeveralFiles
from gomikuru.counted import counted
from gomikuru.learning.offline import Nights
from gomikuru.pings_csv import BadPings
from gomikuru.predictions import HEADER, Predictions, prediction_line
from gomikuru.replay import Twin, alert_line, homes_of
from gomikuru.residents_csv import read_residents
from model.subscription import MinutesLead
from residents.wish import Wish

ResidentsFile = Annotated[Path, typer.Option("--residents", help="A residents.csv: whom to tell.")]
OutFile = Annotated[Path, typer.Option("--out", help="Where to write alerts.jsonl; - is the terminal.")]


PredictionsFile = Annotated[
    Path | None, typer.Option("--predictions", help="Where to write predictions.csv: what was foretold, every 30 s.")
]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help=f"A learned profile; without it {PROFILE_FILE} in the city's folder.")
]
Learning = Annotated[
    bool, typer.Option("--learning/--no-learning", help="Learn each night from the days played, as the service does.")
]


def replay(
    city: CityDir,
    pings: PingFiles,
    residents: ResidentsFile,
    out: OutFile,
    predictions: PredictionsFile = None,
    profile: ProfileFile = None,
    learning: Learning = True,
) -> None:
    """Play recorded pings through the engine, without servers and faster than real time."""
    described = city_at(city)
    assigned = assignments_at(city)
    learned = _profile(profile or city / PROFILE_FILE, must=profile is not None)
    nights = None
    if learned is not None and learning:
        nights = Nights(described, learned[1], drawn_at(city, assigned))
    twin = Twin(described, nights=nights)
    if zones := checked(city / ZONES_FILE, read_zones):
        twin.zones(zones[0], 0)
    if assigned:
        twin.assignments(assigned[0], 0)
    if learned is not None:
        twin.profile(learned[0], 0)
    homes = homes_of(_wishes(residents, learned is not None))
    twin.homes(homes, 0)
    recorded = pings_of(pings, described.id)
    try:
        if predictions is None:
            _write(out, map(alert_line, twin.play(recorded)))
        else:
            with predictions.open("w", encoding="utf-8", newline="") as file:
                file.write(HEADER + "\n")
                foretold = twin.play_foretelling(
                    recorded, Predictions(homes), lambda row: file.write(prediction_line(row) + "\n")
                )
                _write(out, map(alert_line, foretold))
    except BadPings as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    _summary(twin)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(cls=SeveralFiles)(replay)


def _profile(path: Path, must: bool) -> tuple[bytes, Profile] | None:
    if not must and not path.exists():
        return None
    try:
        data = path.read_bytes()
        return data, decode_profile(data)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except BadProfile as error:
        fail(f"{path}: {error}")


def _wishes(path: Path, learned: bool) -> list[Wish]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            read = read_residents(lines)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    for problem in read.problems:
        typer.echo(f"{path}: {problem}", err=True)
    if read.problems:
        fail(f"{path} is broken; mend what is listed above")
    minutes = sum(isinstance(wish.lead, MinutesLead) for wish in read.wishes)
    if minutes and not learned:
        who = f"{counted(minutes, 'resident')} with a lead in minutes"
        typer.echo(
            f"{path}: {who}: nobody is told, since there is no profile; make one with `gomikuru learn`", err=True
        )
    return read.wishes


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
