"""Whether a stop has weekdays of its own, told from the days that served it."""

from __future__ import annotations

import numpy as np
import pytest

from geofence.forecast.weekly import weekly_of

WEEKDAY = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1])
"""A fortnight and two days, Monday to Saturday."""


def told(pattern: str, own: str = "x" * len(WEEKDAY)) -> tuple[float, list[float], list[float]]:
    """What is told of one place; an x for each day that served it."""
    served = np.array([[float(day == "x")] for day in pattern])
    weekly = weekly_of(served, np.array([day == "x" for day in own]), WEEKDAY)
    return float(weekly.apart[0]), weekly.least[:, 0].tolist(), weekly.most[:, 0].tolist()


@pytest.mark.parametrize("pattern", ["x..x..x..x..x.", ".x..x..x..x..x", "x.x.x.x.x.x.x."])
def test_what_is_served_on_the_same_weekdays_each_week_has_weekdays_of_its_own(pattern: str) -> None:
    assert told(pattern)[0] > 0.9


@pytest.mark.parametrize(
    "pattern", ["xxxxxxxxxxxxxx", "xxxx.xxxxxx.xx", "xx.xx.x..xxx.x", "..............", ".....x.....x.x"]
)
def test_what_is_served_nearly_always_or_by_chance_has_none(pattern: str) -> None:
    assert told(pattern)[0] < 0.5


def test_weekdays_that_always_or_never_served_it_are_told() -> None:
    """Mondays and Thursdays; of Sunday, which had no days, nothing is known."""
    _, least, most = told("x..x..x..x..x.")
    assert [chance > 0.85 for chance in least] == [True, False, False, True, False, False, False]
    assert [chance < 0.15 for chance in most] == [False, True, True, False, True, True, False]
    assert (least[6], most[6]) == (0.0, 1.0)


def test_one_day_tells_nothing_of_its_weekday() -> None:
    """Nor do two of which one served: the truck may have left it out."""
    _, least, most = told("x..x.xx.....x.", own="xxxxxxxxx...xx")
    assert (least[3], most[4]) == (0.0, 1.0)
    assert (least[5], most[5]) == (0.0, 1.0)
    assert most[1] < 0.5 < least[0]


def test_days_of_other_crews_say_nothing() -> None:
    """Six days of one's own, each another weekday, tell no weekdays apart; all twelve do."""
    assert told("x..x..x..x..x.", own="xxxxxx........")[0] < 0.9
    assert told("x..x..x..x..x.")[0] > 0.9
