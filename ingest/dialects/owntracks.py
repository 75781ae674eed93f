"""The OwnTracks phone app in MQTT mode: owntracks/<user>/<device>, `_type: location`; speeds in km/h, times in s.

The broker user and the device together are a truck of some city's trucks.csv (credential, external_id). The app leaves
a zero out, and a phone without the sensor leaves the field out too: what is absent is unknown, never zero.
"""

from __future__ import annotations

import msgspec

from ingest.directory import Directory
from ingest.letter import BadFix, Dialect, Letter, accuracy, heading, instant_ms, place, speed
from ingest.unreadable import explained
from model.city import Truck
from model.ping import Ping, Reason, Rejected

_ROOT = "owntracks/"
_KMH = 1000 / 3600
_NEEDS = "what the OwnTracks app sends: _type, and for a location lat, lon and tst"


class OwnTracksKind(msgspec.Struct):
    """What every message of the app says first."""

    kind: str = msgspec.field(name="_type")


class OwnTracksFix(msgspec.Struct):
    """The wire form of a location: `vel` km/h, `cog` deg, `acc` m, `tst` and `created_at` s."""

    lat: float
    lon: float
    tst: int | float | str
    vel: float | None = None
    cog: float | None = None
    acc: float | None = None
    t: str | None = None
    created_at: int | float | str | None = None


_kind_decoder = msgspec.json.Decoder(OwnTracksKind)
_fix_decoder = msgspec.json.Decoder(OwnTracksFix)


def filters(_directory: Directory) -> list[str]:
    """Tell the topics to subscribe to; /event, /waypoint and the like are left with the broker."""
    return [f"{_ROOT}+/+"]


def speaks(topic: str, _directory: Directory) -> bool:
    """Tell whether a topic is of this dialect."""
    return topic.startswith(_ROOT)


def read(letter: Letter) -> list[Ping | Rejected]:
    """Read a message of the app."""
    levels = letter.topic.split("/")
    if len(levels) < 3 or not levels[1] or not levels[2]:
        return [letter.refuse(Reason.UNKNOWN_TOPIC, "expected owntracks/<user>/<device>")]
    if len(levels) > 3:
        return [letter.refuse(Reason.NOT_A_POSITION, "positions come on owntracks/<user>/<device>")]
    holder = letter.directory.devices.get((levels[1], levels[2]))
    if holder is None:
        detail = f"no trucks.csv has credential {levels[1][:64]!r} with external_id {levels[2][:64]!r}"
        return [letter.refuse(Reason.UNKNOWN_TRUCK, detail)]
    city, truck = holder
    try:
        return [_ping(letter, city, truck)]
    except BadFix as error:
        return [letter.refuse(error.reason, str(error), city, truck.id)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [letter.refuse(Reason.MALFORMED, explained(error, _NEEDS), city, truck.id)]


def _ping(letter: Letter, city: str, truck: Truck) -> Ping:
    kind = _kind_decoder.decode(letter.payload).kind
    if kind == "encrypted":
        raise BadFix(Reason.ENCRYPTED, "switch the encryption key off in the app; TLS protects the way")
    if kind != "location":
        raise BadFix(Reason.NOT_A_POSITION, f"a message of type {kind[:32]!r}")
    fix = _fix_decoder.decode(letter.payload)
    fix_ms = instant_ms(fix.tst, "tst")
    if fix.t == "p" and not _proves_fix_time(fix, fix_ms):
        raise BadFix(Reason.REPEATED_FIX, "a sign of life (t:p) stamped with its sending time may repeat an old place")
    lat, lon = place(fix.lat, fix.lon)
    return Ping(
        city=city,
        truck=truck.id,
        fix_ms=fix_ms,
        received_ms=letter.received_ms,
        lat=lat,
        lon=lon,
        speed_mps=speed(fix.vel, _KMH),
        heading_deg=heading(fix.cog),
        accuracy_m=accuracy(fix.acc),
        route=truck.route,
        dialect="owntracks",
    )


def _proves_fix_time(fix: OwnTracksFix, fix_ms: int) -> bool:
    return fix.created_at is not None and fix_ms < instant_ms(fix.created_at, "created_at")


DIALECT = Dialect("owntracks", filters, speaks, read)
