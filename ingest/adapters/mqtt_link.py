"""One connection to an MQTT broker: its paho client, its subscriptions, and the messages held unacknowledged on it.

Everything here runs in the one thread that owns the connection.
"""

from __future__ import annotations

import selectors
import socket
import time
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.adapters.inbox import Inbox
from ingest.adapters.mqtt_ahead import AheadClient
from ingest.adapters.mqtt_options import MqttOptions
from ingest.decode import cut
from ingest.ports import Message

_FILTERS_A_PACKET = 50
_NOTHING = "gomikuru/nothing"


class MqttLink:
    """A connection from CONNECT to the end. `held` maps packet ids to the messages that still want a PUBACK."""

    def __init__(
        self, options: MqttOptions, filters: list[str], inbox: Inbox, log: structlog.stdlib.BoundLogger
    ) -> None:
        self.held: dict[int, Message] = {}
        self.arrived = 0
        self._acknowledged: dict[int, int] = {}
        self.accepted = False
        self.subscribed = False
        self._options = options
        self._filters = filters
        self._inbox = inbox
        self._log = log
        self._asked: dict[int, list[str]] = {}
        self._granted = 0
        self._confirmed = False
        self._parting = False
        self._settled = False
        self._began_s = time.monotonic()
        self.client = self._make_client()

    def connect(self) -> None:
        """Open the socket and send CONNECT; raise OSError where that fails."""
        options = self._options
        if options.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = options.session_expiry_s
            properties.ReceiveMaximum = options.receive_maximum
            self.client.connect(
                options.host, options.port, options.keepalive_s, clean_start=False, properties=properties
            )
        else:
            self.client.connect(options.host, options.port, options.keepalive_s)

    def socket(self) -> socket.socket | None:
        """Tell the open socket, or None once the connection is over."""
        sock: Any = self.client.socket()
        return sock  # type: ignore[no-any-return]

    def has_buffered(self) -> bool:
        """Tell whether bytes were read off the socket, by TLS or by us, that nobody has asked for yet."""
        if self.client.has_ahead:
            return True
        pending = getattr(self.socket(), "pending", None)
        return pending is not None and pending() > 0

    def keep_alive(self) -> None:
        """Ping the broker when it is time; raise OSError if it never answered CONNECT."""
        self.client.loop_misc()
        if not self._confirmed and time.monotonic() - self._began_s > self._options.connect_timeout_s:
            raise OSError("the broker accepted the connection but did not answer CONNECT in time")

    def acknowledge(self, message: Message) -> None:
        """Send PUBACK if the message is the one that its packet id stands for on this connection."""
        if message.receipt is not None and self.held.get(message.receipt) is message:
            del self.held[message.receipt]
            self._acknowledged[message.receipt] = hash(message[:2])
            self.client.ack(message.receipt, 1)

    def part(self, until_s: float) -> None:
        """Wait until the broker has read every PUBACK, then disconnect.

        A socket closed with unread bytes is reset, and a reset may destroy what the broker has not read. So ask for
        one last answer, which comes after the PUBACKs were read, and throw away what arrives before it. SUBACK may
        still be under way: a session that was kept brings its backlog first.
        """
        self._parting = True
        if self.accepted and self.socket() is not None:
            self.client.unsubscribe(_NOTHING)
            self._pump(until_s, lambda: self._settled)
        if self.socket() is not None:
            self.client.disconnect()
            self._pump(until_s, lambda: not self.client.want_write())

    def drop(self) -> None:
        """Close the socket, whatever state it is in."""
        sock = self.socket()
        if sock is not None:
            sock.close()

    def _make_client(self) -> AheadClient:
        options = self._options
        five = options.protocol == "5"
        client = AheadClient(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = options.connect_timeout_s
        if options.username is not None:
            client.username_pw_set(options.username, options.password)
        context = options.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._confirmed = True
        if reason.is_failure:
            self._log.error("broker_refused", reason=str(reason), remedy=_REFUSALS.get(reason.value, _OTHER_REFUSAL))
            return
        self.accepted = True
        self._log.info("broker_connected", session_kept=bool(flags.session_present))
        for batch in _batches(self._filters):
            wanted: Any = [(one, self._subscription()) for one in batch]
            _, mid = client.subscribe(wanted)
            if mid is not None:
                self._asked[mid] = batch

    def _subscription(self) -> int | SubscribeOptions:
        if self._options.protocol != "5":
            return 1
        return SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        for topic, reason in zip(self._asked.pop(mid, []), reasons, strict=False):
            self._granted += not reason.is_failure
            if reason.is_failure:
                remedy = "allow the ingest user to read it in the broker's ACL"
                self._log.error("broker_refused_subscription", topic=topic, reason=str(reason), remedy=remedy)
        self.subscribed = not self._asked and self._granted > 0

    def _on_unsubscribe(self, *_arguments: Any) -> None:
        self._settled = True

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self.subscribed = False
        if self._parting:
            return
        remedy = _TAKEN_OVER_REMEDY if reason.value == _TAKEN_OVER else "connecting again"
        self._log.warning(
            "broker_lost", reason=str(reason), by_broker=bool(flags.is_disconnect_packet_from_server), remedy=remedy
        )

    def _on_message(self, _client: paho.Client, _data: Any, arrived: paho.MQTTMessage) -> None:
        self.arrived += 1
        if self._parting:
            return
        receipt = arrived.mid if arrived.qos else None
        payload, cut_from = cut(bytes(arrived.payload))
        message = Message(_topic(arrived), payload, arrived.retain, time.monotonic(), receipt, cut_from)
        if receipt is not None:
            held = self.held.get(receipt)
            if held is not None and held[:3] == message[:3]:
                return  # sent again while we still have it (NATS after ack_wait): one PUBACK will do for both
            if arrived.dup and self._acknowledged.pop(receipt, None) == hash(message[:2]):
                return  # crossed its PUBACK, and a second one might hit the next owner of the packet id
            self.held[receipt] = message
        self._inbox.put(message)

    def _pump(self, until_s: float, enough: Any) -> None:
        while not enough() and (sock := self.socket()) is not None and time.monotonic() < until_s:
            with selectors.DefaultSelector() as selector:
                writing = selectors.EVENT_WRITE if self.client.want_write() else 0
                selector.register(sock, selectors.EVENT_READ | writing)
                ready = selector.select(0 if self.has_buffered() else 0.05)
            mask = ready[0][1] if ready else 0
            if self.client.want_write() and mask & selectors.EVENT_WRITE:
                self.client.loop_write()
            if self.socket() is not None and (mask & selectors.EVENT_READ or self.has_buffered()):
                self.client.loop_read()


def _batches(filters: list[str]) -> list[list[str]]:
    return [filters[at : at + _FILTERS_A_PACKET] for at in range(0, len(filters), _FILTERS_A_PACKET)]


def _topic(arrived: paho.MQTTMessage) -> str:
    try:
        return arrived.topic
    except UnicodeDecodeError:
        return ""


_TAKEN_OVER = 0x8E
_TAKEN_OVER_REMEDY = "another client uses this client id: give every ingest process its own"
_OTHER_REFUSAL = "see the broker's log"
_REFUSALS = {
    0x84: "the broker does not speak MQTT 5 (NATS does not): set the protocol to 3.1.1",
    0x85: "the broker refuses this client id: letters, digits and - are safe",
    0x86: "check the ingest user's name and password",
    0x87: "check the ingest user's name and password",
    0x88: "the broker is not available yet",
    0x89: "the broker is busy",
}
