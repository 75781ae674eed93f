"""What `gomikuru evaluate` reads and writes: files and patterns, with the name of the file in every error."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import typer

from gomikuru.commands.inputs import fail
from gomikuru.residents_csv import read_residents
from residents.wish import Wish

T = TypeVar("T")


def each_file(patterns: list[str], read: Callable[[str, Iterable[str]], T]) -> Iterator[T]:
    """Read every file of some patterns; a file is open until the next one is asked for."""
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) or fail(f"{pattern}: no such file")  # noqa: PTH207 - patterns may be absolute
        for name in names:
            try:
                with Path(name).open(encoding="utf-8-sig", newline="") as lines:
                    yield read(name, lines)
            except OSError as error:
                fail(f"{name}: {error.strerror}")


def wishes_in(path: Path) -> list[Wish]:
    """Read a residents.csv; end the program where it is broken."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            read = read_residents(lines)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path}: not UTF-8; save it as UTF-8")
    for problem in read.problems:
        typer.echo(f"{path}: {problem}", err=True)
    return read.wishes if not read.problems else fail(f"{path} is broken; mend what is listed above")


def write_file(path: Path, data: bytes) -> None:
    """Write a file, or to the terminal where the path is -."""
    if str(path) == "-":
        typer.echo(data, nl=False)
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
