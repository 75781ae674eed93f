"""A learned profile on its way into a city's folder: whole or not at all, so that the running service takes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec

from geofence.forecast.learn import learn
from geofence.forecast.profile import encode_profile
from geofence.forecast.recorded import Recording
from model.city import City
from model.ping import Ping


class Learned(msgspec.Struct, frozen=True):
    """What was learned: from how many pings and truck-days, how many places, how large the profile is."""

    pings: int
    truck_days: int
    places: int
    bytes: int


def learn_into(
    target: Path,
    city: City,
    pings: Iterable[Ping],
    told: Callable[[str], None],
    before: date | None = None,
) -> Learned:
    """Learn from pings, of service days before one, and write the profile; nothing where no day has enough of them."""
    recording = Recording(city)
    taken = recording.add(pings)
    days = [day for day in recording.days() if before is None or day.ordinal < before.toordinal()]
    if not days:
        return Learned(taken, 0, 0, 0)
    profile = learn(days, recording.stretch(), told=told)
    data = encode_profile(profile)
    write_whole(target, data)
    return Learned(taken, len(days), len(profile.place_x), len(data))


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
