"""Ingest as a whole against real brokers: from a truck's publish to the city's stream, while every part fails."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest

from ingest.adapters.mqtt import MqttBroker
from ingest.decode import filters
from ingest.worker import IngestWorker, Pace
from model.ping import Ping, Reason
from streams import keys
from tests.support.brokers import GATEWAY, LOAD, BrokerServer, Mosquitto, Nats, publish
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

SOON_S = 2.0
"""Well within the three seconds (config/nats.conf) after which NATS sends again what nobody acknowledged."""

QUICK = Pace(wait_s=0.02, retry_s=0.01, retry_limit_s=0.05)


class Ingest:
    """One ingest process under the session of all of them, appending to a store that outlives it."""

    def __init__(
        self, server: BrokerServer, protocol: str, store: MoodyStore, pace: Pace = QUICK, **options: Any
    ) -> None:
        self.store = store
        self.meter = RememberingMeter()
        self.broker = MqttBroker(server.options(protocol=protocol, **options), filters(DIRECTORY), self.meter)
        self.worker = IngestWorker(self.broker, store, FixedClock(), DIRECTORY, self.meter, pace=pace)

    def connected(self) -> None:
        wait_until(lambda: self.broker.connected, 15, "ingest to be connected")

    def has(self, count: int, seconds: float = 30) -> None:
        wait_until(lambda: self.store.length(EVENTS) >= count, seconds, f"{count} pings in the stream")


@pytest.fixture
def store() -> MoodyStore:
    return MoodyStore()


def send(server: BrokerServer, first: int, count: int) -> None:
    publish(server, LOAD, [fix(number) for number in range(first, first + count)])


def test_five_thousand_pings_sent_while_ingest_is_away_are_all_kept(
    broker: tuple[BrokerServer, str], store: MoodyStore
) -> None:
    """Published, acknowledged to the truck, delivered on return in order; a slow broker may repeat some in between."""
    server, protocol = broker
    before = Ingest(server, protocol, store)
    with running(before.worker):
        before.connected()
    send(server, 0, 5_000)
    after = Ingest(server, protocol, store)
    with running(after.worker):
        after.has(5_000)
        wait_until(lambda: set(numbers(store)) == set(range(5_000)), 60, "every one of them; a repeat is allowed")
        wait_until(lambda: after.broker.unacknowledged == 0)
    assert list(dict.fromkeys(numbers(store))) == list(range(5_000))


def test_a_ping_is_acknowledged_only_after_it_is_in_the_stream(
    broker: tuple[BrokerServer, str], store: MoodyStore
) -> None:
    """With a store that fails, another holder of the session gets every one of them."""
    server, protocol = broker
    store.down.set()
    first = Ingest(server, protocol, store)
    with running(first.worker):
        first.connected()
        send(server, 0, 200)
        wait_until(lambda: store.refused_appends >= 3)
    assert store.length(EVENTS) == 0
    store.down.clear()
    second = Ingest(server, protocol, store)
    with running(second.worker):
        wait_until(lambda: set(numbers(store)) == set(range(200)), 30, "every one of them; a repeat is allowed")


def test_a_store_that_comes_back_gets_everything_in_order(broker: tuple[BrokerServer, str], store: MoodyStore) -> None:
    """Longer away than NATS's ack_wait: what is sent again meanwhile is not appended twice."""
    server, protocol = broker
    ingest = Ingest(server, protocol, store)
    store.down.set()
    with running(ingest.worker):
        ingest.connected()
        send(server, 0, 300)
        resent = isinstance(server, Nats)
        link = ingest.broker._link
        assert link is not None
        wait_until(lambda: link.arrived >= (600 if resent else 300), 20, "the deliveries")
        store.down.clear()
        back_s = time.monotonic()
        ingest.has(300)
        wait_until(lambda: ingest.broker.unacknowledged == 0)
        told_soon = not resent or time.monotonic() - back_s < SOON_S
    assert list(dict.fromkeys(numbers(store))) == list(range(300))
    if told_soon:
        assert store.length(EVENTS) == 300


def test_a_burst_over_a_slow_store_stays_within_the_queue(broker: tuple[BrokerServer, str], store: MoodyStore) -> None:
    """20,000 pings while each append takes 20 ms: the broker waits, memory does not grow, nothing is lost."""
    server, protocol = broker
    store.slow_s = 0.02
    ingest = Ingest(server, protocol, store, receive_maximum=500, queue_limit=1_000)
    seen = []
    with running(ingest.worker):
        ingest.connected()
        publisher = threading.Thread(target=send, args=(server, 0, 20_000))
        publisher.start()

        def all_there() -> bool:
            seen.append(ingest.broker.queued)
            return store.length(EVENTS) >= 20_000

        wait_until(all_there, 90, "20,000 pings")
        publisher.join()
        wait_until(lambda: set(numbers(store)) == set(range(20_000)), 60, "every one of them; a repeat is allowed")
        wait_until(lambda: ingest.broker.unacknowledged == 0)
    assert max(seen) <= 1_000


def test_a_clean_stop_under_load_leaves_nothing_unacknowledged_that_was_appended(
    broker: tuple[BrokerServer, str], store: MoodyStore
) -> None:
    """The next process gets the rest: none missing, and none that the first one appended."""
    stop_under_load(*broker, store)


def test_a_clean_stop_before_the_broker_confirms_the_subscription_is_one_too(
    broker: tuple[BrokerServer, str], store: MoodyStore
) -> None:
    """A kept session brings its backlog first, and a short queue stops reading before SUBACK comes.

    The broker holds its breath meanwhile: a connection reset now would destroy receipts that it has not read.
    """
    stop_under_load(*broker, store, breath_s=0.5, queue_limit=60)


def stop_under_load(
    server: BrokerServer, protocol: str, store: MoodyStore, breath_s: float = 0.0, **options: Any
) -> None:
    """Stop one process in mid-backlog and let the next finish: it gets every ping but those that the first appended.

    Mosquitto sends each once. On a slow machine NATS repeats to the next process what that one acknowledged too late,
    and on a very slow one what the first did.
    """
    before = Ingest(server, protocol, store)
    with running(before.worker):
        before.connected()
    send(server, 0, 3_000)
    store.slow_s = 0.01
    began_s = time.monotonic()
    first = Ingest(server, protocol, store, Pace(batch=50, wait_s=0.02, drain_s=5.0), **options)
    with running(first.worker):
        first.has(500)
        if breath_s:
            os.kill(server.pid, signal.SIGSTOP)
            threading.Timer(breath_s, os.kill, (server.pid, signal.SIGCONT)).start()
    told_soon = time.monotonic() - began_s < SOON_S
    kept = store.length(EVENTS)
    assert 500 <= kept < 3_000
    store.slow_s = 0.0
    second = Ingest(server, protocol, store)
    with running(second.worker):
        wait_until(lambda: set(numbers(store)) == set(range(3_000)), 60, "every one of them")
        wait_until(lambda: second.broker.unacknowledged == 0 and second.broker.queued == 0)
    found = numbers(store)
    if not isinstance(server, Nats):
        assert [number for number, times in Counter(found).items() if times > 1] == []
    elif told_soon:
        assert sorted(set(found[:kept]) & set(found[kept:])) == []


def test_a_broker_that_restarts_under_load_loses_nothing(broker: tuple[BrokerServer, str], store: MoodyStore) -> None:
    """Its session is on the disk; ingest connects again and goes on. A repeat is allowed, a gap is not."""
    server, protocol = broker
    ingest = Ingest(server, protocol, store, Pace(batch=50, wait_s=0.02))
    store.slow_s = 0.01
    with running(ingest.worker):
        ingest.connected()
        send(server, 0, 1_000)
        server.restart()
        send(server, 1_000, 1_000)
        wait_until(lambda: len(set(numbers(store))) == 2_000, 40, "all pings")
    assert ingest.meter.counters[("broker_reconnects",)] >= 1


def test_nats_keeps_what_it_acknowledged_through_kill_9(nats: Nats, store: MoodyStore) -> None:
    """The row of the table in the docs: killed while ingest is away, JetStream still has every ping."""
    before = Ingest(nats, "3.1.1", store)
    with running(before.worker):
        before.connected()
    send(nats, 0, 500)
    nats.kill9()
    nats.start()
    after = Ingest(nats, "3.1.1", store)
    with running(after.worker):
        wait_until(lambda: set(numbers(store)) == set(range(500)), 30, "every one of them; a repeat is allowed")


@pytest.mark.parametrize("count", [200])
def test_mosquitto_loses_its_queue_on_kill_9(mosquitto: Mosquitto, store: MoodyStore, count: int) -> None:
    """The other row: what came since the last autosave is gone, though it was acknowledged; hence NATS."""
    before = Ingest(mosquitto, "5", store)
    with running(before.worker):
        before.connected()
    send(mosquitto, 0, count)
    mosquitto.kill9()
    mosquitto.start()
    after = Ingest(mosquitto, "5", store)
    with running(after.worker):
        after.connected()
        send(mosquitto, 10_000, 1)
        wait_until(lambda: bool(numbers(store)) or not after.broker.connected)
    assert numbers(store) in ([], [10_000])


RETAINING: list[tuple[type[BrokerServer], str]] = [(Mosquitto, "3.1.1"), (Nats, "3.1.1")]


@pytest.mark.parametrize(("kind", "protocol"), RETAINING)
def test_a_retained_ping_alerts_nobody(
    kind: type[BrokerServer], protocol: str, tmp_path: Any, store: MoodyStore
) -> None:
    """What the broker hands to a new subscriber as the last state is refused as such."""
    server = kind(tmp_path / "broker")
    server.start()
    publish(server, LOAD, [fix(1)], retain=True)
    ingest = Ingest(server, protocol, store)
    with running(ingest.worker):
        ingest.connected()
        wait_until(lambda: ingest.meter.counters["pings_rejected", "minami", Reason.RETAINED.value] == 1)
        send(server, 2, 1)
        ingest.has(1)
    assert numbers(store) == [2]
    server.stop()


def test_over_mqtt_5_retained_messages_are_not_even_asked_for(mosquitto: Mosquitto, store: MoodyStore) -> None:
    """Each reconnect would otherwise fill the quarantine with them."""
    publish(mosquitto, LOAD, [fix(1)], retain=True)
    ingest = Ingest(mosquitto, "5", store)
    with running(ingest.worker):
        ingest.connected()
        send(mosquitto, 2, 1)
        ingest.has(1)
    assert numbers(store) == [2]
    assert store.length(keys.quarantine("minami")) == 0


def test_all_dialects_come_through_one_broker(broker: tuple[BrokerServer, str], store: MoodyStore) -> None:
    """A native truck, a gateway with its time of receipt, a phone: each with its own credential."""
    server, protocol = broker
    ingest = Ingest(server, protocol, store)
    gateway_topic = f"gomikuru/v1/minami/gateways/{GATEWAY}/trucks/99/ping"
    native = {"t": NOW_MS, "lat": 34.8, "lon": 135.4}
    phone = {"_type": "location", "tst": NOW_MS // 1000, "lat": 34.8, "lon": 135.4, "vel": 36}

    def dump(body: dict[str, Any]) -> bytes:
        return json.dumps(body).encode()

    with running(ingest.worker):
        ingest.connected()
        publish(server, "minami-17.b", [("gomikuru/v1/minami/trucks/17.b/ping", dump(native))])
        publish(server, "minami-なにわ17", [("gomikuru/v1/minami/trucks/なにわ17/ping", dump(native))])
        publish(server, GATEWAY, [(gateway_topic, dump(native | {"received_at": NOW_MS + 30_000}))])
        publish(server, "phone-1", [("owntracks/phone-1/phone", dump(phone))])
        ingest.has(4)
    found: dict[str, Ping] = {ping.truck: ping for ping in pings(store)}
    assert set(found) == {"17.b", "なにわ17", "99", "21"}
    assert found["99"].received_ms == NOW_MS + 30_000
    assert found["21"].speed_mps == pytest.approx(10.0)
