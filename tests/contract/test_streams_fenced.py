"""What every store promises of leases, and of a city's state that only the holder of its lease may change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from streams import keys
from streams.ports import START, Commit, CursorMoved, Fence, LeaseLost, Loaded, Store
from tests.support.waiting import wait_until

LEASE = keys.lease("minami")
ALERTS = keys.alerts("minami")


def held(store: Store, owner: str = "one", ttl_ms: int = 60_000) -> Fence:
    fence = store.acquire(LEASE, owner, ttl_ms)
    assert fence is not None
    return fence


def after_it_ran_out(store: Store) -> Fence:
    fence = wait_until(lambda: store.acquire(LEASE, "two", 60_000), what="the lease to run out")
    assert fence is not None
    return fence


def nothing_written(store: Store, cursor: str, fields: dict[str, bytes]) -> None:
    assert store.load("minami") == Loaded(cursor, fields)
    assert store.length(ALERTS) == 0


WRITES = Commit("0-0", "5-0", {"truck": b"17"}, (), {ALERTS: [b"alert"]})


def test_a_lease_belongs_to_one_owner(store: Store) -> None:
    """While one holds it nobody else gets it; when given back the next one does, with a higher number."""
    first = held(store)
    assert store.acquire(LEASE, "two", 60_000) is None
    store.release(first)
    second = store.acquire(LEASE, "two", 60_000)
    assert second is not None
    assert second.number > first.number
    assert second.owner == "two"


def test_a_lease_runs_out(store: Store) -> None:
    """Who does not renew loses the lease, and the next fence is higher."""
    first = held(store, ttl_ms=150)
    second = after_it_ran_out(store)
    assert second.number > first.number
    assert not store.renew(first, 60_000)


def test_a_renewed_lease_does_not_run_out(store: Store) -> None:
    """Renewing holds it beyond its first time."""
    fence = held(store, ttl_ms=300)
    assert store.renew(fence, 60_000)
    with pytest.raises(AssertionError):
        wait_until(lambda: store.acquire(LEASE, "two", 60_000), 0.6)


def test_who_lost_a_lease_cannot_give_it_back_for_another(store: Store) -> None:
    """A stale release leaves the new owner's lease alone."""
    first = held(store)
    store.release(first)
    held(store, "two")
    store.release(first)
    assert store.acquire(LEASE, "three", 60_000) is None


def test_an_owner_that_asks_again_gets_a_new_fence_and_the_old_one_is_void(store: Store) -> None:
    """After a lost answer the owner is not locked out, and only the newest fence is good."""
    first = held(store)
    second = held(store)
    assert second.number > first.number
    assert not store.renew(first, 60_000)
    assert store.renew(second, 60_000)


def test_of_many_who_ask_at_once_one_gets_the_lease(store: Store) -> None:
    """A race for a lease has one winner."""
    with ThreadPoolExecutor(8) as pool:
        fences = list(pool.map(lambda i: store.acquire(LEASE, f"worker-{i}", 60_000), range(16)))
    assert len([fence for fence in fences if fence]) == 1


def test_a_new_city_starts_with_nothing(store: Store) -> None:
    """Loading an unknown city gives START and no fields."""
    assert store.load("minami") == Loaded(START, {})


def test_a_commit_writes_fields_alerts_and_cursor(store: Store) -> None:
    """All parts of a commit are there afterwards."""
    fence = held(store)
    store.commit("minami", fence, WRITES)
    puts = {"b": b"2", "c": b""}
    store.commit("minami", fence, Commit("5-0", "9-0", puts, ["truck", "none"], {ALERTS: [b"x", b"y"]}))
    assert store.load("minami") == Loaded("9-0", puts)
    assert [e.data for e in store.read(ALERTS, START, 9, 0)] == [b"alert", b"x", b"y"]


def test_deletes_come_before_puts(store: Store) -> None:
    """A field that is both deleted and put is there afterwards."""
    store.commit("minami", held(store), Commit("0-0", "5-0", {"a": b"new"}, ["a"]))
    assert store.load("minami").fields == {"a": b"new"}


def test_a_commit_that_only_moves_the_cursor_is_fine(store: Store) -> None:
    """Pings that change nothing still move the cursor."""
    store.commit("minami", held(store), Commit("0-0", "5-0"))
    assert store.load("minami") == Loaded("5-0", {})


def test_a_commit_repeated_after_a_lost_answer_succeeds_and_writes_nothing_again(store: Store) -> None:
    """A commit whose answer was lost may be asked again: no alert is doubled."""
    fence = held(store)
    store.commit("minami", fence, WRITES)
    store.commit("minami", fence, WRITES)
    assert store.length(ALERTS) == 1
    assert store.load("minami") == Loaded("5-0", {"truck": b"17"})


def test_a_commit_from_a_cursor_that_is_not_stored_is_refused_whole(store: Store) -> None:
    """A step that started from another state writes nothing."""
    fence = held(store)
    with pytest.raises(CursorMoved):
        store.commit("minami", fence, Commit("3-0", "5-0", {"truck": b"17"}, (), {ALERTS: [b"alert"]}))
    nothing_written(store, START, {})


def test_a_commit_without_the_lease_is_refused_whole(store: Store) -> None:
    """A fence that never was, or that was given back, writes nothing."""
    with pytest.raises(LeaseLost):
        store.commit("minami", Fence(LEASE, 1, "one"), WRITES)
    fence = held(store)
    store.release(fence)
    with pytest.raises(LeaseLost):
        store.commit("minami", fence, WRITES)
    nothing_written(store, START, {})


def test_a_stale_owner_cannot_commit_after_its_lease_ran_out(store: Store) -> None:
    """A worker that was asleep for too long cannot overwrite what the next one decided."""
    stale = held(store, ttl_ms=150)
    fresh = after_it_ran_out(store)
    with pytest.raises(LeaseLost):
        store.commit("minami", stale, WRITES)
    nothing_written(store, START, {})
    store.commit("minami", fresh, WRITES)
    with pytest.raises(LeaseLost):
        store.commit("minami", stale, WRITES)
    assert store.length(ALERTS) == 1


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(store: Store) -> None:
    """Without renewal a commit is refused as soon as the time is over."""
    stale = held(store, ttl_ms=100)
    probe = keys.key("probe", "minami")
    assert store.acquire(probe, "probe", 200)
    wait_until(lambda: store.acquire(probe, "other", 200), what="a longer lease to run out")
    with pytest.raises(LeaseLost):
        store.commit("minami", stale, WRITES)


@pytest.mark.parametrize("forged", [Fence(LEASE, 1, "two"), Fence(LEASE, 2, "one")])
def test_number_and_owner_must_both_be_right(store: Store, forged: Fence) -> None:
    """Neither the number nor the owner's name alone opens the door."""
    assert held(store) == Fence(LEASE, 1, "one")
    with pytest.raises(LeaseLost):
        store.commit("minami", forged, WRITES)
    assert not store.renew(forged, 1000)
    nothing_written(store, START, {})


def test_a_big_commit_is_written_at_once(store: Store) -> None:
    """20,000 fields and 20,000 alerts go in one commit, and 20,000 fields leave in the next."""
    puts = 20_000
    fence = held(store)
    fields = {f"home-{i}": i.to_bytes(4, "big") for i in range(puts)}
    items = [i.to_bytes(4, "big") for i in range(puts)]
    store.commit("minami", fence, Commit("0-0", "5-0", fields, (), {ALERTS: items, keys.dead("minami"): [b"d"]}))
    assert store.load("minami") == Loaded("5-0", fields)
    assert store.length(ALERTS) == puts
    assert [e.data for e in store.read(ALERTS, START, puts, 0)] == items
    assert store.length(keys.dead("minami")) == 1
    store.commit("minami", fence, Commit("5-0", "6-0", {}, list(fields)))
    assert store.load("minami") == Loaded("6-0", {})


def test_a_commit_must_move_the_cursor_onward(store: Store) -> None:
    """A commit that stands still or goes back is refused as a mistake: its repeat could not be told from a new one."""
    fence = held(store)
    for cursor in ("5-9", "5-10"):
        with pytest.raises(ValueError, match="onward"):
            store.commit("minami", fence, Commit("5-10", cursor))


def test_a_commit_stays_within_its_city(store: Store) -> None:
    """Neither another city's lease nor another city's stream may take part."""
    fence = held(store)
    with pytest.raises(ValueError, match="kita"):
        store.commit("kita", fence, WRITES)
    with pytest.raises(ValueError, match="minami"):
        store.commit("minami", fence, Commit("0-0", "5-0", {}, (), {keys.alerts("kita"): [b"x"]}))


def test_two_cities_have_states_and_leases_of_their_own(store: Store) -> None:
    """Working one city neither locks nor changes another."""
    store.commit("minami", held(store), WRITES)
    other = store.acquire(keys.lease("kita"), "two", 60_000)
    assert other is not None
    store.commit("kita", other, Commit("0-0", "7-0", {"truck": b"3"}))
    assert store.load("minami") == Loaded("5-0", {"truck": b"17"})
    assert store.load("kita") == Loaded("7-0", {"truck": b"3"})
