"""Service time: as fast as the machine, faster, or driven."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomikuru.clocks import DrivenClock, ScaledClock, SystemClock, machine_ms


def test_the_system_clock_tells_the_machines_time() -> None:
    """No offset, no scale."""
    before = machine_ms()
    assert before <= SystemClock().now_ms() <= machine_ms()
    assert SystemClock().factor == 1.0


def test_a_scaled_clock_starts_where_it_is_told_and_runs_faster() -> None:
    """Two seconds of the machine are two minutes at sixty times the speed."""
    seconds = [100.0]
    clock = ScaledClock(60.0, 1_000_000, lambda: seconds[0])
    assert clock.now_ms() == 1_000_000
    seconds[0] = 102.0
    assert clock.now_ms() == 1_120_000
    assert clock.factor == 60.0


def test_a_clock_that_stands_or_runs_backwards_is_refused() -> None:
    """A factor of zero would stop every tick."""
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(0, 0)


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_a_driven_clock_goes_where_events_lead_and_never_back(instants: list[int]) -> None:
    """Its time is the latest instant it was given."""
    clock = DrivenClock(-(2**41))
    seen = [clock.now_ms()]
    for instant in instants:
        clock.advance_to(instant)
        seen.append(clock.now_ms())
    assert seen == sorted(seen)
    assert seen[-1] == max([-(2**41), *instants])
