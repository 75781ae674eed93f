"""Rules by which a minutes-alert fires: how they are judged, learned, and looked up."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.forecast.firing import (
    DEFAULT,
    LEADS_MIN,
    MOST_LUCK,
    Rule,
    default_rule,
    learned,
    rule_for,
    score,
)
from geofence.forecast.rehearsal import GRID_S, Rows, joined

FIRE = Rule(10.0, 1.0, 0.5, 0.0, 1.0)
"""Fires as soon as the chance of coming within ten minutes is a half."""


def rows(run: int, place: int, *told: tuple[float, float]) -> Rows:
    """Make rows of one place from (seconds left, chance of coming within whatever time), in order of time."""
    size = len(told)
    left = np.array([one[0] for one in told])
    chance = np.array([one[1] for one in told])
    within = np.repeat(chance[:, None], len(GRID_S), axis=1).astype(np.float32)
    at_s = np.arange(0.0, 15.0 * size, 15.0)
    blank = np.zeros(size)
    return Rows(
        run=np.full(size, run),
        place=np.full(size, place),
        at_s=at_s,
        actual_s=left,
        within=within,
        low_s=blank,
        middle_s=blank,
        high_s=blank,
        guess_s=blank,
        held=blank.astype(np.float32),
    )


@pytest.mark.parametrize(
    ("left_s", "hit", "late"),
    [(299, 0, 0), (300, 1, 0), (600, 1, 0), (1200, 1, 0), (1201, 0, 0), (181, 0, 0), (179, 0, 1)],
)
def test_an_alert_is_a_hit_between_half_and_twice_its_lead(left_s: float, hit: float, late: float) -> None:
    """Ten minutes are kept from five to twenty minutes before the truck; under three minutes is late."""
    found = score(rows(0, 1, (left_s + 15.0, 0.4), (left_s, 0.6), (left_s - 15.0, 0.9)), 1, FIRE)
    assert (found.hit, found.late, found.false) == (hit, late, 0.0)


def test_a_call_after_the_truck_has_turned_away_counts_where_the_first_was_false() -> None:
    """Told an hour before, then the truck became unlikely, then told in time: a hit, and one false call of two."""
    found = score(rows(0, 1, (3_600.0, 0.6), (2_000.0, 0.1), (700.0, 0.4), (600.0, 0.6)), 1, FIRE)
    assert (found.hit, found.late, found.false) == (1, 0, 0.5)


def test_without_a_turn_there_is_no_second_call() -> None:
    """A truck that stays likely has been told of; who was told an hour before was told too early; not missed."""
    found = score(rows(0, 1, (3_600.0, 0.6), (2_000.0, 0.3), (600.0, 0.6)), 1, FIRE)
    assert (found.hit, found.late, found.false) == (0, 0, 1.0)


def test_a_second_call_is_never_borrowed_from_the_next_place() -> None:
    """The rows of the next place stand behind those of this one, and are its own."""
    both = joined([rows(0, 1, (3_600.0, 0.6), (3_500.0, 0.1)), rows(0, 2, (600.0, 0.6))])
    found = score(both, 2, FIRE)
    assert (found.hit, found.late, found.false) == (0.5, 0.0, 0.5)


def test_an_arrival_that_nobody_was_told_of_is_missed() -> None:
    """A place whose chance never reaches the rule's counts as late, and as no alert."""
    found = score(joined([rows(0, 1, (900, 0.2), (600, 0.4)), rows(0, 2, (600, 0.6))]), 2, FIRE)
    assert (found.hit, found.late, found.false) == (0.5, 0.5, 0.0)


def test_an_alert_that_no_truck_follows_is_false() -> None:
    """A truck that never comes, or comes after more than 45 minutes, makes a false alert, counted per alert."""
    some = [rows(0, 1, (600, 0.6)), rows(0, 2, (math.inf, 0.6)), rows(0, 3, (2701, 0.6)), rows(0, 4, (2699, 0.6))]
    assert score(joined(some), 3, FIRE).false == 0.5


def test_only_the_first_firing_of_a_place_and_run_counts() -> None:
    """A place is told once a run; another run of the same place is judged by itself."""
    some = [rows(0, 1, (1500, 0.6), (600, 0.9)), rows(1, 1, (600, 0.6), (120, 0.9))]
    found = score(joined(some), 2, FIRE)
    assert (found.hit, found.late, found.false) == (0.5, 0.0, 0.0)


def test_the_last_moment_fires_by_itself() -> None:
    """A rule with a last moment fires on that chance too."""
    rule = Rule(10.0, 1.0, 0.9, 0.5, 0.3)
    assert score(rows(0, 1, (400, 0.4)), 1, rule).hit == 1.0
    assert score(rows(0, 1, (400, 0.4)), 1, msgspec.structs.replace(rule, last_share=0.0)).hit == 0.0


def test_nothing_foretold_is_all_missed() -> None:
    """Without rows each arrival was missed and nothing was false."""
    found = score(joined([]), 4, FIRE)
    assert (found.hit, found.late, found.false) == (0.0, 1.0, 0.0)


def foretelling(places: int, rumour: float) -> Rows:
    """A town where each arrival is rumoured an hour ahead, and known for sure when the truck is as near as the lead."""
    parts = []
    for place in range(places):
        left = np.arange(3600.0, 0.0, -30.0)
        within = np.where(left[:, None] <= np.array(GRID_S)[None, :], 0.95, rumour).astype(np.float32)
        blank = np.zeros(len(left))
        at_s = 3600.0 - left
        run, at = np.zeros(len(left), int), np.full(len(left), place)
        parts.append(Rows(run, at, at_s, left, within, blank, blank, blank, blank, blank.astype(np.float32)))
    return joined(parts)


def test_the_better_rule_is_learned() -> None:
    """Where a chance of 0.3 means nothing and 0.95 all, the rule that is learned waits for the latter, and hits."""
    found = foretelling(40, rumour=0.3)
    for rule in learned(found, 40, (5.0, 10.0, 20.0)):
        judged = score(found, 40, rule)
        assert rule.chance > 0.3
        assert (judged.hit, judged.late, judged.false) == (1.0, 0.0, 0.0)
    eager = Rule(10.0, 1.0, 0.25, 0.0, 1.0)
    assert score(found, 40, eager).worth < score(found, 40, learned(found, 40, (10.0,))[0]).worth


def test_too_few_arrivals_teach_nothing() -> None:
    """Under thirty arrivals the default rule stays, for every lead."""
    found = foretelling(MOST_LUCK - 1, rumour=0.3)
    assert learned(found, MOST_LUCK - 1) == tuple(default_rule(lead) for lead in LEADS_MIN)
    assert learned(joined([]), 1000) == tuple(default_rule(lead) for lead in LEADS_MIN)
    assert default_rule(7.0) == Rule(7.0, *DEFAULT)


@pytest.mark.parametrize(("lead", "nearest"), [(3.0, 5.0), (10.0, 10.0), (14.0, 10.0), (15.0, 20.0), (60.0, 20.0)])
def test_a_lead_takes_the_figures_of_the_nearest_that_was_learned(lead: float, nearest: float) -> None:
    """Nearness is by ratio, and the rule is for the lead that was asked."""
    rules = [Rule(minutes, 0.5, minutes / 100.0, 0.0, 1.0) for minutes in (5.0, 10.0, 20.0)]
    assert rule_for(rules, lead) == Rule(lead, 0.5, nearest / 100.0, 0.0, 1.0)
    assert rule_for([], lead) == default_rule(lead)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(1, 4000), st.floats(0, 1)), max_size=30),
    st.sampled_from([5.0, 10.0, 30.0]),
    st.floats(0.1, 0.9),
)
def test_shares_are_shares(some: list[tuple[int, int, float, float]], lead: float, chance: float) -> None:
    """Whatever is foretold, hits and late arrivals never add up to more than all, and no more than all are false."""
    parts = [rows(run, place, (left, told)) for run, place, left, told in some]
    arrivals = len({(run, place) for run, place, _, _ in some})
    found = score(joined(parts), arrivals, Rule(lead, 1.0, chance, 0.0, 1.0))
    assert min(found.hit, found.late) >= 0.0
    assert found.hit + found.late <= 1.0 + 1e-9
    assert 0.0 <= found.false <= 1.0
