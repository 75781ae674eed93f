"""Which place serves a home: the stop where its truck loads, not the light at which all trucks wait."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from geofence.forecast.profile import decode_profile
from geofence.serving import places_serving
from tests.support.rounds import MONDAY, Drive, place, profile_of

EAST = [(300.0 * k, 0.0) for k in range(1, 7)]
STOP, LIGHT = EAST[2], (EAST[2][0] + 50.0, 0.0)
HOME = (STOP[0] + 22.0, 0.0)


def south_to_north(truck: str, x: float, k: int) -> Drive:
    """Another truck's round: its own stops south of the street, over the crossing, and its stops in the north."""
    day = MONDAY + timedelta(days=k)
    drive = Drive(day, "10:00", truck, at=(x, -2_000.0)).serve([(x, y) for y in (-1_700.0, -1_400.0, -1_100.0)])
    drive.to(LIGHT[0], -300.0).to(*LIGHT).stand(40.0)
    return drive.to(LIGHT[0], 300.0).serve([(x, y) for y in (1_100.0, 1_400.0, 1_700.0)])


def test_a_home_between_its_stop_and_a_light_at_which_other_trucks_wait_is_served_by_the_stop() -> None:
    """The light has seen twice as much standing, but nobody loads there."""
    drives = [Drive(MONDAY + timedelta(days=k), "08:30").serve(EAST, 40.0) for k in range(6)]
    drives += [south_to_north("18", 500.0, k) for k in range(6)] + [south_to_north("19", 1_300.0, k) for k in range(6)]
    profile = decode_profile(profile_of(drives))
    lat, lon = place(*HOME)
    serving = int(places_serving(np.array([lat]), np.array([lon]), profile)[0])
    own = int(places_serving(*(np.array([each]) for each in place(*STOP)), profile)[0])
    light = int(places_serving(*(np.array([each]) for each in place(*LIGHT)), profile)[0])
    assert light != own
    assert profile.strength[light] > 0.6 * profile.strength[own]
    assert serving == own
