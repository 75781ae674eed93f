"""A learned profile on its way into a city's folder: whole or not at all, so that the running service takes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec

from geofence.forecast.learn import learn, seen_of
from geofence.forecast.profile import BadProfile, Profile, decode_profile, encode_profile
from geofence.forecast.recorded import Recording
from geofence.forecast.rounds import LearnedRound, rounds_of
from geofence.forecast.timetable import planned
from gomikuru.learned_routes import route_id, routes_document
from gomikuru.learning.drawn import Drawn
from gomikuru.plans import plans_of, stretch_of
from model.city import City
from model.ping import Ping


class Learned(msgspec.Struct, frozen=True):
    """What was learned: from how many pings, truck-days, planned rounds; how many places; how large the profile is."""

    pings: int
    truck_days: int
    places: int
    bytes: int
    planned: int = 0
    rounds: int = 0


class Targets(msgspec.Struct, frozen=True):
    """Where the profile goes, and the learned rounds, if anywhere; `adopted` when these become the city's routes."""

    profile: Path
    routes: Path | None = None
    adopted: bool = False


def learn_into(
    targets: Targets,
    city: City,
    pings: Iterable[Ping],
    told: Callable[[str], None],
    before: date | None = None,
    drawn: Drawn | None = None,
) -> Learned:
    """Learn from timed routes and from pings of service days before one; write nothing where that is too little."""
    drawn = drawn or Drawn()
    recording = Recording(city)
    taken = recording.add(pings)
    scale = recording.stretch() if taken else stretch_of(drawn.routes)
    days = [drawn.crewed(day, city) for day in recording.days(scale, before.toordinal() if before else None)]
    plans = plans_of(drawn.routes, scale)
    if not days and (taken or not any(plan.timed for plan in plans) or learned_from_pings(targets.profile)):
        return Learned(taken, 0, 0, 0)
    profile = learn(days, scale, told=told, plans=plans)
    rounds = list(rounds_of(profile.library(), profile.stops)) if days and targets.routes else []
    if targets.adopted:
        crews = tuple((route_id(each), each.vehicle) for each in rounds)
        profile = msgspec.structs.replace(profile, crews=profile.crews + crews)
    data = encode_profile(profile)
    write_whole(targets.profile, data)
    if rounds and targets.routes:
        write_whole(targets.routes, _document(rounds, city, profile))
    plans_kept = len({day.vehicle for day in profile.days if planned(day)})
    return Learned(taken, len(days), len(profile.place_x), len(data), plans_kept, len(rounds))


def learned_from_pings(target: Path) -> bool:
    """Tell whether a profile there holds days that were seen, which a timetable alone may not replace."""
    try:
        return bool(seen_of(decode_profile(target.read_bytes())))
    except (OSError, BadProfile):
        return False


def _document(rounds: list[LearnedRound], city: City, profile: Profile) -> bytes:
    return routes_document(rounds, profile.stretch, {truck.id: truck.category for truck in city.trucks})


def write_whole(target: Path, data: bytes) -> None:
    """Put a file in the place of another; a crash leaves either. Raise OSError."""
    for left in target.parent.glob(f"{target.name}.*.half"):
        left.unlink(missing_ok=True)
    half = target.with_name(f"{target.name}.{os.getpid()}.half")
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
