"""The three dialects: what each says on the wire, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ingest.decode import MAX_PAYLOAD, cut, decode, dialect_of, filters
from ingest.directory import Directory, DirectoryConflict
from model.city import City, Gateway, Truck
from model.ping import Ping, Reason, Rejected

T = 1_764_000_000
RECEIVED_MS = T * 1000 + 500
MINAMI = City(
    id="minami",
    name="南市",
    timezone="Asia/Tokyo",
    trucks=(
        Truck("17", route="r-17"),
        Truck("21", credential="phone-1", external_id="phone"),
        Truck("22", credential="traccar", external_id="356307"),
        Truck("23", credential="fleet", external_id="X-23", route="r-23"),
    ),
    gateways=(Gateway("fleet", received_at_allowed=True), Gateway("plain")),
    traccar_topic="traccar/minami",
)
KITA = City(id="kita", name="北市", timezone="Asia/Tokyo")
DIRECTORY = Directory.of([MINAMI, KITA])
FIX: dict[str, Any] = {"t": T, "lat": 34.83, "lon": 135.47}
TRACCAR_TIME = "2025-11-24T16:00:00.000+00:00"


def read(topic: str, payload: object, retained: bool = False) -> list[Ping | Rejected]:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decode(topic, data, retained, RECEIVED_MS, DIRECTORY)


def ping(topic: str, payload: object) -> Ping:
    (result,) = read(topic, payload)
    assert isinstance(result, Ping), result
    return result


def refusal(topic: str, payload: object, retained: bool = False) -> Rejected:
    (result,) = read(topic, payload, retained)
    assert isinstance(result, Rejected), result
    return result


def native(truck: str = "17", city: str = "minami") -> str:
    return f"gomikuru/v1/{city}/trucks/{truck}/ping"


def gateway(truck: str = "17", name: str = "fleet") -> str:
    return f"gomikuru/v1/minami/gateways/{name}/trucks/{truck}/ping"


# native


def test_a_native_ping_carries_every_field_in_si_units() -> None:
    """Each optional field arrives under its own name."""
    extra = {"speed": 5.5, "heading": 271, "accuracy": 8, "collecting": True, "seq": 4}
    assert ping(native(), FIX | extra) == Ping(
        city="minami",
        truck="17",
        fix_ms=T * 1000,
        received_ms=RECEIVED_MS,
        lat=34.83,
        lon=135.47,
        speed_mps=5.5,
        heading_deg=271.0,
        accuracy_m=8.0,
        collecting=True,
        seq=4,
        route="r-17",
        dialect="native",
    )


@pytest.mark.parametrize(
    "t",
    [
        T,
        float(T),
        T * 1000,
        float(T * 1000),
        "2025-11-24T16:00:00Z",
        "2025-11-25T01:00:00+09:00",
        "2025-11-24t16:00:00z",
    ],
)
def test_a_time_may_be_in_seconds_in_milliseconds_or_rfc_3339(t: object) -> None:
    """All three forms mean the same instant."""
    assert ping(native(), FIX | {"t": t}).fix_ms == T * 1000


def test_fractions_of_a_second_are_kept_to_the_millisecond() -> None:
    """A float in seconds does not lose its milliseconds."""
    assert ping(native(), FIX | {"t": T + 0.25}).fix_ms == T * 1000 + 250


@pytest.mark.parametrize("t", ["yesterday", "2025-11-24T16:00:00", "", -5, 1e14, 10**30, "9" * 5000])
def test_a_time_that_is_none_is_a_bad_time(t: object) -> None:
    """Text that is no instant, one without zone, and numbers outside of the known world are refused."""
    assert refusal(native(), FIX | {"t": t}).reason == Reason.BAD_TIME


def test_a_backlog_gives_one_result_a_fix_in_order() -> None:
    """A bad fix in a backlog does not take the good ones with it."""
    results = read(native(), [FIX, FIX | {"lat": 91}, FIX | {"t": T + 1}])
    assert [type(result) for result in results] == [Ping, Rejected, Ping]
    assert [result.fix_ms for result in results if isinstance(result, Ping)] == [T * 1000, T * 1000 + 1000]
    assert b"91" in next(result.payload for result in results if isinstance(result, Rejected))


def test_a_backlog_longer_than_the_limit_is_refused_as_a_whole() -> None:
    """The bound on fixes a message holds."""
    payload = b"[" + b",".join([b'{"t":1764000000,"lat":1,"lon":1}'] * 11) + b"]"
    (result,) = decode(native(), payload, False, RECEIVED_MS, DIRECTORY, max_fixes=10)
    assert isinstance(result, Rejected)
    assert result.reason == Reason.TOO_LARGE


def test_a_payload_over_the_limit_is_refused_unread() -> None:
    """A message above 256 kB is too large, and only its head is kept."""
    refused = refusal(native(), b"[" + b" " * 300_000)
    assert refused.reason == Reason.TOO_LARGE
    assert len(refused.payload) == 2_048


def test_a_payload_that_was_cut_on_arrival_is_refused_as_the_whole_would_be() -> None:
    """The adapter keeps the head only, and how long the whole was."""
    whole = b"[" + b" " * 300_000
    kept, cut_from = cut(whole)
    assert (len(kept), cut_from) == (2_048, 300_001)
    assert decode(native(), kept, False, RECEIVED_MS, DIRECTORY, cut_from=cut_from) == decode(
        native(), whole, False, RECEIVED_MS, DIRECTORY
    )
    assert cut(b" " * MAX_PAYLOAD) == (b" " * MAX_PAYLOAD, 0)


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("speed", -1, "speed_mps"),
        ("heading", 511, "heading_deg"),
        ("heading", -1, "heading_deg"),
        ("accuracy", 0, "accuracy_m"),
        ("accuracy", -1, "accuracy_m"),
        ("seq", 2**64, "seq"),
        ("speed", None, "speed_mps"),
    ],
)
def test_what_devices_send_for_unknown_becomes_unknown(field: str, value: object, attribute: str) -> None:
    """A value that only says that there is none is not taken for a measurement."""
    assert getattr(ping(native(), FIX | {field: value}), attribute) is None


@pytest.mark.parametrize(("lat", "lon"), [(0, 0), (85.001, 0), (-89.9, 10), (-91, 0), (35, 180.5), (1e300, 1)])
def test_a_place_outside_the_world_or_at_null_island_is_a_bad_position(lat: float, lon: float) -> None:
    """0, 0 is where receivers without a fix are; beyond 85 degrees the engine's plane has no bound."""
    assert refusal(native(), FIX | {"lat": lat, "lon": lon}).reason == Reason.BAD_POSITION


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"17",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b'{"t":1764000000,"lat":true,"lon":1}',
        b'{"t":1764000000,"lat":NaN,"lon":1}',
        b'{"t":1764000000,"lat":1e999,"lon":1}',
        b'{"t":true,"lat":1,"lon":1}',
        b'{"t":1764000000,"lat":1,"lon":1,"collecting":1}',
        b'{"t":1764000000,"lat":1}',
        b"[" * 100_000,
        b'{"t":1764000000,"lat":1,"lon":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"t":"\\ud800","lat":1,"lon":1}',
    ],
)
def test_a_payload_that_is_no_fix_is_malformed(payload: bytes) -> None:
    """Wrong types, broken JSON, invalid UTF-8 and deep nesting are all told in the same way."""
    assert refusal(native(), payload).reason == Reason.MALFORMED


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "the payload is empty, or its end is missing; send at least t, lat and lon"),
        (b"lat=1", "the payload is no JSON from byte 0 on; send at least t, lat and lon"),
        (b"[1,", "send a list of fixes, each with at least t, lat and lon"),
        (b"17", "the payload is a whole number, and must be an object with at least t, lat and lon"),
        (b'{"lat":1,"lon":1}', "the field t is missing; send at least t, lat and lon"),
        (b'{"t":1,"lat":"34.8","lon":1}', "lat is text, and must be a number"),
        (b'{"t":true,"lat":1,"lon":1}', "t is true or false, and must be a number or text"),
        (b'{"t":1,"lat":1,"lon":1,"seq":1.5}', "seq is a decimal number, and must be a whole number"),
        (b'{"t":1,"lat":1e999,"lon":1}', "lat is out of range"),
        (b'{"t":"\xff","lat":1}', "the payload is not UTF-8 text; send JSON in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_send(payload: bytes, told: str) -> None:
    """Whoever set up the tracker reads our words, not those of a library."""
    detail = refusal(native(), payload).detail
    assert told in detail
    assert "Object missing" not in detail
    assert "malformed" not in detail


def test_what_other_senders_must_hold_is_told_in_their_own_words() -> None:
    """A refusal names the fields of its dialect."""
    assert "the field _type is missing" in refusal("owntracks/phone-1/phone", {}).detail
    assert "the field device.uniqueId is missing" in refusal("traccar/minami", {"device": {}}).detail


def test_an_empty_backlog_is_not_a_position() -> None:
    """An empty array is refused, so that every message has an outcome."""
    assert refusal(native(), []).reason == Reason.NOT_A_POSITION


@pytest.mark.parametrize("claim", [{"truck": "18"}, {"vehicle": 18}, {"city": "kita"}])
def test_a_payload_that_claims_another_truck_is_refused(claim: dict[str, object]) -> None:
    """Who the truck is comes from the topic, which the broker ties to the credential."""
    assert refusal(native(), FIX | claim).reason == Reason.WRONG_TRUCK


def test_a_payload_may_repeat_its_own_truck() -> None:
    """A claim that agrees does no harm, as a number too."""
    assert ping(native(), FIX | {"truck": 17, "vehicle": "17", "city": "minami"}).truck == "17"


@pytest.mark.parametrize("truck", ["17.b", "なにわ17", "大阪 300 あ 17-17"])
def test_truck_ids_may_hold_dots_and_japanese(truck: str) -> None:
    """Plates are names."""
    assert ping(native(truck), FIX).truck == truck


@pytest.mark.parametrize("truck", ["", "x" * 65, "a\x00b", "a\x1bb"])
def test_a_truck_id_that_no_operator_could_read_is_refused(truck: str) -> None:
    """Empty, endless and unprintable ids do not come in."""
    assert refusal(native(truck), FIX).reason == Reason.UNKNOWN_TRUCK


def test_a_city_that_nobody_described_is_unknown_and_owns_no_key() -> None:
    """A refusal is filed under a city only where that city exists."""
    refused = refusal(native(city="nishi"), FIX)
    assert (refused.reason, refused.city) == (Reason.UNKNOWN_CITY, None)


@pytest.mark.parametrize("topic", ["gomikuru/v1/minami", "gomikuru/v1/minami/trucks/17", "gomikuru/v2/x", "x", ""])
def test_a_topic_that_no_dialect_speaks_is_unknown(topic: str) -> None:
    """Neither half a topic nor another version is guessed at."""
    assert refusal(topic, FIX).reason == Reason.UNKNOWN_TOPIC


@pytest.mark.parametrize("topic", [native(), "owntracks/phone-1/phone", "traccar/minami"])
def test_a_retained_message_is_refused_and_filed_under_its_city(topic: str) -> None:
    """Retained messages are state, not news."""
    refused = refusal(topic, FIX, retained=True)
    assert (refused.reason, refused.city) == (Reason.RETAINED, "minami")


# gateways


def test_a_trusted_gateway_may_say_when_it_received() -> None:
    """received_at replaces the time of receipt, in any form of time."""
    assert ping(gateway(), FIX | {"received_at": T + 7}).received_ms == (T + 7) * 1000
    assert ping(gateway(), FIX | {"received_at": "2025-11-24T16:00:07Z"}).received_ms == (T + 7) * 1000


def test_without_received_at_a_gateway_is_stamped_here() -> None:
    """The service's own time of receipt is the default."""
    assert ping(gateway(), FIX).received_ms == RECEIVED_MS


@pytest.mark.parametrize("topic", [native(), gateway(name="plain")])
def test_nobody_else_may_say_when_it_was_received(topic: str) -> None:
    """A truck, or a gateway that is not trusted with it, is refused; time cannot be forged."""
    assert refusal(topic, FIX | {"received_at": T}).reason == Reason.NOT_ALLOWED


def test_a_gateway_that_the_city_does_not_list_is_refused() -> None:
    """Even without received_at."""
    assert refusal(gateway(name="stranger"), FIX).reason == Reason.NOT_ALLOWED


def test_a_gateways_own_name_of_a_truck_is_translated() -> None:
    """trucks.csv's external_id under the gateway's credential names the truck."""
    found = ping(gateway("X-23"), FIX | {"vehicle": "X-23"})
    assert (found.truck, found.route) == ("23", "r-23")


# OwnTracks

LOCATION: dict[str, Any] = {"_type": "location", "lat": 34.83, "lon": 135.47, "tst": T}


def test_owntracks_speaks_km_per_hour() -> None:
    """vel 36 is 10 m/s; cog, acc and tst keep their units."""
    found = ping("owntracks/phone-1/phone", LOCATION | {"vel": 36, "cog": 90, "acc": 12, "batt": 80, "t": "t"})
    assert (found.truck, found.city, found.dialect) == ("21", "minami", "owntracks")
    assert found.speed_mps == pytest.approx(10.0)
    assert (found.heading_deg, found.accuracy_m, found.fix_ms) == (90.0, 12.0, T * 1000)


def test_fields_that_owntracks_leaves_out_are_unknown() -> None:
    """The app omits zeros; absent is not taken for a measured zero, nor for an error."""
    found = ping("owntracks/phone-1/phone", LOCATION)
    assert (found.speed_mps, found.heading_deg, found.accuracy_m) == (None, None, None)


@pytest.mark.parametrize("kind", ["lwt", "transition", "waypoint", "waypoints", "status", "steps", "card", "cmd"])
def test_other_owntracks_messages_are_not_positions(kind: str) -> None:
    """A last will or a transition carries tst, and perhaps lat and lon, and still is no fix."""
    assert refusal("owntracks/phone-1/phone", LOCATION | {"_type": kind}).reason == Reason.NOT_A_POSITION


def test_owntracks_events_have_a_topic_of_their_own() -> None:
    """What arrives below the device's topic is no position."""
    assert refusal("owntracks/phone-1/phone/event", LOCATION).reason == Reason.NOT_A_POSITION


def test_encrypted_owntracks_messages_are_named_as_such() -> None:
    """The operator learns what to switch off."""
    assert refusal("owntracks/phone-1/phone", {"_type": "encrypted", "data": "x"}).reason == Reason.ENCRYPTED


def test_a_sign_of_life_with_the_sending_time_is_a_repeated_fix() -> None:
    """t:p stamps an old place with a new time; only a tst that lies before created_at is a fix time."""
    topic = "owntracks/phone-1/phone"
    assert refusal(topic, LOCATION | {"t": "p"}).reason == Reason.REPEATED_FIX
    assert refusal(topic, LOCATION | {"t": "p", "created_at": T}).reason == Reason.REPEATED_FIX
    assert ping(topic, LOCATION | {"t": "p", "created_at": T + 40}).fix_ms == T * 1000


@pytest.mark.parametrize("topic", ["owntracks/phone-1/tablet", "owntracks/someone/phone", "owntracks/fleet/phone"])
def test_an_owntracks_device_that_no_trucks_csv_names_is_unknown(topic: str) -> None:
    """Credential and device together are the identity."""
    assert refusal(topic, LOCATION).reason == Reason.UNKNOWN_TRUCK


# Traccar

POSITION: dict[str, Any] = {
    "id": 0,
    "fixTime": TRACCAR_TIME,
    "deviceTime": TRACCAR_TIME,
    "serverTime": "2025-11-24T16:00:01.000+00:00",
    "valid": True,
    "outdated": False,
    "latitude": 34.83,
    "longitude": 135.47,
    "altitude": 0.0,
    "speed": 10.0,
    "course": 45.0,
    "accuracy": 0.0,
    "attributes": {},
}


def traccar(device: str = "356307", **changes: object) -> dict[str, Any]:
    return {"position": POSITION | changes, "device": {"id": 3, "uniqueId": device, "name": "x"}}


def test_traccar_speaks_knots() -> None:
    """10 kn are 5.144 m/s; an accuracy of 0 is unknown."""
    found = ping("traccar/minami", traccar())
    assert (found.truck, found.city, found.dialect, found.fix_ms) == ("22", "minami", "traccar", T * 1000)
    assert found.speed_mps == pytest.approx(5.14444, abs=1e-4)
    assert (found.heading_deg, found.accuracy_m) == (45.0, None)


def test_traccar_times_may_be_epoch_milliseconds() -> None:
    """Some versions write numbers where others write ISO text."""
    assert ping("traccar/minami", traccar(fixTime=T * 1000, deviceTime=T * 1000)).fix_ms == T * 1000


def test_a_gateways_devices_come_through_traccar_too() -> None:
    """A row whose credential is a gateway of the city is found by its unique id."""
    assert ping("traccar/minami", traccar("X-23")).truck == "23"


def test_a_traccar_device_does_not_become_the_truck_of_a_phone() -> None:
    """An OwnTracks row with the same external id is another sender."""
    assert refusal("traccar/minami", traccar("phone")).reason == Reason.UNKNOWN_TRUCK


def test_a_traccar_position_that_is_not_valid_is_refused() -> None:
    """valid: false occurs."""
    assert refusal("traccar/minami", traccar(valid=False)).reason == Reason.INVALID_FIX


@pytest.mark.parametrize("change", [{"fixTime": "2025-11-24T15:59:00Z"}, {"outdated": True}])
def test_a_traccar_fix_older_than_its_device_time_is_a_repeated_fix(change: dict[str, object]) -> None:
    """The tracker spoke without a new fix, and Traccar filled in the last one."""
    assert refusal("traccar/minami", traccar(**change)).reason == Reason.REPEATED_FIX


@pytest.mark.parametrize(
    "payload", [{"device": {"uniqueId": "356307"}}, {"device": {"uniqueId": "356307"}, "position": None}]
)
def test_a_traccar_message_without_position_is_not_a_position(payload: object) -> None:
    """Event forwarding to the same topic does no harm."""
    assert refusal("traccar/minami", payload).reason == Reason.NOT_A_POSITION


# the directory


def test_the_subscriptions_are_those_that_the_cities_need() -> None:
    """Two native topics a city, the phones, and the Traccar topics that are configured."""
    assert set(filters(DIRECTORY)) == {
        "traccar/minami",
        "owntracks/+/+",
        *(f"gomikuru/v1/{city}/trucks/+/ping" for city in ("minami", "kita")),
        *(f"gomikuru/v1/{city}/gateways/+/trucks/+/ping" for city in ("minami", "kita")),
    }


def test_two_trucks_with_one_sender_are_refused() -> None:
    """One phone cannot be two trucks, in one city or in two."""
    phone = Truck("1", credential="p", external_id="phone")
    other = msgspec.structs.replace(phone, id="2")
    with pytest.raises(DirectoryConflict, match=r"'1'.*external id 'phone'"):
        Directory.of([msgspec.structs.replace(KITA, trucks=(phone, other))])
    with pytest.raises(DirectoryConflict, match="kita"):
        Directory.of([msgspec.structs.replace(KITA, trucks=(phone,)), msgspec.structs.replace(MINAMI, trucks=(other,))])


def test_two_cities_may_number_their_traccar_devices_alike() -> None:
    """The literal credential `traccar` is one of each city."""
    truck = Truck("1", credential="traccar", external_id="7")
    cities = [City(name, name, "Asia/Tokyo", trucks=(truck,), traccar_topic=f"traccar/{name}") for name in ("a", "b")]
    assert set(Directory.of(cities).traccar_devices) == {("a", "7"), ("b", "7")}


def test_two_cities_cannot_share_a_traccar_topic() -> None:
    """A message could not be told to its city."""
    with pytest.raises(DirectoryConflict, match="share the Traccar topic"):
        Directory.of([MINAMI, msgspec.structs.replace(KITA, traccar_topic="traccar/minami")])


def test_the_dialect_of_a_topic_is_named() -> None:
    """For the counters."""
    topics = [native(), "owntracks/a/b", "traccar/minami", "x", b"\xff"]
    assert [dialect_of(topic, DIRECTORY) for topic in topics] == [
        "native",
        "owntracks",
        "traccar",
        "unknown",
        "unknown",
    ]
