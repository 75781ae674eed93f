"""What went wrong for others with push (lines 24, 28 and 30 of the lessons), each kept from happening here."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from geofence.pace import Pace as EnginePace
from geofence.worker import CityWorker
from gomikuru.metrics import MemoryMeter
from ingest.adapters.memory import MemoryBroker
from ingest.directory import Directory
from ingest.worker import IngestWorker, Pace
from model.city import City, Gateway
from model.event import HomesChanged, encode_event
from model.subscription import Home, MetresLead, Pin, TargetKind
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.limits import Limits
from notifier.outcome import Refused
from streams import keys
from streams.memory import MemoryStore
from tests.support import fcm_answers as google
from tests.support.fcm_server import FcmServer
from tests.support.ingest import running
from tests.support.notifying import (
    NOW_MS,
    Bench,
    ListedResidents,
    ScriptedChannel,
    SetClock,
    alert,
    subscription,
    token,
)
from tests.support.truckline import Truckline, place
from tests.support.waiting import wait_until

MINAMI = City("minami", "南市", "Asia/Tokyo", gateways=(Gateway("fleet", received_at_allowed=True),))
TOPIC = "gomikuru/v1/minami/gateways/fleet/trucks/17/ping"
QUICK = Pace(batch=16, wait_s=0.01, retry_s=0.005, drain_s=2.0)


def through_fcm(server: FcmServer, folder: Path, timeout_s: float = 5.0, **limits: float) -> Bench:
    """Build a notifier that sends to a local FCM; s1 has one phone, t1."""
    settings = FcmSettings(
        service_account_json=json.dumps(server.account()),
        endpoint=server.url,
        ca_file=server.ca(folder / "ca.pem"),
        timeout_s=timeout_s,
    )
    residents = ListedResidents(subscription("s1", [token("t1")]))
    bounds = Limits(**({"block_ms": 20, "reclaim_idle_s": 30.0} | limits))  # type: ignore[arg-type]
    return Bench(MemoryStore(), residents, {TargetKind.FCM_TOKEN: FcmChannel(settings)}, limits=bounds)


def test_24_a_push_that_timed_out_is_not_counted_as_sent(fcm_server: FcmServer, tmp_path: Path) -> None:
    """tile38 hooks: an answer that never comes is a try that failed; delivered is only what was answered."""
    fcm_server.script("t1", google.HANG, google.HANG, google.OK)
    one = through_fcm(fcm_server, tmp_path, timeout_s=0.3)
    one.tell(alert("s1"))
    with one.running():
        wait_until(lambda: len(fcm_server.to("t1")) == 2, what="the second try")
        assert one.records() == []
        assert one.left() == 1
        wait_until(lambda: one.left() == 0, what="the alert to finish")
    (record,) = one.records()
    assert (record.what, record.attempts) == ("delivered", 3)
    assert one.meter.counts["pushes", "minami", "fcm", "delivered"] == 1


def test_30_a_503_that_was_delivered_all_the_same_is_one_thing_on_the_phone(
    fcm_server: FcmServer, tmp_path: Path
) -> None:
    """firebase-admin-node#1248: the repeat carries every tag and collapse id of the first, in all three worlds."""
    fcm_server.script("t1", google.busy("0"), google.OK)
    one = through_fcm(fcm_server, tmp_path)
    one.tell(alert("s1"))
    with one.running():
        wait_until(lambda: one.left() == 0, what="the alert to finish")
    first, second = (sent.message for sent in fcm_server.to("t1"))
    for message in (first, second):
        assert message["android"]["notification"]["tag"] == message["android"]["collapse_key"] == alert("s1").id
        assert message["apns"]["headers"]["apns-collapse-id"] == alert("s1").id
        assert message["webpush"]["notification"]["tag"] == message["webpush"]["headers"]["Topic"] == alert("s1").id
    assert first["data"] == second["data"]


class Way:
    """Ingest, engine and notifier over one store in memory; every household's phone hangs on one channel."""

    def __init__(self, channel: ScriptedChannel, homes: int) -> None:
        self.store, self.broker, clock = MemoryStore(), MemoryBroker(), SetClock()
        meter = MemoryMeter()
        directory = Directory.of([MINAMI])
        self.ingest = IngestWorker(self.broker, self.store, clock, directory, meter, pace=QUICK)
        pace = EnginePace(batch=16, block_ms=20, tick_ms=10**12)
        self.engine = CityWorker(MINAMI, self.store, NoZones(), clock, _machine_ms, meter, "one", pace=pace)
        phones = [subscription(f"s{n}", [token(f"t{n}")]) for n in range(homes)]
        channels = dict.fromkeys(TargetKind, channel)
        self.notifier = Bench(self.store, ListedResidents(*phones), channels, limits=Limits(block_ms=20, drain_s=0.2))
        put = [Home(n, f"s{n}", Pin(*place(200 + 30 * n)), MetresLead(150.0)) for n in range(homes)]
        self.store.append(keys.events("minami"), [encode_event(HomesChanged(NOW_MS, tuple(put)))])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Run all three."""
        stop = threading.Event()
        engine = threading.Thread(target=self.engine.run, args=(stop,))
        with ExitStack() as stack:
            stack.enter_context(self.notifier.running())
            stack.enter_context(running(self.ingest))
            engine.start()
            try:
                yield
            finally:
                stop.set()
                engine.join(20)
        assert not engine.is_alive()


class NoZones:
    """A city that has drawn none."""

    def changed(self) -> bool:
        return False

    def read(self) -> bytes | None:
        return None


def _machine_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@pytest.mark.parametrize("trouble", ["raises", "hangs", "refuses"])
def test_28_push_in_trouble_hurts_neither_ingest_nor_the_engine(trouble: str) -> None:
    """traccar#5245: bad tokens, dead channels: every ping is acknowledged, every alert decided, all the same."""
    channel = ScriptedChannel()
    for n in range(20):
        if trouble == "raises":
            channel.script(f"t{n}", RuntimeError("a bad token"))
        elif trouble == "refuses":
            channel.script(f"t{n}", Refused("INVALID_ARGUMENT", "a bad template"))
    channel.gate = threading.Event() if trouble == "hangs" else None
    way = Way(channel, 20)
    alerts, expected = keys.alerts("minami"), 20
    way.store.join(alerts, "audit")
    pings = Truckline().collect(east=1000).pings(collecting=True)
    with way.at_work():
        wait_until(lambda: way.broker.connected, what="ingest to begin")
        for k, ping in enumerate(pings):
            at_ms = NOW_MS + 5_000 * k
            body = {"t": at_ms, "lat": ping.lat, "lon": ping.lon, "collecting": True, "received_at": at_ms + 400}
            way.broker.publish(TOPIC, json.dumps(body).encode())
        wait_until(lambda: way.broker.unacknowledged == way.broker.queued == 0, 20, "every ping to be acknowledged")
        wait_until(lambda: way.store.length(alerts) == expected, 20, "every alert to be decided")
        wait_until(lambda: bool(channel.pushes), what="a push to be tried")
        assert way.ingest.health().store_ok
        assert way.engine.health().store_ok
        if channel.gate is not None:
            channel.gate.set()
