"""A truck that has left its round: past days' trips, where the round is gone on with, and when the truck is back."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache, partial

import numpy as np
import pytest

from geofence.forecast.library import Day, Library
from geofence.forecast.modes import Manner
from geofence.forecast.resume import Points, points_of
from geofence.forecast.walk import Floats
from tests.support.rounds import MONDAY, Drive
from tests.unit.test_forecast_outlook import ahead_of, chance_within, fixes, today_after, trace

SOUTH = [(300.0 * k, 0.0) for k in range(1, 11)]
NORTH = [(300.0 * k, 800.0) for k in range(10, 0, -1)]
SPOTS = np.array([*SOUTH, *NORTH])
TIP = (3000.0, 6000.0)
YARD = (-1500.0, 800.0)


def round_of(begin: str, day: int = 0) -> Drive:
    """Serve the south street, go to tip, serve the north street, go home."""
    drive = Drive(MONDAY + timedelta(days=day), begin).serve(SOUTH, 60.0)
    return drive.to(*TIP, mps=10.0).stand(480).serve(NORTH, 60.0).to(*YARD, mps=10.0).stand(600)


@lru_cache(maxsize=1)
def past() -> Library:
    """Six days that went to tip between the streets."""
    drives = [round_of(f"08:{30 + k}", k) for k in range(6)]
    return Library([Day("17", 739_000 + k, trace(drive.pings)) for k, drive in enumerate(drives)], *SPOTS.T)


chance = partial(chance_within, spots=SPOTS)


def resuming(drive: Drive) -> Points:
    """Where the round may go on after a drive."""
    return points_of(past(), today_after(past(), fixes(drive.pings))[1], Manner())


def shares_of(points: Points) -> Floats:
    """How likely each of SPOTS is the next."""
    return np.bincount(past().telling_services.place[points.row], points.weight, minlength=len(SPOTS))


def test_a_trip_lasts_from_one_service_to_the_next_with_a_long_stand_in_between() -> None:
    """The way home, after the last service, is no trip; nor is the way from stop to stop."""
    library, told = past(), past().telling_services
    rows = np.flatnonzero(told.day == 2)
    last_south, first_north = int(rows[9]), int(rows[10])
    moments = np.array([told.out_s[last_south] + 120.0, told.in_s[first_north] - 60.0, told.in_s[rows[4]] - 20.0, 8e4])
    ends = library.trips.ending(np.full(4, 2), moments)
    assert ends.tolist() == [first_north, first_north, -1, -1]
    assert len(library.trips.lasted_s) == 6
    assert float(np.median(library.trips.lasted_s)) == pytest.approx(
        float(told.in_s[first_north] - told.in_s[last_south]), abs=30.0
    )


@pytest.mark.parametrize("served", [0, 3, 10, 15])
def test_the_round_goes_on_after_what_was_served(served: int) -> None:
    """The points of past days that fit are before the first place that was not served."""
    drive = Drive(MONDAY, "08:32").serve([*SOUTH, *NORTH][:served], 60.0)
    shares = shares_of(resuming(drive))
    assert [*SOUTH, *NORTH][int(np.argmax(shares))] == [*SOUTH, *NORTH][served]
    assert shares.max() > 0.5 * shares.sum()


def test_after_the_last_stop_there_is_nothing_to_go_on_with() -> None:
    """A truck that has served all and goes to tip once more comes back to nobody."""
    found = ahead_of(past(), round_of("08:33").to(*TIP, mps=10.0).stand(300).to(3000.0, 800.0, mps=10.0).pings)
    assert found.chance.sum() < 0.05


def test_a_truck_that_tips_earlier_than_ever_is_expected_back_where_it_broke_off() -> None:
    """At the tip, and on the way back: the stop that it did not get to is next, in the time that the way takes."""
    away = Drive(MONDAY, "08:33").serve(SOUTH[:4], 60.0).to(*TIP, mps=10.0).stand(400)
    at_tip = ahead_of(past(), away.pings)
    back = ahead_of(past(), away.stand(80).to(2250.0, 3000.0, mps=10.0).pings)
    left_s = float(np.hypot(2250.0 - SOUTH[4][0], 3000.0)) / 10.0
    assert chance(at_tip, SOUTH[4], 1_500.0) > 0.6
    assert chance(back, SOUTH[4], left_s + 600.0) > 0.6
    assert chance(back, SOUTH[4], left_s - 120.0) < 0.1
    assert chance(back, NORTH[0], left_s + 600.0) < 0.1


def test_a_truck_that_tips_later_than_ever_does_not_serve_again_what_it_has_served() -> None:
    """Past days came back from the tip to the first stop of the north street, which today has served already."""
    away = Drive(MONDAY, "08:33").serve([*SOUTH, *NORTH[:3]], 60.0).to(*TIP, mps=10.0).stand(480)
    found = ahead_of(past(), away.to(2800.0, 3000.0, mps=10.0).pings)
    left_s = float(np.hypot(2800.0 - NORTH[3][0], 2200.0)) / 10.0
    assert chance(found, NORTH[3], left_s + 600.0) > 0.6
    assert chance(found, NORTH[1], 3_600.0) == 0.0


def test_a_truck_that_rests_where_none_ever_did_is_expected_back_after_such_a_while() -> None:
    """No past day knows the place: the truck stays about as long as trips last, and then drives back."""
    resting = Drive(MONDAY, "08:33").serve(SOUTH[:4], 60.0).to(1500.0, -900.0, mps=8.0).stand(120)
    early = ahead_of(past(), resting.pings)
    late = ahead_of(past(), resting.stand(1_800.0).pings)
    assert chance(early, SOUTH[4], 300.0) < 0.35
    assert chance(early, SOUTH[4], 2_700.0) > 0.6
    assert chance(late, SOUTH[4], 600.0) > 0.6


@pytest.mark.parametrize("vehicle", ["17", "18"])
def test_a_truck_on_another_round_does_not_go_on_with_its_own(vehicle: str) -> None:
    """Truck 17 drives the round of truck 18 today; off its way it is not expected at its usual stops."""
    others = [(300.0 * k, -4000.0) for k in range(1, 11)]
    drives = [("17", k, round_of(f"08:{30 + k}", k)) for k in range(4)]
    for k in range(4):
        other = Drive(MONDAY + timedelta(days=k), f"08:{30 + k}", at=(0.0, -4000.0)).serve(others, 60.0)
        drives.append(("18", k, other.to(0.0, -9000.0, mps=10.0).stand(900)))
    days = [Day(name, 739_000 + k, trace(drive.pings)) for name, k, drive in drives]
    spots = np.array([*SPOTS, *others])
    away = Drive(MONDAY, "08:33", at=(0.0, -4000.0)).serve(others[:2], 60.0).to(900.0, -3500.0).stand(60)
    found = ahead_of(Library(days, *spots.T), away.pings, vehicle)
    ours, theirs = (float(found.chance[found.place == place].sum()) for place in (0, len(SPOTS) + 2))
    assert ours < 0.1
    assert vehicle == "17" or theirs > 0.4


def test_a_truck_that_has_not_begun_resumes_nothing() -> None:
    """A tracker that is switched on somewhere says nothing of when the round begins."""
    found = ahead_of(past(), Drive(MONDAY, "07:30", at=(900.0, -900.0)).stand(600).pings)
    assert found.chance.sum() < 0.05


BACKWARDS = [*SOUTH, *NORTH][::-1]


def backwards(stops: int) -> Drive:
    """Begin where past days ended, and serve so many stops in the other order."""
    return Drive(MONDAY, "08:33", at=YARD).serve(BACKWARDS[:stops], 60.0)


def test_a_round_that_is_driven_backwards_is_foretold_backwards() -> None:
    """No past day drove so; what was served is the end of each, and what comes is what came before."""
    found = ahead_of(past(), backwards(6).pings)
    assert chance(found, BACKWARDS[6], 240.0) > 0.3
    assert chance(found, BACKWARDS[8], 120.0) < 0.1
    assert chance(found, BACKWARDS[8], 480.0) > 0.3
    assert chance(found, SOUTH[0], 600.0) < 0.1


@pytest.mark.parametrize("stops", [2, 6])
def test_a_round_that_is_driven_backwards_goes_on_backwards(stops: int) -> None:
    """A stop taken at the end of the round may be one in passing; six in a row are not."""
    points = resuming(backwards(stops))
    assert (points.weight[points.back].sum() > 0.8 * points.weight.sum()) == (stops == 6)


@pytest.mark.parametrize(("stops", "least", "most"), [(1, 0.0, 0.5), (2, 0.5, 2.0), (4, 2.0, np.inf)])
def test_a_truck_that_has_gone_to_another_street_goes_on_there(stops: int, least: float, most: float) -> None:
    """It left the south street half done: one stop may be one in passing; four, and how near the next is, tell."""
    today = Drive(MONDAY, "08:33").serve([*SOUTH[:4], *NORTH[:stops]], 60.0)
    shares = shares_of(resuming(today))
    left, there = (float(shares[[*SOUTH, *NORTH].index(spot)]) for spot in (SOUTH[4], NORTH[stops]))
    assert least * left < there < most * left
