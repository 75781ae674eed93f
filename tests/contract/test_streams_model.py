"""Random lives of a store: Valkey and memory are told the same, and must answer the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from streams import keys
from streams.ids import place
from streams.memory import MemoryStore
from streams.ports import START, Commit, CursorMoved, Delivery, Entry, Fence, LeaseLost, Store, StoreFault
from streams.redis_streams import RedisStore
from tests.support.stores import StoreServer, emptied

CITY = "minami"
STREAM = keys.alerts(CITY)
DEAD = keys.dead(CITY)
LEASE = keys.lease(CITY)
FOREVER_MS = 10_000_000

ITEMS = st.lists(st.binary(max_size=3), max_size=4)
NAMES = st.sampled_from(["a", "b", "c"])
PUTS = st.dictionaries(NAMES, st.binary(max_size=2), max_size=3)
DELETES = st.lists(NAMES, max_size=2, unique=True)
GROUPS = st.sampled_from(["g1", "g2"])
WORKERS = st.sampled_from(["w1", "w2"])
OWNERS = st.sampled_from(["one", "two"])
PICKS = st.integers(0, 40)
KNOWN = (LeaseLost, CursorMoved, StoreFault, ValueError)


class TwoStores(RuleBasedStateMachine):
    """Asks both, with each one's own ids, and compares the answers with ids replaced by their ordinal."""

    real: RedisStore
    server: StoreServer

    @initialize()
    def begin(self) -> None:
        emptied(self.server)
        self.stores: tuple[Store, Store] = (MemoryStore(), self.real)
        self.ids: dict[str, tuple[list[str], list[str]]] = {STREAM: ([], []), DEAD: ([], [])}
        self.fences: list[Fence] = [Fence(LEASE, 7, "nobody")]
        self.cursor = 0
        self.deliveries: list[tuple[Delivery, Delivery]] = []

    def both(self, ask: Callable[[Any, int], Any], stream: str = STREAM) -> tuple[Any, Any]:
        """Ask both stores; errors are answers."""
        answers: list[Any] = []
        for which, store in enumerate(self.stores):
            try:
                answers.append(ask(store, which))
            except KNOWN as error:
                answers.append(type(error))
        left, right = (self._plain(answer, which, stream) for which, answer in enumerate(answers))
        assert left == right
        return answers[0], answers[1]

    def _plain(self, answer: Any, which: int, stream: str) -> Any:
        if isinstance(answer, (Entry, Delivery)):
            return self.ids[stream][which].index(answer.id), *answer[1:]
        return [self._plain(one, which, stream) for one in answer] if isinstance(answer, list) else answer

    def learn(self, stream: str) -> None:
        """Take note of ids that a store gave by itself."""
        for which, store in enumerate(self.stores):
            known = self.ids[stream][which]
            known.extend(e.id for e in store.read(stream, known[-1] if known else START, 999, 0))

    def id_at(self, pick: int, which: int) -> str:
        known = self.ids[STREAM][which]
        return known[pick % len(known)] if known else "7-7"

    @rule(items=ITEMS)
    def append(self, items: list[bytes]) -> None:
        for which, store in enumerate(self.stores):
            known = self.ids[STREAM][which]
            ids = store.append(STREAM, items)
            assert len(ids) == len(items)
            assert [place(i) for i in known[-1:] + ids] == sorted({place(i) for i in known[-1:] + ids})
            known.extend(ids)

    @rule(pick=PICKS, count=st.integers(1, 5))
    def read(self, pick: int, count: int) -> None:
        self.both(lambda store, which: store.read(STREAM, self.id_at(pick, which), count, 0))

    @rule(count=st.integers(1, 5))
    def newest(self, count: int) -> None:
        self.both(lambda store, _: store.newest(STREAM, count))

    @rule(pick=PICKS)
    def trim(self, pick: int) -> None:
        self.both(lambda store, which: store.trim(STREAM, self.id_at(pick, which)))

    @rule(pick=PICKS)
    def remove(self, pick: int) -> None:
        self.both(lambda store, which: store.remove(STREAM, [self.id_at(pick, which)]))

    @rule(group=GROUPS)
    def join(self, group: str) -> None:
        self.both(lambda store, _: store.join(STREAM, group))

    @rule(group=GROUPS, worker=WORKERS, count=st.integers(1, 5))
    def take(self, group: str, worker: str, count: int) -> None:
        self._keep(self.both(lambda store, _: store.take(STREAM, group, worker, count, 0)))

    @rule(group=GROUPS, worker=WORKERS, count=st.integers(1, 5), idle_ms=st.sampled_from([0, 0, FOREVER_MS]))
    def reclaim(self, group: str, worker: str, count: int, idle_ms: int) -> None:
        self._keep(self.both(lambda store, _: store.reclaim(STREAM, group, worker, idle_ms, count)))

    def _keep(self, answers: tuple[Any, Any]) -> None:
        if isinstance(answers[0], list):
            self.deliveries.extend(zip(*answers, strict=True))

    @rule(group=GROUPS, pick=PICKS)
    def done(self, group: str, pick: int) -> None:
        self.both(lambda store, which: store.done(STREAM, group, [self.id_at(pick, which)]))

    @rule(group=GROUPS, pick=PICKS)
    def bury(self, group: str, pick: int) -> None:
        if self.deliveries:
            pair = self.deliveries[pick % len(self.deliveries)]
            self.both(lambda store, which: store.bury(STREAM, group, pair[which], "why", DEAD))
            self.learn(DEAD)

    @rule(group=GROUPS)
    def trim_done(self, group: str) -> None:
        self.both(lambda store, _: store.trim_done(STREAM, group))

    @rule(owner=OWNERS, ttl_ms=st.just(FOREVER_MS))
    def acquire(self, owner: str, ttl_ms: int) -> None:
        fence, _ = self.both(lambda store, _: store.acquire(LEASE, owner, ttl_ms))
        if fence:
            self.fences.append(fence)

    @rule(pick=PICKS)
    def renew(self, pick: int) -> None:
        self.both(lambda store, _: store.renew(self.fences[-1 - pick % len(self.fences)], FOREVER_MS))

    @rule(pick=PICKS)
    def release(self, pick: int) -> None:
        self.both(lambda store, _: store.release(self.fences[-1 - pick % len(self.fences)]))

    @rule(
        back=st.sampled_from([0, 0, 0, 1]),
        was=st.sampled_from([0, 0, 0, -1, 1]),
        step=st.sampled_from([1, 1, 1, 0]),
        puts=PUTS,
        deletes=DELETES,
        items=ITEMS,
    )
    def commit(
        self, back: int, was: int, step: int, puts: dict[str, bytes], deletes: list[str], items: list[bytes]
    ) -> None:
        fence = self.fences[-1 - back % len(self.fences)]
        start = max(0, self.cursor + was)
        commit = Commit(f"{start}-0", f"{start + step}-0", puts, deletes, {STREAM: items, DEAD: items[:1]})
        answer, _ = self.both(lambda store, _: store.commit(CITY, fence, commit))
        if answer is None:
            self.cursor = start + step
        self.learn(STREAM)
        self.learn(DEAD)

    @rule(
        puts=PUTS,
        deletes=DELETES,
        items=ITEMS,
        expect=st.dictionaries(NAMES, st.none() | st.binary(max_size=2), max_size=1),
    )
    def transact(
        self, puts: dict[str, bytes], deletes: list[str], items: list[bytes], expect: dict[str, bytes | None]
    ) -> None:
        self.both(lambda store, _: store.transact(CITY, "homes", puts, deletes, {STREAM: items}, expect))
        self.learn(STREAM)

    @invariant()
    def they_hold_the_same(self) -> None:
        self.both(lambda store, _: store.load(CITY))
        self.both(lambda store, _: store.fields(CITY, "homes"))
        self.both(lambda store, _: store.read(STREAM, START, 999, 0))
        self.both(lambda store, _: store.read(DEAD, START, 999, 0), DEAD)
        self.both(lambda store, _: store.length(STREAM))
        self.both(lambda store, _: store.backlog(STREAM, "g1"))
        self.both(lambda store, _: store.backlog(STREAM, "g2"))


@pytest.mark.parametrize("which", ["valkey_server", "redis7_server"])
def test_memory_answers_as_the_real_store_does(which: str, request: pytest.FixtureRequest) -> None:
    """Whatever is asked in whatever order, the store in memory and the real one agree."""
    server: StoreServer = request.getfixturevalue(which)
    store = RedisStore.at(server.url)

    class Pair(TwoStores):
        real = store

    Pair.server = server
    checks = [HealthCheck.too_slow]
    try:
        run_state_machine_as_test(
            Pair,
            settings=settings(max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=checks),
        )
    finally:
        store.close()
