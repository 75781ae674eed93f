"""Real trucks: the recorded Jersey City day through a real broker and store to a server that speaks FCM v1."""

from __future__ import annotations

import threading
from itertools import groupby
from pathlib import Path

import pytest

from gomikuru import wiring
from gomikuru.metrics import MemoryMeter
from gomikuru.pings_csv import read_pings
from gomikuru.replay import Twin, homes_of
from gomikuru.residents_csv import read_residents
from model.alert import Alert, decode_alert
from model.times import parse_rfc3339
from residents.adapters.redis_registry import RedisRegistry
from streams import keys
from streams.ports import START, Store
from tests.support import jersey
from tests.support.brokers import CITY, GATEWAY, Mosquitto, truck_client
from tests.support.fcm_server import FcmServer
from tests.support.service import at_work, city_in, parts_for, settings_for, wait_until_decided, wait_until_sent
from tests.support.stores import ValkeyServer, emptied

HOMES = 5_000
SLICE_MS = 120_000


class Tap:
    """Reads every alert as it is decided, before anything can be trimmed."""

    def __init__(self, store: Store) -> None:
        self.alerts: list[Alert] = []
        self._store = store
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Tap:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        cursor = START
        while not self._stop.is_set():
            for entry in self._store.read(keys.alerts(CITY), cursor, 1000, 100):
                self.alerts.append(decode_alert(entry.data))
                cursor = entry.id


def facts(alerts: list[Alert]) -> set[tuple[str, int, str, str]]:
    return {(alert.id, alert.fired_ms, alert.vehicle, alert.kind.value) for alert in alerts}


def offline(folder: Path, residents: Path) -> list[Alert]:
    twin = Twin(city_in(folder))
    with residents.open(encoding="utf-8", newline="") as lines:
        twin.homes(homes_of(read_residents(lines).wishes), 0)
    with jersey.recording().open(encoding="utf-8", newline="") as lines:
        return list(twin.play(read_pings("pings_arrival.csv", lines, CITY)))


def play(broker: Mosquitto, store: Store) -> None:
    """Publish the day in slices of two minutes of receipt; the clock stands still until each is worked off."""
    with truck_client(broker, GATEWAY) as client:
        for _, slice_ in groupby(jersey.rows(), key=lambda row: parse_rfc3339(row.received_at) // SLICE_MS):
            before = store.load(CITY).cursor
            sent = [client.publish(*jersey.message(row), qos=1) for row in slice_]
            for info in sent:
                info.wait_for_publish(30)
            _await_append(store, before, len(sent))
            wait_until_decided(store, CITY)
            wait_until_sent(store, CITY)


def _await_append(store: Store, before: str, count: int) -> None:
    from tests.support.waiting import wait_until

    def pings() -> bool:
        return sum(b"ping" in entry.data for entry in store.read(keys.events(CITY), before, 10_000, 0)) >= count

    wait_until(pings, 30, "ingest to append the slice")


@pytest.mark.timeout(300)
def test_the_recorded_day_alerts_the_same_homes_live_as_offline(
    tmp_path: Path, mosquitto: Mosquitto, valkey_server: ValkeyServer, fcm_server: FcmServer
) -> None:
    """Through Mosquitto, Valkey and FCM the day gives the alerts of the replay, each once, none from a stale fix."""
    emptied(valkey_server)
    folder = jersey.write_city(tmp_path / "jersey")
    residents = jersey.write_residents(tmp_path / "residents.csv", HOMES)
    settings = settings_for(folder, mosquitto, valkey_server, fcm_server, "driven")
    parts = parts_for(settings, folder, MemoryMeter())
    store = wiring.store_at(settings)
    with residents.open(encoding="utf-8", newline="") as lines:
        RedisRegistry(store, parts.clock).import_many(CITY, read_residents(lines).wishes)

    with Tap(store) as tap, at_work(parts):
        play(mosquitto, store)

    expected = offline(folder, residents)
    assert len(expected) > HOMES / 2, "the day should reach most homes along what the trucks served"
    assert facts(tap.alerts) == facts(expected)
    assert len({(alert.subscription, alert.service_day, alert.run) for alert in tap.alerts}) == len(tap.alerts)
    assert all(alert.fired_ms - int(alert.ping.rsplit("@", 1)[1]) <= 120_000 for alert in tap.alerts)
    assert sorted(sent.tag for sent in fcm_server.sent) == sorted(alert.id for alert in expected)
    store.close()
