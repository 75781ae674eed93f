"""How far behind a reader is, on every store."""

from __future__ import annotations

import pytest

from streams import keys
from streams.ports import START, Commit, Store
from tests.support.stores import ValkeyServer, emptied

EVENTS = keys.events("minami")


def test_what_follows_the_cursor_is_counted_and_what_was_passed_is_not(store: Store) -> None:
    """Entries that are kept for others to read are no backlog."""
    assert store.ahead(EVENTS, START) == 0
    ids = store.append(EVENTS, [b"x"] * 1200)
    assert store.ahead(EVENTS, START) == 1200
    assert store.ahead(EVENTS, ids[9]) == 1190
    assert store.ahead(EVENTS, ids[-2]) == 1
    assert store.ahead(EVENTS, ids[-1]) == 0
    store.trim(EVENTS, ids[99])
    assert store.ahead(EVENTS, ids[9]) == 1100
    assert store.ahead(EVENTS, ids[600]) == 599


@pytest.mark.parametrize(("passed", "left"), [(300, 24_700), (24_700, 300), (12_500, 25_000)])
def test_counting_ends_where_it_would_keep_others_waiting(passed: int, left: int, valkey_server: ValkeyServer) -> None:
    """Exact where either side is small; where both are large the whole stream is the answer, never too few."""
    from streams.redis_streams import RedisStore

    emptied(valkey_server)
    store = RedisStore.at(valkey_server.url)
    ids = store.append(EVENTS, [b"x"] * 25_000)
    assert store.ahead(EVENTS, ids[passed - 1]) == left
    store.close()


def test_the_cursor_can_be_read_without_the_state(store: Store) -> None:
    """Whoever waits for a lease sees whether its holder gets on."""
    assert store.cursor("minami") == START
    fence = store.acquire(keys.lease("minami"), "one", 5000)
    assert fence is not None
    store.commit("minami", fence, Commit(START, "5-1"))
    assert store.cursor("minami") == "5-1"
    assert store.cursor("kita") == START
