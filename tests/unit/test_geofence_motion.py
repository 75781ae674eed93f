"""What a truck is held to be doing, from position and time alone."""

from __future__ import annotations

import pytest

from geofence.limits import Limits
from geofence.motion import Motion, Phase, begin, moved
from tests.support.truckline import Town, Truckline

LIMITS = Limits()


def phases(
    line: Truckline, every_s: float = 5.0, noise_m: float = 0.0, scale: float = 1.0
) -> list[tuple[float, Phase]]:
    """Follow a line on a plane, and tell the phase after every fix."""
    import random

    chance = random.Random(4)
    motion: Motion | None = None
    found = []
    when = line.way[0][0]
    while when <= line.now_s:
        x, y = (scale * (c + chance.gauss(0, noise_m)) for c in line.where(when))
        at_ms = round(when * 1000)
        motion = begin(x, y, at_ms) if motion is None else moved(motion, x, y, at_ms, scale, LIMITS)
        found.append((when, motion.phase))
        when += every_s
    return found


def share(found: list[tuple[float, Phase]], phase: Phase) -> float:
    return sum(one is phase for _, one in found) / len(found)


@pytest.mark.parametrize("every_s", [1, 5, 20, 60])
def test_bag_by_bag_is_work_at_every_interval(every_s: float) -> None:
    """Stop and go at walking pace is recognised within 150 m, whatever the tracker's interval."""
    found = phases(Truckline().collect(east=1500), every_s, noise_m=2)
    first = next(when for when, phase in found if phase is Phase.COLLECTING)
    line = Truckline().collect(east=1500)
    assert line.where(first)[0] <= 150 + 60
    assert all(phase is Phase.COLLECTING for when, phase in found if when >= first)


@pytest.mark.parametrize("every_s", [1, 5, 20, 60])
def test_a_drive_through_town_is_a_drive_at_every_interval(every_s: float) -> None:
    """Forty km/h with a light now and then is never work; noise does not make two stops of one."""
    line = Truckline()
    for _ in range(10):
        line.drive(east=450, speed=11).stop(35)
    assert share(phases(line, every_s, noise_m=2), Phase.COLLECTING) == 0


def test_faster_hops_between_stops_are_work() -> None:
    """A truck that hops 60 m at 18 km/h and stops 20 s, again and again, is at work."""
    found = phases(Truckline().collect(east=2000, speed=5.0, every=60.0), noise_m=1)
    assert share(found[len(found) // 5 :], Phase.COLLECTING) == 1


def test_a_truck_that_goes_from_driving_to_work_is_recognised_soon() -> None:
    """After a drive at 40 km/h work is seen within 120 m, and after work a drive within 250 m."""
    line = Truckline().drive(east=2000, speed=11)
    begins_s, begins_m = line.now_s, 2000.0
    line.collect(east=800)
    ends_s = line.now_s
    line.drive(east=2000, speed=11)
    found = phases(line, noise_m=1)
    first = next(when for when, phase in found if phase is Phase.COLLECTING)
    last = [when for when, phase in found if phase is Phase.COLLECTING][-1]
    assert begins_s < first
    assert line.where(first)[0] - begins_m <= 120
    assert line.where(last)[0] - line.where(ends_s)[0] <= 250


@pytest.mark.parametrize("noise_m", [0, 3, 8])
def test_a_parked_truck_is_at_rest_whatever_its_noise(noise_m: float) -> None:
    """Two hours at one place are never work, and end as rest."""
    found = phases(Truckline().stop(7200), noise_m=noise_m)
    assert share(found, Phase.COLLECTING) == 0
    assert share(found, Phase.RESTING) > 0.5


def test_work_that_pauses_for_lunch_ends_and_begins_anew() -> None:
    """Half an hour at one place with noise ends the work; going on bag by bag begins it again."""
    line = Truckline().collect(east=400)
    lunch_s = line.now_s
    line.stop(1800)
    on_s = line.now_s
    found = phases(line.collect(east=400), noise_m=4)
    assert next(phase for when, phase in found if when >= lunch_s - 30) is Phase.COLLECTING
    assert all(phase is Phase.RESTING for when, phase in found if lunch_s + 700 < when < on_s)
    assert found[-1][1] is Phase.COLLECTING


def test_the_plane_is_stretched_and_the_judgement_is_not() -> None:
    """The same way on a plane stretched by two gives the same phases."""
    line = Truckline().drive(east=900).collect(east=700).stop(900)
    assert phases(line, noise_m=2) == phases(line, noise_m=2, scale=2.0)


def test_a_parked_truck_whose_fixes_wander_tells_nobody() -> None:
    """A truck parked for two hours with 8 m noise is at rest, though its fixes add up to kilometres."""
    town = Town()
    for east in range(-300, 301, 50):
        town.home(f"h{east}", east=east, north=60)
    assert town.play(Truckline().stop(7200).pings(every_s=5, noise_m=8)) == []
