"""Rounds told as short timelines: a truck drives and stands on a plain of metres, and pings every few seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil, cos, hypot, radians
from zoneinfo import ZoneInfo

from geofence.forecast.learn import learn
from geofence.forecast.profile import encode_profile
from geofence.forecast.recorded import Recording
from gomikuru.replay import Twin
from model.alert import Alert, Kind
from model.city import City
from model.ping import Ping
from model.subscription import Home, InZone, MinutesLead, Pin

LAT, LON = 34.83, 135.47
CITY = City("minami", "南市", "Asia/Tokyo")
MONDAY = date(2026, 11, 2)
_DEGREE_M = 111_132.0


def place(x: float, y: float) -> tuple[float, float]:
    """Tell the position, in degrees, of a spot given in metres."""
    return LAT + y / _DEGREE_M, LON + x / (_DEGREE_M * cos(radians(LAT)))


def metres(lat: float, lon: float) -> tuple[float, float]:
    """Tell the spot, in metres, of a position given in degrees; `place` the other way round."""
    return (lon - LON) * _DEGREE_M * cos(radians(LAT)), (lat - LAT) * _DEGREE_M


def instant_ms(day: date, clock: str) -> int:
    """Tell an instant of local time in ms UTC."""
    hour, minute = clock.split(":")
    local = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=ZoneInfo("Asia/Tokyo"))
    return round(local.timestamp() * 1000)


def clock(at_ms: int) -> str:
    """Tell the local time of an instant, to read in a failure."""
    return f"{datetime.fromtimestamp(at_ms / 1000, ZoneInfo('Asia/Tokyo')):%H:%M:%S}"


class Drive:
    """One truck on one day; each call goes on where the last one ended."""

    def __init__(self, day: date, start: str = "08:30", truck: str = "17", at: tuple[float, float] = (0.0, 0.0)):
        self.at_ms = instant_ms(day, start)
        self.pings: list[Ping] = []
        self.reached: dict[tuple[float, float], int] = {}
        self._truck, self._spot, self._step_s = truck, at, 5.0
        self._ping()

    def every(self, seconds: float) -> Drive:
        """Ping at another interval from now on."""
        self._step_s = seconds
        return self

    def to(self, x: float, y: float, mps: float = 7.0) -> Drive:
        """Drive straight to a spot."""
        start, began_ms = self._spot, self.at_ms
        length = hypot(x - start[0], y - start[1])
        took_ms = length / mps * 1000.0
        for k in range(1, ceil(took_ms / 1000.0 / self._step_s) + 1):
            share = min(1.0, k * self._step_s * 1000.0 / max(took_ms, 1.0))
            self._spot = (start[0] + (x - start[0]) * share, start[1] + (y - start[1]) * share)
            self.at_ms = began_ms + round(took_ms * share)
            self._ping()
        self.reached[x, y] = self.at_ms
        return self

    def stand(self, seconds: float) -> Drive:
        """Stand still, engine running."""
        end_ms = self.at_ms + round(seconds * 1000)
        while self.at_ms < end_ms:
            self.at_ms = min(end_ms, self.at_ms + round(self._step_s * 1000))
            self._ping()
        return self

    def serve(self, stops: Iterable[tuple[float, float]], seconds: float = 60.0) -> Drive:
        """Drive from stop to stop and load at each."""
        for x, y in stops:
            self.to(x, y).stand(seconds)
        return self

    def silence(self, *, backlog: bool) -> Silence:
        """Let the pings of a `with` block get lost, or come all at once at its end."""
        return Silence(self, backlog)

    def _ping(self) -> None:
        lat, lon = place(*self._spot)
        self.pings.append(Ping("minami", self._truck, self.at_ms, self.at_ms, lat, lon))


class Silence:
    """A dead zone: see Drive.silence."""

    def __init__(self, drive: Drive, backlog: bool) -> None:
        self._drive, self._backlog, self._first = drive, backlog, 0

    def __enter__(self) -> None:
        self._first = len(self._drive.pings)

    def __exit__(self, *_: object) -> None:
        held = self._drive.pings[self._first :]
        del self._drive.pings[self._first :]
        if self._backlog:
            end = held[-1].fix_ms
            self._drive.pings += [Ping(p.city, p.truck, p.fix_ms, end, p.lat, p.lon) for p in held]


def yard(day: date, until: str) -> Drive:
    """Another truck that stands far away all morning, so that time passes while the one looked at is silent."""
    drive = Drive(day, "08:00", "42", at=(-9000.0, -9000.0)).every(20.0)
    return drive.stand((instant_ms(day, until) - drive.at_ms) / 1000.0)


def profile_of(days: Iterable[Drive]) -> bytes:
    """Learn a profile from past days."""
    recording = Recording(CITY)
    for day in days:
        recording.add(day.pings)
    return encode_profile(learn(recording.days(), recording.stretch()))


def home(number: int, spot: tuple[float, float], minutes: float = 10.0, kinds: tuple[Kind, ...] = ()) -> Home:
    """A home at a spot; its subscription is `s<number>`, and `kinds` what it wants to hear besides."""
    return Home(number, f"s{number}", Pin(*place(*spot)), MinutesLead(minutes), kinds=kinds)


def zone_home(number: int, zone: str, minutes: float = 10.0) -> Home:
    """A home known only by its zone; its subscription is `s<number>`."""
    return Home(number, f"s{number}", InZone(zone), MinutesLead(minutes))


def zones_document(boxes: Mapping[str, tuple[float, float, float, float]]) -> bytes:
    """Draw zones as boxes (west, south, east, north in metres)."""
    features = []
    for name, (west, south, east, north) in boxes.items():
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        ring = [place(*corner)[::-1] for corner in corners]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"id": name, "name": name}, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def routes_document(routes: Mapping[str, Sequence[tuple[float, float, str]]], **line: object) -> bytes:
    """Draw routes straight from stop to stop: each stop's place in metres and its time, "" for none."""
    features: list[dict[str, object]] = []
    for name, stops in routes.items():
        points = [list(place(x, y)[::-1]) for x, y, _ in stops]
        shape: dict[str, object] = {"type": "LineString", "coordinates": points}
        features.append({"type": "Feature", "properties": {"route_id": name, **line}, "geometry": shape})
        for seq, (point, (_, _, time)) in enumerate(zip(points, stops, strict=True), start=1):
            said = {"route_id": name, "seq": seq} | ({"scheduled_time": time} if time else {})
            features.append(
                {"type": "Feature", "properties": said, "geometry": {"type": "Point", "coordinates": point}}
            )
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def told(
    profile: bytes,
    homes: Sequence[Home],
    *drives: Drive,
    kind: Kind = Kind.APPROACHING,
    zones: bytes = b"",
    assignments: bytes = b"",
) -> dict[str, list[Alert]]:
    """Play drives, merged by arrival, and tell the alerts of a kind by subscription."""
    found: dict[str, list[Alert]] = {each.subscription: [] for each in homes}
    for alert in heard(profile, homes, *drives, zones=zones, assignments=assignments):
        if alert.kind is kind:
            found[alert.subscription].append(alert)
    return found


def heard(
    profile: bytes, homes: Sequence[Home], *drives: Drive, zones: bytes = b"", assignments: bytes = b""
) -> list[Alert]:
    """Play drives, merged by arrival, and tell all alerts as they fell."""
    twin = Twin(CITY)
    if zones:
        twin.zones(zones, 0)
    if assignments:
        twin.assignments(assignments, 0)
    twin.profile(profile, 0)
    twin.homes(homes, 0)
    pings = sorted((ping for drive in drives for ping in drive.pings), key=lambda ping: (ping.received_ms, ping.fix_ms))
    return list(twin.play(pings))


def minutes_before(alert: Alert, arrival_ms: int) -> float:
    """Tell how many minutes before an arrival an alert fell."""
    return (arrival_ms - alert.fired_ms) / 60_000


def weekdays(count: int, first: date = MONDAY) -> list[date]:
    """Tell days of collection: Monday to Saturday, from a day on."""
    days = (first + timedelta(days=k) for k in range(3 * count))
    return [day for day in days if day.weekday() < 6][:count]
