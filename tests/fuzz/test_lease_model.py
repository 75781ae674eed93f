"""The lease and the fenced commit against a model: whoever comes and goes, history is one chain of commits."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from streams import keys
from streams.memory import MemoryStore
from streams.ports import Commit, CursorMoved, Fence, LeaseLost

CITY = "minami"
ALERTS = keys.alerts(CITY)
OWNERS = st.sampled_from(["one", "two", "three"])


class Leases(RuleBasedStateMachine):
    """Owners that take, hold, lose and give back the lease, stop for long, and commit from where they believe to be."""

    fences = Bundle("fences")

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_000
        self.store = MemoryStore(lambda: self.now_ms)
        self.holder: Fence | None = None
        self.until_ms = 0
        self.chain: list[str] = []
        self.newest = 0

    def holds(self, fence: Fence) -> bool:
        return fence == self.holder and self.now_ms < self.until_ms

    @rule(target=fences, owner=OWNERS, ttl_ms=st.integers(1, 500))
    def acquire(self, owner: str, ttl_ms: int) -> object:
        fence = self.store.acquire(keys.lease(CITY), owner, ttl_ms)
        free = self.holder is None or self.now_ms >= self.until_ms or self.holder.owner == owner
        assert (fence is not None) == free
        if fence is None:
            return multiple()
        assert fence.number > self.newest, "a fence is never given twice"
        self.newest, self.holder, self.until_ms = fence.number, fence, self.now_ms + ttl_ms
        return fence

    @rule(fence=fences, ttl_ms=st.integers(1, 500))
    def renew(self, fence: Fence, ttl_ms: int) -> None:
        held = self.holds(fence)
        assert self.store.renew(fence, ttl_ms) == held
        if held:
            self.until_ms = self.now_ms + ttl_ms

    @rule(fence=consumes(fences))
    def release(self, fence: Fence) -> None:
        if self.holds(fence):
            self.holder = None
        self.store.release(fence)

    @rule(ms=st.integers(1, 800))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms

    @rule(fence=fences, lag=st.integers(0, 3), twice=st.booleans())
    def commit(self, fence: Fence, lag: int, twice: bool) -> None:
        """Commit from the cursor of `lag` commits ago, once or (an answer was lost) twice."""
        at = max(0, len(self.chain) - lag)
        step = f"{at + 1}-{fence.number}"
        wanted = Commit(
            self.chain[at - 1] if at else "0-0", step, {"last": step.encode()}, (), {ALERTS: [step.encode()]}
        )
        for again in range(1 + twice):
            try:
                self.store.commit(CITY, fence, wanted)
            except LeaseLost:
                assert not self.holds(fence)
            except CursorMoved:
                assert self.holds(fence)
                assert at != len(self.chain)
                assert wanted.cursor != self.chain[-1]
            else:
                assert self.holds(fence)
                if not self.chain or self.chain[-1] != step:
                    assert at == len(self.chain)
                    assert not again
                    self.chain.append(step)

    @invariant()
    def the_store_holds_the_chain_and_nothing_else(self) -> None:
        loaded = self.store.load(CITY)
        assert loaded.cursor == (self.chain[-1] if self.chain else "0-0")
        assert loaded.fields == ({"last": self.chain[-1].encode()} if self.chain else {})
        written = [entry.data.decode() for entry in self.store.read(ALERTS, "0-0", 1_000, 0)]
        assert written == self.chain


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
