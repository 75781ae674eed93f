"""The broker port over paho-mqtt. One thread owns paho; the others only fill and empty queues beside it.

A fresh paho client for each connection: nothing of an old connection, least of all an acknowledgement, can reach a
new one. Reading stops while the queue is full, so that the broker waits and memory does not grow.
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence

import structlog
from paho.mqtt import client as paho

from ingest.adapters.inbox import Inbox
from ingest.adapters.mqtt_link import MqttLink
from ingest.adapters.mqtt_options import MqttOptions
from ingest.ports import Message
from model.ports import Meter

_STABLE_S = 10.0
_SUSPICIOUS = 3
_TICK_S = 0.5
_READS_IN_A_ROW = 256


class MqttBroker:
    """A persistent session at an MQTT 5 or 3.1.1 broker, QoS 1, with manual acknowledgement."""

    def __init__(self, options: MqttOptions, filters: Sequence[str], meter: Meter | None = None) -> None:
        self._options = options
        self._filters = options.shared(list(filters))
        self._meter = meter
        self._inbox = Inbox(options.queue_limit, self._wake)
        self._to_acknowledge: deque[Message] = deque()
        self._paused = False
        self._closing = threading.Event()
        self._close_by_s = 0.0
        self._link: MqttLink | None = None
        self._thread: threading.Thread | None = None
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._log = structlog.get_logger().bind(broker=f"{options.host}:{options.port}", client_id=options.client_id)

    def start(self) -> None:
        """Begin to connect, and to reconnect for ever; returns at once."""
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def take(self, count: int, wait_s: float) -> list[Message]:
        """Take at most `count` messages in the order of arrival, waiting up to `wait_s` for the first."""
        return self._inbox.take(count, wait_s)

    def done(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages that are safe; one that came on an earlier connection is left to the broker."""
        self._to_acknowledge.extend(messages)
        self._wake()

    def pause(self) -> None:
        """Accept nothing more from the broker; what is queued can still be taken and acknowledged."""
        self._paused = True
        self._wake()

    def close(self, timeout_s: float) -> None:
        """Hand over the last acknowledgements, then disconnect, keeping the session at the broker."""
        self._close_by_s = time.monotonic() + timeout_s
        self._closing.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout_s + 1.0)
            if self._thread.is_alive():
                self._log.warning("broker_close_timed_out", timeout_s=timeout_s)
                return
        self._ear.close()
        self._bell.close()

    @property
    def connected(self) -> bool:
        """Tell whether the broker has confirmed the connection and its subscriptions."""
        link = self._link
        return link is not None and link.subscribed

    @property
    def queued(self) -> int:
        """Tell how many messages wait to be taken."""
        return len(self._inbox)

    @property
    def unacknowledged(self) -> int:
        """Tell how many messages of this connection are neither acknowledged nor forgotten."""
        link = self._link
        return 0 if link is None else len(link.held)

    def _wake(self) -> None:
        try:
            self._bell.send(b"\0")
        except OSError:  # the pipe is full of wake-ups, or closed: either way nobody needs another
            return

    def _run(self) -> None:
        attempt = thrown_out = 0
        while not self._closing.is_set():
            began_s = time.monotonic()
            accepted = self._one_connection()
            if self._closing.is_set():
                return
            stable = time.monotonic() - began_s > _STABLE_S
            attempt = 0 if stable else attempt + 1
            thrown_out = 0 if stable else thrown_out + accepted
            if accepted and thrown_out == _SUSPICIOUS:
                remedy = "does another client use this client id? give every ingest process its own"
                self._log.error("broker_cuts_every_connection", in_a_row=thrown_out, remedy=remedy)
            delay_s = min(self._options.backoff_limit_s, self._options.backoff_s * 2 ** min(attempt, 16))
            self._closing.wait(delay_s * random.uniform(0.5, 1.0))
            if self._meter is not None:
                self._meter.count("broker_reconnects")

    def _one_connection(self) -> bool:
        """Live one connection through; tell whether the broker had accepted it."""
        link = MqttLink(self._options, self._filters, self._inbox, self._log)
        try:
            link.connect()
            self._link = link
            self._serve(link)
            if self._closing.is_set():
                self._acknowledge(link)
                link.part(self._close_by_s)
        except (OSError, ValueError) as error:
            self._log.warning("broker_unreachable", error=str(error), remedy=_remedy(error))
        except Exception:  # whatever a broker makes paho do, the next connection must come
            self._log.exception("broker_connection_failed")
        finally:
            self._link = None
            link.drop()
        return link.accepted

    def _serve(self, link: MqttLink) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            watched: tuple[socket.socket, int] | None = None
            while not self._closing.is_set():
                self._acknowledge(link)
                sock = link.socket()
                if sock is None:
                    return
                reading = not self._paused and not self._inbox.full
                watched = _watch(selector, watched, sock, reading, link.client.want_write())
                more = reading and link.has_buffered()
                ready = {key.fileobj: mask for key, mask in selector.select(0 if more else _TICK_S)}
                if self._ear in ready:
                    _drain(self._ear)
                mask = ready.get(sock, 0)
                if more or mask & selectors.EVENT_READ:
                    self._read(link)
                if mask & selectors.EVENT_WRITE:
                    link.client.loop_write()
                link.keep_alive()

    def _read(self, link: MqttLink) -> None:
        for _ in range(_READS_IN_A_ROW):
            before = link.arrived
            if link.client.loop_read() != paho.MQTT_ERR_SUCCESS or link.arrived == before or self._inbox.full:
                return

    def _acknowledge(self, link: MqttLink) -> None:
        while self._to_acknowledge:
            link.acknowledge(self._to_acknowledge.popleft())


def _watch(
    selector: selectors.BaseSelector,
    watched: tuple[socket.socket, int] | None,
    sock: socket.socket,
    reading: bool,
    writing: bool,
) -> tuple[socket.socket, int] | None:
    mask = (selectors.EVENT_READ if reading else 0) | (selectors.EVENT_WRITE if writing else 0)
    if watched is not None and watched == (sock, mask):
        return watched
    if watched is not None and watched[1]:
        selector.unregister(watched[0])
    if mask:
        selector.register(sock, mask)
    return sock, mask


def _drain(ear: socket.socket) -> None:
    try:
        while len(ear.recv(4_096)) == 4_096:
            pass
    except BlockingIOError:
        return


def _remedy(error: Exception) -> str:
    text = str(error).lower()
    if "certificate" in text:
        return "set the CA file of the broker's certificate, and use the host name that stands in it"
    if "ssl" in text or "tls" in text:
        return "is this the TLS port? mqtts:// is for TLS, mqtt:// for plain"
    return "is the broker running, and its address right? trying again"
