"""The engine: `step(state, event, book) -> alerts`, pure, in the order of the city's stream.

The same events give the same alerts, bit for bit. `state` and `book` are consumed: they carry on as changed, and a
worker whose commit fails loads both anew. A kind of lead is a decider in DECIDERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import hypot
from typing import NamedTuple

from msgspec.structs import replace

from geofence import approach, entering, minutes, motion, silence
from geofence.assignments import read_assignments
from geofence.book import Book
from geofence.files import read_zones
from geofence.forecast.profile import BadProfile, decode_profile
from geofence.forecast.recorded import day_ordinal
from geofence.forecast.today import likeliest_crew
from geofence.forecaster import Forecaster
from geofence.foretold import Foretold
from geofence.geometry import project, stretch
from geofence.motion import Motion, Phase
from geofence.runs import ROUTE, Run, day_of, name_of
from geofence.scene import Nominee, Scene
from geofence.state import State, Truck
from geofence.telling import Occasion, fire
from geofence.track import Fix, Move, Verdict, follow
from model.alert import Alert
from model.event import AssignmentsChanged, Event, HomesChanged, ProfileChanged, Tick, Word, WordKind, ZonesChanged
from model.ping import Ping
from model.subscription import MinutesLead

DECIDERS = (entering.decide, approach.decide, minutes.decide)
"""Each kind of lead, in the order in which its alerts are listed: (truck, scene) -> (truck, nominees)."""

FRESH_MS = 300_000


class Decided(NamedTuple):
    """What one event led to: alerts, and what became of a ping."""

    alerts: list[Alert]
    verdict: Verdict | None


NOTHING = Decided([], None)


def step(state: State, event: Event, book: Book, documents: Mapping[str, bytes]) -> Decided:
    """Take one event. `documents` holds the bytes of every version that an event names."""
    if isinstance(event, Ping):
        return _ping(state, event, book)
    state.turn_day(day_of(event.at_ms, book.city))
    if isinstance(event, HomesChanged):
        _homes_changed(state, event, book)
    elif isinstance(event, ZonesChanged):
        zones, problems = read_zones(documents[event.version])
        if not problems:
            book.take_zones(zones, event.version)
    elif isinstance(event, ProfileChanged):
        _profile_changed(book, event, documents[event.version])
    elif isinstance(event, AssignmentsChanged):
        _assignments_changed(book, event, documents[event.version])
    elif isinstance(event, Word):
        _word(state, event, book)
    elif isinstance(event, Tick):
        return Decided(silence.weigh(state, event.at_ms, book), None)
    else:
        raise TypeError(f"no such event: {type(event).__name__}")
    return NOTHING


def _ping(state: State, ping: Ping, book: Book) -> Decided:
    if ping.late:
        return Decided([], Verdict.LATE)
    state.turn_day(day_of(ping.received_ms, book.city))
    truck = state.truck(ping.truck)
    x, y = project(ping.lat, ping.lon)
    scale = stretch(ping.lat)
    track, move, verdict = follow(truck.track, Fix(ping.fix_ms, x, y), ping.accuracy_m, scale, book.limits)
    if verdict in (Verdict.DUPLICATE, Verdict.OUT_OF_ORDER, Verdict.INACCURATE):
        return Decided([], verdict)
    truck = replace(truck, track=track, hushed=False)
    if move is None:
        state.remember(ping.truck, truck)
        return Decided([], verdict)
    truck, began = _watch(truck, ping, move, verdict, scale, book)
    route = book.route_of(ping.truck, ping.received_ms, ping.route)
    run = _run(state, book, ping.truck, route, ping.received_ms)
    crew = book.forecaster.crew(ping.truck, route) if book.forecaster else ping.truck
    scene = _scene(truck, ping, crew, move, began, scale, state, run, book)
    nominees: list[Nominee] = []
    for decide in DECIDERS:
        truck, nominated = decide(truck, scene)
        nominees.extend(nominated)
    state.remember(ping.truck, truck)
    occasion = Occasion(ping.city, ping.truck, scene.category, ping.received_ms, ping.id)
    alerts = fire((each for each in nominees if not each.by_round), state, run, occasion, book)
    alerts += fire((each for each in nominees if each.by_round), state, scene.round, occasion, book)
    return Decided(alerts, verdict)


def _watch(truck: Truck, ping: Ping, move: Move, verdict: Verdict, scale: float, book: Book) -> tuple[Truck, bool]:
    """Judge what the truck is doing; tell also whether it begins to collect with this ping."""
    if verdict in (Verdict.COARSE, Verdict.REORDERED):
        return truck, False
    before = truck.motion
    x, y = move.legs[-1][2:]
    if before is None or _astray(before, move, x, y, scale, book) or _at_facility(x, y, scale, book):
        now = motion.begin(x, y, ping.fix_ms)
    else:
        now = motion.moved(before, x, y, ping.fix_ms, scale, book.limits)
    collecting = now.phase is Phase.COLLECTING if ping.collecting is None else ping.collecting
    collecting = collecting and not _at_facility(x, y, scale, book)
    lost = {"waiting": (), "fences": ()} if move.fresh else {}
    return replace(truck, motion=now, collecting=collecting, **lost), collecting and not truck.collecting


def _astray(before: Motion, move: Move, x: float, y: float, scale: float, book: Book) -> bool:
    """Tell whether the truck moved while nobody saw it, so that its pace says nothing."""
    return move.fresh and hypot(x - before.x, y - before.y) >= book.limits.hop_m * scale


def _at_facility(x: float, y: float, scale: float, book: Book) -> bool:
    for facility in book.city.facilities:
        fx, fy = project(facility.lat, facility.lon)
        if hypot(x - fx, y - fy) <= facility.radius_m * scale:
            return True
    return False


def _run(state: State, book: Book, truck: str, route: str | None, at_ms: int) -> Run:
    name = name_of(route, book.categories.get(truck))
    return state.run(day_of(at_ms, book.city), name)


def _round(state: State, book: Book, truck: Truck, ping: Ping, run: Run) -> Run:
    """Tell the run for leads in minutes: the route's, or else the learned round that the truck is on."""
    if book.forecaster is None or run.name.startswith(ROUTE):
        return run
    return _learned(state, run, minutes.round_of(truck.so_far, ping.truck, book.forecaster))


def _learned(state: State, run: Run, vehicle: str) -> Run:
    return state.run(run.day, vehicle if vehicle.startswith(ROUTE) else f"learned:{vehicle}")


def _other(state: State, book: Book, truck: Truck, run: Run, round_: Run) -> Foretold | None:
    """Tell what was foretold on the round that the truck seems to be on now, where that is another than its own."""
    if book.forecaster is None or truck.so_far is None or round_ is run:
        return None
    vehicle = likeliest_crew(book.forecaster.guide.library, truck.so_far.progress)
    other = _learned(state, run, vehicle) if vehicle is not None else round_
    return None if other.key == round_.key else state.foretold.get(other.key)


def _scene(
    truck: Truck, ping: Ping, crew: str, move: Move, began: bool, scale: float, state: State, run: Run, book: Book
) -> Scene:
    category = book.categories.get(ping.truck)
    round_ = _round(state, book, truck, ping, run)
    return Scene(
        truck=ping.truck,
        crew=crew,
        fix_ms=ping.fix_ms,
        received_ms=ping.received_ms,
        day_ordinal=day_ordinal(ping.fix_ms, book.city),
        move=move,
        book=book,
        run=run.key,
        told=state.told_on(run.key),
        round=round_,
        round_foretold=state.foretold_on(round_.key),
        other_foretold=_other(state, book, truck, run, round_),
        collecting=truck.collecting and not truck.muted,
        began=began,
        bit=book.bit(category),
        category=category,
        plane_per_m=scale,
        path=truck.track.path,
        limits=book.limits,
    )


def _homes_changed(state: State, event: HomesChanged, book: Book) -> None:
    """Take the change, forget who is gone, and let every truck at work weigh its surroundings once more."""
    book.take_homes(event)
    for told in state.told.values():
        told.forget(event.gone)
    for home in event.put:
        place = book.foretold_at(home.number)
        if place is not None and isinstance(home.lead, MinutesLead):
            for foretold in state.foretold.values():
                foretold.reopen(place, home.lead.minutes)
    if not event.put:
        return
    for name, truck in sorted(state.trucks.items()):
        last = truck.track.last
        if truck.collecting and last is not None and event.at_ms - last.at_ms <= FRESH_MS:
            fences = tuple(replace(fence, announced="") for fence in truck.fences)
            state.remember(name, replace(truck, weigh_all=True, fences=fences))


def _profile_changed(book: Book, event: ProfileChanged, data: bytes) -> None:
    """Let a profile take force; one that cannot be read leaves the last one."""
    with suppress(BadProfile):
        book.take_forecaster(Forecaster(decode_profile(data), event.version))


def _assignments_changed(book: Book, event: AssignmentsChanged, data: bytes) -> None:
    """Let assignments take force; those that cannot be read leave the last ones."""
    assignments, wrong = read_assignments(data)
    if not wrong:
        book.take_assignments(assignments, event.version)


def _word(state: State, word: Word, book: Book) -> None:
    truck = state.truck(word.truck)
    if word.kind is WordKind.NEW_RUN:
        run = _run(state, book, word.truck, book.route_of(word.truck, word.at_ms), word.at_ms)
        state.next_run(run.day, run.name)
        truck = replace(truck, weigh_all=True)
    else:
        truck = replace(truck, muted=word.kind is WordKind.MUTE, weigh_all=True)
    state.remember(word.truck, truck)
