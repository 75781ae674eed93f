"""What the offline commands read: a city's folder and recorded pings, with the same options and the same errors."""

from __future__ import annotations

import glob
import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, NoReturn, TextIO, TypeVar

import typer

from geofence.assignments import FILE as ASSIGNMENTS_FILE
from geofence.assignments import Assignments, read_assignments
from gomikuru.city_files import errors, load_city
from gomikuru.city_files.routes_geojson import FILE as ROUTES_FILE
from gomikuru.city_files.routes_geojson import read_routes
from gomikuru.learning.drawn import Drawn
from gomikuru.pings_csv import BadPings, read_pings
from gomikuru.settings import Settings, SettingsError, load
from model.city import City
from model.ping import Ping
from model.problem import Problem

T = TypeVar("T")

CityDir = Annotated[
    Path, typer.Option("--city", help="Folder of the city; city.toml with id, name, timezone is enough.")
]
PingFiles = Annotated[
    list[str], typer.Option("--pings", help="A pings.csv, several, or a pattern such as 'days/*.csv'.")
]


def city_at(folder: Path) -> City:
    """Read a city's files; end the program where they cannot be used."""
    city, problems = load_city(folder)
    for problem in problems:
        typer.echo(str(problem), err=True)
    return city or fail(f"{folder} is no city that can be replayed; mend what is listed above")


def assignments_at(folder: Path) -> tuple[bytes, Assignments] | None:
    """Read who is assigned to which route, where that is said; end the program where it is broken."""
    return checked(folder / ASSIGNMENTS_FILE, read_assignments)


def drawn_at(folder: Path, assigned: tuple[bytes, Assignments] | None) -> Drawn:
    """Read the routes that people drew; end the program where they are broken."""
    routes = checked(folder / ROUTES_FILE, read_routes)
    return Drawn(routes[1] if routes else (), assigned[1] if assigned else Assignments())


def checked(path: Path, read: Callable[[bytes], tuple[T, list[Problem]]]) -> tuple[bytes, T] | None:
    """Read a file of the city that may be absent: its bytes and what they say; end the program where it is broken.

    What is worth a look is said too, and stops nothing.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    said, problems = read(data)
    for problem in problems:
        typer.echo(str(problem), err=True)
    return (
        (data, said)
        if not errors(problems)
        else fail(f"{path} is broken; mend what is listed above, or `gomikuru check`")
    )


def pings_of(patterns: list[str], city: str) -> Iterator[Ping]:
    """Read the pings of files and patterns, lazily; raise BadPings or OSError."""
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) or fail(f"{pattern}: no such file")  # noqa: PTH207 - patterns may be absolute
        for name in names:
            try:
                with _opened(Path(name)) as lines:
                    yield from read_pings(name, lines, city)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BadPings(f"{name}: damaged: {error}") from error


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def settings_of(config: Path | None) -> Settings:
    """Read the settings; end the program where they cannot be used."""
    try:
        return load(config, os.environ)
    except SettingsError as error:
        fail(str(error))


def archive_dir(config: Path | None) -> Path:
    """Tell where the archive is."""
    return settings_of(config).archive.dir


def misused(text: str) -> NoReturn:
    """Say what is wrong with the options, and end with exit code 2."""
    typer.echo(text, err=True)
    raise typer.Exit(2)


def fail(text: str) -> NoReturn:
    """Say what is wrong, and end with exit code 1."""
    typer.echo(text, err=True)
    raise typer.Exit(1)
