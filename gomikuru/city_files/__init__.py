"""A city's folder, read from disk: city.toml and trucks.csv into model.City. All problems at once, never an exception.

The readers of each file are pure (bytes in, values and problems out) and stand beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from gomikuru.city_files import city_toml, trucks_csv
from gomikuru.city_files.collisions import between_cities
from gomikuru.city_files.problem import errors
from model.city import City
from model.problem import Problem

__all__ = ["CityFolder", "Problem", "errors", "load_cities", "load_city", "read_bytes"]


class CityFolder(NamedTuple):
    """A city that can be served, and the folder with its other files."""

    city: City
    folder: Path


def read_bytes(folder: Path, file: str) -> tuple[bytes | None, list[Problem]]:
    """Read a file of a city; None without a problem when it is not there."""
    try:
        return (folder / file).read_bytes(), []
    except FileNotFoundError:
        return None, []
    except OSError as error:
        return None, [Problem(file, "", f"cannot be read: {error.strerror}", "look at its permissions")]


def load_city(folder: Path) -> tuple[City | None, list[Problem]]:
    """Load a city from its folder; None when there is an error among the problems."""
    if not folder.is_dir():
        return None, [Problem(str(folder), "", "there is no such folder", "name the folder that holds city.toml")]
    data, problems = read_bytes(folder, city_toml.FILE)
    if data is None:
        missing = Problem(city_toml.FILE, "", f"is missing in {folder}", "it needs at least id, name, timezone")
        return None, problems or [missing]
    city, problems = city_toml.read_city(data)
    table, unread = read_bytes(folder, trucks_csv.FILE)
    problems += unread
    if table is not None:
        trucks, wrong = trucks_csv.read_trucks(table, city)
        problems += wrong
        city = msgspec.structs.replace(city, trucks=trucks) if city else None
    return (None if errors(problems) else city), problems


def load_cities(cities_dir: Path) -> tuple[list[CityFolder], list[Problem]]:
    """Load every city below a folder (or the one in it); a broken city leaves the others in force."""
    if (cities_dir / city_toml.FILE).exists():
        city, problems = load_city(cities_dir)
        return ([CityFolder(city, cities_dir)] if city else []), problems
    found: list[CityFolder] = []
    problems = []
    folders = sorted(path.parent for path in cities_dir.glob(f"*/{city_toml.FILE}")) if cities_dir.is_dir() else []
    if not folders:
        problems.append(Problem(str(cities_dir), "", "holds no city", "every city is a folder with a city.toml"))
    for folder in folders:
        city, wrong = load_city(folder)
        problems += [msgspec.structs.replace(each, file=f"{folder.name}/{each.file}") for each in wrong]
        if city is None:
            continue
        collisions = list(between_cities({other.folder.name: other.city for other in found}, folder.name, city))
        problems += collisions
        if not errors(collisions):
            found.append(CityFolder(city, folder))
    return found, problems
