"""Accepted is not shown: when a target counts as lost, and who gets the alert then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.subscription import Target, TargetKind
from notifier.fallback import (
    DEVICES,
    GRACE_MS,
    History,
    Sent,
    in_use,
    is_silent,
    standby,
    with_sends,
    with_shown,
    with_told,
)

A, B = (Target(TargetKind.WEBPUSH, name) for name in "ab")
TOKEN = Target(TargetKind.FCM_TOKEN, "t")
LINE, MAIL = Target(TargetKind.LINE, "U1"), Target(TargetKind.EMAIL, "a@example.org")
PAGE = Target(TargetKind.PAGE, "home")
NOW = 1_000_000_000
targets = st.lists(st.sampled_from([A, B, TOKEN, LINE, MAIL, PAGE]), max_size=6, unique=True)


def sends(*ages_s: float) -> tuple[Sent, ...]:
    """Sends whose useful life ended so long ago."""
    return tuple(Sent(f"alert-{age}", NOW - int(age * 1000)) for age in ages_s)


def test_three_sends_accepted_and_none_shown_make_a_browser_silent() -> None:
    """Two are not enough."""
    assert is_silent(TargetKind.WEBPUSH, History(sends(900, 600, 300)), NOW)
    assert not is_silent(TargetKind.WEBPUSH, History(sends(900, 600)), NOW)


def test_an_alert_counts_only_when_its_time_has_passed() -> None:
    """A phone in a tunnel may still show it, and its report may still come."""
    assert not is_silent(TargetKind.WEBPUSH, History(sends(900, 600, -60)), NOW)
    young = (*sends(900, 600), Sent("x", NOW - GRACE_MS + 1))
    assert not is_silent(TargetKind.WEBPUSH, History(young), NOW)
    assert is_silent(TargetKind.WEBPUSH, History((*sends(900, 600), Sent("x", NOW - GRACE_MS))), NOW)


def test_a_report_of_one_of_the_last_three_or_of_one_since_makes_it_work_again() -> None:
    """Older reports do not."""
    four = sends(1200, 900, 600, 300)
    assert is_silent(TargetKind.WEBPUSH, History(four, ("alert-1200",)), NOW)
    assert not is_silent(TargetKind.WEBPUSH, History(four, ("alert-900",)), NOW)
    assert not is_silent(TargetKind.WEBPUSH, History((*four, Sent("new", NOW + 60_000)), ("new",)), NOW)


def test_a_token_counts_as_reporting_from_its_first_report_on() -> None:
    """An app that never learned to report is not taken for silent."""
    assert not is_silent(TargetKind.FCM_TOKEN, History(sends(900, 600, 300)), NOW)
    assert is_silent(TargetKind.FCM_TOKEN, History(sends(900, 600, 300), ("long-ago",)), NOW)
    for kind in (TargetKind.LINE, TargetKind.EMAIL, TargetKind.SCREEN):
        assert not is_silent(kind, History(sends(900, 600, 300), ("long-ago",)), NOW)


@pytest.mark.parametrize(
    ("all_of_them", "lost", "used"),
    [
        ([A, B, TOKEN], [], [A, B, TOKEN]),
        ([A, LINE, MAIL], [], [A]),
        ([LINE, A, MAIL], [], [LINE, A]),
        ([LINE, MAIL], [], [LINE]),
        ([MAIL], [], [MAIL]),
        ([A, MAIL], [A], [A, MAIL]),
        ([A, LINE, MAIL], [A], [A, LINE]),
        ([A, LINE, MAIL], [A, LINE], [A, MAIL]),
        ([A, B, MAIL], [A], [A, B]),
        ([A, B, MAIL], [A, B], [A, B, MAIL]),
        ([LINE, A], [LINE], [A]),
        ([LINE], [LINE], [LINE]),
        ([A, PAGE], [], [A]),
        ([], [], []),
    ],
)
def test_devices_all_get_it_and_the_others_where_nothing_that_works_stands_before_them(
    all_of_them: list[Target], lost: list[Target], used: list[Target]
) -> None:
    """The rule of docs/channels.md, case by case."""
    assert list(in_use(all_of_them, lost)) == used


@given(targets, st.sets(st.sampled_from([A, B, TOKEN, LINE, MAIL])))
def test_a_household_with_a_target_that_works_is_reached_and_no_device_left_out(
    every: list[Target], lost: set[Target]
) -> None:
    """Whatever the order, and whatever is lost; nobody is told twice on one target."""
    used = in_use(every, lost)
    reachable = [each for each in every if each.kind is not TargetKind.PAGE]
    assert len(set(used)) == len(used)
    assert {each for each in every if each.kind in DEVICES} <= set(used)
    if set(reachable) - lost:
        assert set(used) - lost
    if reachable:
        assert used


@given(targets, st.sets(st.sampled_from([A, B, TOKEN, LINE, MAIL])), st.sampled_from([A, LINE]))
def test_who_hears_of_a_lost_target_works_and_is_another(every: list[Target], lost: set[Target], gone: Target) -> None:
    """The next in order, from the front again; nobody where nothing else works."""
    through = standby(every, lost, gone)
    others = {each for each in every if each.kind is not TargetKind.PAGE} - lost - {gone}
    assert (through in others) if others else through is None


def test_a_history_stays_small_and_counts_a_repeat_once() -> None:
    """Of sends and of reports the newest are kept; what was told is never forgotten."""
    history = with_sends(History(), [Sent("a", 1), Sent("a", 1), Sent("b", 2)])
    assert with_sends(history, [Sent("b", 2)]) == history
    for number in range(100):
        history = with_shown(with_sends(history, [Sent(f"n{number}", number)]), f"n{number}")
    assert (len(history.sends), len(history.shown)) == (8, 16)
    assert with_shown(history, "n99") is history
    assert with_told(with_told(history, "lost"), "lost").told == ("lost",)
