"""What events other than pings change: the zones, profile and assignments in force, who subscribed, words of dispatch.

Pure, as `step` is. Something that cannot be read leaves the last good one in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from geofence.assignments import read_assignments
from geofence.book import Book
from geofence.files import read_zones
from geofence.forecast.profile import BadProfile, decode_profile
from geofence.forecast.recorded import day_ordinal, second_of
from geofence.forecaster import Forecaster
from geofence.minutes_homes import grained
from geofence.state import State
from model.city import City
from model.event import AssignmentsChanged, Event, HomesChanged, ProfileChanged, Word, WordKind, ZonesChanged
from model.subscription import MinutesLead

FRESH_MS = 300_000


def take(state: State, event: Event, book: Book, documents: Mapping[str, bytes]) -> None:
    """Let an event change what is in force. `documents` holds the bytes of every version that an event names."""
    if isinstance(event, HomesChanged):
        _homes_changed(state, event, book)
    elif isinstance(event, ZonesChanged):
        _zones_changed(book, event, documents[event.version])
    elif isinstance(event, ProfileChanged):
        _profile_changed(state, event, book, documents[event.version])
    elif isinstance(event, AssignmentsChanged):
        _assignments_changed(book, event, documents[event.version])
    elif isinstance(event, Word):
        _word(state, event, book)
    else:
        raise TypeError(f"no such event: {type(event).__name__}")


def _homes_changed(state: State, event: HomesChanged, book: Book) -> None:
    """Take the change, forget who is gone, and let every truck at work weigh its surroundings once more."""
    book.take_homes(event)
    for told in state.told.values():
        told.forget(event.gone)
    for home in event.put:
        if isinstance(home.lead, MinutesLead):
            for place in book.foretold_at(home.number):
                for foretold in state.foretold.values():
                    foretold.reopen(place, grained(home.lead.minutes))
    if not event.put:
        return
    for name, truck in sorted(state.trucks.items()):
        last = truck.track.last
        if truck.collecting and last is not None and event.at_ms - last.at_ms <= FRESH_MS:
            fences = tuple(replace(fence, announced="") for fence in truck.fences)
            state.remember(name, replace(truck, weigh_all=True, fences=fences))


def _zones_changed(book: Book, event: ZonesChanged, data: bytes) -> None:
    zones, problems = read_zones(data)
    if not problems:
        book.take_zones(zones, event.version)


def _profile_changed(state: State, event: ProfileChanged, book: Book, data: bytes) -> None:
    """Take the profile; who was told by a place of the last one was told by the place there now."""
    try:
        forecaster = Forecaster(decode_profile(data), event.version)
    except BadProfile:
        return
    if book.forecaster is not None:
        now_at = _now_at(book.forecaster, forecaster, book.city)
        for foretold in state.foretold.values():
            foretold.moved(now_at)
    book.take_forecaster(forecaster)


def _now_at(before: Forecaster, after: Forecaster, city: City) -> Callable[[int, int], int | None]:
    """Tell how to find, for a place of the last profile and an instant told there, the place in the new one."""
    places = after.places_at(before.profile)

    def now_at(place: int, eta_ms: int) -> int | None:
        now = places[place] if place < len(places) else None
        at_s = second_of(eta_ms, day_ordinal(eta_ms, city), city.timezone)
        return None if now is None else after.at_hour(now, at_s)

    return now_at


def _assignments_changed(book: Book, event: AssignmentsChanged, data: bytes) -> None:
    assignments, wrong = read_assignments(data)
    if not wrong:
        book.take_assignments(assignments, event.version)


def _word(state: State, word: Word, book: Book) -> None:
    truck = state.truck(word.truck)
    if word.kind is WordKind.NEW_RUN:
        route = book.route_of(word.truck, word.at_ms)
        state.next_run(*book.service(word.truck, route, word.at_ms))
        truck = replace(truck, weigh_all=True)
    else:
        truck = replace(truck, muted=word.kind is WordKind.MUTE, weigh_all=True)
    state.remember(word.truck, truck)
