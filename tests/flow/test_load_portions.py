"""A million homes that subscribe at once must not keep a worker so long at one step that its lease runs out."""

from __future__ import annotations

from geofence.pace import Pace
from geofence.worker import CityWorker
from gomikuru.metrics import MemoryMeter
from model.event import HomesChanged, Tick, encode_event
from model.subscription import Home, MetresLead, Pin
from streams import keys
from streams.ids import place
from streams.memory import MemoryStore
from streams.ports import Commit, Fence
from tests.contract.test_geofence_worker import Clock, Drawer
from tests.support.truckline import CITY, START_MS

EVENTS = keys.events("minami")


class Counting(MemoryStore):
    """Keeps the cursors that were committed."""

    def __init__(self) -> None:
        super().__init__()
        self.cursors: list[str] = []

    def commit(self, city: str, fence: Fence, commit: Commit) -> None:
        super().commit(city, fence, commit)
        self.cursors.append(commit.cursor)


def homes(first: int) -> bytes:
    people = [Home(first + n, f"h{first + n}", Pin(34.8, 135.4 + n * 1e-4), MetresLead(300.0)) for n in range(100)]
    return encode_event(HomesChanged(START_MS, tuple(people)))


def test_large_events_are_taken_in_small_portions_and_small_ones_in_large() -> None:
    """A step takes so many bytes at most, at least one event; batches grow again once events are small."""
    store = Counting()
    large = [homes(100 * n) for n in range(12)]
    store.append(EVENTS, large)
    ids = store.append(EVENTS, [encode_event(Tick(START_MS))] * 200)
    pace = Pace(batch=32, batch_bytes=3 * len(large[-1]), block_ms=1, tick_ms=10**12)
    worker = CityWorker(CITY, store, Drawer(), Clock(), lambda: 0, MemoryMeter(), "w", pace=pace)
    while place(store.load("minami").cursor) < place(ids[-1]):
        worker.turn()
    every = [entry.id for entry in store.read(EVENTS, "0-0", 1000, 0)]
    taken = [every.index(cursor) + 1 for cursor in store.cursors]
    steps = [one - before for before, one in zip([0, *taken], taken, strict=False)]
    assert steps[:3] == [3, 3, 3]
    assert max(steps) == 32
    assert len(steps) < 20
