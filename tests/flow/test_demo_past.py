"""The demonstration's past: who signs up with a lead in minutes is told in minutes."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

from geofence.forecast.profile import FILE, decode_profile
from gomikuru.demo_past import learning_beside
from gomikuru.places import sample_cities
from gomikuru.simulate import next_collection_day, read_town
from tests.support.waiting import wait_until

SAMPLE = sample_cities() / "sample"


def test_a_profile_of_two_past_weeks_comes_while_the_demonstration_runs(tmp_path: Path) -> None:
    """It holds the trucks' days of the same weekday in the two weeks before, and takes its place whole."""
    day = next_collection_day(read_town(SAMPLE), date(2026, 11, 2))
    with learning_beside(SAMPLE, day, 1, tmp_path / FILE):
        wait_until((tmp_path / FILE).exists, 150, "a profile")
    profile = decode_profile((tmp_path / FILE).read_bytes())
    seen = {date.fromordinal(each.ordinal) for each in profile.days if not each.vehicle.startswith("route:")}
    assert {day - timedelta(weeks=1), day - timedelta(weeks=2)} <= seen
    assert profile.rules


def test_the_learner_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """When the demonstration ends before the profile is there, nothing of it goes on."""
    began_s = time.monotonic()
    with learning_beside(SAMPLE, date(2026, 11, 2), 1, tmp_path / FILE):
        pass
    assert time.monotonic() - began_s < 10
    assert not (tmp_path / FILE).exists()
