"""Every metric of the service, by name: the one place where they are declared. docs/operations.md lists them.

Below the tables: the meters that keep the port model.ports.Meter, and the listener that Prometheus asks.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

PREFIX = "gomikuru_"
Table: TypeAlias = Mapping[str, tuple[str, tuple[str, ...]]]
Metric = TypeVar("Metric", Counter, Gauge, Histogram)

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pings_received": ("Messages that arrived from trucks and gateways", ("city", "dialect")),
    "pings_accepted": ("Pings appended to a city's event stream", ("city",)),
    "pings_rejected": ("Payloads refused, and quarantined", ("city", "reason")),
    "pings_late": ("Accepted pings too old to alert anybody", ("city",)),
    "append_retries": ("Appends that were repeated because the store did not answer", ()),
    "broker_reconnects": ("Connections to the broker that were made anew", ()),
    "engine_pings": ("What the engine did with each ping", ("city", "verdict")),
    "engine_alerts": ("Alerts decided", ("city", "kind")),
    "engine_lease_lost": ("Leases that another worker took over", ("city",)),
    "book_refused": ("City files that were saved broken and not taken", ("city", "file")),
    "pushes": ("Pushes handed to a channel, by what became of them", ("city", "channel", "outcome")),
    "alerts_expired": ("Alerts that were no longer useful, and not sent", ("city", "kind")),
    "alerts_unaddressed": ("Alerts whose household has left, or has no device", ("city",)),
    "alerts_quiet": ("Alerts held back by a household's quiet hours", ("city", "kind")),
    "alerts_shadow": ("Alerts for homes in zones on trial: decided, kept and not sent", ("city", "kind")),
    "archive_pings": ("Pings written to the archive", ("city",)),
    "archive_alerts": ("Alerts written to the archive", ("city",)),
    "archive_missed": ("Events dropped before the archive had them, since it stood still too long", ("city",)),
    "learnings": ("Nights of learning, by what became of them: learned, nothing, failed", ("city", "outcome")),
    "targets_pruned": ("Targets removed because their channel said that they are gone", ("city", "channel")),
    "target_notices": (
        "Words to a household about its own devices: one was lost, LINE is near its cap",
        ("city", "notice"),
    ),
    "dead_letters": ("Alerts given up, and moved to the dead-letter stream", ("city",)),
    "residents_sign_ups": ("Homes that signed up at the public listener", ("city",)),
    "residents_receipts": ("Pushes that a device said it has shown: taken, or unknown", ("outcome",)),
    "residents_erased": ("Homes erased because nobody looked after them any more", ("city",)),
    "events_set_aside": ("Events that the engine could not take, set aside", ("city",)),
}

GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "ingest_queue": ("Messages received and not yet appended", ()),
    "events_backlog": ("Entries of the event stream not yet decided", ("city",)),
    "events_behind_seconds": ("How long the oldest event that is not decided has waited", ("city",)),
    "alerts_backlog": ("Alerts not yet sent", ("city",)),
    "last_ping_age_seconds": ("Service time since the newest accepted ping", ("city",)),
    "no_pings": ("1 while a city in service has sent no ping for too long", ("city",)),
    "stage_ready": ("1 while the stage can do its work", ("stage",)),
    "stage_troubles": ("How many reasons /health gives why the stage is not well", ("stage",)),
    "lease_held": ("1 while this worker works the city", ("city",)),
    "archive_days": ("Days of pings in the archive", ("city",)),
    "archive_bytes": ("Size of the archive", ("city",)),
    "learned_timestamp_seconds": ("When a profile was learned last, seconds since 1970; 0 for never", ("city",)),
    "learned_truck_days": ("Truck-days that the last learning used", ("city",)),
    "learning_seconds": ("How long the last learning took", ("city",)),
    "learning_failing": ("1 while learning fails", ("city",)),
    "line_messages_used": ("Messages that a LINE account has sent this month, as LINE counts", ("account",)),
    "line_messages_cap": ("Messages that a LINE account may send a month; +Inf without a cap", ("account",)),
    "line_scarce": ("1 while homes with another way than LINE use that, so that the cap holds", ("account",)),
    "homes": ("Homes in force", ("city",)),
    "zones": ("Zones in force", ("city",)),
}

HISTOGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "append_seconds": ("From receipt to durable append", ()),
    "step_seconds": ("One batch through the engine and its commit", ("city",)),
    "alert_latency_seconds": ("Service time from a ping's receipt to its push", ("city",)),
    "push_seconds": ("One call of a channel", ("channel",)),
}

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BUCKETS: dict[str, tuple[float, ...]] = {
    "append_seconds": _FAST,
    "step_seconds": _FAST,
    "alert_latency_seconds": (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0),
    "push_seconds": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0),
}
"""Upper edges: around a disk's fsync, around a truck's reporting interval, around a call over the internet."""

log = structlog.get_logger()
Health = Callable[[], Mapping[str, object]]
"""How the process stands: the truth values `live`, `ready` and `well`, and whatever else is to be told."""

ASKED = {"/live": "live", "/ready": "ready", "/health": "well"}
"""Which truth decides between 200 and 503; the whole answer is the same."""


class UnknownMetric(Exception):
    """A name or a set of labels that the tables above do not have: a mistake in the code."""


class PrometheusMeter:
    """Counts for Prometheus. A mistaken name is logged once, never raised: counting must not hurt the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {name: self._made(Counter, name, *COUNTERS[name]) for name in COUNTERS}
        self._gauges = {name: self._made(Gauge, name, *GAUGES[name]) for name in GAUGES}
        self._histograms = {
            name: Histogram(f"{PREFIX}{name}", text, labels, registry=self.registry, buckets=BUCKETS[name])
            for name, (text, labels) in HISTOGRAMS.items()
        }
        self._reported: set[str] = set()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        if metric := self._known(self._counters, COUNTERS, name, labels):
            metric.inc(amount)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        if metric := self._known(self._gauges, GAUGES, name, labels):
            metric.set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a histogram."""
        if metric := self._known(self._histograms, HISTOGRAMS, name, labels):
            metric.observe(value)

    def _made(self, kind: type[Metric], name: str, text: str, labels: tuple[str, ...]) -> Metric:
        return kind(f"{PREFIX}{name}", text, labels, registry=self.registry)

    def _known(
        self, metrics: Mapping[str, Metric], table: Table, name: str, labels: Mapping[str, str]
    ) -> Metric | None:
        try:
            checked(table, name, labels)
        except UnknownMetric as mistake:
            if name not in self._reported:
                self._reported.add(name)
                log.error("metric_unknown", mistake=str(mistake))
            return None
        return metrics[name].labels(**labels) if labels else metrics[name]


class MemoryMeter:
    """Counts in memory, for tests; a mistaken name or label raises UnknownMetric. Safe to share between threads."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.observed: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
        self._lock = threading.Lock()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        key = checked(COUNTERS, name, labels)
        with self._lock:
            self.counts[key] = self.counts.get(key, 0.0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[checked(GAUGES, name, labels)] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a histogram."""
        key = checked(HISTOGRAMS, name, labels)
        with self._lock:
            self.observed.setdefault(key, []).append(value)

    def total(self, name: str, **labels: str) -> float:
        """Sum a counter over all label sets that contain the given ones."""
        if name not in COUNTERS:
            raise UnknownMetric(f"no counter is called {name}")
        wanted = set(labels.items())
        return sum(value for (known, held), value in self.counts.items() if known == name and wanted <= set(held))


def checked(table: Table, name: str, labels: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Tell the key of a metric, or raise UnknownMetric where the table has no such name or labels."""
    if name not in table:
        raise UnknownMetric(f"{name} is declared under no such kind in gomikuru/metrics.py")
    if set(labels) != set(table[name][1]):
        raise UnknownMetric(f"{name} has the labels {table[name][1]}, not {tuple(labels)}")
    return name, tuple(sorted(labels.items()))


class MetricsListener:
    """Serves /metrics, /live, /ready and /health on a port of its own, in a thread of its own, until it is closed."""

    def __init__(self, meter: PrometheusMeter, health: Health, host: str, port: int) -> None:
        handler = type("_Handler", (_Handler,), {"registry": meter.registry, "health": staticmethod(health)})
        try:
            self._server = _Server((host, port), handler)
        except OSError as error:
            raise OSError(
                error.errno, f"metrics.host, metrics.port: cannot listen on {host}:{port}: {error.strerror}"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Tell the port, which the system chose where the setting was 0."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    @property
    def address_family(self) -> socket.AddressFamily:  # type: ignore[override]
        return socket.AF_INET6 if ":" in str(self._asked[0]) else socket.AF_INET

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._asked = address
        super().__init__(address, handler)


class _Handler(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    health: Health
    timeout = 10

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, content_type, encode(self.registry))
        elif path in ASKED:
            told = self._ask()
            status = 200 if told.get(ASKED[path]) else 503
            self._answer(status, "application/json", json.dumps(told, ensure_ascii=False).encode())
        else:
            self._answer(404, "text/plain; charset=utf-8", b"/metrics, /live, /ready or /health\n")

    def _ask(self) -> Mapping[str, object]:
        try:
            return self.health()
        except Exception:
            log.exception("health_failed")
            return {"reasons": ["the health check itself failed; see the log"]}

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: scrapes come every few seconds."""
