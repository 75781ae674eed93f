"""One connection of the doctor to the broker, under a name of its own: the running ingest is not disturbed."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gomikuru.settings import Broker, plain
from ingest.adapters.mqtt_options import MqttOptions

WAIT_S = 5.0


class Visit:
    """One connection. Used by one thread, which turns the client's loop itself.

    Its session ends with it, unless it has a `name` and is to be kept for `session_s` after it.
    """

    def __init__(self, broker: Broker, name: str | None = None, session_s: int = 0) -> None:
        options = MqttOptions(
            host=broker.host,
            port=broker.port,
            tls=broker.tls,
            ca_file=str(broker.ca_file) if broker.ca_file else None,
            cert_file=str(broker.cert_file) if broker.cert_file else None,
            key_file=str(broker.key_file) if broker.key_file else None,
        )
        five = broker.protocol == "5"
        self._five, self._session_s = five, session_s
        self._address = (broker.host, broker.port)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name or own_name(broker),
            clean_session=None if five else session_s == 0,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = WAIT_S
        if broker.username:
            self._client.username_pw_set(broker.username, plain(broker.password))
        context = options.tls_context()
        if context is not None:
            self._client.tls_set_context(context)
        self.told: Any = None
        self._connected: str | None = None
        self._answers: dict[int, str] = {}
        self._messages: dict[str, bytes] = {}
        self._acknowledged: set[int] = set()
        self.arrived: Counter[str] = Counter()
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.disconnect()
        self._client.loop(0.1)

    def connect(self) -> str:
        """Connect; tell why it was refused, or nothing. Raise OSError where nobody answers."""
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._session_s
            self._client.connect(*self._address, keepalive=30, clean_start=not self._session_s, properties=properties)
        else:
            self._client.connect(*self._address, keepalive=30)
        if not self._turn(lambda: self._connected is not None, WAIT_S):
            raise OSError("it accepts connections and does not answer; is this an MQTT port, and is TLS right?")
        return self._connected or ""

    def subscribe(self, topic: str) -> str:
        """Subscribe; tell why it was refused, or nothing."""
        code, number = self._client.subscribe(topic, qos=1)
        if code != paho.MQTT_ERR_SUCCESS or number is None:
            return "the connection is gone"
        if not self._turn(lambda: number in self._answers, WAIT_S):
            return "no answer"
        return self._answers[number]

    def publish(self, topic: str) -> int:
        """Publish a message that means nothing; give its number."""
        return self._client.publish(topic, b"doctor", qos=1).mid

    def publish_many(self, topic: str, count: int, seconds: float) -> int:
        """Publish so many; tell how many of them the broker acknowledged in that time."""
        sent = {self.publish(topic) for _ in range(count)}
        self._turn(lambda: sent <= self._acknowledged, seconds)
        return len(sent & self._acknowledged)

    def collect(self, topic: str, count: int, quiet_s: float) -> int:
        """Wait for so many messages on a topic, until none comes for a while; tell how many there were."""
        while (seen := self.arrived[topic]) < count:
            if not self._turn(lambda seen=seen: self.arrived[topic] > seen, quiet_s):  # type: ignore[misc]
                break
        return self.arrived[topic]

    def wait_for(self, topic: str, seconds: float) -> bytes | None:
        """Wait for a message on a topic."""
        self._turn(lambda: topic in self._messages, seconds)
        return self._messages.get(topic)

    def _turn(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            if self._client.loop(0.1) != paho.MQTT_ERR_SUCCESS:
                break
        return done()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        self._connected = str(reason) if reason.is_failure else ""
        self.told = properties

    def _on_subscribe(self, _client: Any, _data: Any, number: int, reasons: list[Any], _properties: Any) -> None:
        self._answers[number] = str(reasons[0]) if reasons[0].is_failure else ""

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self._messages[message.topic] = bytes(message.payload)
        self.arrived[message.topic] += 1

    def _on_publish(self, _client: Any, _data: Any, number: int, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self._acknowledged.add(number)


def own_name(broker: Broker) -> str:
    """Make up a client id that nobody else has."""
    return f"{broker.client_id}-doctor-{secrets.token_hex(4)}"
