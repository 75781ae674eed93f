"""The judgement on a store's report, which needs no store."""

from __future__ import annotations

import msgspec
import pytest

from streams.inspect import NodeReport, StoreReport, problems

GOOD = NodeReport(
    address="store:6379",
    server="Valkey",
    version="9.1.0",
    role="master",
    replicas=1,
    appendonly=True,
    appendfsync="always",
    maxmemory=1000,
    maxmemory_policy="noeviction",
    used_memory=100,
    aof_write_ok=True,
    snapshot_ok=True,
    loading=False,
    clock_skew_ms=3,
    round_trip_ms=0.2,
)


def judged(wait_replicas: int = 0, **changes: object) -> list[tuple[str, str]]:
    node = msgspec.structs.replace(GOOD, **changes)
    return [(p.severity, p.what) for p in problems(StoreReport("store:6379", False, (node,)), wait_replicas)]


def test_a_good_store_has_no_problems() -> None:
    """Nothing is said of a store that is as it should be."""
    assert judged(wait_replicas=1) == []


@pytest.mark.parametrize(
    ("changes", "severity", "what"),
    [
        ({"version": "6.2.14", "server": "Redis"}, "error", "too old"),
        ({"role": "slave"}, "error", "replica"),
        ({"loading": True}, "warning", "loading"),
        ({"appendonly": None}, "note", "does not tell"),
        ({"appendonly": False}, "error", "appendonly is off"),
        ({"aof_write_ok": False}, "error", "append-only file"),
        ({"snapshot_ok": False}, "warning", "snapshot"),
        ({"appendfsync": None}, "note", "appendfsync"),
        ({"appendfsync": "everysec"}, "warning", "everysec"),
        ({"maxmemory_policy": "allkeys-lru"}, "error", "throws data away"),
        ({"used_memory": 900}, "warning", "90 %"),
        ({"clock_skew_ms": -61_500}, "warning", "-61.5 s"),
        ({"round_trip_ms": 80.0}, "warning", "80 ms"),
        ({"replicas": 0}, "error", "0 replicas"),
    ],
)
def test_each_shortcoming_is_named_with_its_weight(changes: dict[str, object], severity: str, what: str) -> None:
    """One shortcoming gives one problem."""
    [(found_severity, found_what)] = judged(wait_replicas=1, **changes)
    assert found_severity == severity
    assert what in found_what
    assert "store:6379" in found_what


def test_an_evicting_policy_without_a_limit_is_harmless() -> None:
    """Without maxmemory nothing is ever thrown away."""
    assert judged(maxmemory=0, maxmemory_policy="allkeys-lru") == []


def test_the_worst_comes_first() -> None:
    """Errors stand before warnings, warnings before notes, and each has a remedy."""
    node = msgspec.structs.replace(GOOD, appendfsync=None, round_trip_ms=80.0, role="slave")
    found = problems(StoreReport("store:6379", False, (node,)))
    assert [problem.severity for problem in found] == ["error", "warning", "note"]
    assert all(problem.remedy for problem in found)
