"""Finds a served city by the id that somebody typed, or says which ids there are."""

from __future__ import annotations

from pathlib import Path

from gomikuru.city_files import CityFolder, errors, load_cities


class NoSuchCity(LookupError):
    """No city has this id; the message names those that there are, and what keeps others from being read."""


def city_named(cities_dir: Path, city: str) -> CityFolder:
    """Find the city with an id; raise NoSuchCity."""
    folders, problems = load_cities(cities_dir)
    for folder in folders:
        if folder.city.id == city:
            return folder
    there = ", ".join(folder.city.id for folder in folders) or "none"
    broken = "".join(f"\n{problem}" for problem in errors(problems))
    raise NoSuchCity(f"no city {city!r}; there are: {there} (in {cities_dir}){broken}")
