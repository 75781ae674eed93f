"""The doctor's look at real stores."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from streams.connect import connect
from streams.inspect import inspect, problems
from streams.ports import StoreUnavailable
from tests.support.stores import EVERY_SECOND, RedisClusterServers, RedisServer, ValkeyServer


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_well_kept_valkey_is_recognised_and_has_no_problems(valkey_server: ValkeyServer) -> None:
    """The server as the project starts it is what the project recommends."""
    client = connect(valkey_server.url)
    report = inspect(client, now_ms())
    client.close()
    [node] = report.nodes
    assert (report.cluster, node.server, node.role) == (False, "Valkey", "master")
    assert int(node.version.partition(".")[0]) >= 8
    assert (node.appendonly, node.appendfsync, node.maxmemory_policy) == (True, "always", "noeviction")
    assert abs(node.clock_skew_ms) < 1000
    assert node.round_trip_ms > 0
    assert problems(report) == []


def test_redis_is_not_taken_for_valkey(redis7_server: RedisServer) -> None:
    """Redis 7 is named as what it is."""
    client = connect(redis7_server.url)
    [node] = inspect(client, now_ms() + 60_000).nodes
    client.close()
    assert (node.server, node.version[:2]) == ("Redis", "7.")
    assert -61_000 < node.clock_skew_ms < -59_000


def test_every_primary_of_a_cluster_is_looked_at(redis_cluster: RedisClusterServers) -> None:
    """A cluster's report has a part for each primary; these keep nothing, and that is told for each."""
    client = connect(redis_cluster.url)
    report = inspect(client, now_ms())
    client.close()
    assert report.cluster
    assert {node.address for node in report.nodes} == {f"127.0.0.1:{node.port}" for node in redis_cluster.nodes}
    assert [problem.severity for problem in problems(report)] == ["error"] * 3


def test_a_server_that_syncs_every_second_is_warned_about(tmp_path: Path) -> None:
    """everysec is found out, and so is a missing replica."""
    server = ValkeyServer(tmp_path, EVERY_SECOND)
    server.start()
    try:
        client = connect(server.url)
        found = problems(inspect(client, now_ms()), wait_replicas=1)
        client.close()
        assert [problem.severity for problem in found] == ["error", "warning"]
        assert "0 replicas" in found[0].what
        assert "appendfsync everysec" in found[1].what
    finally:
        server.stop()


def test_a_server_that_hides_its_configuration_is_still_looked_at(valkey_server: ValkeyServer) -> None:
    """Without the right to CONFIG, appendfsync is unknown and noted as such."""
    with valkey_server.client() as admin:
        admin.acl_setuser("managed", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-config"])
        try:
            client = connect(valkey_server.url, username="managed", password="pw")
            report = inspect(client, now_ms())
            client.close()
        finally:
            admin.acl_deluser("managed")
    assert report.nodes[0].appendfsync is None
    assert [problem.severity for problem in problems(report)] == ["note"]


def test_nobody_there_is_unavailable() -> None:
    """A store that does not answer is told as such, with its address."""
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1"):
        inspect(connect("redis://127.0.0.1:1"), now_ms())
