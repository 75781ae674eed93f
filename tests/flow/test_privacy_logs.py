"""The whole service as a process: a ping followed through its log, health that is true, and nothing private written."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import httpx
import msgspec
import pytest

from gomikuru import wiring
from gomikuru.archive.reading import Archive
from gomikuru.clocks import SystemClock
from gomikuru.settings import load
from model.subscription import InZone, MetresLead, Pin, Place, Target, TargetKind, ZoneLead
from residents.adapters.redis_registry import RedisRegistry
from residents.wish import Wish
from tests.support import fcm_answers
from tests.support.brokers import CITY, INGEST, Mosquitto, ping_topic, truck_client
from tests.support.fcm_server import FcmServer
from tests.support.fleet import Fleet, Member, at_sea
from tests.support.keyfiles import key_files
from tests.support.stores import ValkeyServer
from tests.support.truckline import place, zone, zones_file
from tests.support.waiting import wait_until

ZONE = "kakure-7"
ANSWERS = {
    "gone": fcm_answers.UNREGISTERED,
    "barred": fcm_answers.SENDER_MISMATCH,
    "refused": fcm_answers.BAD_PAYLOAD,
    "again": fcm_answers.GARBAGE,
}
HOMES = {name: place(120.0 + 60 * at, 40.0 + at) for at, name in enumerate(["plain", *ANSWERS])}
PATH = [place(20.0 * step) for step in range(36)]
NEAR = re.compile(r"135\.4[678]\d|(?<![\d:])34\.82\d")
"""Where all of this takes place, to a kilometre; a time of day does not look like it."""


def phone(name: str) -> str:
    return f"secret-phone-of-{name}-7f3a"


class Run:
    """The service at work, with everything around it."""

    def __init__(self, folder: Path, fcm: FcmServer) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder / "broker")
        self.valkey = ValkeyServer(folder / "valkey")
        self.fcm = fcm
        self.member: Member
        self.answers: list[str] = []

    def city(self) -> Path:
        """Write the city's folder."""
        city = self.folder / "minami"
        city.mkdir()
        (city / "city.toml").write_text(f'id = "{CITY}"\nname = "南市"\ntimezone = "Asia/Tokyo"\n', encoding="utf-8")
        (city / "trucks.csv").write_text("truck_id,credential\n17,minami-17\n", encoding="utf-8")
        (city / "zones.geojson").write_bytes(zones_file(zone(ZONE, 200, -200, 900, 200)))
        return city

    def environ(self) -> dict[str, str]:
        """Set what a city's IT would, with short bounds."""
        account = self.fcm.service_account(self.folder / "service-account.json")
        return {
            "GOMIKURU_CITIES_DIR": str(self.folder / "minami"),
            "GOMIKURU_BROKER__URL": self.broker.url,
            "GOMIKURU_BROKER__USERNAME": INGEST,
            "GOMIKURU_BROKER__PASSWORD": INGEST[::-1],
            "GOMIKURU_STORE__URL": self.valkey.url,
            "GOMIKURU_STORE__TIMEOUT_S": "1",
            "GOMIKURU_FCM__SERVICE_ACCOUNT_FILE": str(account),
            "GOMIKURU_FCM__URL": self.fcm.url,
            "GOMIKURU_FCM__CA_FILE": str(self.fcm.ca(self.folder / "fcm-ca.pem")),
            "GOMIKURU_LOG__LEVEL": "debug",
            "GOMIKURU_WEB__PORT": "0",
            "GOMIKURU_PUBLIC__PORT": "0",
            **key_files(self.folder),
            "GOMIKURU_ARCHIVE__ENABLED": "true",
            "GOMIKURU_ARCHIVE__DIR": str(self.folder / "archive"),
            "GOMIKURU_ARCHIVE__EVERY_S": "0.2",
            "GOMIKURU_WEB__HOSTS": "trucks.example,*.minami.example",
            "GOMIKURU_WATCH__NO_PINGS_AFTER_S": "3",
            "GOMIKURU_WATCH__SERVICE_HOURS": "00:00-24:00",
            "GOMIKURU_WATCH__SERVICE_DAYS": "mon,tue,wed,thu,fri,sat,sun",
        }

    def subscribe(self) -> None:
        """Let the homes subscribe, each with a phone of its own kind, and two households by their zone, one without."""
        store = wiring.store_at(load(None, self.environ()))
        wishes = [self._wish(name, Pin(*where), MetresLead(150.0)) for name, where in HOMES.items()]
        wishes.append(self._wish("zoned", InZone(ZONE), ZoneLead()))
        wishes.append(Wish(id="deviceless", place=InZone(ZONE), lead=ZoneLead(), targets=()))
        RedisRegistry(store, SystemClock()).import_many(CITY, wishes)
        store.close()
        for name, answer in ANSWERS.items():
            self.fcm.script(phone(name), answer)

    def drive(self) -> None:
        """Let the truck send its last two minutes at once, after some payloads that are none."""
        now_ms = time.time_ns() // 1_000_000
        fixes = [
            {"t": now_ms - 3000 * (len(PATH) - at), "lat": lat, "lon": lon, "collecting": True}
            for at, (lat, lon) in enumerate(PATH)
        ]
        lat, lon = PATH[0]
        with truck_client(self.broker, "minami-17") as client:
            for payload in (
                b'{"t": 1, "lat": %f, "lon": %f' % (lat, lon),
                msgspec.json.encode({"t": now_ms, "lat": str(lat), "lon": lon + 360}),
                msgspec.json.encode({"t": now_ms + 3_600_000, "lat": lat, "lon": lon}),
                msgspec.json.encode(fixes),
            ):
                client.publish(ping_topic("17"), payload, qos=1).wait_for_publish(10)

    def ask(self, path: str) -> int:
        """Ask the process how it stands; keep the answer."""
        port = self.member.logged("metrics_at")[0]["port"]
        status, text = http(port, path)
        self.answers.append(text)
        return status

    def reasons(self) -> str:
        """Tell what is wrong now."""
        self.ask("/health")
        return " ".join(json.loads(self.answers[-1])["reasons"])

    def web_port(self) -> int:
        """Tell where the page is."""
        pattern = re.compile(r"Map: http://[^:]+:(\d+)")
        return int(wait_until(lambda: pattern.findall(self.member.path.read_text(encoding="utf-8")), 20, "the page")[0])

    def sign_up(self) -> str:
        """Sign a home up at the public listener, look, be refused, and erase it; give its key."""
        pattern = re.compile(r"Residents: (http://[^;\s]+)")
        url = wait_until(lambda: pattern.findall(self.member.path.read_text(encoding="utf-8")), 20, "the listener")[0]
        lat, lon = HOMES["plain"]
        wish = {"place": {"kind": "pin", "lat": lat, "lon": lon}, "lead": {"metres": 200}}
        with httpx.Client(base_url=f"{url}api/v1/cities/{CITY}/") as client:
            made = client.post("homes", json=wish, headers={"Idempotency-Key": "secret-phone-of-log-7f3a"})
            assert made.status_code == 201, made.text
            key: str = made.json()["key"]
            mine = {"Authorization": f"Bearer {key}"}
            assert client.put("home", json={**wish, "lead": {"metres": lat}}, headers=mine).status_code == 422
            assert client.get("home/today", headers=mine).status_code == 200
            assert client.delete("home", headers=mine).status_code == 204
            assert client.get("home", headers=mine).status_code == 401
        return key

    def _wish(self, name: str, where: Place, lead: MetresLead | ZoneLead) -> Wish:
        return Wish(id=name, place=where, lead=lead, targets=(Target(TargetKind.FCM_TOKEN, phone(name)),))


def http(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Ask a local port under a host's name."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.fixture
def run(tmp_path: Path, fcm_server: FcmServer) -> Iterator[Run]:
    """The service, all stages in one process, on servers of its own."""
    run = Run(tmp_path, fcm_server)
    run.city()
    run.broker.start()
    run.valkey.start()
    try:
        run.subscribe()
        with at_sea(tmp_path / "logs", run.environ()) as fleet:
            yield started(run, fleet)
    finally:
        run.broker.stop()
        run.valkey.stop()


def started(run: Run, fleet: Fleet) -> Run:
    """Start the process, and wait until it can do its work."""
    (run.member,) = fleet.start("ingest geofence notifier web public archive learner")
    wait_until(lambda: run.ask("/ready") == 200, 20, "the service to be ready")
    wait_until(lambda: any(line["event"] == "city_taken" for line in run.member.logged()), 20, "the city")
    return run


def leaks(text: str) -> list[str]:
    """Find what must not be written: phones, homes, zones of households, places of trucks."""
    secrets = [phone(name) for name in (*HOMES, "zoned")] + [ZONE]
    places = {f"{degrees:.4f}" for where in (*HOMES.values(), *PATH) for degrees in where}
    return [secret for secret in (*secrets, *places) if secret in text] + NEAR.findall(text)


def test_a_ping_can_be_followed_by_its_id_and_nothing_private_is_written_on_its_way(run: Run) -> None:
    """Through a good drive, bad payloads, refusing phones, a store and a broker that go: log, metrics and health."""
    run.drive()
    wait_until(lambda: len(run.member.logged("push_sent")) >= len(HOMES) + 1, 30, "a push to every household")
    archived_without_homes(run)
    run.valkey.pause()
    wait_until(lambda: run.ask("/ready") == 503, 20, "the store to be missed")
    wait_until(lambda: "the store does not answer" in run.reasons(), 20, "every stage to miss it")
    assert run.ask("/live") == 200, "a store that is away is no reason for a restart"
    run.valkey.resume()
    wait_until(lambda: run.ask("/ready") == 200, 20, "the store to be found again")
    run.member.await_logged("no_pings")
    wait_until(lambda: "no ping has come" in run.reasons(), 10, "the alarm on the health page")
    (run.folder / "minami" / "zones.geojson").write_text("{")
    wait_until(lambda: "zones.geojson" in run.reasons(), 20, "the broken file to be refused")
    assert run.ask("/ready") == 200
    run.broker.stop()
    wait_until(lambda: run.ask("/ready") == 503, 20, "the broker to be missed")
    assert "the broker does not answer" in run.reasons()
    assert run.ask("/metrics") == 200
    page = run.web_port()
    key = run.sign_up()
    statuses = [
        http(page, "/", host)[0] for host in ("trucks.example", "a.minami.example", "127.0.0.1", "evil.example")
    ]
    assert statuses == [200, 200, 200, 400]
    run.member.stop()

    follow(run)
    written = run.member.path.read_text(encoding="utf-8")
    assert leaks(written) == []
    assert key not in written
    assert leaks("\n".join(run.answers)) == []
    for text in (f"x {PATH[3][1]:.6f}", f"near {HOMES['gone'][0]:.5f},", phone("again"), f"zone={ZONE}"):
        assert leaks(text), "the search itself finds what it is for"


def archived_without_homes(run: Run) -> None:
    """Beside the truck's track the archive has numbers and times: no home, no subscription's id, no phone."""
    kept = Archive(run.folder / "archive", CITY)
    everyday = date.min, date.max
    wait_until(lambda: len(list(kept.alerts(*everyday))) >= len(HOMES) + 1, 20, "the alerts to be archived")
    assert len(list(kept.pings(*everyday))) == len(PATH)
    for name in ("alerts", "homes"):
        (file,) = (run.folder / "archive" / CITY / name).iterdir()
        assert not [secret for secret in (*HOMES, "zoned", "deviceless", "phone") if secret in file.read_text()]
        assert not NEAR.findall(file.read_text())


def follow(run: Run) -> None:
    """Follow each alert back to its ping and forward to what became of it, and each refusal to its reason."""
    lines = run.member.logged()
    decided = [line for line in lines if line["event"] == "alert_decided"]
    assert len(decided) == len(HOMES) + 2
    outcomes = {}
    for alert in decided:
        ping = alert["ping"]
        told = [line for line in lines if line.get("alert") in (None, alert["alert"]) and line.get("channel") != "page"]
        way = [line for line in told if ping == line.get("ping")]
        events = {line["event"] for line in way}
        end = "alert_not_sent" if "alert_not_sent" in events else "push_sent"
        assert events == {"ping_appended", "ping_weighed", "alert_decided", end}
        assert {line["city"] for line in way} == {CITY}
        outcomes[alert["alert"]] = next(line.get("outcome", line.get("why")) for line in way if line["event"] == end)
    assert sorted(set(outcomes.values())) == ["again", "barred", "delivered", "gone", "no_target", "refused"]
    refused = [line for line in lines if line["event"] == "ping_refused"]
    assert [(line["topic"], line["truck"], line["reason"]) for line in refused] == [
        (ping_topic("17"), "17", reason) for reason in ("malformed", "malformed", "future")
    ]
    assert {line["level"] for line in lines if line["event"] == "push_sent"} == {"info"}
