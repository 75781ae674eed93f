"""The meters, their names, and the listener that Prometheus and a load balancer ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from gomikuru.metrics import (
    BUCKETS,
    COUNTERS,
    GAUGES,
    HISTOGRAMS,
    PREFIX,
    MemoryMeter,
    MetricsListener,
    PrometheusMeter,
    UnknownMetric,
)
from model.ports import Meter

ROOT = Path(__file__).resolve().parents[2]
NAMES = [*COUNTERS, *GAUGES, *HISTOGRAMS]


@pytest.fixture
def health() -> dict[str, object]:
    """What the health check will say."""
    return {"live": True, "ready": True, "well": True, "reasons": []}


@pytest.fixture
def listener(health: dict[str, object]) -> Iterator[tuple[MetricsListener, PrometheusMeter]]:
    """A listener on a free port."""
    meter = PrometheusMeter()

    def check() -> dict[str, object]:
        if "raise" in health:
            raise RuntimeError("secret detail")
        return health

    running = MetricsListener(meter, check, "127.0.0.1", 0)
    yield running, meter
    running.close()


def get(listener: MetricsListener, path: str) -> tuple[int, str]:
    """Ask the listener."""
    connection = HTTPConnection("127.0.0.1", listener.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_what_was_counted_is_what_prometheus_reads(listener: tuple[MetricsListener, PrometheusMeter]) -> None:
    """Counter, gauge and histogram arrive with their labels."""
    running, meter = listener
    meter.count("pings_accepted", 3, city="minami")
    meter.gauge("homes", 20_000, city="minami")
    meter.observe("append_seconds", 0.003)
    status, text = get(running, "/metrics")
    assert status == 200
    assert 'gomikuru_pings_accepted_total{city="minami"} 3.0' in text
    assert 'gomikuru_homes{city="minami"} 20000.0' in text
    assert 'gomikuru_append_seconds_bucket{le="0.005"} 1.0' in text
    assert 'gomikuru_append_seconds_bucket{le="0.0025"} 0.0' in text


def test_health_is_200_or_503_with_what_is_wrong(
    listener: tuple[MetricsListener, PrometheusMeter], health: dict[str, object]
) -> None:
    """A load balancer reads the status, a person the reason; a check that fails itself tells no details."""
    running, _ = listener
    assert get(running, "/health") == (200, json.dumps(health))
    for path, truth in [("/health?x=1", "well"), ("/ready", "ready"), ("/live", "live")]:
        assert get(running, path)[0] == 200
        health |= {truth: False, "reasons": [f"ゾーン: not {truth}"]}
        status, body = get(running, path)
        assert (status, json.loads(body)["reasons"]) == (503, [f"ゾーン: not {truth}"])
    health["raise"] = True
    for path in ("/health", "/ready", "/live"):
        status, body = get(running, path)
        assert status == 503
        assert "secret detail" not in body
    assert get(running, "/other")[0] == 404


def test_a_port_that_is_taken_is_told_with_its_setting(listener: tuple[MetricsListener, PrometheusMeter]) -> None:
    """The message names what to change."""
    running, meter = listener
    with pytest.raises(OSError, match=r"metrics\.host, metrics\.port: cannot listen on"):
        MetricsListener(meter, dict, "127.0.0.1", running.port)


def test_a_mistaken_name_raises_in_tests_and_only_logs_in_production() -> None:
    """Counting must not hurt the service, and a mistake must not pass a test."""
    strict: Meter = MemoryMeter()
    lenient: Meter = PrometheusMeter()
    for name, labels in [("no_such_metric", {}), ("pings_accepted", {}), ("pings_accepted", {"truck": "17"})]:
        with pytest.raises(UnknownMetric):
            strict.count(name, **labels)
        lenient.count(name, **labels)
    with pytest.raises(UnknownMetric):
        strict.gauge("pings_accepted", 1, city="a")
    with pytest.raises(UnknownMetric):
        strict.observe("homes", 1, city="a")


def test_the_meter_of_tests_sums_over_what_is_not_named() -> None:
    """A test may ask for all cities or for one."""
    meter = MemoryMeter()
    meter.count("pings_received", city="a", dialect="native")
    meter.count("pings_received", 2, city="b", dialect="native")
    assert meter.total("pings_received") == 3
    assert meter.total("pings_received", city="b") == 2
    with pytest.raises(UnknownMetric):
        meter.total("no_such_metric")


def test_no_name_is_of_two_kinds_and_every_histogram_has_edges_that_grow() -> None:
    """The tables agree with each other."""
    assert len(set(NAMES)) == len(NAMES)
    assert BUCKETS.keys() == HISTOGRAMS.keys()
    assert all(list(edges) == sorted(set(edges)) for edges in BUCKETS.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_documented(name: str) -> None:
    """docs/operations.md lists each name with its meaning and labels."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    meaning, labels = (COUNTERS | GAUGES | HISTOGRAMS)[name]
    full = f"{PREFIX}{name}_total" if name in COUNTERS else f"{PREFIX}{name}"
    assert f"| `{full}` | {', '.join(labels)} | {meaning} |".replace("|  |", "| |") in text
