"""The engine: `step(state, event, book) -> alerts`, pure, in the order of the city's stream.

The same events give the same alerts, bit for bit. `state` and `book` are consumed: they carry on as changed, and a
worker whose commit fails loads both anew. A kind of lead is a decider in DECIDERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot
from typing import NamedTuple

from msgspec.structs import replace

from geofence import approach, changes, entering, minutes, motion, silence
from geofence.book import Book
from geofence.forecast.recorded import day_ordinal
from geofence.forecast.today import likeliest_crew
from geofence.foretold import Foretold
from geofence.geometry import project, stretch
from geofence.motion import Motion, Phase
from geofence.runs import ROUTE, Run, day_of
from geofence.scene import Nominee, Scene
from geofence.state import State, Truck
from geofence.telling import Occasion, fire
from geofence.track import Fix, Move, Verdict, follow
from model.alert import Alert
from model.event import Event, Tick
from model.ping import Ping

DECIDERS = (entering.decide, approach.decide, minutes.decide)
"""Each kind of lead, in the order in which its alerts are listed: (truck, scene) -> (truck, nominees)."""


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
    if isinstance(event, Tick):
        return Decided(silence.weigh(state, event.at_ms, book), None)
    changes.take(state, event, book, documents)
    return NOTHING


def _ping(state: State, ping: Ping, book: Book) -> Decided:
    if ping.late:
        return Decided([], Verdict.LATE)
    state.turn_day(day_of(ping.received_ms, book.city))
    truck = _of_today(state.truck(ping.truck), ping, book)
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
    run = state.run(*book.service(ping.truck, route, ping.received_ms))
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


def _of_today(truck: Truck, ping: Ping, book: Book) -> Truck:
    """Forget a day that is over, and one that speaks of the knots and places of another profile."""
    so_far, ordinal = truck.so_far, day_ordinal(ping.fix_ms, book.city)
    if so_far is None or (book.forecaster and so_far.is_of(book.forecaster.version, ordinal)):
        return truck
    return replace(truck, so_far=None)


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
