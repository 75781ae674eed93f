"""What tests of ingest share: a city, messages, a meter that remembers, a store that can be told to fail."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingest.directory import Directory
from ingest.worker import IngestWorker
from model.city import City, Gateway, Truck
from model.event import decode_event
from model.ping import Ping
from streams import keys
from streams.memory import MemoryStore
from streams.ports import StoreUnavailable
from tests.support.brokers import CITY, GATEWAY, ping_topic

EVENTS = keys.events(CITY)
NOW_MS = 1_764_000_000_000
DIRECTORY = Directory.of(
    [
        City(
            id=CITY,
            name="南市",
            timezone="Asia/Tokyo",
            trucks=(Truck("21", credential="phone-1", external_id="phone"),),
            gateways=(Gateway(GATEWAY, received_at_allowed=True),),
            traccar_topic="traccar/minami",
        )
    ]
)


class RememberingMeter:
    """Counts as the metrics do, and can be asked."""

    def __init__(self) -> None:
        self.counters: Counter[tuple[str, ...]] = Counter()
        self.gauges: dict[str, list[float]] = {}
        self.observed: Counter[str] = Counter()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        self.counters[name, *(value for _, value in sorted(labels.items()))] += int(amount)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self.gauges.setdefault(name, []).append(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        assert value >= 0
        self.observed[name] += 1


class MoodyStore(MemoryStore):
    """A store that fails while `down`, or takes its time when `slow` is set: seconds an append."""

    def __init__(self) -> None:
        super().__init__()
        self.down = threading.Event()
        self.slow_s = 0.0
        self.refused_appends = 0
        self._never = threading.Event()

    def append(self, stream: str, items: Sequence[bytes]) -> list[str]:
        self._mood()
        return super().append(stream, items)

    def append_bounded(self, stream: str, items: Sequence[bytes], max_len: int) -> None:
        self._mood()
        super().append_bounded(stream, items, max_len)

    def _mood(self) -> None:
        if self.slow_s:
            self._never.wait(self.slow_s)
        if self.down.is_set():
            self.refused_appends += 1
            raise StoreUnavailable("told to fail")


class FixedClock:
    """Service time that a test sets."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now


def fix(number: int, truck: str = "17") -> tuple[str, bytes]:
    """Write a native ping that carries a number, as (topic, payload)."""
    body = {"t": NOW_MS - 1_000 + number % 1_000, "lat": 34.8, "lon": 135.4, "seq": number}
    return ping_topic(truck), json.dumps(body).encode()


def pings(store: MemoryStore, city: str = CITY) -> list[Ping]:
    """Read everything that was appended for a city."""
    found = []
    cursor = "0-0"
    while entries := store.read(keys.events(city), cursor, 10_000, 0):
        cursor = entries[-1].id
        found += [decode_event(entry.data) for entry in entries]
    return [event for event in found if isinstance(event, Ping)]


def numbers(store: MemoryStore) -> list[int]:
    """Tell the numbers of the pings that were appended, in order."""
    return [ping.seq for ping in pings(store) if ping.seq is not None]


@contextmanager
def running(worker: IngestWorker) -> Iterator[threading.Event]:
    """Run a worker in a thread; at the end stop it in order."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), name="ingest")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "ingest did not stop"
