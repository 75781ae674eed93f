"""The offline twin: recorded pings through the same screening and the same engine, without servers. Pure.

docs/replay.md describes the file forms.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from geofence.batch import run_batch
from geofence.book import Book
from geofence.forecast.profile import encode_profile
from geofence.limits import Limits
from geofence.state import State
from gomikuru.learning.offline import Nights
from gomikuru.predictions import Prediction, Predictions
from ingest import screen
from model.alert import Alert
from model.city import City
from model.event import AssignmentsChanged, Event, HomesChanged, ProfileChanged, Tick, ZonesChanged
from model.ping import Ping, Rejected
from model.subscription import Home, MetresLead, MinutesLead, ZoneLead
from model.times import format_rfc3339
from residents.wish import Wish

HOMES_AT_ONCE = 500
TICK_MS = 30_000
TICKS_FOR_MS = 3_600_000
"""Time passes between pings too, as in the live service; after an hour without any, nothing is left to happen."""


class Tally(msgspec.Struct):
    """What a replay has seen so far: what became of each ping, and the alerts by kind."""

    verdicts: Counter[str] = msgspec.field(default_factory=Counter)
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    alerts: Counter[str] = msgspec.field(default_factory=Counter)


class Twin:
    """One city's engine, offline."""

    def __init__(
        self,
        city: City,
        limits: Limits | None = None,
        screening: screen.Limits | None = None,
        nights: Nights | None = None,
    ) -> None:
        self._nights = nights
        self._book = Book(city, limits or Limits())
        self._state = State()
        self._screening = screening or screen.Limits()
        self._next_tick_ms: int | None = None
        self.tally = Tally()

    def zones(self, data: bytes, at_ms: int) -> None:
        """Let a zones.geojson take force; it must have been read without a problem."""
        run_batch(self._state, self._book, [ZonesChanged(at_ms, "replay")], {"replay": data})

    def homes(self, homes: Iterable[Home], at_ms: int) -> None:
        """Let subscriptions come."""
        rest = iter(homes)
        while some := tuple(islice(rest, HOMES_AT_ONCE)):
            run_batch(self._state, self._book, [HomesChanged(at_ms, some)], {})

    def profile(self, data: bytes, at_ms: int) -> None:
        """Let a learned profile take force; it must have been read without a problem."""
        changed, documents = _taking_force(data, at_ms)
        run_batch(self._state, self._book, [changed], documents)

    def assignments(self, data: bytes, at_ms: int) -> None:
        """Let an assignments.csv take force; it must have been read without a problem."""
        run_batch(self._state, self._book, [AssignmentsChanged(at_ms, "replay")], {"replay": data})

    def play_foretelling(
        self, pings: Iterable[Ping], predictions: Predictions, told: Callable[[Prediction], object]
    ) -> Iterator[Alert]:
        """Play pings one by one, and let `told` have what is foretold on the way; the alerts are those of `play`."""
        for ping in pings:
            yield from self.play((ping,))
            for prediction in predictions.after(ping, self._state, self._book):
                told(prediction)

    def play(self, pings: Iterable[Ping], batch: int = 512) -> Iterator[Alert]:
        """Play pings in order, and give the alerts as they fall; the size of a batch changes nothing."""
        rest = iter(pings)
        while some := list(islice(rest, batch)):
            events, documents = self._screened(some)
            outcome = run_batch(self._state, self._book, events, documents)
            self.tally.verdicts.update(outcome.verdicts)
            self.tally.alerts.update(alert.kind.value for alert in outcome.alerts)
            yield from outcome.alerts

    def _screened(self, pings: list[Ping]) -> tuple[list[Event], dict[str, bytes]]:
        passed: list[Event] = []
        documents: dict[str, bytes] = {}
        for ping in pings:
            screened = screen.screen(ping, self._screening)
            if isinstance(screened, Rejected):
                self.tally.rejected[screened.reason.value] += 1
            else:
                passed.extend(self.between(screened.received_ms))
                if self._nights and (profile := self._nights.learned(screened.received_ms)):
                    changed, document = _taking_force(encode_profile(profile), screened.received_ms)
                    passed.append(changed)
                    documents |= document
                passed.append(screened)
                if self._nights:
                    self._nights.hear(screened)
        return passed, documents

    def between(self, until_ms: int) -> list[Event]:
        """Let time pass until a ping is received."""
        first = self._next_tick_ms
        if first is not None and first > until_ms:
            return []
        self._next_tick_ms = until_ms + TICK_MS
        if first is None:
            return []
        return [Tick(at_ms) for at_ms in range(first, min(until_ms, first + TICKS_FOR_MS) + 1, TICK_MS)]


def _taking_force(profile: bytes, at_ms: int) -> tuple[ProfileChanged, dict[str, bytes]]:
    version = hashlib.sha256(profile).hexdigest()[:16]
    return ProfileChanged(at_ms, version), {version: profile}


def homes_of(wishes: Iterable[Wish]) -> list[Home]:
    """Number the residents of a file in its order."""
    return [
        Home(number, wish.id or str(number), wish.place, wish.lead, wish.categories, wish.kinds)
        for number, wish in enumerate(wishes, start=1)
    ]


def alert_line(alert: Alert) -> bytes:
    """Write an alert as one line of alerts.jsonl."""
    return msgspec.json.encode(alert_fields(alert))


def alert_fields(alert: Alert) -> dict[str, object]:
    """Tell what alerts.jsonl says of an alert."""
    return {
        "alert_id": alert.id,
        "resident_id": alert.subscription,
        "kind": alert.kind.value,
        "fired_at": format_rfc3339(alert.fired_ms),
        "vehicle_id": alert.vehicle,
        "route_id": alert.route,
        "eta": _instant(alert.eta_ms),
        "eta_low": _instant(alert.eta_low_ms),
        "eta_high": _instant(alert.eta_high_ms),
        "run": f"{alert.service_day}/{alert.run}",
        "zone": alert.zone,
        "category": alert.category,
        "lead": _lead(alert),
        "useful_until": format_rfc3339(alert.useful_until_ms),
        "ordinal": alert.ordinal,
        "heard_at": _instant(alert.heard_ms),
        "shadow": alert.shadow,
    }


def _instant(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else format_rfc3339(instant_ms)


def _lead(alert: Alert) -> str:
    match alert.lead:
        case MetresLead(metres=metres):
            return f"{metres:g} m"
        case MinutesLead(minutes=minutes):
            return f"{minutes:g} min"
        case ZoneLead():
            return "zone"
