"""city.toml: the fields of a city and what each may hold. Pure: bytes in, a city without trucks and problems out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from gomikuru.city_files.hours import minutes_of
from gomikuru.city_files.problem import errors, meant
from gomikuru.city_files.text import decode_text
from model.city import Category, City, Facility, Gateway
from model.problem import Problem
from model.times import zone_info
from model.zone import Mode

FILE = "city.toml"
SWAPPED = "are latitude and longitude swapped?"
FACILITY_KINDS = ("depot", "incinerator", "transfer", "other")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_Check = Callable[[Any], str | None]
_Field = tuple[_Check, bool]


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "must be text between quotation marks"


def _id(value: Any) -> str | None:
    fine = isinstance(value, str) and _ID.fullmatch(value)
    return None if fine else "must be 1 to 40 of a-z, 0-9 and - (not at either end): it stands in topics and keys"


def _timezone(value: Any) -> str | None:
    try:
        zone_info(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return 'is no time zone of the tz database; write for instance "Asia/Tokyo"'
    return None


def _language(value: Any) -> str | None:
    fine = isinstance(value, str) and _LANGUAGE.fullmatch(value)
    return None if fine else 'must be a language tag such as "ja" or "en"'


def _clock(value: Any) -> str | None:
    return None if isinstance(value, str) and minutes_of(value) is not None else 'must be a time such as "03:00"'


def _number(low: float, high: float) -> _Check:
    def check(value: Any) -> str | None:
        fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
        return None if fine and low <= value <= high else f"must be a number from {low:g} to {high:g}"

    return check


def _pair(value: Any) -> str | None:
    fine = isinstance(value, list) and len(value) == 2 and not _number(-90, 90)(value[0])
    return None if fine and not _number(-180, 180)(value[1]) else "must be [latitude, longitude]"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _kind(value: Any) -> str | None:
    return None if value in FACILITY_KINDS else f"must be one of {', '.join(FACILITY_KINDS)}"


def _mode(value: Any) -> str | None:
    return None if value in tuple(Mode) else f"must be one of {', '.join(Mode)}"


def _topic(value: Any) -> str | None:
    fine = isinstance(value, str) and value and not re.search(r"[+#\s]", value)
    return None if fine else "must be one MQTT topic, without + or #"


def _base_map(value: Any) -> str | None:
    fine = isinstance(value, str) and value.startswith("https://") and all(f"{{{k}}}" in value for k in "xyz")
    return None if fine else "must be an https address with {z}, {x} and {y}"


def _names(value: Any) -> str | None:
    fine = isinstance(value, dict) and all(not _language(tag) and not _text(name) for tag, name in value.items())
    return None if fine else 'must hold one name by language, as { ja = "...", en = "..." }'


def _tables(value: Any) -> str | None:
    fine = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return None if fine else "must be written as tables: [[...]]"


def _table(value: Any) -> str | None:
    fine = isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())
    return None if fine else "must be written as tables: [gateways.CREDENTIAL]"


FIREBASE = ("apiKey", "projectId", "appId", "messagingSenderId", "vapidKey")
"""What the Firebase console shows of a web app, and the key pair of its Cloud Messaging tab."""


def _firebase(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != set(FIREBASE) or any(_text(each) for each in value.values()):
        return f"must hold {', '.join(FIREBASE)}, each a text: [firebase]"
    return None


SETTINGS: Mapping[str, _Field] = {
    "id": (_id, True),
    "name": (_text, True),
    "timezone": (_timezone, True),
    "language": (_language, False),
    "service_day_starts": (_clock, False),
    "map_centre": (_pair, False),
    "base_map": (_base_map, False),
    "traccar_topic": (_topic, False),
    "zones": (_mode, False),
    "firebase": (_firebase, False),
    "gateways": (_table, False),
    "facilities": (_tables, False),
    "categories": (_tables, False),
}
_FACILITY: Mapping[str, _Field] = {
    "id": (_id, True),
    "kind": (_kind, False),
    "lat": (_number(-90, 90), True),
    "lon": (_number(-180, 180), True),
    "radius_m": (_number(10, 5000), False),
}
_CATEGORY: Mapping[str, _Field] = {"id": (_id, True), "names": (_names, False)}
_GATEWAY: Mapping[str, _Field] = {"received_at_allowed": (_boolean, False)}


def read_city(data: bytes) -> tuple[City | None, list[Problem]]:
    """Read city.toml: the city without its trucks, or None and everything that is wrong."""
    text, problems = decode_text(data, FILE, shift_jis=False)
    if text is None:
        return None, problems
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return None, [
            Problem(FILE, "", f"not readable as TOML: {error}", "look for a missing quotation mark or bracket")
        ]
    problems = _wrong(table, SETTINGS, "") + _wrong_parts(table)
    return (None if errors(problems) else _city(table)), problems


def _wrong(table: Mapping[str, Any], fields: Mapping[str, _Field], where: str) -> list[Problem]:
    problems = []
    for name in table:
        if name not in fields:
            problems.append(Problem(FILE, where, f"unknown setting {name!r}", meant(name, fields)))
    for name, (check, required) in fields.items():
        if name not in table:
            if required:
                problems.append(Problem(FILE, where, f"{name!r} is missing", "add it"))
        elif said := check(table[name]):
            remedy = SWAPPED if name in ("lat", "lon", "map_centre") and _swapped(table) else ""
            value = name if name == "firebase" else f"{name} = {table[name]!r}"  # a key may have been put there
            problems.append(Problem(FILE, where, f"{value} {said}", remedy))
    return problems


def _swapped(table: Mapping[str, Any]) -> bool:
    """Tell whether a place that cannot be would be one with latitude and longitude exchanged."""
    centre = table.get("map_centre")
    pair = centre if isinstance(centre, list) else [table.get("lat"), table.get("lon")]
    return _pair(pair) is not None and _pair(pair[::-1]) is None


def _wrong_parts(table: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for name, fields in (("facilities", _FACILITY), ("categories", _CATEGORY)):
        items = table.get(name, [])
        if _tables(items):
            continue
        for number, item in enumerate(items, start=1):
            problems += _wrong(item, fields, f"[[{name}]] {number}")
        problems += _twice(name, [item["id"] for item in items if isinstance(item.get("id"), str)])
    gateways = table.get("gateways", {})
    for credential, item in ({} if _table(gateways) else gateways).items():
        problems += _wrong(item, _GATEWAY, f"[gateways.{credential}]")
    return problems


def _twice(name: str, ids: list[str]) -> Iterable[Problem]:
    for each in sorted({each for each in ids if ids.count(each) > 1}):
        yield Problem(FILE, f"[[{name}]]", f'id "{each}" stands {ids.count(each)} times', "every id may stand once")


def _city(table: Mapping[str, Any]) -> City:
    centre = table.get("map_centre")
    return City(
        id=table["id"],
        name=table["name"],
        timezone=table["timezone"],
        language=table.get("language", "ja"),
        service_day_starts_min=minutes_of(table.get("service_day_starts", "03:00")) or 0,
        gateways=tuple(
            Gateway(credential, item.get("received_at_allowed", False))
            for credential, item in table.get("gateways", {}).items()
        ),
        facilities=tuple(
            Facility(f["id"], float(f["lat"]), float(f["lon"]), float(f.get("radius_m", 150.0)), f.get("kind", "other"))
            for f in table.get("facilities", [])
        ),
        categories=tuple(Category(c["id"], dict(c.get("names", {}))) for c in table.get("categories", [])),
        traccar_topic=table.get("traccar_topic"),
        map_centre=(float(centre[0]), float(centre[1])) if centre else None,
        base_map=table.get("base_map"),
        firebase=table.get("firebase"),
        zones=Mode(table.get("zones", Mode.LIVE)),
    )
