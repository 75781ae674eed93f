"""What every store promises of queues that several workers share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from streams import keys
from streams.ports import START, Delivery, Store, StoreFault
from tests.support.waiting import wait_until

ALERTS = keys.alerts("minami")
DEAD = keys.dead("minami")
GROUP = "notifier"


@pytest.fixture
def queue(store: Store) -> Store:
    store.join(ALERTS, GROUP)
    return store


def test_a_group_gets_what_was_there_before_it(store: Store) -> None:
    """A group begins at the stream's beginning."""
    store.append(ALERTS, [b"a"])
    store.join(ALERTS, GROUP)
    assert [d.data for d in store.take(ALERTS, GROUP, "w", 9, 0)] == [b"a"]


def test_joining_again_changes_nothing(queue: Store) -> None:
    """A worker that restarts joins again; nothing is delivered anew or forgotten."""
    queue.append(ALERTS, [b"a", b"b"])
    queue.take(ALERTS, GROUP, "w", 1, 0)
    queue.join(ALERTS, GROUP)
    assert [d.data for d in queue.take(ALERTS, GROUP, "w", 9, 0)] == [b"b"]
    assert queue.backlog(ALERTS, GROUP) == 2


def test_without_joining_the_store_says_what_to_do(store: Store) -> None:
    """A missing group is a fault that names its remedy."""
    store.append(ALERTS, [b"a"])
    for call in (
        lambda: store.take(ALERTS, GROUP, "w", 9, 0),
        lambda: store.reclaim(ALERTS, GROUP, "w", 0, 9),
        lambda: store.backlog(ALERTS, GROUP),
        lambda: store.trim_done(ALERTS, GROUP),
        lambda: store.bury(ALERTS, GROUP, Delivery("1-0", b"", 1), "why", DEAD),
    ):
        with pytest.raises(StoreFault, match="join"):
            call()


def test_a_first_delivery_says_so(queue: Store) -> None:
    """Entries come in order, with their ids, on their first try."""
    ids = queue.append(ALERTS, [b"a", b"b", b"c"])
    assert queue.take(ALERTS, GROUP, "w", 2, 0) == [Delivery(ids[0], b"a", 1), Delivery(ids[1], b"b", 1)]
    assert queue.take(ALERTS, GROUP, "w", 2, 0) == [Delivery(ids[2], b"c", 1)]
    assert queue.take(ALERTS, GROUP, "w", 2, 0) == []


def test_two_workers_share_the_entries(queue: Store) -> None:
    """Each entry goes to exactly one of the workers that ask at once."""
    queue.append(ALERTS, [str(i).encode() for i in range(300)])
    start = threading.Barrier(3)

    def work(name: str) -> list[bytes]:
        start.wait()
        got: list[bytes] = []
        while batch := queue.take(ALERTS, GROUP, name, 7, 0):
            got.extend(d.data for d in batch)
            queue.done(ALERTS, GROUP, [d.id for d in batch])
        return got

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(work, ["w1", "w2", "w3"]))
    assert sorted(int(data) for share in shares for data in share) == list(range(300))
    assert queue.backlog(ALERTS, GROUP) == 0


def test_a_waiting_worker_wakes_up_when_an_entry_comes(queue: Store) -> None:
    """A take that waits returns the entry long before its wait is over."""
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(queue.take, ALERTS, GROUP, "w", 9, 30_000)
        wait_until(waiting.running, what="the worker to wait")
        queue.append(ALERTS, [b"news"])
        assert [d.data for d in waiting.result(20)] == [b"news"]
        assert time.monotonic() - began < 15


def test_a_dead_workers_entries_come_back_oldest_first(queue: Store) -> None:
    """What a worker took and never finished another can take over, in order, on its second try."""
    ids = queue.append(ALERTS, [str(i).encode() for i in range(60)])
    queue.take(ALERTS, GROUP, "dead", 40, 0)
    queue.take(ALERTS, GROUP, "dead too", 20, 0)
    queue.done(ALERTS, GROUP, ids[5:10])
    back = queue.reclaim(ALERTS, GROUP, "alive", 0, 30)
    assert [d.id for d in back] == [*ids[:5], *ids[10:35]]
    assert {d.tries for d in back} == {2}
    assert back[0].data == b"0"
    queue.done(ALERTS, GROUP, [d.id for d in back])
    assert [d.id for d in queue.reclaim(ALERTS, GROUP, "alive", 0, 99)] == ids[35:]


def test_what_a_worker_is_busy_with_is_left_to_it(queue: Store) -> None:
    """Entries that were taken a moment ago do not come back; when they were, their idle time begins anew."""
    ids = queue.append(ALERTS, [b"a"])
    queue.take(ALERTS, GROUP, "busy", 9, 0)
    assert queue.reclaim(ALERTS, GROUP, "other", 60_000, 9) == []
    back = wait_until(lambda: queue.reclaim(ALERTS, GROUP, "other", 300, 9), what="the entry to be idle")
    assert [d.id for d in back] == ids
    assert queue.reclaim(ALERTS, GROUP, "third", 300, 9) == []


def test_a_worker_gets_its_own_back_when_the_answer_was_lost(queue: Store) -> None:
    """Entries that a worker does not know it has come back to it too."""
    queue.append(ALERTS, [b"a"])
    queue.take(ALERTS, GROUP, "w", 9, 0)
    assert [(d.data, d.tries) for d in queue.reclaim(ALERTS, GROUP, "w", 0, 9)] == [(b"a", 2)]


def test_tries_are_counted(queue: Store) -> None:
    """Each delivery counts one more."""
    queue.append(ALERTS, [b"a"])
    tries = [queue.take(ALERTS, GROUP, "w", 9, 0)[0].tries]
    tries += [queue.reclaim(ALERTS, GROUP, "w", 0, 9)[0].tries for _ in range(3)]
    assert tries == [1, 2, 3, 4]


def test_what_is_done_never_comes_back(queue: Store) -> None:
    """Finished entries are neither delivered nor reclaimed."""
    ids = queue.append(ALERTS, [b"a", b"b"])
    queue.take(ALERTS, GROUP, "w", 9, 0)
    queue.done(ALERTS, GROUP, ids)
    queue.done(ALERTS, GROUP, ids)
    queue.done(ALERTS, GROUP, [])
    assert queue.reclaim(ALERTS, GROUP, "w", 0, 9) == []
    assert queue.take(ALERTS, GROUP, "w", 9, 0) == []
    assert queue.backlog(ALERTS, GROUP) == 0


def test_entries_deleted_meanwhile_are_not_handed_out(queue: Store) -> None:
    """A taken entry that was deleted is forgotten, and does not stand in the way of the others."""
    ids = queue.append(ALERTS, [b"a", b"b", b"c", b"d"])
    queue.take(ALERTS, GROUP, "dead", 3, 0)
    queue.remove(ALERTS, ids[:2])
    assert [(d.id, d.data) for d in queue.reclaim(ALERTS, GROUP, "w", 0, 1)] == [(ids[2], b"c")]
    queue.done(ALERTS, GROUP, [ids[2]])
    assert queue.reclaim(ALERTS, GROUP, "w", 0, 9) == []
    assert queue.backlog(ALERTS, GROUP) == 1


def test_a_poison_entry_is_buried_once(queue: Store) -> None:
    """A buried entry stands in the dead stream with its reason and tries, and does not come back."""
    queue.append(ALERTS, [b"poison"])
    queue.take(ALERTS, GROUP, "w", 9, 0)
    [delivery] = queue.reclaim(ALERTS, GROUP, "w", 0, 9)
    queue.bury(ALERTS, GROUP, delivery, "cannot be read", DEAD)
    queue.bury(ALERTS, GROUP, delivery, "cannot be read", DEAD)
    [letter] = queue.read(DEAD, START, 9, 0)
    assert msgspec.msgpack.decode(letter.data) == ["cannot be read", 2, b"poison"]
    assert queue.reclaim(ALERTS, GROUP, "w", 0, 9) == []
    assert queue.backlog(ALERTS, GROUP) == 0


def test_trimming_keeps_everything_from_the_oldest_pending_on(queue: Store) -> None:
    """Only what precedes the first unfinished entry goes, also when later ones are finished."""
    ids = queue.append(ALERTS, [str(i).encode() for i in range(200)])
    queue.take(ALERTS, GROUP, "w", 150, 0)
    queue.done(ALERTS, GROUP, [*ids[:120], *ids[121:150]])
    assert queue.trim_done(ALERTS, GROUP) == 120
    assert [e.id for e in queue.read(ALERTS, START, 999, 0)] == ids[120:]
    assert [d.id for d in queue.reclaim(ALERTS, GROUP, "w", 0, 9)] == [ids[120]]
    queue.done(ALERTS, GROUP, [ids[120]])
    assert queue.trim_done(ALERTS, GROUP) == 30
    assert [d.id for d in queue.take(ALERTS, GROUP, "w", 999, 0)] == ids[150:]


def test_trimming_never_drops_the_undelivered(queue: Store) -> None:
    """Before the first delivery nothing goes; when all is finished all goes."""
    ids = queue.append(ALERTS, [b"a", b"b", b"c"])
    assert queue.trim_done(ALERTS, GROUP) == 0
    queue.take(ALERTS, GROUP, "w", 9, 0)
    assert queue.trim_done(ALERTS, GROUP) == 0
    queue.done(ALERTS, GROUP, ids)
    assert queue.trim_done(ALERTS, GROUP) == 3
    queue.append(ALERTS, [b"d"])
    assert [d.data for d in queue.take(ALERTS, GROUP, "w", 9, 0)] == [b"d"]


@pytest.mark.parametrize("slow", ["audit", "statistics"])
def test_trimming_for_one_group_keeps_what_another_still_needs(queue: Store, slow: str) -> None:
    """The slowest group of a stream decides, whether its name stands before or after the others."""
    queue.join(ALERTS, slow)
    ids = queue.append(ALERTS, [b"a", b"b", b"c"])
    queue.take(ALERTS, GROUP, "w", 9, 0)
    queue.done(ALERTS, GROUP, ids)
    queue.take(ALERTS, slow, "w", 1, 0)
    queue.done(ALERTS, slow, ids[:1])
    assert queue.trim_done(ALERTS, GROUP) == 1
    assert [d.data for d in queue.take(ALERTS, slow, "w", 9, 0)] == [b"b", b"c"]


def test_the_backlog_counts_pending_and_undelivered(queue: Store) -> None:
    """Everything that is not finished counts, also when entries were deleted before they were delivered."""
    assert queue.backlog(ALERTS, GROUP) == 0
    ids = queue.append(ALERTS, [b"x"] * 1200)
    assert queue.backlog(ALERTS, GROUP) == 1200
    queue.take(ALERTS, GROUP, "w", 100, 0)
    queue.done(ALERTS, GROUP, ids[:40])
    assert queue.backlog(ALERTS, GROUP) == 1160
    queue.remove(ALERTS, [ids[500], ids[600]])
    assert queue.backlog(ALERTS, GROUP) == 1158


def test_a_large_backlog_is_counted_too(queue: Store) -> None:
    """Beyond what is counted one by one, the number is still right."""
    queue.append(ALERTS, [b"x"] * 25_000)
    queue.take(ALERTS, GROUP, "w", 10, 0)
    assert queue.backlog(ALERTS, GROUP) == 25_000


def test_groups_of_two_cities_stand_apart(queue: Store) -> None:
    """Working off one city's alerts leaves another's."""
    other = keys.alerts("kita")
    queue.join(other, GROUP)
    queue.append(ALERTS, [b"m"])
    queue.append(other, [b"k"])
    assert [d.data for d in queue.take(other, GROUP, "w", 9, 0)] == [b"k"]
    assert queue.backlog(ALERTS, GROUP) == 1
