"""The command `gomikuru learn`: past days and timetables in; a profile and, where there were none, routes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from geofence.assignments import FILE as ASSIGNMENTS_FILE
from geofence.assignments import Assignments, read_assignments
from geofence.forecast.learn import learn as learn_profile
from geofence.forecast.library import Day
from geofence.forecast.profile import FILE, BadProfile, Profile, decode_profile, encode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.rounds import LearnedRound, rounds_of
from geofence.forecast.timetable import planned
from gomikuru.city_files import errors, read_bytes
from gomikuru.city_files.routes_geojson import FILE as ROUTES_FILE
from gomikuru.city_files.routes_geojson import Route, read_routes
from gomikuru.commands.inputs import CityDir, city_at, fail, pings_of
from gomikuru.counted import counted
from gomikuru.learned_routes import route_id, routes_document
from gomikuru.pings_csv import BadPings
from gomikuru.plans import plans_of, stretch_of
from model.city import City
from model.problem import Problem

PingFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--pings",
        help=f"A pings.csv, or a pattern such as 'days/*.csv'; repeatable. Not needed where {ROUTES_FILE} has times.",
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


def learn(city: CityDir, pings: PingFiles = None, out: OutFile = None, routes: RoutesFile = None) -> None:
    """Learn from past days of pings, or from a timetable, where trucks work, in which order, how long it takes."""
    described, target = city_at(city), out or city / FILE
    drawn, assigned = _drawn(city), _assigned(city)
    if not pings:
        _spare(target)
    if routes is not None and routes.exists():
        fail(f"{routes}: exists, and is not overwritten; name another file, or move it away")
    recording, taken = _heard(pings or [], described)
    scale = recording.stretch() if taken else stretch_of(drawn)
    days = [_crewed(day, described, assigned) for day in recording.days(scale)]
    plans = plans_of(drawn, scale)
    if not days and (pings or not any(plan.timed for plan in plans)):
        _too_little(taken, bool(pings))
    profile = learn_profile(days, scale, told=lambda text: typer.echo(text, err=True), plans=plans)
    wanted = routes or (None if (city / ROUTES_FILE).exists() else city / ROUTES_FILE)
    rounds = list(rounds_of(profile.library(), profile.stops)) if days and wanted else []
    if wanted == city / ROUTES_FILE:
        crews = tuple((route_id(each), each.vehicle) for each in rounds)
        profile = msgspec.structs.replace(profile, crews=profile.crews + crews)
    _write(target, encode_profile(profile))
    _told(target, profile)
    if rounds and wanted:
        _write(wanted, _document(rounds, described, profile))
        typer.echo(
            f"{wanted}: {counted(len(rounds), 'round')} as learned; look at them, rename them, mend them", err=True
        )
    elif days and not wanted:
        typer.echo(f"{city / ROUTES_FILE}: is there already and stays; --routes FILE writes what was learned", err=True)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(learn)


def _drawn(folder: Path) -> list[Route]:
    data, problems = read_bytes(folder, ROUTES_FILE)
    drawn, wrong = read_routes(data) if data is not None else ([], [])
    _stop_at(folder, [*problems, *wrong])
    return drawn


def _assigned(folder: Path) -> Assignments:
    data, problems = read_bytes(folder, ASSIGNMENTS_FILE)
    assigned, wrong = read_assignments(data) if data is not None else (Assignments(), [])
    _stop_at(folder, [*problems, *wrong])
    return assigned


def _stop_at(folder: Path, problems: list[Problem]) -> None:
    found = errors(problems)
    for problem in found:
        typer.echo(str(problem), err=True)
    if found:
        fail(f"{folder} cannot be learned from; mend what is listed above, and run `gomikuru check`")


def _spare(target: Path) -> None:
    """Let nobody lose what was learned from pings by naming none."""
    try:
        known = decode_profile(target.read_bytes())
    except (OSError, BadProfile):
        return
    if not all(planned(day) for day in known.days):
        fail(f"{target}: was learned from pings, which a timetable cannot replace; give --pings, or move the file away")


def _heard(patterns: list[str], city: City) -> tuple[Recording, int]:
    recording = Recording(city)
    try:
        return recording, recording.add(pings_of(patterns, city.id))
    except BadPings as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _crewed(day: Day, city: City, assigned: Assignments) -> Day:
    tied = next((truck.route for truck in city.trucks if truck.id == day.vehicle), None)
    return msgspec.structs.replace(day, vehicle=assigned.crew(day.vehicle, day.ordinal, tied))


def _too_little(taken: int, pings: bool) -> None:
    if pings:
        fail(f"{counted(taken, 'ping')}: too few on any day to learn from; a day of one truck needs 30 at least")
    fail(f"nothing to learn from: give --pings, or put stops with scheduled_time into {ROUTES_FILE}")


def _write(path: Path, data: bytes) -> None:
    half = path.with_suffix(".half")
    half.write_bytes(data)
    half.replace(path)


def _told(target: Path, profile: Profile) -> None:
    plans = len({day.vehicle for day in profile.days if planned(day)})
    seen = sum(not planned(day) for day in profile.days)
    what = counted(seen, "truck-day") + (f", the timetable of {counted(plans, 'round')}" if plans else "")
    size = target.stat().st_size / 1000
    typer.echo(f"{target}: {what}, {counted(len(profile.place_x), 'place')}, {size:.0f} kB", err=True)


def _document(rounds: list[LearnedRound], city: City, profile: Profile) -> bytes:
    return routes_document(rounds, profile.stretch, {truck.id: truck.category for truck in city.trucks})
