"""The worker over broker and store in memory: nothing is acknowledged before it is kept, nothing stops the line."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from ingest import prepare as prepare_module
from ingest import worker as worker_module
from ingest.adapters.memory import MemoryBroker
from ingest.directory import Directory
from ingest.ports import Message
from ingest.quarantine import decode_rejected
from ingest.worker import IngestWorker, Pace
from model.city import City
from model.ping import Ping, Reason
from streams import keys
from streams.ports import StoreFault, StoreUnavailable
from tests.support.brokers import GATEWAY
from tests.support.ingest import (
    DIRECTORY,
    EVENTS,
    NOW_MS,
    FixedClock,
    MoodyStore,
    RememberingMeter,
    fix,
    numbers,
    pings,
    running,
)
from tests.support.waiting import wait_until

QUICK = Pace(wait_s=0.01, retry_s=0.005, retry_limit_s=0.02, drain_s=2.0)
STOP = threading.Event()


class Bench:
    """A worker with everything around it."""

    def __init__(self, pace: Pace = QUICK, in_flight: int = 10_000) -> None:
        self.broker = MemoryBroker(in_flight)
        self.store = MoodyStore()
        self.clock = FixedClock()
        self.meter = RememberingMeter()
        self.heard: list[int] = []
        self.appended: list[Ping] = []
        self.worker = IngestWorker(
            self.broker,
            self.store,
            self.clock,
            DIRECTORY,
            self.meter,
            pace=pace,
            heard=self.heard.append,
            on_append=self.appended.extend,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_pings_are_appended_in_order_and_then_acknowledged(bench: Bench) -> None:
    """One batch is one append a city, in the order of arrival."""
    for number in range(1_000):
        bench.broker.publish(*fix(number))
    with running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 1_000)
        wait_until(lambda: bench.broker.unacknowledged == 0)
    assert numbers(bench.store) == list(range(1_000))
    assert bench.meter.counters["pings_received", "minami", "native"] == 1_000
    assert bench.meter.counters["pings_accepted", "minami"] == 1_000
    assert bench.meter.observed["append_seconds"] == 1_000


def test_nothing_is_acknowledged_before_it_is_kept(bench: Bench) -> None:
    """While the store fails the messages stay with the broker, and the same batch is tried again."""
    bench.store.down.set()
    for number in range(100):
        bench.broker.publish(*fix(number))
    bench.broker.start()
    with running(bench.worker):
        wait_until(lambda: bench.store.refused_appends > 3)
        assert bench.broker.unacknowledged == 100
        assert not bench.worker.health().store_ok
        bench.store.down.clear()
        wait_until(lambda: bench.broker.unacknowledged == 0)
    assert numbers(bench.store) == list(range(100))
    assert bench.meter.counters[("append_retries",)] >= 3
    assert bench.worker.health().store_ok


def test_a_worker_that_is_stopped_while_the_store_fails_leaves_everything_with_the_broker(bench: Bench) -> None:
    """What was not kept comes again to the next worker."""
    bench.store.down.set()
    for number in range(10):
        bench.broker.publish(*fix(number))
    with running(bench.worker):
        wait_until(lambda: bench.store.refused_appends > 1)
    assert bench.store.length(EVENTS) == 0
    bench.store.down.clear()
    with running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 10)
    assert numbers(bench.store) == list(range(10))


def test_what_waited_long_for_the_store_is_history_when_it_is_kept(bench: Bench) -> None:
    """The moment of receipt is that of the try which succeeded: nobody is alerted by what lay ten minutes."""
    bench.store.down.set()
    bench.broker.publish(*fix(1))
    with running(bench.worker):
        wait_until(lambda: bench.store.refused_appends > 0)
        bench.clock.now += 600_000
        bench.store.down.clear()
        wait_until(lambda: bench.store.length(EVENTS) == 1)
    assert [ping.late for ping in pings(bench.store)] == [True]
    assert bench.meter.counters["pings_late", "minami"] == 1


def test_a_city_whose_pings_are_kept_is_not_appended_again_for_another_that_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of two cities whose second append fails is tried again for that city alone."""
    bench.worker.use(Directory.of([*DIRECTORY.cities.values(), City("kita", "北市", "Asia/Tokyo")]))
    append, calls = bench.store.append, Counter[str]()

    def second_fails(stream: str, items: Sequence[bytes]) -> list[str]:
        calls[stream] += 1
        if calls.total() == 2:
            raise StoreUnavailable("told to fail")
        return append(stream, items)

    monkeypatch.setattr(bench.store, "append", second_fails)
    topic, payload = fix(1)
    bench.broker.publish(topic, payload)
    bench.broker.publish(topic.replace("minami", "kita"), payload)
    bench.broker.start()
    with running(bench.worker):
        wait_until(lambda: calls.total() >= 3 and bench.broker.unacknowledged == 0)
    assert [ping.seq for city in ("minami", "kita") for ping in pings(bench.store, city)] == [1, 1]


def test_a_batch_of_large_backlogs_is_seen_through_in_parts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trucks that come out of a tunnel together are decoded a few at a time: memory is bounded in bytes."""
    sizes: list[int] = []
    real = worker_module.prepare

    def counted(messages: Sequence[Message], *rest: Any) -> Any:
        sizes.append(sum(len(message.payload) for message in messages))
        return real(messages, *rest)

    monkeypatch.setattr(worker_module, "prepare", counted)
    topic, _ = fix(0)
    for number in range(40):
        backlog = [{"t": NOW_MS + number - k, "lat": 34.8, "lon": 135.4, "seq": number} for k in range(1_000)]
        bench.broker.publish(topic, json.dumps(backlog).encode())
    bench.broker.start()
    with running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 40_000 and bench.broker.unacknowledged == 0, 30)
    assert sum(sizes) > 2 * QUICK.batch_bytes
    assert max(sizes) <= QUICK.batch_bytes
    assert numbers(bench.store) == [number for number in range(40) for _ in range(1_000)]


def test_a_refused_payload_is_quarantined_counted_and_acknowledged(bench: Bench) -> None:
    """It never stops the line."""
    bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"junk")
    bench.broker.publish("gomikuru/v1/nishi/trucks/17/ping", b"junk")
    bench.broker.publish(*fix(1))
    with running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 1)
        wait_until(lambda: bench.broker.unacknowledged == 0)
    (kept,) = bench.store.newest(keys.quarantine("minami"), 10)
    (nobodys,) = bench.store.newest(keys.quarantine("_"), 10)
    assert decode_rejected(kept.data).reason == Reason.MALFORMED
    assert decode_rejected(nobodys.data).reason == Reason.UNKNOWN_CITY
    assert bench.meter.counters["pings_rejected", "minami", "malformed"] == 1
    assert bench.meter.counters["pings_rejected", "_", "unknown_city"] == 1


def test_the_quarantine_is_bounded() -> None:
    """A tracker gone mad cannot fill the store."""
    bench = Bench(Pace(batch=20, wait_s=0.01, quarantine_len=50))
    for _ in range(500):
        bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"junk")
    with running(bench.worker):
        wait_until(lambda: bench.meter.counters["pings_rejected", "minami", "malformed"] == 500)
    assert bench.store.length(keys.quarantine("minami")) <= 100


def test_a_refusal_waits_for_the_store_as_a_ping_does(bench: Bench) -> None:
    """While the store is away a refused payload stays with the broker, and comes into quarantine once, afterwards."""
    bench.store.down.set()
    bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"junk")
    with running(bench.worker):
        wait_until(lambda: bench.store.refused_appends > 1)
        assert bench.broker.unacknowledged == 1
        bench.store.down.clear()
        wait_until(lambda: bench.broker.unacknowledged == 0)
    assert bench.store.length(keys.quarantine("minami")) == 1
    assert bench.meter.counters["pings_rejected", "minami", "malformed"] == 1


def test_pings_beside_a_refusal_that_waits_are_appended_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarantine that is away for a moment repeats no ping of the same batch."""
    failures = iter([StoreUnavailable("told to fail"), StoreUnavailable("told to fail")])
    keep = bench.store.append_bounded

    def moody(stream: str, items: list[bytes], max_len: int) -> None:
        for failure in failures:
            raise failure
        keep(stream, items, max_len)

    monkeypatch.setattr(bench.store, "append_bounded", moody)
    bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"junk")
    bench.broker.publish(*fix(1))
    with running(bench.worker):
        wait_until(lambda: bench.broker.unacknowledged == 0)
    assert (bench.store.length(EVENTS), bench.store.length(keys.quarantine("minami"))) == (1, 1)


def test_a_quarantine_that_is_unusable_does_not_stop_the_line(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store refuses for good, a refusal is counted and told; pings go on."""

    def refuse(*_: object) -> None:
        raise StoreFault("a key of the wrong kind")

    monkeypatch.setattr(bench.store, "append_bounded", refuse)
    bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"junk")
    with structlog.testing.capture_logs() as logs, running(bench.worker):
        wait_until(lambda: bench.meter.counters["pings_rejected", "minami", "malformed"] == 1)
    assert any(entry["event"] == "quarantine_unusable" for entry in logs)


def test_a_defect_of_a_dialect_costs_one_message(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were decoding not total, one payload would stop every truck of every city."""
    real = prepare_module.decode

    def defective(topic: str, payload: bytes, *rest: object) -> object:
        if payload == b"poison":
            raise ZeroDivisionError("a defect")
        return real(topic, payload, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(prepare_module, "decode", defective)
    bench.broker.publish("gomikuru/v1/minami/trucks/17/ping", b"poison")
    bench.broker.publish(*fix(1))
    with structlog.testing.capture_logs() as logs, running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 1)
        wait_until(lambda: bench.broker.unacknowledged == 0)
    assert any(entry["event"] == "decode_defect" for entry in logs)
    assert bench.store.length(keys.quarantine("_")) == 1


def test_ingest_stops_taking_while_the_engine_is_too_far_behind() -> None:
    """Above the high-water mark the messages wait at the broker, which is made for it."""
    bench = Bench(Pace(batch=10, wait_s=0.01, high_water=30, check_every=1))
    for number in range(200):
        bench.broker.publish(*fix(number))
    with running(bench.worker):
        wait_until(lambda: bench.worker.health().waiting_for_engine)
        assert 30 < bench.store.length(EVENTS) <= 40
        bench.store.trim(EVENTS, bench.store.newest(EVENTS, 1)[0].id)
        wait_until(lambda: bench.store.length(EVENTS) > 30)
        assert bench.meter.counters["pings_accepted", "minami"] <= 90


def test_a_trusted_gateways_time_of_receipt_is_heard_after_the_append(bench: Bench) -> None:
    """A driven clock may follow what was durably kept, and only that."""
    topic = f"gomikuru/v1/minami/gateways/{GATEWAY}/trucks/17/ping"
    bench.store.down.set()
    for later in (5_000, 9_000, 7_000):
        body = {"t": NOW_MS, "lat": 34.8, "lon": 135.4, "received_at": NOW_MS + later}
        bench.broker.publish(topic, json.dumps(body).encode())
    with running(bench.worker):
        wait_until(lambda: bench.store.refused_appends > 1)
        assert bench.heard == []
        bench.store.down.clear()
        wait_until(lambda: bool(bench.heard))
    assert bench.heard == [NOW_MS + 9_000]
    assert [ping.received_ms - NOW_MS for ping in bench.appended] == [5_000, 9_000, 7_000]


def test_a_stopped_worker_finishes_what_is_queued(bench: Bench) -> None:
    """A clean stop appends and acknowledges what it holds, and leaves the rest with the broker."""
    stop = threading.Event()
    stop.set()
    bench.broker.publish(*fix(1))
    bench.worker.run(stop)
    assert numbers(bench.store) == [1]
    assert (bench.broker.unacknowledged, bench.broker.queued) == (0, 0)
    assert not bench.worker.health().connected


def test_redelivered_messages_are_acknowledged_on_their_own_connection(bench: Bench) -> None:
    """A receipt of an earlier connection acknowledges nothing on a later one."""
    bench.broker.publish(*fix(1))
    bench.broker.start()
    first = bench.broker.take(1, 1.0)
    bench.broker.reconnect()
    second = bench.broker.take(1, 1.0)
    bench.broker.done(first)
    assert bench.broker.unacknowledged == 1
    bench.broker.done(second)
    assert bench.broker.unacknowledged == 0


def test_a_refusal_is_logged_without_its_payload(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where single pings are followed, each refusal has its topic, truck and reason, and nothing of what it said."""
    monkeypatch.setattr(worker_module, "_TRACER", Tracing())
    topic, payload = fix(1)
    for message in ((topic, b"secret 34.8123"), (topic, payload.replace(b"34.8", b"134.8")), fix(2)):
        bench.broker.publish(*message)
    with structlog.testing.capture_logs() as lines, running(bench.worker):
        wait_until(lambda: bench.store.length(EVENTS) == 1)
        wait_until(lambda: bench.broker.unacknowledged == 0)
    told = [line for line in lines if line["event"] in ("ping_refused", "ping_appended")]
    assert [(line["event"], line.get("truck"), line.get("reason")) for line in told] == [
        ("ping_appended", None, None),
        ("ping_refused", "17", "malformed"),
        ("ping_refused", "17", "bad_position"),
    ]
    assert told[1]["topic"] == topic
    assert "34.8" not in repr(told)


class Tracing:
    """A logger that follows single pings."""

    def isEnabledFor(self, _level: int) -> bool:
        return True
