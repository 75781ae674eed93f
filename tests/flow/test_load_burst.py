"""Ingest was away; what queued at the broker is worked off. `python -m benchmarks.burst` does it with a million."""

from __future__ import annotations

import pytest

from benchmarks.burst import outage


@pytest.mark.timeout(150)
def test_a_queue_of_an_outage_is_worked_off_with_flat_memory_and_the_right_alerts() -> None:
    """Nothing is lost, what is late is history, alerts are those of a replay, and the heap does not hold the queue."""
    said = outage(pings=30_000, trucks=50, homes=2_000, live_s=3.0, stalled=True)
    assert said["kept"] == said["queued"] + said["live"] == 30_000 + 150
    assert said["late"] >= 20_000
    assert said["alerts"] > 0
    assert said["alerts_of_late_pings"] == 0
    assert said["as_replayed"]
    assert said["queue_max"] // 2 < said["queue"] <= said["queue_max"], "full while the store stood, and no more"
    assert said["engine_backlog_mb"] < 10, "28,000 entries read at once would be more"
    assert said["ingest_rss_mb"]["max"] < 250
