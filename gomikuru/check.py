"""Looks at everything that people wrote, settings and city files, and tells all that is wrong with it at once.

The readers tell what is wrong within one file; city_files/agreement.py where they do not fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import BaseModel

from geofence.assignments import FILE as ASSIGNMENTS_FILE
from geofence.assignments import Assignment, read_assignments
from geofence.files import read_zones
from gomikuru import settings as settings_files
from gomikuru.city_files import load_city, read_bytes
from gomikuru.city_files.agreement import CityParts, disagreements
from gomikuru.city_files.calendar_csv import read_lines
from gomikuru.city_files.collisions import between_cities
from gomikuru.city_files.places_csv import FILE as PLACES_FILE
from gomikuru.city_files.places_csv import read_places
from gomikuru.city_files.problem import meant
from gomikuru.city_files.routes_geojson import read_routes
from gomikuru.fcm_account import fcm_account
from gomikuru.settings_sources import CREDENTIALS, CREDENTIALS_UNSET, NAME_CREDENTIALS
from gomikuru.truck_address import ANY_ADDRESS
from gomikuru.zone_survey import survey
from model.city import City
from model.problem import Problem
from residents.places import NamedPlace

T = TypeVar("T")
OWN_FOLDERS = (
    *("embedded.data_dir", "archive.dir", "webpush.key_file", "line.accounts_dir"),
    *("privacy.key_file", "privacy.keys_dir"),
)
"""Folders and files that the service makes, or looks through itself."""

REMEDIES = {
    "service_account_file": "download the key of a service account from the Firebase console",
    "service_account_json": "download the key of a service account from the Firebase console",
    "proxy": "write http://host:port",
    "ca_file": "name a file of PEM certificates",
}
"""What to do about a fault of the FCM account that does not say so itself."""


def check_settings(
    path: Path | None, environ: Mapping[str, str]
) -> tuple[settings_files.Settings | None, list[Problem]]:
    """Read the settings and look at the files that they name; None where they cannot be used."""
    try:
        settings = settings_files.load(path, environ)
        unread = list(_unreadable(settings))
        unusable = [each for each in _unusable_fcm(settings) if each.where not in {other.where for other in unread}]
        return settings, [*unread, *unusable, *_unnamed_broker(settings)]
    except settings_files.SettingsError as error:
        return None, [Problem(each.source, each.key, each.wrong, each.advice) for each in error.problems]


def _unreadable(settings: settings_files.Settings) -> Iterator[Problem]:
    """Try the files that settings name and that are first opened when the service runs."""
    for section_name in type(settings).model_fields:
        section = getattr(settings, section_name)
        if not isinstance(section, BaseModel) or (section_name == "embedded" and not settings.embedded.broker):
            continue
        for name, path in section:
            key = f"{section_name}.{name}"
            if not isinstance(path, Path) or key in OWN_FOLDERS:
                continue
            try:
                with path.open("rb") as file:
                    file.read(1)
            except OSError as error:
                yield _unread(key, path, error)


def _unread(key: str, path: Path, error: OSError) -> Problem:
    what = f"{path} cannot be read ({error.strerror})"
    if CREDENTIALS in str(path):
        return Problem("settings", key, f"{path.name}: {CREDENTIALS_UNSET}", NAME_CREDENTIALS)
    if key == "embedded.broker_users_file" and isinstance(error, FileNotFoundError):
        return Problem("settings", key, what, "no truck can connect; `gomikuru trucks add` makes it", warning=True)
    return Problem("settings", key, what, "check the path, and that the service's user may read it")


def _unusable_fcm(settings: settings_files.Settings) -> Iterator[Problem]:
    """Try the account, the proxy and the authority with which pushes would go out."""
    account = fcm_account(settings)
    if account is None:
        return
    from notifier.adapters.fcm import faults  # the SDK takes a while to import, and is seldom needed here

    file = settings.fcm.service_account_file
    for name, fault in faults(account):
        what, _, remedy = str(fault).partition("; ")
        if name == "service_account":
            name = "service_account_file" if file else "service_account_json"
            what = f"{file}: {what}" if file else what
        yield Problem("settings", f"fcm.{name}", what, remedy or REMEDIES[name])


def _unnamed_broker(settings: settings_files.Settings) -> Iterator[Problem]:
    """Find an embedded broker whose certificate the service itself would hardly accept."""
    embedded = settings.embedded
    if embedded.broker and embedded.broker_cert_file and embedded.broker_host in ANY_ADDRESS:
        what = f"{embedded.broker_host!r}: the service connects to 127.0.0.1, which the certificate would have to hold"
        remedy = "write the name that the certificate holds; here it must mean an address of this machine"
        yield Problem("settings", "embedded.broker_host", what, remedy, warning=True)


def check_cities(folders: Iterable[Path]) -> list[Problem]:
    """Check several cities, each alone and all against each other; files are named with their folder."""
    problems: list[Problem] = []
    cities: dict[str, City] = {}
    for folder in folders:
        city, found = check_city(folder)
        name = folder.name or folder.resolve().name
        problems += [
            each if each.file == str(folder) else msgspec.structs.replace(each, file=f"{name}/{each.file}")
            for each in found
        ]
        if city:
            problems += between_cities(cities, name, city)
            cities[name] = city
    return problems


def check_city(folder: Path) -> tuple[City | None, list[Problem]]:
    """Read every file of a city's folder and compare them."""
    city, problems = load_city(folder)
    if not folder.is_dir():
        return None, problems
    zones, wrong_zones = _read(folder, "zones.geojson", read_zones)
    routes, wrong_routes = _read(folder, "routes.geojson", read_routes)
    calendar, wrong_calendar = _read(folder, "calendar.csv", read_lines)
    assignments, wrong_assignments = _read(folder, ASSIGNMENTS_FILE, _assignments)
    places, wrong_places = _read(folder, PLACES_FILE, read_places)
    problems += wrong_zones + wrong_routes + wrong_calendar + wrong_assignments + wrong_places + survey(zones or ())
    if zones is not None and not wrong_zones:
        problems += _places_nowhere(places or (), {zone.id for zone in zones})
    parts = CityParts(
        city,
        zones if not wrong_zones else None,
        routes if not any(not each.warning for each in wrong_routes) else None,
        calendar,
        assignments,
    )
    return city, problems + list(disagreements(parts))


def _places_nowhere(places: Sequence[NamedPlace], zones: set[str]) -> Iterator[Problem]:
    for zone in dict.fromkeys(place.zone for place in places if place.zone):
        if zone not in zones:
            yield Problem(PLACES_FILE, "", f"zone {zone!r} is not in zones.geojson", meant(zone, sorted(zones)))


def _assignments(data: bytes) -> tuple[Sequence[Assignment], list[Problem]]:
    assigned, problems = read_assignments(data)
    return assigned.rows, problems


def folders_in(cities_dir: Path) -> list[Path]:
    """List the city folders below a folder, or the folder itself where it is one."""
    if (cities_dir / "city.toml").exists():
        return [cities_dir]
    return sorted(path.parent for path in cities_dir.glob("*/city.toml"))


def _read(
    folder: Path, file: str, read: Callable[[bytes], tuple[Sequence[T], list[Problem]]]
) -> tuple[Sequence[T] | None, list[Problem]]:
    data, problems = read_bytes(folder, file)
    if data is None:
        return None, problems
    found, wrong = read(data)
    return found, problems + wrong
