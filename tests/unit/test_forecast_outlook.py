"""The outlook: which past days say how long it will take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from geofence.forecast.library import Day, Library
from geofence.forecast.modes import Manner, Today
from geofence.forecast.outlook import Outlook, outlook
from geofence.forecast.today import DaySoFar, Guide
from geofence.forecast.walk import Floats, Trace, trace_of
from model.ping import Ping
from tests.support.rounds import MONDAY, Drive, instant_ms, metres

NINE, ELEVEN = 9 * 3600.0, 11 * 3600.0
STOPS = np.arange(500.0, 4001.0, 500.0)
REST_AT_M = 2250.0


def day(begin_s: float, rest_s: float = 0.0, until_m: float = 4200.0, seed: int = 0) -> Trace:
    """Drive east, a minute at every stop, and perhaps a rest between two of them."""
    chance = np.random.default_rng(seed)
    at_s, x, fixes = begin_s, 0.0, []
    stays = dict.fromkeys(STOPS.tolist(), 60.0) | {REST_AT_M: rest_s}
    while x <= until_m:
        for _ in range(1 + int(stays.get(x, 0.0) // 5)):
            fixes.append((at_s, x + chance.normal(0.0, 2.0), chance.normal(0.0, 2.0)))
            at_s += 5.0
        x += 25.0
    return trace_of(*np.array(fixes).T)


def today_after(
    past: Library, fixes: Iterable[tuple[float, float, float]], vehicle: str = "17"
) -> tuple[DaySoFar, Today]:
    """Follow a day (seconds, metres) to its last fix."""
    guide, so_far = Guide(past), None
    for at_s, x, y in fixes:
        if so_far is None:
            so_far = guide.begin("today", at_s, x, y, vehicle)
        else:
            so_far, _ = guide.follow(so_far, at_s, x, y, vehicle)
    assert so_far is not None
    return so_far, guide.until(so_far, so_far.walk.near_s, 0)


def ahead(past: Library, fixes: Iterable[tuple[float, float, float]], vehicle: str = "17") -> Outlook:
    """Follow a day to its last fix, and look ahead."""
    so_far, today = today_after(past, fixes, vehicle)
    return outlook(past, so_far.progress, today, Manner())


def foretold_s(past: Library, today: Trace, stop_m: float) -> float:
    """Follow a day to its end; tell the middle of the time to a stop."""
    found = ahead(past, zip(today.in_s.tolist(), today.x.tolist(), today.y.tolist(), strict=True))
    place = int(np.argmin(np.abs(past.place_x - stop_m)))
    return float(found.quantiles((0.5,))[0][found.place.tolist().index(place)])


@pytest.mark.parametrize(("begin_s", "rests"), [(ELEVEN, True), (NINE, False)])
def test_a_rest_that_keeps_to_the_clock_is_foretold_by_the_clock(begin_s: float, rests: bool) -> None:
    """Days that were here at eleven rested before the next stop, days that were here at nine did not."""
    days = [day(NINE, seed=1), day(ELEVEN, 1800.0, seed=2), day(NINE + 120, seed=3), day(ELEVEN + 60, 1800.0, seed=4)]
    past = Library([Day("17", 739_000 + k, trace) for k, trace in enumerate(days)], STOPS, np.zeros(len(STOPS)))
    left_s = foretold_s(past, day(begin_s + 90, until_m=2100.0, seed=9), 3000.0)
    assert (left_s > 1500.0) is rests


FAR_STOPS = [(5000.0, 0.0), (5300.0, 0.0), (5600.0, 0.0)]
NEAR_STOPS = [(2500.0, 0.0), (2800.0, 0.0), (3100.0, 0.0)]
SPOTS = np.array([*FAR_STOPS, *NEAR_STOPS])


def twice_along(begin: str, far: bool = True, near: bool = True, day_of: date = MONDAY) -> Drive:
    """Along the street to its far stops, back by another street, and along the same street to its near stops."""
    drive = Drive(day_of, begin).to(2000.0, 0.0)
    if far:
        drive.serve(FAR_STOPS, 90.0).to(5900.0, 0.0).to(5900.0, 600.0).to(0.0, 600.0).to(0.0, 0.0).to(2000.0, 0.0)
    return drive.serve(NEAR_STOPS, 90.0) if near else drive


def two_rounds_a_day() -> Library:
    days = [(twice_along(f"08:{30 + 3 * k}", day_of=MONDAY + timedelta(days=k)), k) for k in range(5)]
    return Library([Day("17", 739_000 + k, trace(drive.pings)) for drive, k in days], *SPOTS.T)


def fixes(pings: Iterable[Ping]) -> list[tuple[float, float, float]]:
    """Tell when and where pings were, in seconds of their day and metres."""
    midnight_ms = instant_ms(MONDAY, "00:00")
    return [((ping.fix_ms - midnight_ms) % 86_400_000 / 1000.0, *metres(ping.lat, ping.lon)) for ping in pings]


def trace(pings: Iterable[Ping]) -> Trace:
    """Walk the pings of a day as the recording of past days does."""
    return trace_of(*np.array(fixes(pings)).T)


def ahead_of(past: Library, pings: Iterable[Ping], vehicle: str = "17") -> Outlook:
    """Follow a day's pings."""
    return ahead(past, fixes(pings), vehicle)


def chance_within(found: Outlook, spot: tuple[float, float], seconds: float, spots: Floats = SPOTS) -> float:
    """Tell the chance of arrival at one of the spots within so many seconds."""
    place = spots.tolist().index(list(spot))
    return float(found.within(seconds)[found.place.tolist().index(place)]) if place in found.place else 0.0


@pytest.mark.parametrize("far", [False, True])
def test_a_street_driven_twice_is_told_apart_by_what_was_served_before(far: bool) -> None:
    """Half an hour late, at the time when the truck usually comes for the second time, it is there for the first."""
    late = twice_along("08:45" if far else "09:05", far=far, near=False)
    found = ahead_of(two_rounds_a_day(), late.pings)
    assert (chance_within(found, NEAR_STOPS[1], 300.0) > 0.5) is far
    assert (chance_within(found, NEAR_STOPS[1], 300.0) < 0.15) is not far


def westward(begin: str, day_of: date = MONDAY, stops: Sequence[tuple[float, float]] = FAR_STOPS[::-1]) -> Drive:
    """From the east by the far stops, and back by another street."""
    return Drive(day_of, begin, at=(7000.0, 0.0)).serve(stops, 90.0).to(4500.0, 0.0).to(4500.0, 600.0)


@pytest.mark.parametrize("errand", [False, True])
def test_a_truck_that_serves_nothing_of_what_it_passes_is_on_an_errand(errand: bool) -> None:
    """Both come into the street by a new way; one has served what comes before on other days, the other only passed."""
    days = [westward(f"08:{30 + 3 * k}", MONDAY + timedelta(days=k)) for k in range(5)]
    traces = [trace(day.to(0.0, 600.0).to(0.0, 0.0).serve(NEAR_STOPS, 90.0).pings) for day in days]
    past = Library([Day("17", 739_000 + k, each) for k, each in enumerate(traces)], *SPOTS.T)
    today = westward("08:37", stops=[] if errand else FAR_STOPS[::-1]).to(1000.0, 600.0).to(1000.0, 0.0).to(1100.0, 0.0)
    assert (chance_within(ahead_of(past, today.pings), NEAR_STOPS[0], 300.0) > 0.5) is not errand


def test_what_was_served_unseen_is_not_held_against_a_truck() -> None:
    """Its tracker was off while it served the far stops; seen again it is foretold as if it had been seen."""
    whole = twice_along("08:36", near=False).pings
    off, on = instant_ms(MONDAY, "08:44"), instant_ms(MONDAY, "09:05")
    assert any(off < ping.fix_ms < on for ping in whole)
    found = ahead_of(two_rounds_a_day(), [ping for ping in whole if not off < ping.fix_ms < on])
    assert chance_within(found, NEAR_STOPS[1], 300.0) > 0.5


def southward(begin: str, day_of: date = MONDAY) -> Drive:
    """The round of truck 18: stops far in the south, nowhere near the street of truck 17."""
    return Drive(day_of, begin, at=(0.0, -4000.0)).serve([(500.0, -4000.0), (900.0, -4000.0)], 90.0).stand(1800.0)


@pytest.mark.parametrize("vehicle", ["17", "18"])
def test_a_truck_of_another_round_that_drives_along_a_street_has_not_come_to_serve_it(vehicle: str) -> None:
    """At the time when truck 17 is usually there, a truck drives along its street for a kilometre."""
    days = []
    for k in range(4):
        monday, begin = MONDAY + timedelta(days=k), f"08:{30 + k}"
        drives = {"17": Drive(monday, begin).to(2000.0, 0.0).serve(NEAR_STOPS, 90.0), "18": southward(begin, monday)}
        days += [Day(name, 739_000 + k, trace(drive.pings)) for name, drive in drives.items()]
    found = ahead_of(Library(days, *SPOTS.T), Drive(MONDAY, "08:32").to(1100.0, 0.0).pings, vehicle)
    chance = chance_within(found, NEAR_STOPS[0], 600.0)
    assert (chance > 0.8) if vehicle == "17" else (chance < 0.1), chance


TEN_STOPS = [(400.0 * k, 0.0) for k in range(2, 12)]


def chance_of_the_sixth(dates: Sequence[date], weekdays: set[int], begin: str, weekday: int) -> float:
    """All past days have one round of ten stops, the sixth on certain weekdays only; today is in front of the sixth."""
    own = TEN_STOPS[5]
    days = []
    for k, day_of in enumerate(dates):
        stops = [stop for stop in TEN_STOPS if stop != own or day_of.weekday() in weekdays]
        days.append(Day("17", day_of.toordinal(), trace(Drive(day_of, f"08:{30 + k}").serve(stops, 90.0).pings)))
    past = Library(days, *np.array(TEN_STOPS).T)
    so_far, today = today_after(past, fixes(Drive(MONDAY, begin).serve(TEN_STOPS[:5], 90.0).to(2600.0, 0.0).pings))
    found = outlook(past, so_far.progress, replace(today, weekday=weekday), Manner())
    return chance_within(found, own, 300.0, np.array(TEN_STOPS))


@pytest.mark.parametrize(("weekday", "comes"), [(0, True), (3, False)])
def test_a_stop_with_weekdays_of_its_own_is_foretold_on_these_only(weekday: int, comes: bool) -> None:
    """Mondays and Thursdays have one round of ten stops, but the sixth is left out on Thursdays; two of each."""
    dates = [MONDAY + timedelta(days=7 * (k // 2) + 3 * (k % 2)) for k in range(4)]
    chance = chance_of_the_sixth(dates, {0}, "08:32", weekday)
    assert (chance > 0.56) if comes else (chance < 0.11), chance


@pytest.mark.parametrize(
    ("weekdays", "weekday", "least", "most"),
    [({0, 3}, 0, 0.6, 1.0), ({0, 3}, 1, 0.0, 0.1), ({0, 1, 2, 3}, 4, 0.0, 0.1)],
)
def test_a_stop_of_certain_weekdays_counts_by_these(
    weekdays: set[int], weekday: int, least: float, most: float
) -> None:
    """All days have one round of ten stops; the sixth is loaded on some weekdays, and passed by on the others."""
    dates = [MONDAY + timedelta(days=7 * (k // 6) + k % 6) for k in range(14)]
    assert least <= chance_of_the_sixth(dates, weekdays, "08:36", weekday) <= most


BLOCKS = [[(x + east, 0.0) for x in (0.0, 300.0, 600.0, 900.0, 1200.0)] for east in (600.0, 2600.0)]


def test_a_truck_that_takes_blocks_in_another_order_is_found_again() -> None:
    """What was served last says more than the five stops of the block that was left for later."""
    spots = np.array([*BLOCKS[0], *BLOCKS[1]])
    drives = [Drive(MONDAY + timedelta(days=k), f"08:{30 + k}").serve([*BLOCKS[0], *BLOCKS[1]], 60.0) for k in range(4)]
    past = Library([Day("17", 739_000 + k, trace(drive.pings)) for k, drive in enumerate(drives)], *spots.T)
    today = Drive(MONDAY, "08:40").to(0.0, 300.0).to(2300.0, 300.0).to(2300.0, 0.0).serve(BLOCKS[1][:4], 60.0)
    found = ahead_of(past, today.pings)
    assert found.within(300.0)[found.place.tolist().index(len(spots) - 1)] > 0.7


def test_that_the_likest_day_left_a_stop_out_says_little_of_today() -> None:
    """Nine days serve ten stops; the one that was here at this very minute left the sixth out that day."""
    dates = [MONDAY + timedelta(days=7 * (k // 5) + k % 5) for k in range(9)]
    own = TEN_STOPS[5]
    days = []
    for k, day_of in enumerate(dates):
        stops = [stop for stop in TEN_STOPS if stop != own or k != 4]
        begin = "08:32" if k == 4 else f"{7 if k < 4 else 9:02}:{50 if k < 4 else 20 + k}"
        days.append(Day("17", day_of.toordinal(), trace(Drive(day_of, begin).serve(stops, 90.0).pings)))
    past = Library(days, *np.array(TEN_STOPS).T)
    found = ahead_of(past, Drive(MONDAY, "08:32").serve(TEN_STOPS[:5], 90.0).to(2600.0, 0.0).pings)
    assert chance_within(found, own, 600.0, np.array(TEN_STOPS)) > 0.72
