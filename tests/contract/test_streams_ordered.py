"""What every store promises of streams that are read in order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from streams import keys
from streams.ids import place
from streams.ports import START, Entry, Store
from tests.support.waiting import wait_until

EVENTS = keys.events("minami")


def read_all(store: Store, stream: str, after: str = START) -> list[Entry]:
    found: list[Entry] = []
    while batch := store.read(stream, found[-1].id if found else after, 700, 0):
        found.extend(batch)
    return found


def test_entries_are_read_in_the_order_in_which_they_were_appended(store: Store) -> None:
    """Reading gives what was appended, in that order, under the ids that append told."""
    items = [str(i).encode() for i in range(30)]
    ids = [*store.append(EVENTS, items[:1]), *store.append(EVENTS, items[1:29]), *store.append(EVENTS, items[29:])]
    assert store.read(EVENTS, START, 100, 0) == [Entry(i, d) for i, d in zip(ids, items, strict=True)]


def test_ids_only_grow(store: Store) -> None:
    """Each id stands after the one before, within a batch and between batches."""
    ids = [entry_id for n in (1, 50, 1, 3) for entry_id in store.append(EVENTS, [b"x"] * n)]
    places = [place(entry_id) for entry_id in ids]
    assert places == sorted(set(places))
    assert places[0] > place(START)


def test_a_large_batch_is_appended_whole_and_in_order(store: Store) -> None:
    """12,000 items in one call come out as they went in."""
    items = [i.to_bytes(4, "big") for i in range(12_000)]
    ids = store.append(EVENTS, items)
    found = read_all(store, EVENTS)
    assert [entry.data for entry in found] == items
    assert [entry.id for entry in found] == ids


def test_appending_nothing_does_nothing(store: Store) -> None:
    """An empty batch gives no ids and no entries."""
    assert store.append(EVENTS, []) == []
    assert store.length(EVENTS) == 0


def test_bytes_come_back_unchanged(store: Store) -> None:
    """Empty, binary and large items are carried as they are."""
    items = [b"", bytes(range(256)), b"\r\n$-1\r\n", b"x" * 300_000]
    store.append(EVENTS, items)
    assert [entry.data for entry in store.read(EVENTS, START, 10, 0)] == items


def test_a_cursor_reads_on_from_where_it_stands(store: Store) -> None:
    """Reading after an id gives the following entries, at most `count`."""
    ids = store.append(EVENTS, [b"a", b"b", b"c", b"d"])
    assert [e.data for e in store.read(EVENTS, ids[0], 2, 0)] == [b"b", b"c"]
    assert [e.data for e in store.read(EVENTS, ids[2], 9, 0)] == [b"d"]
    assert store.read(EVENTS, ids[3], 9, 0) == []


def test_reading_does_not_consume(store: Store) -> None:
    """Two readers of one cursor get the same entries."""
    store.append(EVENTS, [b"a", b"b"])
    assert store.read(EVENTS, START, 9, 0) == store.read(EVENTS, START, 9, 0)


def test_a_stream_that_never_was_is_empty(store: Store) -> None:
    """Asking about an unknown stream gives nothing and raises nothing."""
    assert store.read(EVENTS, START, 9, 0) == []
    assert store.newest(EVENTS, 9) == []
    assert store.length(EVENTS) == 0
    assert store.trim(EVENTS, "5-0") == 0
    assert store.remove(EVENTS, ["5-0"]) == 0


def test_a_waiting_reader_wakes_up_when_an_entry_comes(store: Store) -> None:
    """A read that waits returns the entry long before its wait is over."""
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(store.read, EVENTS, START, 9, 30_000)
        wait_until(waiting.running, what="the reader to wait")
        store.append(EVENTS, [b"news"])
        assert [e.data for e in waiting.result(20)] == [b"news"]
        assert time.monotonic() - began < 15


def test_a_waiting_reader_gives_up_after_its_wait(store: Store) -> None:
    """Without news a read returns nothing, not before its time and not much later."""
    began = time.monotonic()
    assert store.read(EVENTS, START, 9, 300) == []
    assert 0.25 < time.monotonic() - began < 5


def test_a_reader_that_does_not_wait_returns_at_once(store: Store) -> None:
    """A wait of 0 ms is no wait, and not a wait for ever."""
    began = time.monotonic()
    assert store.read(EVENTS, START, 9, 0) == []
    assert time.monotonic() - began < 2


def test_newest_reads_backwards(store: Store) -> None:
    """The newest entries come newest first."""
    ids = store.append(EVENTS, [b"a", b"b", b"c"])
    assert store.newest(EVENTS, 2) == [Entry(ids[2], b"c"), Entry(ids[1], b"b")]
    assert [e.data for e in store.newest(EVENTS, 9)] == [b"c", b"b", b"a"]


def test_trim_drops_up_to_and_including_an_id(store: Store) -> None:
    """What readers have passed goes, what they have not stays."""
    ids = store.append(EVENTS, [str(i).encode() for i in range(250)])
    assert store.trim(EVENTS, ids[-3]) == 248
    assert [e.id for e in store.read(EVENTS, START, 9, 0)] == ids[-2:]
    assert store.trim(EVENTS, ids[-3]) == 0
    assert store.length(EVENTS) == 2


def test_ids_grow_also_after_a_stream_was_emptied(store: Store) -> None:
    """A cursor stays good over a trim of everything: what comes later has a greater id."""
    last = store.append(EVENTS, [b"a"] * 40)[-1]
    store.trim(EVENTS, last)
    assert store.length(EVENTS) == 0
    store.append(EVENTS, [b"later"])
    assert [e.data for e in store.read(EVENTS, last, 9, 0)] == [b"later"]


def test_remove_deletes_single_entries(store: Store) -> None:
    """Removing tells how many there were, and leaves the others."""
    ids = store.append(EVENTS, [b"a", b"b", b"c"])
    assert store.remove(EVENTS, [ids[1], "1-1"]) == 1
    assert store.remove(EVENTS, []) == 0
    assert [e.data for e in store.read(EVENTS, START, 9, 0)] == [b"a", b"c"]


def test_a_bounded_stream_forgets_the_oldest(store: Store) -> None:
    """A bounded stream keeps its newest entries and does not grow beyond its bound."""
    for i in range(40):
        store.append_bounded(EVENTS, [str(10 * i + j).encode() for j in range(10)], 50)
    assert store.length(EVENTS) == 50
    assert [e.data for e in store.newest(EVENTS, 2)] == [b"399", b"398"]


def test_two_cities_stand_apart(store: Store) -> None:
    """What happens to one city's stream is not seen in another's."""
    store.append(keys.events("minami"), [b"m"])
    store.append(keys.events("kita"), [b"k", b"k"])
    assert [e.data for e in store.read(keys.events("minami"), START, 9, 0)] == [b"m"]
    assert store.length(keys.events("kita")) == 2


def test_many_threads_may_append_at_once_without_mixing_their_batches(store: Store) -> None:
    """Each batch stands together and in order, whoever appends beside it."""
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        start.wait()
        for batch in range(5):
            store.append(EVENTS, [bytes([worker, batch, i]) for i in range(20)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    found = [e.data for e in read_all(store, EVENTS)]
    assert len(set(found)) == 400
    batches = [found[i : i + 20] for i in range(0, 400, 20)]
    assert all(len({item[:2] for item in batch}) == 1 for batch in batches)
    assert all([item[2] for item in batch] == list(range(20)) for batch in batches)
