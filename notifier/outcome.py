"""What became of one push to one target: the five answers that a channel may give, and nothing about how it got them.

`TargetBarred` differs from `TargetGone`: it is the sender that is wrong (an operator's mistake would else wipe every
target), so the target is taken out of use and kept.
"""

from __future__ import annotations

import msgspec


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """The channel took the push and will show it; `name` is what the channel calls it."""

    name: str


class TargetGone(msgspec.Struct, frozen=True, tag="gone"):
    """The target no longer exists: prune it, and only it."""

    code: str


class TargetBarred(msgspec.Struct, frozen=True, tag="barred"):
    """The target belongs to another sender: take it out of use, keep it, and tell the operator (`detail`)."""

    code: str
    detail: str = ""


class TryAgain(msgspec.Struct, frozen=True, tag="again"):
    """Not now: the same push may be tried after `after_s` seconds, or, if None, after a jittered back-off."""

    after_s: float | None = None
    code: str = "unavailable"


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The channel will never take this push; `detail` tells the operator whose fault it is and what to do."""

    code: str
    detail: str


Outcome = Delivered | TargetGone | TargetBarred | TryAgain | Refused
