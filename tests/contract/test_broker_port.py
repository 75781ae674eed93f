"""The port ingest.ports.Broker, kept by the adapter over paho against Mosquitto and NATS, and by the one in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ingest.adapters.memory import MemoryBroker
from ingest.adapters.mqtt import MqttBroker
from ingest.decode import MAX_PAYLOAD, filters
from ingest.letter import KEPT_BYTES
from ingest.ports import Broker, Message
from tests.support.brokers import LOAD, BrokerServer, Mosquitto, Nats, publish
from tests.support.ingest import DIRECTORY, fix
from tests.support.waiting import wait_until


class Post:
    """A broker as a test sees it: trucks publish, ingest connects again and again under one session."""

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        raise NotImplementedError

    def connect(self) -> Broker:
        """Take the session up; started and connected on return."""
        raise NotImplementedError


class MemoryPost(Post):
    def __init__(self) -> None:
        self._broker = MemoryBroker()

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in messages:
            self._broker.publish(topic, payload)

    def connect(self) -> Broker:
        self._broker.start()
        return self._broker


class RealPost(Post):
    def __init__(self, server: BrokerServer, protocol: str) -> None:
        self._server = server
        self._protocol = protocol
        self._opened: list[MqttBroker] = []

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        publish(self._server, LOAD, messages)

    def connect(self) -> Broker:
        broker = MqttBroker(self._server.options(protocol=self._protocol), filters(DIRECTORY))
        self._opened.append(broker)
        broker.start()
        wait_until(lambda: broker.connected, 15, "the adapter to be connected")
        return broker

    def end(self) -> None:
        for broker in self._opened:
            broker.close(2.0)
        self._server.stop()


KINDS: dict[str, Callable[[Path], Post]] = {
    "memory": lambda _path: MemoryPost(),
    "mosquitto-5": lambda path: RealPost(Mosquitto(path), "5"),
    "mosquitto-3.1.1": lambda path: RealPost(Mosquitto(path), "3.1.1"),
    "nats-3.1.1": lambda path: RealPost(Nats(path), "3.1.1"),
}


@pytest.fixture(params=list(KINDS))
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    made = KINDS[request.param](tmp_path / "broker")
    if isinstance(made, RealPost):
        made._server.start()
    yield made
    if isinstance(made, RealPost):
        made.end()


def take(broker: Broker, count: int, seconds: float = 15) -> list[Message]:
    """Take exactly this many messages."""
    found: list[Message] = []

    def enough() -> bool:
        found.extend(broker.take(count - len(found), 0.1))
        return len(found) >= count

    wait_until(enough, seconds, f"{count} messages")
    return found


def payloads(messages: Sequence[Message]) -> list[bytes]:
    return [message.payload for message in messages]


FIXES = [fix(number) for number in range(300)]
BYTES = [payload for _, payload in FIXES]


def test_messages_arrive_in_order_with_their_topic(post: Post) -> None:
    """What one truck published first is taken first."""
    broker = post.connect()
    post.publish(FIXES)
    taken = take(broker, 300)
    assert payloads(taken) == BYTES
    assert {message.topic for message in taken} == {FIXES[0][0]}
    assert not any(message.retained for message in taken)


def test_of_a_payload_that_is_too_large_only_the_beginning_is_held(post: Post) -> None:
    """It is told how long it was, and it is acknowledged as any other."""
    topic = FIXES[0][0]
    broker = post.connect()
    post.publish([(topic, b"[" + b" " * 400_000), (topic, b"[" + b" " * (MAX_PAYLOAD - 1)), FIXES[0]])
    taken = take(broker, 3)
    assert [len(message.payload) for message in taken] == [KEPT_BYTES, MAX_PAYLOAD, len(BYTES[0])]
    assert [message.cut_from for message in taken] == [400_001, 0, 0]
    broker.done(taken)
    broker.close(2.0)
    again = post.connect()
    post.publish([FIXES[1]])
    assert payloads(take(again, 1)) == [BYTES[1]]


def test_what_is_published_while_ingest_is_away_is_kept(post: Post) -> None:
    """A persistent session collects for its owner."""
    post.connect().close(2.0)
    post.publish(FIXES)
    assert payloads(take(post.connect(), 300)) == BYTES


def test_what_is_not_acknowledged_comes_again(post: Post) -> None:
    """Taking is not enough: the next connection gets everything from the first unacknowledged message on."""
    broker = post.connect()
    post.publish(FIXES)
    taken = take(broker, 300)
    broker.done(taken[:120])
    broker.close(2.0)
    assert sorted(payloads(take(post.connect(), 180))) == sorted(BYTES[120:])


def test_what_is_acknowledged_does_not_come_again(post: Post) -> None:
    """After a clean close the session is empty."""
    broker = post.connect()
    post.publish(FIXES)
    broker.done(take(broker, 300))
    broker.close(2.0)
    again = post.connect()
    post.publish([fix(999)])
    assert payloads(take(again, 1)) == [fix(999)[1]]


def test_a_receipt_of_an_earlier_connection_acknowledges_nothing_later(post: Post) -> None:
    """A packet id names another message on the next connection."""
    first = post.connect()
    post.publish(FIXES)
    old = take(first, 300)
    first.close(2.0)
    second = post.connect()
    take(second, 300)
    second.done(old)
    second.close(2.0)
    assert sorted(payloads(take(post.connect(), 300))) == sorted(BYTES)


def test_taking_from_an_empty_queue_returns_after_its_time(post: Post) -> None:
    """Nothing is nothing, not an error."""
    assert post.connect().take(10, 0.01) == []


def test_a_paused_broker_gives_what_is_queued_and_nothing_more(post: Post) -> None:
    """The way out: finish, acknowledge, leave the rest."""
    broker = post.connect()
    post.publish(FIXES[:100])
    wait_until(lambda: broker.queued == 100, 15, "the queue to fill")
    broker.pause()
    assert payloads(take(broker, 100)) == BYTES[:100]
    post.publish(FIXES[100:])
    assert broker.take(10, 0.3) == []
