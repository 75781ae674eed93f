"""What only real brokers can show of the adapter over paho: cuts, restarts, credentials, TLS, shared sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import trustme
from paho.mqtt import client as paho

from ingest.adapters.mqtt import MqttBroker
from ingest.adapters.mqtt_options import MqttOptions
from ingest.decode import filters
from ingest.ports import Message
from tests.support.brokers import (
    GATEWAY,
    LOAD,
    BrokerServer,
    Mosquitto,
    Nats,
    ping_topic,
    publish,
    truck_client,
)
from tests.support.ingest import DIRECTORY, RememberingMeter, fix
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until

Open = Callable[..., MqttBroker]
FIXES = [fix(number) for number in range(300)]


@pytest.fixture
def open_broker() -> Iterator[Open]:
    """Start adapters, and close them at the end."""
    opened: list[MqttBroker] = []

    def make(options: MqttOptions, meter: RememberingMeter | None = None) -> MqttBroker:
        made = MqttBroker(options, filters(DIRECTORY), meter)
        opened.append(made)
        made.start()
        return made

    yield make
    for one in opened:
        one.close(2.0)


def connected(broker: MqttBroker) -> MqttBroker:
    wait_until(lambda: broker.connected, 15, "the adapter to be connected")
    return broker


def take(broker: MqttBroker, count: int, seconds: float = 20) -> list[Message]:
    found: list[Message] = []

    def enough() -> bool:
        found.extend(broker.take(count - len(found), 0.1))
        return len(found) >= count

    wait_until(enough, seconds, f"{count} messages")
    return found


def taken_until(broker: MqttBroker, count: int) -> list[bytes]:
    """Take and acknowledge until so many different payloads have come; tell all of them, as they came.

    A starved machine may outlast NATS's ack_wait; what it then sends again comes behind what is new.
    """
    payloads: list[bytes] = []
    while (missing := count - len(set(payloads))) > 0:
        taken = take(broker, min(100, missing))
        payloads += [message.payload for message in taken]
        broker.done(taken)
    return payloads


def test_five_thousand_published_while_ingest_is_away_are_five_thousand(
    broker: tuple[BrokerServer, str], open_broker: Open
) -> None:
    """Mosquitto's own defaults deliver 1,000 of these; with the shipped configuration none is missing."""
    server, protocol = broker
    connected(open_broker(server.options(protocol=protocol))).close(2.0)
    publish(server, LOAD, [fix(number) for number in range(5_000)])
    back = connected(open_broker(server.options(protocol=protocol)))
    assert list(dict.fromkeys(taken_until(back, 5_000))) == [fix(number)[1] for number in range(5_000)]


def test_a_receipt_from_before_a_cut_acknowledges_nothing_after_it(
    broker: tuple[BrokerServer, str], open_broker: Open
) -> None:
    """The same adapter, the same session, a new connection: the packet ids are others'."""
    server, protocol = broker
    proxy = TcpProxy(server.port)
    port = {"port": proxy.port}
    ingest = connected(open_broker(server.options(protocol=protocol, **port)))
    publish(server, LOAD, FIXES)
    old = take(ingest, 300)
    proxy.cut()
    proxy.wait_for(2)
    new = take(ingest, 300)
    ingest.done(old)
    ingest.done([])
    wait_until(lambda: not ingest._to_acknowledge, 5, "the old receipts to be looked at")
    assert ingest.unacknowledged == 300
    assert sorted(message.payload for message in new) == sorted(payload for _, payload in FIXES)
    ingest.done(new)
    wait_until(lambda: ingest.unacknowledged == 0)
    proxy.close()


def test_what_was_queued_before_a_cut_is_not_lost_with_it(mosquitto: Mosquitto, open_broker: Open) -> None:
    """A broker that lost its session sends nothing again, so what we hold is kept; the engine knows repeats."""
    ingest = connected(open_broker(mosquitto.options()))
    publish(mosquitto, LOAD, FIXES)
    wait_until(lambda: ingest.queued == 300, 15, "the queue to fill")
    mosquitto.kill9()
    (mosquitto.path / "data" / "mosquitto.db").unlink(missing_ok=True)
    mosquitto.start()
    connected(ingest)
    assert {message.payload for message in take(ingest, 300)} == {payload for _, payload in FIXES}


def test_the_adapter_reconnects_when_the_broker_comes_back(broker: tuple[BrokerServer, str], open_broker: Open) -> None:
    """By itself, however long it takes, and counts it."""
    server, protocol = broker
    meter = RememberingMeter()
    ingest = connected(open_broker(server.options(protocol=protocol), meter))
    server.stop()
    wait_until(lambda: not ingest.connected, 10, "the loss to be noticed")
    wait_until(lambda: meter.counters[("broker_reconnects",)] >= 2, 10, "some tries in vain")
    server.start()
    connected(ingest)
    publish(server, LOAD, FIXES)
    assert [message.payload for message in take(ingest, 300)] == [payload for _, payload in FIXES]


def test_the_adapter_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path, open_broker: Open) -> None:
    """Order of start does not matter; the log says what to look at."""
    server = Mosquitto(tmp_path / "late")
    with structlog.testing.capture_logs() as logs:
        ingest = open_broker(server.options())
        wait_until(lambda: any(entry["event"] == "broker_unreachable" for entry in list(logs)), 10, "a first failure")
        server.start()
        connected(ingest)
    assert "is the broker running" in next(e["remedy"] for e in logs if e["event"] == "broker_unreachable")
    server.stop()


def test_a_redelivery_in_mid_session_is_not_queued_twice(nats: Nats, open_broker: Open) -> None:
    """NATS sends again after ack_wait (3 s) what is still in hand here; a slow store must not multiply it."""
    ingest = connected(open_broker(nats.options(receive_maximum=100)))
    publish(nats, LOAD, FIXES)
    wait_until(lambda: ingest.queued == 300, 15, "the queue to fill")
    first = take(ingest, 50)
    link = ingest._link
    assert link is not None
    arrived = link.arrived
    wait_until(lambda: link.arrived >= arrived + 300, 20, "NATS to send everything again")
    assert ingest.queued == 250
    ingest.done(first)
    wait_until(lambda: ingest.unacknowledged == 250)


def test_a_packet_id_that_means_another_message_now_is_not_acknowledged_for_the_old_one(
    nats: Nats, open_broker: Open
) -> None:
    """A redelivery that crossed its own PUBACK must not acknowledge the next owner of the packet id."""
    ingest = connected(open_broker(nats.options()))
    publish(nats, LOAD, [FIXES[0]])
    (old,) = take(ingest, 1)
    link = ingest._link
    assert link is not None
    crossing = paho.MQTTMessage(old.receipt or 0, FIXES[1][0].encode())
    crossing.payload, crossing.qos = FIXES[1][1], 1
    link._on_message(link.client, None, crossing)
    (new,) = take(ingest, 1)
    ingest.done([old])
    wait_until(lambda: not ingest._to_acknowledge, 5, "the receipt to be looked at")
    assert ingest.unacknowledged == 1
    ingest.done([new])
    wait_until(lambda: ingest.unacknowledged == 0)


def test_a_redelivery_that_crossed_its_puback_is_dropped_once(nats: Nats, open_broker: Open) -> None:
    """A second PUBACK might hit the packet id's next owner; were the first lost, the next redelivery is taken."""
    ingest = connected(open_broker(nats.options()))
    publish(nats, LOAD, [FIXES[0]])
    (message,) = take(ingest, 1)
    ingest.done([message])
    wait_until(lambda: ingest.unacknowledged == 0)
    link = ingest._link
    assert link is not None
    again = paho.MQTTMessage(message.receipt or 0, FIXES[0][0].encode())
    again.payload, again.qos, again.dup = FIXES[0][1], 1, True
    link._on_message(link.client, None, again)
    assert (ingest.queued, ingest.unacknowledged) == (0, 0)
    link._on_message(link.client, None, again)
    assert [one.payload for one in take(ingest, 1)] == [FIXES[0][1]]


def test_reading_stops_while_the_queue_is_full(mosquitto: Mosquitto, open_broker: Open) -> None:
    """Also where the broker may send more than the queue holds: memory does not grow, nothing is lost."""
    ingest = connected(open_broker(mosquitto.options(protocol="3.1.1", queue_limit=64)))
    publish(mosquitto, LOAD, [fix(number) for number in range(2_000)])
    wait_until(lambda: ingest.queued == 64, 10, "the queue to fill")
    payloads = []
    while len(payloads) < 2_000:
        assert ingest.queued <= 64
        taken = take(ingest, min(50, 2_000 - len(payloads)))
        payloads += [message.payload for message in taken]
        ingest.done(taken)
    assert payloads == [fix(number)[1] for number in range(2_000)]


# identity


@pytest.mark.parametrize("truck", ["17", "17.b", "なにわ17"])
def test_a_truck_can_publish_for_itself_and_for_nobody_else(
    broker: tuple[BrokerServer, str], open_broker: Open, truck: str
) -> None:
    """The broker ties the topic to the credential, whatever the id looks like."""
    server, protocol = broker
    ingest = connected(open_broker(server.options(protocol=protocol)))
    forbidden = [ping_topic("18"), "owntracks/phone-1/phone", ping_topic(truck, "kita")]
    with truck_client(server, f"minami-{truck}") as client:
        for topic in forbidden:
            client.publish(topic, b"forged", qos=1)
        wait_until(lambda: not client.want_write(), 10, "the forged messages to leave")
    with truck_client(server, f"minami-{truck}") as client:  # Mosquitto may cut who publishes what is denied
        client.publish(ping_topic(truck), b"own", qos=1).wait_for_publish(10)
    (message,) = take(ingest, 1)
    assert (message.topic, message.payload) == (ping_topic(truck), b"own")
    publish(server, LOAD, [(ping_topic("1"), b"after")])
    assert [message.payload for message in take(ingest, 1)] == [b"after"]


def test_a_gateway_speaks_on_its_own_topics_only(broker: tuple[BrokerServer, str], open_broker: Open) -> None:
    """Any truck, but under its own name."""
    server, protocol = broker
    ingest = connected(open_broker(server.options(protocol=protocol)))
    own = f"gomikuru/v1/minami/gateways/{GATEWAY}/trucks/99/ping"
    with truck_client(server, GATEWAY) as client:
        client.publish(ping_topic("99"), b"forged", qos=1)
        client.publish(own.replace(GATEWAY, "other"), b"forged", qos=1)
        wait_until(lambda: not client.want_write(), 10, "the forged messages to leave")
    with truck_client(server, GATEWAY) as client:
        client.publish(own, b"own", qos=1).wait_for_publish(10)
    assert [message.topic for message in take(ingest, 1)] == [own]


def test_a_truck_cannot_listen(broker: tuple[BrokerServer, str]) -> None:
    """A credential in a cab reads nobody's positions."""
    server, _ = broker
    heard: list[Any] = []
    with truck_client(server, "minami-17") as client:
        client.on_message = lambda *arguments: heard.append(arguments)
        client.subscribe([("gomikuru/v1/#", 1), ("owntracks/#", 1), (ping_topic("17"), 1)])
        publish(server, LOAD, FIXES[:5])
        client.publish(ping_topic("17"), b"own", qos=1).wait_for_publish(10)
    assert heard == []


def test_wrong_credentials_are_told_with_their_remedy(broker: tuple[BrokerServer, str], open_broker: Open) -> None:
    """Not an endless silent loop."""
    server, protocol = broker
    with structlog.testing.capture_logs() as logs:
        ingest = open_broker(server.options(protocol=protocol, password="wrong"))
        wait_until(lambda: any(entry["event"] == "broker_refused" for entry in list(logs)), 10, "a refusal")
    assert not ingest.connected
    assert "name and password" in next(entry["remedy"] for entry in logs if entry["event"] == "broker_refused")


def test_a_subscription_that_the_acl_refuses_is_told(nats: Nats, open_broker: Open) -> None:
    """An ingest user without rights would otherwise be deaf in silence."""
    with structlog.testing.capture_logs() as logs:
        open_broker(nats.options(user="minami-17"))
        wait_until(lambda: any(e["event"] == "broker_refused_subscription" for e in list(logs)), 10, "a refusal")


def test_mqtt_5_at_a_broker_without_it_is_told_with_its_remedy(nats: Nats, open_broker: Open) -> None:
    """NATS speaks 3.1.1 only."""
    with structlog.testing.capture_logs() as logs:
        open_broker(nats.options(protocol="5"))
        wait_until(lambda: any("3.1.1" in str(entry.get("remedy")) for entry in list(logs)), 10, "the remedy")


def test_two_clients_with_one_id_are_told_of_each_other(broker: tuple[BrokerServer, str], open_broker: Open) -> None:
    """They throw each other out for ever, whatever the broker says; the log names the likely cause."""
    server, protocol = broker
    with structlog.testing.capture_logs() as logs:
        connected(open_broker(server.options(protocol=protocol)))
        open_broker(server.options(protocol=protocol))
        wait_until(lambda: any("client id" in str(entry.get("remedy")) for entry in list(logs)), 20, "the remedy")


# TLS and sharing


@pytest.mark.parametrize(("kind", "protocol"), [(Mosquitto, "5"), (Mosquitto, "3.1.1"), (Nats, "3.1.1")])
def test_pings_travel_over_tls(kind: type[BrokerServer], protocol: str, tmp_path: Path, open_broker: Open) -> None:
    """mqtts:// with the broker's authority, in bursts that fill TLS records."""
    server = kind(tmp_path / "broker", trustme.CA())
    server.start()
    ingest = connected(open_broker(server.options(protocol=protocol)))
    publish(server, LOAD, [fix(number) for number in range(1_000)])
    payloads = taken_until(ingest, 1_000)
    assert list(dict.fromkeys(payloads)) == [fix(number)[1] for number in range(1_000)]
    assert len(payloads) == 1_000 or kind is Nats
    server.stop()


def test_a_broker_of_another_authority_is_not_trusted(tmp_path: Path, open_broker: Open) -> None:
    """No connection, and the log says which setting."""
    server = Mosquitto(tmp_path / "broker", trustme.CA())
    server.start()
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    with structlog.testing.capture_logs() as logs:
        ingest = open_broker(server.options(ca_file=str(stranger)))
        wait_until(lambda: any("CA file" in str(entry.get("remedy")) for entry in list(logs)), 10, "the remedy")
    assert not ingest.connected
    server.stop()


def test_a_share_group_gets_each_message_once(mosquitto: Mosquitto, open_broker: Open) -> None:
    """Two ingest processes take what one would."""
    both = [
        connected(open_broker(mosquitto.options(client_id=f"ingest-{name}", share_group="ingest"))) for name in "ab"
    ]
    publish(mosquitto, LOAD, FIXES)
    wait_until(lambda: sum(one.queued for one in both) == 300, 15, "all to arrive")
    taken = [take(one, one.queued) for one in both]
    assert all(taken)
    assert sorted(m.payload for part in taken for m in part) == sorted(payload for _, payload in FIXES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "a.b"},
        {"client_id": ""},
        {"client_id": "a b"},
        {"share_group": "x", "protocol": "3.1.1"},
        {"queue_limit": 0},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    """Before anything connects."""
    with pytest.raises(ValueError, match="MQTT"):
        MqttOptions.from_url("mqtt://broker", **wrong)


def test_options_never_show_the_password() -> None:
    """Neither from the address nor from its own field."""
    options = MqttOptions.from_url("mqtts://ingest:s%40cret@broker.example")
    assert (options.password, options.port, options.tls) == ("s@cret", 8883, True)
    assert "cret" not in repr(options)
