"""Traccar's position forwarding over MQTT: one topic a city (city.toml's traccar_topic), speeds in knots.

A vehicle is `device.uniqueId`: the row of the city's trucks.csv with that external_id whose credential is `traccar` or
a gateway of the city. The broker's ACL lets only the Traccar server publish there. Times come as ISO text or epoch ms.
"""

from __future__ import annotations

import msgspec

from ingest.directory import Directory
from ingest.letter import BadFix, Dialect, Letter, accuracy, heading, instant_ms, place, speed
from ingest.unreadable import explained
from model.city import Truck
from model.ping import Ping, Reason, Rejected

_KNOT = 1852 / 3600
_NEEDS = "Traccar's JSON form: device.uniqueId, and position with fixTime, latitude and longitude"


class TraccarPosition(msgspec.Struct, rename="camel"):
    """The wire form of a position: `speed` kn, `course` deg, `accuracy` m (0 is unknown)."""

    latitude: float
    longitude: float
    fix_time: int | float | str
    device_time: int | float | str | None = None
    valid: bool = True
    outdated: bool = False
    speed: float | None = None
    course: float | None = None
    accuracy: float | None = None


class TraccarDevice(msgspec.Struct, rename="camel"):
    """Whose position it is."""

    unique_id: str


class TraccarMessage(msgspec.Struct):
    """What one forwarded message holds; `position.id` is 0 and says nothing."""

    device: TraccarDevice
    position: msgspec.Raw = msgspec.Raw()


_message_decoder = msgspec.json.Decoder(TraccarMessage)
_position_decoder = msgspec.json.Decoder(TraccarPosition)


def filters(directory: Directory) -> list[str]:
    """Tell the topics to subscribe to."""
    return list(directory.traccar_topics)


def speaks(topic: str, directory: Directory) -> bool:
    """Tell whether a topic is one that a city configured for Traccar."""
    return topic in directory.traccar_topics


def read(letter: Letter) -> list[Ping | Rejected]:
    """Read a forwarded position."""
    city = letter.directory.traccar_topics[letter.topic]
    try:
        message = _message_decoder.decode(letter.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [letter.refuse(Reason.MALFORMED, explained(error, _NEEDS), city)]
    device = message.device.unique_id
    truck = letter.directory.traccar_devices.get((city, device))
    if truck is None:
        detail = f"trucks.csv of {city} has no external_id {device[:64]!r} with credential 'traccar' or a gateway"
        return [letter.refuse(Reason.UNKNOWN_TRUCK, detail, city)]
    try:
        return [_ping(letter, city, truck, bytes(message.position))]
    except BadFix as error:
        return [letter.refuse(error.reason, str(error), city, truck.id)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [letter.refuse(Reason.MALFORMED, explained(error, _NEEDS), city, truck.id)]


def _ping(letter: Letter, city: str, truck: Truck, position: bytes) -> Ping:
    if position in (b"", b"null"):
        raise BadFix(Reason.NOT_A_POSITION, "the message has no position")
    fix = _position_decoder.decode(position)
    if not fix.valid:
        raise BadFix(Reason.INVALID_FIX, "the tracker says that its fix is not valid")
    fix_ms = instant_ms(fix.fix_time, "fixTime")
    if fix.outdated or (fix.device_time is not None and fix_ms < instant_ms(fix.device_time, "deviceTime")):
        raise BadFix(Reason.REPEATED_FIX, "fixTime is older than deviceTime: an old fix, sent again")
    lat, lon = place(fix.latitude, fix.longitude)
    return Ping(
        city=city,
        truck=truck.id,
        fix_ms=fix_ms,
        received_ms=letter.received_ms,
        lat=lat,
        lon=lon,
        speed_mps=speed(fix.speed, _KNOT),
        heading_deg=heading(fix.course),
        accuracy_m=accuracy(fix.accuracy),
        route=truck.route,
        dialect="traccar",
    )


DIALECT = Dialect("traccar", filters, speaks, read)
