"""What `gomikuru evaluate --city C --days N` does: judges a city's alerts by its archive, zone by zone."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from geofence.files import FILE as ZONES_FILE
from geofence.files import read_zones
from geofence.forecast.profile import FILE as PROFILE_FILE
from geofence.forecast.profile import BadProfile, Profile, decode_profile
from gomikuru.archive.reading import Archive
from gomikuru.clocks import SystemClock, machine_ms
from gomikuru.commands.evaluation_files import write_file
from gomikuru.commands.inputs import checked, city_at, fail, settings_of
from gomikuru.commands.sheets import show
from gomikuru.embedded import EmbeddedFailed
from gomikuru.evaluation.trial_tables import sheet, trial_json
from gomikuru.learning.night import over
from gomikuru.settings import Settings
from gomikuru.trial import Asked, try_out
from gomikuru.wiring import open_keys, open_store
from model.subscription import Home, home_of
from model.zone import Zone
from residents.adapters.key_files import KeyMissing
from residents.adapters.redis_registry import RedisRegistry
from residents.registry import RecordUnreadable
from streams.ports import StoreFault, StoreUnavailable


def evaluate_archive(folder: Path, days: int, daily: bool, json_file: Path | None, config: Path | None) -> None:
    """Print the table, or write the figures."""
    settings, city = settings_of(config), city_at(folder)
    asked = Asked(
        city, _zones(folder), _homes(settings, city.id), _profile(folder), over(machine_ms(), city), days, daily
    )
    try:
        trial = try_out(asked, Archive(settings.archive.dir, city.id))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if json_file:
        write_file(json_file, trial_json(trial))
    if str(json_file) != "-":
        show(Console(), [sheet(trial)])
        for note in trial.notes:
            typer.echo(f"note: {note}")


def _homes(settings: Settings, city: str) -> list[Home]:
    """Read who has subscribed, from the store: homes are not in the archive."""
    try:
        store = open_store(settings)
        try:
            registry = RedisRegistry(store, SystemClock(), sealers=open_keys(settings, store).sealer)
            return [home_of(each) for each in registry.list(city)]
        finally:
            store.close()
    except (EmbeddedFailed, StoreUnavailable, StoreFault, RecordUnreadable, KeyMissing, OSError, ValueError) as error:
        fail(str(error))


def _zones(folder: Path) -> tuple[Zone, ...]:
    found = checked(folder / ZONES_FILE, read_zones)
    return found[1] if found else ()


def _profile(folder: Path) -> Profile:
    path = folder / PROFILE_FILE
    try:
        return decode_profile(path.read_bytes())
    except FileNotFoundError:
        fail(f"{path}: there is none yet: without learned places nobody knows when a truck served a home")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except BadProfile as error:
        fail(f"{path}: {error}")
