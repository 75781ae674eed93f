"""The store: does it answer, may we write, does it keep what it answers, how far is its clock."""

from __future__ import annotations

from collections.abc import Iterator

from gomikuru.clocks import machine_ms
from gomikuru.doctor.findings import Finding, Level, error, ok
from gomikuru.settings import Settings, plain
from streams.connect import Client, connect
from streams.inspect import NodeReport, Severity, inspect, problems
from streams.link import Link
from streams.ports import StoreFault, StoreUnavailable

PART = "store"
KEY = "gomikuru:doctor"
LEVELS: dict[Severity, Level] = {"error": "error", "warning": "warning", "note": "note"}


def examine_store(settings: Settings) -> Iterator[Finding]:
    """Connect, look, write and read back a key that forgets itself."""
    store = settings.store
    try:
        client = connect(
            store.url,
            username=store.username,
            password=plain(store.password),
            ca_file=str(store.ca_file) if store.ca_file else None,
            cert_file=str(store.cert_file) if store.cert_file else None,
            key_file=str(store.key_file) if store.key_file else None,
            socket_timeout_s=store.timeout_s,
        )
    except (StoreUnavailable, OSError, ValueError) as fault:
        yield error(PART, f"store.url, {store.url}: {fault}", "check address, network and certificates")
        return
    try:
        yield from _look(client, settings)
    except (StoreUnavailable, StoreFault, OSError) as fault:
        remedy = "check store.url, the network, user and password, and that the store runs"
        yield error(PART, f"store.url, {store.url}: {fault}", remedy)
    finally:
        client.close()


def _look(client: Client, settings: Settings) -> Iterator[Finding]:
    report = inspect(client, machine_ms())
    yield from (_described(node) for node in report.nodes)
    for problem in problems(report, settings.store.wait_replicas):
        yield Finding(PART, LEVELS[problem.severity], problem.what, problem.remedy)
    link = Link(client, settings.store.wait_replicas, settings.store.wait_ms)
    link.call(KEY, "SET", KEY, "here", "PX", "10000", durable=True)
    if link.call(KEY, "GET", KEY) == b"here":
        yield ok(PART, "a write was answered, and read back")
    else:
        yield error(PART, "a write was answered, and is gone", "look for a proxy or a replica at this address")


def _described(node: NodeReport) -> Finding:
    kept = f"appendonly {_yes(node.appendonly)}, appendfsync {node.appendfsync or 'not told'}"
    reached = f"{node.round_trip_ms:.1f} ms away, clock {node.clock_skew_ms / 1000:+.1f} s"
    return ok(PART, f"{node.address}: {node.server} {node.version}, {node.role}, {kept}, {reached}")


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "not told"}[value]
