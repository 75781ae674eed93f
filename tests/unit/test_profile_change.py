"""A new profile takes force, at night or while trucks are out: nothing of the last one's numbers is left."""

from __future__ import annotations

from datetime import date

import numpy as np
from msgspec.structs import replace

from geofence.batch import run_batch
from geofence.book import Book
from geofence.forecast.profile import decode_profile, encode_profile
from geofence.forecaster import Forecaster
from geofence.foretold import Again, Foretold, Saying, decode_foretold
from geofence.limits import Limits
from geofence.state import State
from model.alert import Alert, Kind
from model.event import Event, HomesChanged, ProfileChanged
from model.subscription import Home
from tests.support.rounds import CITY, Drive, home, profile_of, weekdays

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
BEFORE = [(-6000.0, 300.0 * k) for k in range(-10, 10)]
"""A street far away, in front of the other in the order of places and of past days."""
*PAST, TODAY, TOMORROW = weekdays(7)
HOMES = tuple(home(k, spot) for k, spot in enumerate(STREET, start=1))


def usual(day: date, seconds: float = 60.0) -> Drive:
    return Drive(day).serve(STREET, seconds).to(-1500.0, 0.0)


def elsewhere(day: date) -> Drive:
    return Drive(day, truck="16", at=(-6000.0, -4000.0)).serve(BEFORE).to(-6000.0, -4000.0)


def learned(days: int, *, wide: bool = False) -> bytes:
    """What the newest days teach; `wide`: with as many of another truck, which stand first."""
    drives = [usual(day, 55.0 + 5.0 * k) for k, day in enumerate(PAST[-days:])]
    others = [elsewhere(day) for day in PAST[-days:]] if wide else []
    return profile_of([*others, *drives])


def played(profiles: dict[str, bytes], events: list[Event], homes: tuple[Home, ...] = HOMES) -> list[Alert]:
    state, book = State(), Book(CITY, Limits())
    return run_batch(state, book, [ProfileChanged(0, "first"), HomesChanged(0, homes), *events], profiles).alerts


def test_a_smaller_profile_takes_force_overnight() -> None:
    """The oldest days have gone out of it: where yesterday ended there is no knot any more, and all are told."""
    profiles = {"first": learned(5, wide=True), "second": learned(2)}
    sizes = [len(Forecaster(decode_profile(data), "").guide.library.x) for data in profiles.values()]
    assert sizes[1] < sizes[0] / 4
    today, tomorrow = usual(TODAY).pings, usual(TOMORROW).pings
    told = played(profiles, [*today, ProfileChanged(tomorrow[0].received_ms, "second"), *tomorrow])
    of_day = [sorted(each.subscription for each in told if each.service_day == str(day)) for day in (TODAY, TOMORROW)]
    assert of_day[1] == sorted(each.subscription for each in HOMES)
    assert of_day[0] == of_day[1]


def test_whoever_was_told_stays_told_and_nobody_else_when_places_get_other_numbers() -> None:
    """Between the fourth and the fifth stop: each home is told once all in all, in time, and none is corrected."""
    first = decode_profile(learned(3))
    turned = {name: getattr(first, name)[::-1] for name in ("place_x", "place_y", "strength")}
    profiles = {"first": learned(3), "second": encode_profile(replace(first, **turned))}
    drive = usual(TODAY)
    middle = next(k for k, ping in enumerate(drive.pings) if ping.fix_ms > drive.reached[STREET[3]] + 70_000)
    changed = ProfileChanged(drive.pings[middle].received_ms, "second")
    told = played(profiles, [*drive.pings[:middle], changed, *drive.pings[middle:]])
    assert sorted(each.subscription for each in told) == sorted(each.subscription for each in HOMES)
    assert {each.kind for each in told} == {Kind.APPROACHING}
    reached = {each.subscription: drive.reached[spot] for each, spot in zip(HOMES, STREET, strict=True)}
    assert all(each.fired_ms < reached[each.subscription] for each in told)


def test_places_are_found_again_by_where_they_are() -> None:
    """Another number, and metres of another scale: what is not there any more has no number."""
    one, other = decode_profile(learned(3, wide=True)), Forecaster(decode_profile(learned(3)), "")
    now = other.places_at(one)
    plane = np.array([np.nan if place is None else other.profile.place_x[place] for place in now])
    moved_m = plane * other.profile.stretch / one.stretch - one.place_x
    assert np.isnan(moved_m).sum() == len(one.place_x) - len(other.profile.place_x)
    assert np.nanmax(np.abs(moved_m)) < 10.0


def test_what_was_foretold_moves_with_its_place() -> None:
    """A place without a successor is forgotten, a zone (negative) stays, and what is open stays open."""
    foretold = Foretold([Saying(0, 10.0, 1_000, teller="17"), Saying(1, 10.0, 2_000), Saying(-5, 10.0, 3_000)])
    foretold.moved(lambda place, _: [7, None][place])
    assert [(said.place, said.eta_ms) for said in foretold] == [(7, 1_000), (-5, 3_000)]
    assert foretold.touched
    assert foretold.waiting("17") == [(7, 10.0)]
    assert foretold.again(7, 10.0) is Again.NO
    assert list(decode_foretold(foretold.encode())) == list(foretold)


def test_what_was_served_before_a_profile_changed_is_not_waited_for_again() -> None:
    """Else a truck that drives past it with the new profile would seem to have turned away, and call it again."""
    foretold = Foretold([Saying(0, 10.0, 1_000, teller="17"), Saying(1, 10.0, 2_000, teller="17")])
    foretold.settle(0, 10.0)
    foretold.moved(lambda place, _: [1, 0][place])
    assert foretold.waiting("17") == [(0, 10.0)]
