"""How long to wait before a push is tried again. Pure: the random share comes in as an argument."""

from __future__ import annotations

BASE_S = 0.5
CAP_S = 30.0


def delay_s(attempt: int, share: float, asked_s: float | None = None) -> float:
    """Tell the wait before the next attempt, after `attempt` (from 1) failed; `share` is random in [0, 1).

    What the channel asked for is a lower bound, spread by up to a tenth so that those told the same come back apart.
    Otherwise the wait doubles with each attempt up to the cap, and lies in the upper half of it.
    """
    if asked_s is not None:
        return asked_s * (1.0 + 0.1 * share)
    ceiling = min(CAP_S, BASE_S * 2.0 ** min(attempt - 1, 16))
    return ceiling * (0.5 + 0.5 * share)
