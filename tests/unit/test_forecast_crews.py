"""Whose round a truck is on: of past days by what they served, of today by the way it goes."""

from __future__ import annotations

import numpy as np

from geofence.forecast.library import Day, Library, crews_of
from geofence.forecast.progress import beam
from geofence.forecast.today import SWING, Guide
from geofence.forecast.walk import Trace, trace_of

NORTH_M = 5000.0
STOPS = np.arange(500.0, 4001.0, 500.0)


def day(north_m: float, begin_s: float = 3e4, until_m: float = 4200.0, seed: int = 0) -> Trace:
    """Drive east at some height, a minute at every stop."""
    chance = np.random.default_rng(seed)
    at_s, fixes = begin_s, []
    for x in np.arange(0.0, until_m, 25.0).tolist():
        for _ in range(13 if x in STOPS else 1):
            fixes.append((at_s, x + chance.normal(0.0, 2.0), north_m + chance.normal(0.0, 2.0)))
            at_s += 5.0
    return trace_of(*np.array(fixes).T)


def past(*drove: tuple[str, float]) -> Library:
    """Past days: who drove at which height; the places are the stops of both streets."""
    days = [Day(vehicle, 739_000 + k, day(north_m, seed=k)) for k, (vehicle, north_m) in enumerate(drove)]
    x, y = np.tile(STOPS, 2), np.repeat((0.0, NORTH_M), len(STOPS))
    return Library(days, x, y)


USUAL = (("17", 0.0), ("17", 0.0), ("17", 0.0), ("18", NORTH_M), ("18", NORTH_M), ("18", NORTH_M))


def crews(library: Library, today: Trace, vehicle: str) -> list[str]:
    """Follow a day; tell after each fix whose round the truck is taken to be on."""
    guide = Guide(library)
    so_far = guide.begin("today", float(today.in_s[0]), float(today.x[0]), float(today.y[0]), vehicle)
    found = []
    for at_s, x, y in zip(today.in_s.tolist(), today.x.tolist(), today.y.tolist(), strict=True):
        so_far, _ = guide.follow(so_far, at_s, x, y, vehicle)
        found.append(so_far.crew)
    return found


def test_days_on_which_two_trucks_changed_rounds_speak_for_the_rounds() -> None:
    """A day is the round's that it served, whoever drove it."""
    library = past(*USUAL, ("17", NORTH_M), ("18", 0.0))
    assert library.vehicle.tolist() == ["17"] * 3 + ["18"] * 3 + ["18", "17"]


def test_a_substitutes_only_day_speaks_for_the_round_that_it_drove() -> None:
    """A vehicle with no other day lends its day to the round that it served."""
    assert past(*USUAL, ("99", NORTH_M)).vehicle.tolist()[-1] == "18"


def test_a_day_like_no_other_stays_its_drivers() -> None:
    """Where nothing is in common nobody's round is guessed."""
    alike = np.zeros((3, 3))
    np.fill_diagonal(alike, np.nan)
    assert crews_of(np.array(["17", "18", "99"]), alike).tolist() == ["17", "18", "99"]


def test_no_days_are_nobodys() -> None:
    """A library of no days is no error, and knows no crews."""
    assert Library([], STOPS, STOPS).crews.tolist() == []


def test_a_short_errand_along_anothers_street_does_not_change_the_round() -> None:
    """What was told on the own round is not told again for a look at another's."""
    errand = day(NORTH_M, until_m=25.0 * SWING / 2)
    assert set(crews(past(*USUAL), errand, "17")) == {"17"}


def test_a_truck_that_goes_on_along_anothers_round_is_on_it_at_last() -> None:
    """A substitution without notice is believed after some way."""
    found = crews(past(*USUAL), day(NORTH_M), "17")
    assert (found[0], found[-1]) == ("17", "18")


def test_a_truck_without_days_of_its_own_takes_the_round_that_it_follows() -> None:
    """A spare vehicle is on nobody's round until it has followed one for a while."""
    found = crews(past(*USUAL), day(0.0), "99")
    assert (found[0], found[-1]) == ("", "17")


def test_of_two_days_alike_the_one_near_in_time_is_believed() -> None:
    """A street that is driven in the morning and in the evening is followed on the pass of this time of day."""
    days = [Day("17", 739_000 + k, day(0.0, begin_s)) for k, begin_s in enumerate((3e4, 6e4))]
    guide = Guide(Library(days, STOPS, np.zeros(len(STOPS))))
    today = day(0.0, 6.1e4, until_m=1400.0)
    so_far = guide.begin("today", float(today.in_s[0]), float(today.x[0]), 0.0, "17")
    for at_s, x, y in zip(today.in_s.tolist(), today.x.tolist(), today.y.tolist(), strict=True):
        so_far, _ = guide.follow(so_far, at_s, x, y, "17")
    knots, belief = beam(so_far.progress)
    assert belief[guide.library.day[knots] == 1].sum() > 0.7
