"""What kind of store is there, and is it set up to keep what it answers: for `gomikuru doctor`.

`inspect` looks; `problems` judges and is pure.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Literal

import msgspec
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from streams.connect import Client
from streams.link import address_of, meaning

Severity = Literal["error", "warning", "note"]

OLDEST_MAJOR = 7
"""Redis before 7 runs scripts under other rules, and hands out deleted entries."""


class NodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one server says of itself. None: it does not tell (managed services hide their configuration)."""

    address: str
    server: str
    version: str
    role: str
    replicas: int
    appendonly: bool | None
    appendfsync: str | None
    maxmemory: int | None
    maxmemory_policy: str | None
    used_memory: int | None
    aof_write_ok: bool
    snapshot_ok: bool
    loading: bool
    clock_skew_ms: int
    round_trip_ms: float


class StoreReport(msgspec.Struct, frozen=True):
    """What a store is: one server, or each primary of a cluster."""

    address: str
    cluster: bool
    nodes: tuple[NodeReport, ...]


class Problem(msgspec.Struct, frozen=True):
    """Something that may cost data or fail later: how bad, what, and what to do about it."""

    severity: Severity
    what: str
    remedy: str


def inspect(client: Client, now_ms: int) -> StoreReport:
    """Ask a store what it is; `now_ms` is the machine's time at the call. Raise StoreUnavailable or StoreFault."""
    asked_at = time.monotonic()
    address = address_of(client)
    try:
        nodes = sorted(_servers(client), key=address_of)
        reports = tuple(_look(node, now_ms, asked_at) for node in nodes)
        cluster = isinstance(client, RedisCluster)
        return StoreReport(address, cluster or reports[0].role == "cluster node", reports)
    except (RedisError, RedisClusterException, OSError) as error:
        raise meaning(error, address) from error


def _servers(client: Client) -> list[Any]:
    if not isinstance(client, RedisCluster):
        return [client]
    cluster: Any = client
    return [cluster.get_redis_connection(node) for node in cluster.get_primaries()]


def _look(server: Any, now_ms: int, asked_at: float) -> NodeReport:
    server.ping()
    began = time.monotonic()
    seconds, micros = server.time()
    ended = time.monotonic()
    ours_ms = now_ms + ((began + ended) / 2 - asked_at) * 1000
    info: dict[str, Any] = server.info("everything")
    appendfsync = _setting(server, "appendfsync")
    valkey = info.get("valkey_version")
    return NodeReport(
        address=address_of(server),
        server="Valkey" if valkey else "Redis",
        version=str(valkey or info.get("redis_version", "unknown")),
        role="cluster node" if info.get("cluster_enabled") else str(info.get("role", "unknown")),
        replicas=int(info.get("connected_slaves", 0)),
        appendonly=bool(info["aof_enabled"]) if "aof_enabled" in info else None,
        appendfsync=appendfsync,
        maxmemory=info.get("maxmemory"),
        maxmemory_policy=info.get("maxmemory_policy"),
        used_memory=info.get("used_memory"),
        aof_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        snapshot_ok=info.get("rdb_last_bgsave_status", "ok") == "ok",
        loading=bool(info.get("loading")),
        clock_skew_ms=round(int(seconds) * 1000 + int(micros) / 1000 - ours_ms),
        round_trip_ms=round((ended - began) * 1000, 3),
    )


def _setting(server: Any, name: str) -> str | None:
    with contextlib.suppress(ResponseError):
        value = server.config_get(name).get(name)
        return None if value is None else str(value)
    return None


def problems(report: StoreReport, wait_replicas: int = 0) -> list[Problem]:
    """Judge a report, worst first; `wait_replicas` is how many replicas the settings want to wait for."""
    order = {"error": 0, "warning": 1, "note": 2}
    found = [problem for node in report.nodes for problem in _of_node(node, wait_replicas)]
    return sorted(found, key=lambda problem: order[problem.severity])


def _of_node(node: NodeReport, wait_replicas: int) -> list[Problem]:
    return [*_identity(node), *_durability(node), *_memory(node), *_time_and_replicas(node, wait_replicas)]


def _identity(node: NodeReport) -> list[Problem]:
    found = []
    major = node.version.partition(".")[0]
    if major.isdecimal() and int(major) < OLDEST_MAJOR:
        what = f"{node.address}: {node.server} {node.version} is too old"
        found.append(Problem("error", what, f"use Valkey, or Redis {OLDEST_MAJOR} or later"))
    if node.role in ("slave", "replica"):
        what = f"{node.address} is a replica and takes no writes"
        found.append(Problem("error", what, "give the primary's address"))
    if node.loading:
        found.append(Problem("warning", f"{node.address} is still loading its data", "wait, then ask again"))
    return found


def _durability(node: NodeReport) -> list[Problem]:
    if node.appendonly is None:
        what = f"{node.address} does not tell whether it keeps what it answers"
        return [Problem("note", what, "ask its provider for appendonly yes and appendfsync always, or for replicas")]
    if not node.appendonly:
        what = f"{node.address}: appendonly is off; a restart loses pings and alerts that were acknowledged"
        return [Problem("error", what, "set appendonly yes and appendfsync always, then CONFIG REWRITE")]
    found = []
    if not node.aof_write_ok:
        what = f"{node.address} could not write its append-only file"
        found.append(Problem("error", what, "look at the free space and the health of its disk, and at its log"))
    if not node.snapshot_ok:
        what = f"{node.address}: its last snapshot failed, and it may refuse writes"
        found.append(Problem("warning", what, "look at its free disk space and memory, and at its log"))
    if node.appendfsync is None:
        what = f"{node.address} does not tell its appendfsync"
        found.append(Problem("note", what, "make sure that it is always"))
    elif node.appendfsync != "always":
        what = f"{node.address}: with appendfsync {node.appendfsync} a crash can lose answered writes"
        found.append(Problem("warning", what, "set appendfsync always, then CONFIG REWRITE"))
    return found


def _memory(node: NodeReport) -> list[Problem]:
    found = []
    if node.maxmemory and node.maxmemory_policy not in (None, "noeviction"):
        what = f"{node.address}: maxmemory-policy {node.maxmemory_policy} throws data away when memory is full"
        found.append(Problem("error", what, "set maxmemory-policy noeviction, then CONFIG REWRITE"))
    if node.maxmemory and node.used_memory and node.used_memory > 0.8 * node.maxmemory:
        share = round(100 * node.used_memory / node.maxmemory)
        what = f"{node.address} uses {share} % of its maxmemory; when it is full, pings are refused"
        found.append(Problem("warning", what, "give it more memory, or move cities to another node"))
    return found


def _time_and_replicas(node: NodeReport, wait_replicas: int) -> list[Problem]:
    found = []
    if abs(node.clock_skew_ms) > 2000:
        what = f"{node.address}: its clock differs by {node.clock_skew_ms / 1000:+.1f} s from this machine's"
        found.append(Problem("warning", what, "synchronise both by NTP: ids and fix times are compared"))
    if node.round_trip_ms > 20:
        what = f"{node.address} takes {node.round_trip_ms:.0f} ms to answer"
        found.append(Problem("warning", what, "run the stages near the store"))
    if node.replicas < wait_replicas:
        what = f"{node.address} has {node.replicas} replicas, and the settings wait for {wait_replicas}"
        found.append(
            Problem("error", what, "attach replicas, or lower wait_replicas; until then nothing is acknowledged")
        )
    return found
