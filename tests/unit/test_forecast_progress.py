"""The matcher: on which past day's way a truck is, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from geofence.forecast.library import Day, Library
from geofence.forecast.progress import BEAM, Matcher, Progress, beam
from geofence.forecast.walk import Trace, trace_of

Spot = tuple[float, float]

EIGHT = [(-600.0, -600.0), (600.0, 600.0), (600.0, -600.0), (-600.0, 600.0), (-600.0, -600.0)]
"""Crosses itself at the origin, at a right angle."""
STREET = [(0.0, 0.0), (6000.0, 0.0)]
OTHER = [(0.0, 5000.0), (6000.0, 5000.0)]


def walked(corners: list[Spot], seed: int = 0, mps: float = 6.0, noise_m: float = 3.0, begin_s: float = 3e4) -> Trace:
    """Drive along corners with a fix every five seconds, and some noise."""
    chance = np.random.default_rng(seed)
    at_s, fixes = begin_s, []
    for (x, y), (to_x, to_y) in pairwise(corners):
        length = float(np.hypot(to_x - x, to_y - y))
        for metres in np.arange(0.0, length, 5.0 * mps).tolist():
            east, north = chance.normal(0.0, noise_m, 2).tolist()
            share = metres / length
            fixes.append((at_s, x + (to_x - x) * share + east, y + (to_y - y) * share + north))
            at_s += 5.0
    return trace_of(*np.array(fixes).T)


def library(*days: tuple[str, list[Spot]]) -> Library:
    nowhere = np.zeros(0)
    past = [Day(vehicle, 739_000 + k, walked(corners, seed=k + 1)) for k, (vehicle, corners) in enumerate(days)]
    return Library(past, nowhere, nowhere)


def followed(matcher: Matcher, trace: Trace, vehicle: str, progress: Progress | None = None) -> Iterator[Progress]:
    """Step through a walk, knot by knot."""
    progress = progress or Progress()
    dx, dy = np.diff(trace.x, prepend=trace.x[:1]), np.diff(trace.y, prepend=trace.y[:1])
    for x, y, at_s, east, north in zip(
        *(column.tolist() for column in (trace.x, trace.y, trace.in_s, dx, dy)), strict=True
    ):
        progress = matcher.step(progress, at_s, x, y, east, north, vehicle)
        yield progress


def along(trace: Trace) -> list[float]:
    """Tell the metres driven at each knot."""
    metres: list[float] = np.cumsum(np.hypot(np.diff(trace.x), np.diff(trace.y))).tolist()
    return [0.0, *metres]


def on_vehicle(past: Library, progress: Progress, vehicle: str) -> float:
    """Tell the chance that the truck is on the way of a vehicle's days."""
    if not progress.knots:
        return 0.0
    knots, belief = beam(progress)
    return float((1.0 - progress.elsewhere) * belief[past.vehicle[past.day[knots]] == vehicle].sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_matcher_stays_on_its_street_where_the_round_crosses_itself(seed: int) -> None:
    """On a figure of eight most of the belief stays within two hundred metres of the way that was driven."""
    past = library(*[("17", EIGHT)] * 4)
    metres_of = np.concatenate([along(day.trace) for day in past.days])
    today = walked(EIGHT, seed=100 + seed)
    for metres, progress in zip(along(today), followed(Matcher(past), today, "17"), strict=True):
        if metres < 300.0:
            continue
        knots, belief = beam(progress)
        apart = np.abs(metres_of[knots] - metres * metres_of[-1] / along(today)[-1])
        assert belief[apart <= 200.0].sum() > 0.8, metres


def test_the_other_direction_of_a_street_is_another_way() -> None:
    """A truck that drives back along the street is on the way back of past days, not on the way out."""
    there_and_back = [STREET[0], STREET[1], (6000.0, 15.0), (0.0, 15.0)]
    past = library(*[("17", there_and_back)] * 3)
    turn_s = np.array([day.trace.in_s[int(np.argmax(day.trace.x))] for day in past.days])
    *_, progress = followed(Matcher(past), walked([(5000.0, 15.0), (3000.0, 15.0)], seed=9), "17")
    knots, belief = beam(progress)
    assert belief[past.in_s[knots] > turn_s[past.day[knots]]].sum() > 0.8


def test_a_truck_on_no_past_days_way_is_elsewhere() -> None:
    """A kilometre away from all that past days know, the belief in them is gone; a kilometre back, it is back."""
    past = library(*[("17", STREET)] * 3)
    matcher = Matcher(past)
    *_, known = followed(matcher, walked([(0.0, 0.0), (2000.0, 0.0)], seed=7), "17")
    assert known.elsewhere < 0.1
    *_, gone = followed(matcher, walked([(2000.0, 0.0), (2000.0, 1100.0)], seed=8), "17", known)
    assert gone.elsewhere > 0.9
    *_, back = followed(matcher, walked([(2000.0, 1100.0), (2000.0, 0.0), (4000.0, 0.0)], seed=9), "17", gone)
    assert back.elsewhere < 0.2


def test_a_truck_that_crosses_the_round_is_not_on_it() -> None:
    """Driving across a street that past days know is no round on it."""
    past = library(*[("17", STREET)] * 3)
    for progress in followed(Matcher(past), walked([(3000.0, -1500.0), (3000.0, 1500.0)], seed=3), "17"):
        assert progress.elsewhere > 0.4


@pytest.mark.parametrize("seed", range(4))
def test_another_vehicles_round_is_believed_only_after_about_a_kilometre(seed: int) -> None:
    """A truck that has a round of its own and drives another's is not believed for 500 m, and is within 2 km."""
    past = library(*[("17", STREET)] * 3, *[("99", OTHER)] * 3)
    today = walked(STREET, seed=50 + seed)
    found = list(zip(along(today), followed(Matcher(past), today, "99"), strict=True))
    first_m = next(metres for metres, progress in found if on_vehicle(past, progress, "17") > 0.5)
    assert 500.0 <= first_m <= 2000.0
    assert on_vehicle(past, found[-1][1], "17") > 0.6


def test_its_own_round_is_believed_at_once() -> None:
    """A truck on its own round needs no kilometre: two hundred metres will do."""
    past = library(*[("17", STREET)] * 3, *[("99", OTHER)] * 3)
    today = walked(STREET, seed=50)
    found = zip(along(today), followed(Matcher(past), today, "17"), strict=True)
    assert next(metres for metres, progress in found if on_vehicle(past, progress, "17") > 0.5) <= 200.0


def test_a_truck_without_a_past_of_its_own_may_be_on_any_round() -> None:
    """A new vehicle is no stranger to any round: it is believed as soon as its way fits."""
    past = library(*[("17", STREET)] * 3)
    found = zip(along(walked(STREET, seed=4)), followed(Matcher(past), walked(STREET, seed=4), "new"), strict=True)
    assert next(metres for metres, progress in found if on_vehicle(past, progress, "17") > 0.5) <= 300.0


def test_a_beam_survives_its_bytes() -> None:
    """Written and read at every knot, the filter goes on bit for bit as it would have."""
    past = library(*[("17", EIGHT)] * 3)
    today = walked(EIGHT, seed=20)
    matcher, stored = Matcher(past), Progress()
    dx, dy = np.diff(today.x, prepend=today.x[:1]), np.diff(today.y, prepend=today.y[:1])
    for k, whole in enumerate(followed(Matcher(past), today, "17")):
        at = float(today.in_s[k]), float(today.x[k]), float(today.y[k]), float(dx[k]), float(dy[k])
        data = msgspec.msgpack.encode(matcher.step(stored, *at, "17"))
        stored = msgspec.msgpack.decode(data, type=Progress)
        assert stored == whole
    assert beam(stored)[0].tolist() == beam(whole)[0].tolist()


def test_a_beam_is_bounded_and_its_belief_is_one() -> None:
    """However many past days pass by a spot, at most so many knots are kept, and their beliefs sum to one."""
    past = library(*[("17", STREET)] * 60)
    for progress in followed(Matcher(past), walked([(0.0, 0.0), (900.0, 0.0)], seed=90), "17"):
        knots, belief = beam(progress)
        assert len(knots) <= BEAM
        assert (np.diff(knots) > 0).all()
        assert belief.sum() == pytest.approx(1.0, abs=1e-5)
        assert 0.0 <= progress.elsewhere <= 1.0
