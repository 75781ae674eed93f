"""The project's own dialect: a JSON object, or an array of them as a backlog, from a truck or from a gateway.

Topics gomikuru/v1/<city>/trucks/<truck>/ping and gomikuru/v1/<city>/gateways/<gateway>/trucks/<truck>/ping.
A gateway's name of a truck is its external_id in trucks.csv, or the truck's id. Only a gateway that its city trusts
with the time of receipt may send `received_at`.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ingest.directory import Directory
from ingest.letter import (
    BadFix,
    Dialect,
    Letter,
    accuracy,
    heading,
    instant_ms,
    is_id,
    place,
    sequence,
    speed,
)
from ingest.unreadable import explained
from model.ping import Ping, Reason, Rejected

_ROOT = "gomikuru/v1/"
_SPACE = b" \t\r\n"
_NEEDS = 'at least t, lat and lon, as {"t": 1764000000, "lat": 34.83, "lon": 135.47}'


class NativeFix(msgspec.Struct):
    """The wire form of one fix: `speed` m/s, `heading` deg, `accuracy` m; times in s, ms or RFC 3339."""

    t: int | float | str
    lat: float
    lon: float
    speed: float | None = None
    heading: float | None = None
    accuracy: float | None = None
    collecting: bool | None = None
    seq: int | None = None
    received_at: int | float | str | None = None
    truck: int | str | None = None
    vehicle: int | str | None = None
    city: str | None = None
    route: str | None = None


class _Sender(NamedTuple):
    city: str
    truck: str
    called: str
    route: str | None
    may_say_receipt: bool


_fix_decoder = msgspec.json.Decoder(NativeFix)
_backlog_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def filters(directory: Directory) -> list[str]:
    """Tell the topics to subscribe to."""
    return [f"{_ROOT}{city}/{kind}/ping" for city in directory.cities for kind in ("trucks/+", "gateways/+/trucks/+")]


def speaks(topic: str, _directory: Directory) -> bool:
    """Tell whether a topic is of this dialect."""
    return topic.startswith(_ROOT)


def read(letter: Letter) -> list[Ping | Rejected]:
    """Read a message; every fix of a backlog stands or falls by itself."""
    sender = _sender(letter)
    if isinstance(sender, Rejected):
        return [sender]
    if not letter.payload.lstrip(_SPACE).startswith(b"["):
        return [_fix(letter, sender, letter.payload)]
    try:
        parts = _backlog_decoder.decode(letter.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = explained(error, f"a list of fixes, each with {_NEEDS}")
        return [letter.refuse(Reason.MALFORMED, detail, sender.city, sender.truck)]
    if not parts:
        return [letter.refuse(Reason.NOT_A_POSITION, "the backlog is empty", sender.city, sender.truck)]
    if len(parts) > letter.max_fixes:
        detail = f"{len(parts)} fixes in one message; send at most {letter.max_fixes}"
        return [letter.refuse(Reason.TOO_LARGE, detail, sender.city, sender.truck)]
    return [_fix(letter, sender, bytes(part)) for part in parts]


def _sender(letter: Letter) -> _Sender | Rejected:
    levels = letter.topic[len(_ROOT) :].split("/")
    gateway = None
    if len(levels) == 6 and levels[1] == "gateways" and levels[3] == "trucks" and levels[5] == "ping":
        city, _, gateway, _, truck, _ = levels
    elif len(levels) == 4 and levels[1] == "trucks" and levels[3] == "ping":
        city, _, truck, _ = levels
    else:
        return letter.refuse(Reason.UNKNOWN_TOPIC, f"expected {_ROOT}<city>/trucks/<truck>/ping")
    if city not in letter.directory.cities:
        return letter.refuse(Reason.UNKNOWN_CITY, f"there is no city {city[:64]!r} here; see its city.toml")
    if not is_id(truck):
        return letter.refuse(Reason.UNKNOWN_TRUCK, "the truck id is empty, too long or unprintable", city)
    may_say_receipt = False
    if gateway is not None:
        listed = letter.directory.gateways.get((city, gateway))
        if listed is None:
            return letter.refuse(
                Reason.NOT_ALLOWED, f"{gateway[:64]!r} is no gateway of {city}'s city.toml", city, truck
            )
        may_say_receipt = listed.received_at_allowed
    called = letter.directory.devices.get((gateway, truck)) if gateway is not None else None
    known = called[1] if called and called[0] == city else letter.directory.trucks.get((city, truck))
    return _Sender(city, known.id if known else truck, truck, known.route if known else None, may_say_receipt)


def _fix(letter: Letter, sender: _Sender, part: bytes) -> Ping | Rejected:
    try:
        fix = _fix_decoder.decode(part)
        return _ping(letter, sender, fix)
    except BadFix as error:
        return letter.refuse(error.reason, str(error), sender.city, sender.truck, part)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return letter.refuse(Reason.MALFORMED, explained(error, _NEEDS), sender.city, sender.truck, part)


def _ping(letter: Letter, sender: _Sender, fix: NativeFix) -> Ping:
    own = (sender.truck, sender.called)
    for claimed, allowed in ((fix.truck, own), (fix.vehicle, own), (fix.city, (sender.city,))):
        if claimed is not None and str(claimed) not in allowed:
            raise BadFix(Reason.WRONG_TRUCK, f"the payload says {str(claimed)[:64]!r}, the topic {allowed[-1]!r}")
    received_ms = letter.received_ms
    if fix.received_at is not None:
        if not sender.may_say_receipt:
            raise BadFix(Reason.NOT_ALLOWED, "received_at is for gateways with received_at_allowed in city.toml")
        received_ms = instant_ms(fix.received_at, "received_at")
    lat, lon = place(fix.lat, fix.lon)
    return Ping(
        city=sender.city,
        truck=sender.truck,
        fix_ms=instant_ms(fix.t, "t"),
        received_ms=received_ms,
        lat=lat,
        lon=lon,
        speed_mps=speed(fix.speed),
        heading_deg=heading(fix.heading),
        accuracy_m=accuracy(fix.accuracy),
        collecting=fix.collecting,
        seq=sequence(fix.seq),
        route=_route(fix.route) or sender.route,
        dialect="native",
    )


def _route(said: str | None) -> str | None:
    """Take the route that a crew has chosen for today, where the tracker knows it."""
    if said is not None and not is_id(said):
        raise BadFix(Reason.MALFORMED, "route: the id is empty, too long or unprintable")
    return said


DIALECT = Dialect("native", filters, speaks, read)
