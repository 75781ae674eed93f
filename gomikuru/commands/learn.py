"""The command `gomikuru learn`: past days of pings in, a profile and, where there were none, routes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geofence.forecast.learn import learn as learn_profile
from geofence.forecast.profile import FILE, encode_profile
from geofence.forecast.recorded import Recording
from gomikuru.commands.inputs import CityDir, PingFiles, city_at, fail, pings_of
from gomikuru.counted import counted
from gomikuru.pings_csv import BadPings

OutFile = Annotated[
    Path | None, typer.Option("--out", help=f"Where to write the profile; without it {FILE} in the city's folder.")
]


def learn(city: CityDir, pings: PingFiles, out: OutFile = None) -> None:
    """Learn from past days of pings where trucks work, in which order, and how long it takes."""
    described = city_at(city)
    recording = Recording(described)
    try:
        taken = recording.add(pings_of(pings, described.id))
    except BadPings as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    days = recording.days()
    if not days:
        fail(f"{counted(taken, 'ping')}: too few on any day to learn from; a day of one truck needs 30 at least")
    profile = learn_profile(days, recording.stretch(), told=lambda text: typer.echo(text, err=True))
    target = out or city / FILE
    data = encode_profile(profile)
    half = target.with_suffix(".half")
    half.write_bytes(data)
    half.replace(target)
    size = f"{len(data) / 1000:.0f} kB"
    typer.echo(
        f"{target}: {counted(len(days), 'truck-day')}, {counted(len(profile.place_x), 'place')}, {size}", err=True
    )


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(learn)
