"""The broker: does it answer, may ingest read its topics, what does it tell of its limits, does a message come round.

MQTT has no way to ask whether a broker keeps sessions on its disk: that is said, not guessed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gomikuru.doctor.findings import Finding, error, note, ok, warning
from gomikuru.settings import Broker, Settings
from ingest.adapters.mqtt_options import MqttOptions

PART = "broker"
VERSION_TOPIC = "$SYS/broker/version"
ROUND_TRIP = "gomikuru/doctor/"
WAIT_S = 5.0
SHORT_WAIT_S = 1.0
REMEDIES = {
    "Bad user name or password": "check broker.username and broker.password",
    "Not authorized": "check broker.username and broker.password, and the broker's list of users",
    "Client identifier not valid": "choose another broker.client_id",
    "Unsupported protocol version": 'set broker.protocol = "3.1.1"',
}
UNKNOWN = (
    "whether it keeps sessions and messages on its disk, and (Mosquitto) whether its ACL lets this user receive what it"
    " subscribed to, cannot be asked over MQTT: not checked",
    "compare its configuration with config/mosquitto.conf and .acl, or config/nats.conf",
)


def examine_broker(settings: Settings, filters: Sequence[str]) -> Iterator[Finding]:
    """Connect under a name of our own (the running ingest is not disturbed), subscribe, publish, leave."""
    broker = settings.broker
    try:
        visit = Visit(broker)
        with visit:
            yield from _look(visit, broker, filters)
    except OSError as fault:
        what = f"broker.url, {broker.url}: {type(fault).__name__}: {fault}"
        yield error(PART, what, "check address, network and certificates (broker.ca_file), and that the broker runs")
    except ValueError as fault:
        yield error(PART, f"broker: {fault}", "mend the settings")


def _look(visit: Visit, broker: Broker, filters: Sequence[str]) -> Iterator[Finding]:
    refusal = visit.connect()
    if refusal:
        remedy = REMEDIES.get(refusal, "look at the broker's log")
        yield error(PART, f"broker.url, {broker.url}: refused: {refusal}", remedy)
        return
    yield ok(PART, f"{broker.url} lets {broker.username or 'us, without a user,'} in with MQTT {broker.protocol}")
    yield from _limits(visit.told, broker)
    wanted = [f"$share/{broker.share_group}/{one}" for one in filters] if broker.share_group else list(filters)
    for topic in wanted:
        if refused := visit.subscribe(topic):
            remedy = "allow this user to read it, see config/mosquitto.acl"
            yield error(PART, f"may not read {topic}: {refused}", remedy)
        else:
            yield ok(PART, f"subscribed to {topic}")
    yield from _product(visit)
    yield _round_trip(visit)


def _limits(told: Any, broker: Broker) -> Iterator[Finding]:
    """Read what an MQTT 5 broker says of itself when it accepts a connection."""
    if told is None:
        return
    if broker.share_group and getattr(told, "SharedSubscriptionAvailable", 1) == 0:
        yield error(PART, "it has no shared subscriptions", "remove broker.share_group and run one ingest")
    expiry = getattr(told, "SessionExpiryInterval", broker.session_expiry_s)
    if expiry < broker.session_expiry_s:
        what = f"it keeps an absent session for {expiry} s, not {broker.session_expiry_s}"
        yield warning(PART, what, "allow more there (Mosquitto: persistent_client_expiration)")
    if getattr(told, "MaximumQoS", 2) == 0:
        yield error(PART, "it takes QoS 0 only: pings would be lost", "use a broker with QoS 1")


def _product(visit: Visit) -> Iterator[Finding]:
    version = None if visit.subscribe(VERSION_TOPIC) else visit.wait_for(VERSION_TOPIC, SHORT_WAIT_S)
    if version:
        yield note(PART, f"it is {version.decode(errors='replace')}; {UNKNOWN[0]}", UNKNOWN[1])
    else:
        yield note(PART, f"it does not tell this user what it is; {UNKNOWN[0]}", UNKNOWN[1])


def _round_trip(visit: Visit) -> Finding:
    topic = ROUND_TRIP + secrets.token_hex(8)
    if visit.subscribe(topic):
        return note(PART, f"a round trip was not tried: this user may not read {ROUND_TRIP}#")
    began = time.monotonic()
    visit.publish(topic)
    if visit.wait_for(topic, SHORT_WAIT_S) is None:
        what = (
            f"a message to {ROUND_TRIP} did not come back: this user may not publish (ingest need not), or it was lost"
        )
        return note(PART, what, f"to check it, allow `topic readwrite {ROUND_TRIP}#`")
    return ok(PART, f"a message came round in {(time.monotonic() - began) * 1000:.0f} ms")


class Visit:
    """One connection with a session that ends with it. Used by one thread, which turns the client's loop itself."""

    def __init__(self, broker: Broker) -> None:
        options = MqttOptions(
            host=broker.host,
            port=broker.port,
            tls=broker.tls,
            ca_file=str(broker.ca_file) if broker.ca_file else None,
            cert_file=str(broker.cert_file) if broker.cert_file else None,
            key_file=str(broker.key_file) if broker.key_file else None,
        )
        five = broker.protocol == "5"
        self._address = (broker.host, broker.port)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{broker.client_id}-doctor-{secrets.token_hex(4)}",
            clean_session=None if five else True,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = WAIT_S
        if broker.username:
            self._client.username_pw_set(
                broker.username, broker.password.get_secret_value() if broker.password else None
            )
        context = options.tls_context()
        if context is not None:
            self._client.tls_set_context(context)
        self.told: Any = None
        self._connected: str | None = None
        self._answers: dict[int, str] = {}
        self._messages: dict[str, bytes] = {}
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.disconnect()
        self._client.loop(0.1)

    def connect(self) -> str:
        """Connect; tell why it was refused, or nothing. Raise OSError where nobody answers."""
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

    def publish(self, topic: str) -> None:
        """Publish a message that means nothing."""
        self._client.publish(topic, b"doctor", qos=1)

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
