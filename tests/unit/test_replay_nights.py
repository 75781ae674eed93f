"""A replay of many days learns at night from the days it has played, as the service does."""

from __future__ import annotations

from datetime import date
from math import dist

import pytest
from msgspec.structs import replace

from geofence.forecast.learn import grown, learn, seen_of
from geofence.forecast.profile import Profile, decode_profile, encode_profile
from geofence.forecast.recorded import Recording
from gomikuru.learning.offline import Nights
from gomikuru.replay import Twin, alert_line
from model.ping import Ping
from tests.support.rounds import CITY, Drive, home, instant_ms, profile_of, weekdays

STREET = [(300.0 * k, 0.0) for k in range(1, 11)]
LANE = [(300.0 * k, 1500.0) for k in range(10, 0, -1)]
"""A second street, driven from the next week on."""
*PAST, MONDAY, TUESDAY, WEDNESDAY, THURSDAY = weekdays(8)
HOMES = [home(k, spot) for k, spot in enumerate([*STREET, *LANE], start=1)]


def usual(day: date, seconds: float = 60.0, truck: str = "17") -> Drive:
    """Out along the street, loading at ten stops, and home."""
    return Drive(day, truck=truck).serve(STREET, seconds).to(-1500.0, 0.0)


def longer(day: date, truck: str = "17") -> Drive:
    """The same, and back by the second street."""
    return Drive(day, truck=truck).serve([*STREET, *LANE]).to(-1500.0, 0.0)


@pytest.fixture(scope="module", name="learned")
def _learned() -> bytes:
    return profile_of(usual(day, 55.0 + 5.0 * k) for k, day in enumerate(PAST))


def at(day: date, clock: str) -> int:
    return instant_ms(day, clock)


def told_on(profile: bytes, pings: list[Ping], nights: bool) -> dict[date, set[str]]:
    """Play pings; tell who was told on which day."""
    told: dict[date, set[str]] = {day: set() for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)}
    for alert in twin_of(profile, nights).play(pings):
        told[date.fromisoformat(str(alert.service_day))].add(alert.subscription)
    return told


def twin_of(profile: bytes, nights: bool) -> Twin:
    twin = Twin(CITY, nights=Nights(CITY, decode_profile(profile)) if nights else None)
    twin.profile(profile, 0)
    twin.homes(HOMES, 0)
    return twin


def test_a_street_that_is_new_this_week_is_foretold_from_its_second_day_on(learned: bytes) -> None:
    """On Monday nobody can know of the second street; on Tuesday the days played say so, unless they may not."""
    pings = [ping for day in (MONDAY, TUESDAY) for ping in longer(day).pings]
    street = {f"s{k}" for k in range(1, 11)}
    lane = {f"s{k}" for k in range(11, 21)}
    told = told_on(learned, pings, nights=True)
    assert told[MONDAY] == street
    assert told[TUESDAY] == street | lane
    assert told_on(learned, pings, nights=False)[TUESDAY] == street


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_replay_over_nights_is_the_same_in_batches_of_any_size(learned: bytes, batch: int) -> None:
    """Nights fall where they fall, also in the middle of a batch."""
    pings = [ping for day in (MONDAY, TUESDAY, WEDNESDAY) for ping in longer(day).pings]
    lines = [[alert_line(alert) for alert in twin_of(learned, True).play(pings, size)] for size in (batch, 512)]
    assert lines[0] == lines[1]


def test_the_days_played_join_the_past_once_and_at_half_past_two(learned: bytes) -> None:
    """Not before, not for every ping after; rules and intervals stay until the past has grown by half."""
    first = decode_profile(learned)
    nights = Nights(CITY, first)
    assert nights.learned(at(MONDAY, "08:00")) is None
    for ping in longer(MONDAY).pings:
        nights.hear(ping)
    assert nights.learned(at(MONDAY, "23:00")) is None
    assert nights.learned(at(TUESDAY, "02:29")) is None
    grown = nights.learned(at(TUESDAY, "02:30"))
    assert grown is not None
    assert days_of(grown) == [*days_of(first), ("17", MONDAY.toordinal())]
    assert (grown.rules, grown.calibration) == (first.rules, first.calibration)
    assert nights.learned(at(TUESDAY, "08:00")) is None
    assert nights.learned(at(WEDNESDAY, "08:00")) is None, "a night with no day to learn from"


def days_of(profile: Profile) -> list[tuple[str, int]]:
    return [(day.vehicle, day.ordinal) for day in seen_of(profile)]


def test_once_the_past_has_grown_by_half_all_is_learned_as_by_the_command() -> None:
    """From one day on: the second day rehearses anew, and the profile is what `learn` makes of both days."""
    days = [usual(PAST[0], 55.0), longer(MONDAY)]
    recording = Recording(CITY)
    recording.add(days[0].pings)
    first = learn(recording.days(), recording.stretch())
    nights = Nights(CITY, first)
    nights.learned(at(MONDAY, "08:00"))
    for ping in days[1].pings:
        nights.hear(ping)
    grown = nights.learned(at(TUESDAY, "08:00"))
    recording.add(days[1].pings)
    assert grown is not None
    assert encode_profile(grown) == encode_profile(learn(recording.days(first.stretch), first.stretch))


def test_what_arrives_after_its_day_was_learned_from_does_not_take_the_place_of_the_day(learned: bytes) -> None:
    """A tracker's backlog of Monday on Tuesday morning: Monday stays whole."""
    nights = Nights(CITY, decode_profile(learned))
    nights.learned(at(MONDAY, "08:00"))
    whole = longer(MONDAY).pings
    for ping in whole:
        nights.hear(ping)
    nights.learned(at(TUESDAY, "08:00"))
    for ping in [*whole[:40], *longer(TUESDAY).pings]:
        nights.hear(ping)
    grown = nights.learned(at(WEDNESDAY, "08:00"))
    assert grown is not None
    monday = next(day for day in seen_of(grown) if day.ordinal == MONDAY.toordinal())
    assert monday.trace.out_s[-1] - monday.trace.in_s[0] > 1800


def test_a_day_that_was_learned_from_and_is_played_counts_once(learned: bytes) -> None:
    """Whoever replays the past has no day twice."""
    nights = Nights(CITY, decode_profile(learned))
    nights.learned(at(PAST[-1], "08:00"))
    for ping in usual(PAST[-1]).pings:
        nights.hear(ping)
    grown = nights.learned(at(MONDAY, "08:00"))
    assert grown is not None
    assert days_of(grown) == days_of(decode_profile(learned))


def test_two_trucks_on_one_route_on_one_day_are_two_days(learned: bytes) -> None:
    """The days of a route go by its name, whoever drove; neither takes the other's place."""
    recording = Recording(CITY)
    for truck in ("17", "18"):
        recording.add(longer(MONDAY, truck).pings)
    first = decode_profile(learned)
    both = [replace(day, vehicle="route:north") for day in recording.days(first.stretch)]
    larger = grown(first, both)
    assert days_of(larger) == [*days_of(first), *[("route:north", MONDAY.toordinal())] * 2]


def test_one_truck_after_another_knows_no_future(learned: bytes) -> None:
    """A recording sorted by vehicle: where time goes back, only days before that time are known again."""
    nights = Nights(CITY, decode_profile(learned))
    known = []
    for truck in ("17", "18"):
        for day in (MONDAY, TUESDAY, WEDNESDAY):
            for ping in longer(day, truck).pings:
                if (profile := nights.learned(ping.received_ms)) is not None:
                    played = [f"{day} {whose}" for whose, day in days_of(profile) if day >= MONDAY.toordinal()]
                    known.append((day, played))
                nights.hear(ping)
    monday, tuesday = MONDAY.toordinal(), TUESDAY.toordinal()
    first, second = [f"{monday} 17"], [f"{monday} 17", f"{tuesday} 17"]
    assert known == [
        (TUESDAY, first),
        (WEDNESDAY, second),
        (MONDAY, []),
        (TUESDAY, [f"{monday} 17", f"{monday} 18"]),
        (WEDNESDAY, [f"{monday} 17", f"{monday} 18", f"{tuesday} 17", f"{tuesday} 18"]),
    ]


def test_a_straggler_of_last_night_changes_nothing(learned: bytes) -> None:
    """Time that goes back by an hour is a row out of order, and no other recording."""
    nights = Nights(CITY, decode_profile(learned))
    nights.learned(at(MONDAY, "08:00"))
    for ping in longer(MONDAY).pings:
        nights.hear(ping)
    assert nights.learned(at(TUESDAY, "02:31")) is not None
    assert nights.learned(at(TUESDAY, "02:29")) is None
    assert nights.learned(at(TUESDAY, "02:32")) is None


def test_a_spot_far_from_every_place_is_still_told_nothing(learned: bytes) -> None:
    """Nights add what was served, and nothing else: a home a kilometre off hears nothing on any day."""
    twin = twin_of(learned, True)
    spot = (1500.0, -1000.0)
    assert min(dist(spot, stop) for stop in [*STREET, *LANE]) >= 1000.0
    twin.homes([home(99, spot)], 0)
    pings = [ping for day in (MONDAY, TUESDAY) for ping in longer(day).pings]
    assert not [alert for alert in twin.play(pings) if alert.subscription == "s99"]
