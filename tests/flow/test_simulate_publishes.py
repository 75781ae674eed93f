"""The simulator before a real broker: what the trucks say arrives whole, under their topics."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from gomikuru import places
from gomikuru.simulate import Simulation, drive_day, payloads, read_town, tour_pings
from gomikuru.simulation.broker import Broker, BrokerUnusable
from tests.support.brokers import INGEST, LOAD, BrokerServer, Nats, truck_client
from tests.support.waiting import wait_until

DAY = date(2026, 11, 26)


def city_folder(tmp_path: Path) -> Path:
    """Copy the sample as the city for which the test broker has accounts."""
    folder = tmp_path / "minami"
    folder.mkdir()
    for path in (places.sample_cities() / "sample").iterdir():
        (folder / path.name).write_bytes(path.read_bytes().replace(b'id = "sample"', b'id = "minami"'))
    return folder


def test_the_command_publishes_what_the_simulation_says(broker: tuple[BrokerServer, str], tmp_path: Path) -> None:
    """Every payload from the beginning on reaches a subscriber in the order of its truck, until an interrupt."""
    server, protocol = broker
    folder = city_folder(tmp_path)
    secret = tmp_path / "password"
    secret.write_text(LOAD[::-1] + "\n")
    town, settings = read_town(folder), Simulation(trucks=2)
    begin = town.instant_ms(DAY, 12 * 60)
    pings = tour_pings(town, drive_day(town, DAY, 1, settings), DAY, 1, settings)
    expected = [(each.topic, each.body) for each in payloads("minami", pings) if each.sent_ms >= begin - 3_600_000]
    heard: list[tuple[str, bytes]] = []
    with truck_client(server, INGEST, protocol) as client:
        client.on_message = lambda _client, _data, message: heard.append((message.topic, bytes(message.payload)))
        ready: list[bool] = []
        client.on_subscribe = lambda *_: ready.append(True)
        client.subscribe("gomikuru/v1/minami/trucks/+/ping", qos=1)
        wait_until(lambda: ready, 10, "the subscription")
        program = [
            str(Path(sys.executable).with_name("gomikuru")),
            "simulate",
            "--city",
            str(folder),
            "--broker",
            server.url,
        ]
        account = ["--username", LOAD, "--password-file", str(secret)]
        how = ["--day", str(DAY), "--trucks", "2", "--speed", "10000", "--start-at", "11:00"]
        done = subprocess.run([*program, *account, *how], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        wait_until(lambda: len(heard) >= len(expected), 20, f"{len(expected)} messages")
    for truck in ("1", "2"):
        topic = f"gomikuru/v1/minami/trucks/{truck}/ping"
        assert [body for name, body in heard if name == topic] == [body for name, body in expected if name == topic]
    assert f"{len(expected)} messages acknowledged by the broker" in done.stdout


def test_a_wrong_password_is_named(broker: tuple[BrokerServer, str]) -> None:
    """A refused account is told as such, not as silence."""
    server, _ = broker

    def publish() -> None:
        with Broker(server.url, LOAD, "wrong", patience_s=5) as sender:
            sender.publish("gomikuru/v1/minami/trucks/1/ping", b"{}")

    with pytest.raises(BrokerUnusable, match="refuses the connection"):
        publish()


def test_an_interrupt_ends_the_play_in_order(nats: Nats, tmp_path: Path) -> None:
    """Ctrl-C stops publishing, waits for what is unacknowledged, says how much was sent, and ends well."""
    secret = tmp_path / "password"
    secret.write_text(LOAD[::-1])
    program = [str(Path(sys.executable).with_name("gomikuru")), "simulate", "--city", str(city_folder(tmp_path))]
    account = ["--broker", nats.url, "--username", LOAD, "--password-file", str(secret)]
    with subprocess.Popen(
        [*program, *account, "--day", str(DAY), "--now", "--speed", "60"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("publishing from ")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest.endswith("messages acknowledged by the broker\n")
