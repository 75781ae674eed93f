"""A whole city is reminded while its leader is killed; nobody is missed, and nobody waits for the truck's call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.evening import evening
from tests.support.stores import ValkeyServer, emptied


@pytest.mark.timeout(180)
def test_ten_thousand_are_reminded_with_the_leader_killed_in_the_middle(
    tmp_path: Path, valkey_server: ValkeyServer
) -> None:
    """None missing, repeats with the same id only, within the spread; a call to the truck passes those that wait.

    Seconds are the benchmark's to tell (benchmarks/reminders.py): here it counts who was served before whom.
    """
    emptied(valkey_server)
    found = evening(valkey_server.url, tmp_path, 10_000, factor=40.0)
    assert (found.missing, found.other_ids, found.early) == (0, 0, 0)
    assert found.last_after_window_s < 30.0
    assert len(found.before) > 10
    assert found.before[-1] < 1_000
