"""The bounds within which a notifier works. All times are machine time."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that waits too long (a channel that is down, a long Retry-After) is let go and stays pending.

    Whoever reclaims it, `reclaim_idle_s` after it was taken, goes on. `followers`: who must have passed an alert before
    it is trimmed, though at most `hold_alerts` wait for them.
    """

    group: str = "notifier"
    batch: int = 500
    block_ms: int = 1000
    in_hand: int = 5000
    reclaim_idle_s: float = 60.0
    reclaim_every_s: float = 5.0
    max_tries: int = 8
    max_outcomes: int = 100_000
    max_dead: int = 10_000
    house_every_s: float = 10.0
    drain_s: float = 10.0
    store_threads: int = 64
    followers: tuple[str, ...] = ()
    hold_alerts: int = 500_000

    @property
    def hold_s(self) -> float:
        """For how long after it was taken an alert may still begin to be sent; the rest is for that send to end."""
        return 0.4 * self.reclaim_idle_s
