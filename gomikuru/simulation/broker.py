"""Publishes to a real broker as the trucks would: MQTT 3.1.1, QoS 1, one account for all simulated trucks."""

from __future__ import annotations

import ssl
import threading
from functools import partial
from types import TracebackType
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_PORTS = {"mqtt": 1883, "mqtts": 8883}
MOST_UNACKNOWLEDGED = 500


class BrokerUnusable(Exception):
    """The broker cannot be reached or refuses us; the text says what to do."""


class Broker:
    """A connection that publishes with acknowledgement and never runs far ahead of it. A context manager.

    A connection that is lost is made anew, and what was not acknowledged is sent again.
    """

    def __init__(self, url: str, username: str | None, password: str | None, patience_s: float = 20.0) -> None:
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise BrokerUnusable(f"{url!r} is no broker address: write mqtt://host:1883 or mqtts://host:8883")
        self._host, self._port = address.hostname, address.port or _PORTS[address.scheme]
        self._patience_s = patience_s
        self._waiting, self._acknowledged = 0, 0
        self._changed = threading.Condition()
        self._answer: ReasonCode | None = None
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.max_inflight_messages_set(100)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        if username:
            self._client.username_pw_set(username, password)
        if address.scheme == "mqtts":
            self._client.tls_set_context(ssl.create_default_context())

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._changed:
            self._answer = reason
            self._changed.notify_all()

    def _on_publish(
        self, _client: Client, _data: object, _mid: int, _reason: ReasonCode, _properties: Properties
    ) -> None:
        with self._changed:
            self._waiting -= 1
            self._acknowledged += 1
            self._changed.notify_all()

    def __enter__(self) -> Broker:
        try:
            self._client.connect(self._host, self._port, keepalive=30)
        except (OSError, ValueError) as error:
            raise BrokerUnusable(f"no broker answers at {self._host}:{self._port}: {error}") from error
        self._client.loop_start()
        try:
            self._be_admitted()
        except BrokerUnusable:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._until_waiting(0)
        finally:
            self._close()

    def publish(self, topic: str, body: bytes) -> None:
        """Hand one message to the broker; block while too many wait for their acknowledgement."""
        with self._changed:
            self._waiting += 1
        self._client.publish(topic, body, qos=1)
        self._until_waiting(MOST_UNACKNOWLEDGED)

    def _be_admitted(self) -> None:
        with self._changed:
            answered = self._changed.wait_for(lambda: self._answer is not None, self._patience_s)
            if not answered or self._answer is None:
                raise BrokerUnusable(f"{self._host}:{self._port} listens, but does not speak MQTT 3.1.1")
            if self._answer.is_failure:
                why = f"the broker at {self._host}:{self._port} refuses the connection ({self._answer})"
                raise BrokerUnusable(f"{why}: look at --username and --password-file")

    def _until_waiting(self, most: int) -> None:
        """Wait until at most so many messages are unacknowledged; give up when the broker makes no progress."""
        with self._changed:
            while self._waiting > most:
                if not self._changed.wait_for(partial(self._progressed, self._acknowledged), self._patience_s):
                    where = f"the broker at {self._host}:{self._port}"
                    raise BrokerUnusable(f"{where} acknowledged nothing for {self._patience_s:g} s: look at its log")

    def _progressed(self, since: int) -> bool:
        return self._acknowledged > since

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
