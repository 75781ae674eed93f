"""A truck that falls silent on its round: those who were told of it hear so, once, with what was last expected.

Time passes by ticks. A silence is weighed once, when it has lasted; what the truck was expected to do when it was
last heard decides whom it concerns. So a truck at the end of its round may be switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace

from geofence import correcting, minutes
from geofence.book import Book
from geofence.forecast.recorded import day_ordinal, second_of
from geofence.forecast.today import DaySoFar
from geofence.forecaster import Ahead
from geofence.minutes_zones import Told
from geofence.runs import run_of
from geofence.scene import Nominee, concerns
from geofence.state import State, Truck
from geofence.telling import Occasion, fire
from model.alert import Alert, Kind
from model.subscription import MinutesLead

Said = Mapping[int, Sequence[float]]
"""The leads for which each place, or zone, was foretold."""
Waiting = tuple[int, int, float, Sequence[Told]]
"""The place ahead, as its row in the outlook, its turn, the lead, and the homes that were told of it."""


def weigh(state: State, at_ms: int, book: Book) -> list[Alert]:
    """Find the trucks whose silence has lasted, and tell who waits for them."""
    alerts: list[Alert] = []
    silent = [name for name, truck in state.trucks.items() if _falls_silent(truck, at_ms, book)]
    for name in sorted(silent):
        truck = state.trucks[name]
        state.remember(name, replace(truck, hushed=True))
        heard_ms = _heard_ms(truck)
        if truck.muted or at_ms - heard_ms > book.limits.silence_stale_ms or _others(truck, name, state, at_ms, book):
            continue
        occasion = Occasion(book.city.id, name, book.categories.get(name), at_ms, f"{name}@{heard_ms}")
        alerts += fire(_waiting(truck, name, state, at_ms, book), state, run_of(truck.round), occasion, book)
    return alerts


def _falls_silent(truck: Truck, at_ms: int, book: Book) -> bool:
    return bool(truck.round) and not truck.hushed and at_ms - _heard_ms(truck) >= book.limits.silence_ms


def _heard_ms(truck: Truck) -> int:
    return max((fix.at_ms for fix in (*truck.track.fixes, *truck.track.suspects)), default=0)


def _others(truck: Truck, name: str, state: State, at_ms: int, book: Book) -> bool:
    """Tell whether another truck is at work on the same round, so that nobody waits in vain."""
    return any(
        other.round == truck.round and at_ms - _heard_ms(other) < book.limits.silence_ms
        for who, other in state.trucks.items()
        if who != name
    )


def _waiting(truck: Truck, name: str, state: State, at_ms: int, book: Book) -> Iterator[Nominee]:
    """Nominate the homes of places that were foretold, and to which the truck was still coming when last heard."""
    ahead, last = _last_look(truck, book), truck.track.last
    if ahead is None or last is None or truck.so_far is None:
        return
    said: dict[int, list[float]] = {}
    for one in state.foretold_on(truck.round):
        said.setdefault(one.place, []).append(one.lead_min)
    bit = book.bit(book.categories.get(name))
    for k, turn, lead_min, homes in chain(_at_places(ahead, said, book), _in_zones(ahead, truck.so_far, said, book)):
        middle, low, high = ahead.instants(k, last.at_ms)
        eta_ms = middle, low, high + at_ms - last.at_ms
        for number, subscription, mask in homes:
            if concerns(bit, mask):
                yield _nominee(number, subscription, lead_min, eta_ms, at_ms, last.at_ms, turn)


def _at_places(ahead: Ahead, said: Said, book: Book) -> Iterator[Waiting]:
    places = ahead.outlook.place.tolist()
    for k in correcting.coming(ahead):
        for lead_min in said.get(places[k], ()):
            homes = book.minutes.at(places[k], lead_min)
            yield k, book.turn_of(places[k]), lead_min, [(home.number, home.subscription, home.mask) for home in homes]


def _in_zones(ahead: Ahead, so_far: DaySoFar, said: Said, book: Book) -> Iterator[Waiting]:
    """Give the homes known by their zone, with the first of its places; none once any of these was served."""
    for lead_min in book.minutes_zones.leads_min:
        for zone in book.minutes_zones.served(lead_min):
            if lead_min in said.get(zone.key, ()) and not minutes.served_any(so_far, zone.places):
                k = correcting.first_coming(ahead, zone.places)
                if k is not None:
                    yield k, zone.turn, lead_min, sorted(book.minutes_zones.at(zone.zone, lead_min))


def _nominee(
    number: int, subscription: str, lead_min: float, eta_ms: tuple[int, int, int], at_ms: int, heard_ms: int, turn: int
) -> Nominee:
    return Nominee(
        number=number,
        subscription=subscription,
        lead=MinutesLead(lead_min),
        useful_ms=minutes.useful_ms(eta_ms[2] - at_ms),
        kind=Kind.DISRUPTED,
        eta_ms=eta_ms,
        by_round=True,
        turn=turn,
        heard_ms=heard_ms,
    )


def _last_look(truck: Truck, book: Book) -> Ahead | None:
    """Weigh the places ahead as they stood when the truck was last heard; None where its day was not followed."""
    forecaster, last, so_far = book.forecaster, truck.track.last, truck.so_far
    if forecaster is None or last is None or so_far is None:
        return None
    ordinal = day_ordinal(last.at_ms, book.city)
    if not so_far.is_of(forecaster.version, ordinal):
        return None
    at_s = second_of(last.at_ms, ordinal, book.city.timezone)
    return forecaster.look(so_far, at_s, ordinal, book.limits.manner)
