"""What the store in memory adds: a clock that can be driven."""

from __future__ import annotations

from streams.ids import place
from streams.memory import MemoryStore
from streams.ports import Fence


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def test_leases_run_out_by_the_clock_that_is_handed_in() -> None:
    """A lease holds for its time to the millisecond, and not longer."""
    clock = Clock()
    store = MemoryStore(clock)
    fence = store.acquire("lease:{a}", "one", 100)
    clock.ms += 99
    assert store.acquire("lease:{a}", "two", 100) is None
    clock.ms += 1
    assert store.acquire("lease:{a}", "two", 100) == Fence("lease:{a}", 2, "two")
    assert fence is not None
    assert not store.renew(fence, 100)


def test_idleness_goes_by_the_clock_that_is_handed_in() -> None:
    """An entry comes back when it is idle for as long as was asked."""
    clock = Clock()
    store = MemoryStore(clock)
    store.join("s:{a}", "g")
    store.append("s:{a}", [b"x"])
    store.take("s:{a}", "g", "w", 1, 0)
    clock.ms += 499
    assert store.reclaim("s:{a}", "g", "w", 500, 1) == []
    clock.ms += 1
    assert store.reclaim("s:{a}", "g", "w", 500, 1)[0].tries == 2


def test_ids_grow_even_when_the_clock_goes_back() -> None:
    """A clock that is set back makes no id smaller than the last."""
    clock = Clock()
    store = MemoryStore(clock)
    ids = store.append("s:{a}", [b"x", b"y"])
    clock.ms -= 5000
    ids += store.append("s:{a}", [b"z"])
    clock.ms += 9000
    ids += store.append("s:{a}", [b"z"])
    assert ids == sorted(ids, key=place)
    assert ids[0] == "1000000-0"
    assert ids[-1] == "1004000-0"
