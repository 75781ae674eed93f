"""Which places a truck serves whenever it may be expected to: the rule of the alert is learned from these only."""

from __future__ import annotations

import numpy as np
import pytest

from geofence.forecast.learn import learn, rehearsed
from geofence.forecast.library import Day, Library
from geofence.forecast.modes import Manner
from geofence.forecast.places import LONGEST_S, stops_of
from geofence.forecast.walk import Trace, trace_of

STOPS = np.arange(500.0, 4001.0, 500.0)
LIGHTS = np.arange(750.0, 4001.0, 500.0)
MONDAY = 739_000 + (7 - 739_000 % 7) + 1


def day(
    seed: int,
    north_m: float = 0.0,
    stands: tuple[int, ...] = (60,) * len(STOPS),
    red: float = 0.5,
    depot_s: int = 5,
    turned: bool = False,
) -> Trace:
    """Drive east: stand at every stop, and at every second light for some half a minute; turned: drive north."""
    chance = np.random.default_rng(seed)
    lasts = dict(zip(STOPS.tolist(), stands, strict=True))
    at_s, fixes = 3e4, []
    for x in np.arange(0.0, 4_200.0, 25.0).tolist():
        waits = 35 if x in LIGHTS and chance.random() < red else 5
        waits = waits if x else depot_s
        for _ in range(max(lasts.get(x, 5), waits) // 5):
            fixes.append((at_s, x + chance.normal(0.0, 2.0), north_m + chance.normal(0.0, 2.0)))
            at_s += 5.0
    at, x_m, y_m = np.array(fixes).T
    return trace_of(at, y_m + LIGHTS[0], x_m - STOPS[3]) if turned else trace_of(at, x_m, y_m)


def library(*days: Day) -> Library:
    """The library of some days, with the places that are learned from them."""
    x, y, _ = stops_of([each.trace for each in days])
    return Library(days, x, y)


def near(places: Library, x: float, y: float) -> int:
    """The place at a spot."""
    return int(np.argmin(np.hypot(places.place_x - x, places.place_y - y)))


def test_a_stop_of_every_day_is_regular_and_a_light_is_not() -> None:
    """A light is found among the places, since trucks stood there on several days; nobody lives by it."""
    found = library(*(Day("17", MONDAY + k, day(k)) for k in range(10)))
    regular = found.regular
    assert [bool(regular[near(found, x, 0.0)]) for x in STOPS] == [True] * len(STOPS)
    lights = [near(found, x, 0.0) for x in LIGHTS]
    assert len(set(lights)) == len(LIGHTS)
    assert np.mean(regular[lights]) <= 0.25


def test_a_stop_of_two_days_a_week_is_regular_on_its_days() -> None:
    """Two rounds of one truck, three days each: what is served on one of them is foretold from its days."""
    found = library(*(Day("17", MONDAY + k, day(k, north_m=3_000.0 * (k % 2))) for k in range(6)))
    regular = found.regular
    assert all(regular[near(found, x, north_m)] for x in STOPS for north_m in (0.0, 3_000.0))


@pytest.mark.parametrize("weekdays", [(1, 3, 5), (1,)])
def test_a_stop_with_weekdays_of_its_own_is_regular(weekdays: tuple[int, ...]) -> None:
    """The truck drives Monday's round on Thursday too; a stop on it is served on other weekdays than the others."""
    stands = (60,) * 3 + (5,) + (60,) * 4
    days = [(k, day(k, 3_000.0 * (k % 3), (60,) * 8 if k % 6 in weekdays else stands)) for k in range(14) if k % 7 != 6]
    found = library(*(Day("17", MONDAY + k + k // 6, each) for k, each in days))
    for round_ in {k % 3 for k in weekdays}:
        assert found.regular[near(found, STOPS[3], 3_000.0 * round_)]


def test_a_depot_is_not_regular() -> None:
    """Trucks stand there every day, before anything is driven; nobody is to be told of that."""
    found = library(*(Day("17", MONDAY + k, day(k, depot_s=300)) for k in range(6)))
    assert abs(float(found.place_x[near(found, 0.0, 0.0)])) < 10.0
    assert not found.regular[near(found, 0.0, 0.0)]
    assert found.regular[near(found, STOPS[0], 0.0)]


def test_a_light_at_which_two_trucks_stand_on_one_date_is_not_regular() -> None:
    """A light that is always red seems to be a stop; that another truck stands there too gives it away."""
    east = [Day("17", MONDAY + k, day(k, red=1.0)) for k in range(6)]
    north = [Day("18", MONDAY + k, day(k, red=1.0, turned=True)) for k in range(6)]
    alone, both = library(*east), library(*east, *north)
    assert alone.regular[near(alone, LIGHTS[0], 0.0)]
    assert not both.regular[near(both, LIGHTS[0], 0.0)]
    assert all(both.regular[near(both, x, 0.0)] for x in STOPS)


def test_a_stop_of_two_weekdays_is_regular_though_two_trucks_stand_there_on_one_date() -> None:
    """Lights have no weekdays: where both trucks stand on Tuesdays and Fridays only, they load."""
    without = (60,) * 3 + (5,) + (60,) * 4
    days = []
    for k in (k for k in range(14) if k % 7 != 6):
        own = k % 7 in {1, 4}
        days.append(Day("17", MONDAY + k, day(k, red=float(own))))
        days.append(Day("18", MONDAY + k, day(k, red=0.0, stands=(60,) * 8 if own else without, turned=True)))
    found = library(*days)
    crossing = near(found, LIGHTS[0], 0.0)
    assert {str(found.vehicle[k]) for k in np.flatnonzero(found.served[:, crossing])} == {"17", "18"}
    assert found.regular[crossing]


def test_stops_that_two_trucks_serve_on_one_date_are_regular() -> None:
    """Where one truck takes the rest and another the paper, most places are shared: then that says nothing."""
    found = library(*(Day(truck, MONDAY + k, day(k, red=0.0)) for k in range(6) for truck in ("17", "18")))
    assert all(found.regular[near(found, x, 0.0)] for x in STOPS)


def test_of_one_day_nothing_is_known_to_be_regular() -> None:
    """What a single day served may never be served again."""
    assert not library(Day("17", MONDAY, day(1))).regular.any()


@pytest.mark.parametrize("stands_s", [60, 360, 840])
def test_a_place_that_takes_long_is_a_stop_where_others_are_near(stands_s: int) -> None:
    """Blocks of flats take six minutes and more."""
    stands = (60, 60, 60, stands_s, *(60,) * (len(STOPS) - 4))
    traces = [day(k, stands=stands, red=0.0) for k in range(3)]
    x, y, stops = stops_of(traces)
    away = np.hypot(x[:stops] - STOPS[3], y[:stops])
    assert float(away.min()) < 10.0


def test_a_stay_that_no_service_takes_is_no_stop() -> None:
    """A rest of twenty minutes loads nothing."""
    stands = (60, 60, 60, 1_200, *(60,) * (len(STOPS) - 4))
    assert max(stands) > LONGEST_S
    x, y, stops = stops_of([day(k, stands=stands, red=0.0) for k in range(3)])
    assert float(np.hypot(x[:stops] - STOPS[3], y[:stops]).min()) > 100.0


def test_only_regular_places_are_rehearsed() -> None:
    """What is foretold of a light is right by luck: a rule that was learned from it would fire for nobody's sake."""
    found = library(*(Day("17", MONDAY + k, day(k)) for k in range(8)))
    rows, arrivals = rehearsed(found, Manner())
    assert found.regular.sum() < len(found.place_x)
    assert set(rows.place.tolist()) == set(np.flatnonzero(found.regular).tolist())
    assert 8 * len(STOPS) <= arrivals < 8 * (len(STOPS) + 2)


def test_the_rule_is_learned_from_regular_places_only() -> None:
    """A town of stops and lights learns the same rules, whatever the lights do."""
    towns = [[Day("17", MONDAY + k, day(k, red=red)) for k in range(8)] for red in (0.0, 0.5)]
    calm, lights = (learn(days, 1.0) for days in towns)
    assert len(lights.place_x) > len(calm.place_x)
    ten = [next(rule for rule in profile.rules if rule.lead_min == 10.0) for profile in (calm, lights)]
    assert abs(ten[0].share - ten[1].share) <= 0.35
