"""The queue between the broker and the store: in order, and bounded in messages and in bytes."""

from __future__ import annotations

from ingest.adapters.inbox import MOST_BYTES, Inbox
from ingest.decode import MAX_PAYLOAD
from ingest.ports import Message


def message(number: int, size: int = 100) -> Message:
    return Message(f"t/{number}", b"x" * size, False, 0.0)


def test_a_queue_is_full_of_bytes_as_well_as_of_messages() -> None:
    """Few large payloads stop the reader as many small ones do, and it goes on as soon as they are taken."""
    room: list[bool] = []
    inbox = Inbox(4, lambda: room.append(inbox.full), limit_bytes=1_000)
    for number in range(2):
        assert not inbox.full
        inbox.put(message(number, 500))
    assert inbox.full
    assert [one.topic for one in inbox.take(1, 0.0)] == ["t/0"]
    assert room == [False]
    for number in range(3):
        inbox.put(message(number, 1))
    assert inbox.full
    assert len(inbox.take(9, 0.0)) == 4
    assert room == [False, False]


def test_what_was_taken_is_no_longer_counted() -> None:
    """After any number of messages an empty queue has room for all of its bytes."""
    inbox = Inbox(10_000, lambda: None, limit_bytes=1_000)
    for number in range(50):
        inbox.put(message(number, 999))
        assert not inbox.full
        inbox.take(5, 0.0)


def test_the_bound_in_bytes_is_64_mib() -> None:
    """Some hundreds of the largest payloads that are read fill it; four thousand of them would be a gigabyte."""
    inbox = Inbox(4_096, lambda: None)
    largest = message(0, MAX_PAYLOAD)
    while not inbox.full:
        inbox.put(largest)
    assert len(inbox) == MOST_BYTES // MAX_PAYLOAD == 256
