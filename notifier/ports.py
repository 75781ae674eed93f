"""What the notifier asks of the world: channels that carry a push, and the residents' registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from model.alert import Kind
from model.subscription import Subscription, Target
from notifier.fallback import History, Sent
from notifier.outcome import Outcome
from notifier.policy import Urgency
from residents.today import Today


class ChannelFault(Exception):
    """A channel cannot work as it is set up; the message says what is wrong and what to do."""


class Message(msgspec.Struct, frozen=True):
    """What the phone shows. Of messages with the same tag a phone shows only the last."""

    title: str
    body: str
    tag: str
    lang: str


class Notice(StrEnum):
    """What a household is told about its own devices, never about a truck."""

    TARGET_LOST = "target_lost"
    LINE_CAPPED = "line_capped"
    TEST = "test"
    UNSEEN = "unseen"


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one target. `ttl_s` counts machine time; `fired_ms` is the service time of the decision.

    `useful_until_ms`: on the phone's clock; `receipt`: what the device sends back when it has shown the push, "" where
    its channel does not report (of a letter: what its link to unsubscribe holds).
    """

    city: str
    alert_id: str
    kind: Kind | Notice
    target: Target
    message: Message
    ttl_s: int
    urgency: Urgency
    fired_ms: int
    useful_until_ms: int = 0
    receipt: str = ""


class Channel(Protocol):
    """Carries pushes to targets. Used from one event loop only; never raises for what the far side did."""

    @property
    def name(self) -> str:
        """The channel's name in metrics and logs."""
        ...

    @property
    def slots(self) -> int:
        """How many sends may be under way at once."""
        ...

    async def send(self, push: Push) -> Outcome:
        """Try once; how, whether and when to try again is the caller's business."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; called in the loop that sent."""
        ...


class Showings(Protocol):
    """What each target was sent and has shown. Calls block; raise streams.ports.StoreUnavailable or StoreFault.

    `target` is notifier.receipts.digest_of of a target: neither an address nor reversible into one.
    """

    def histories(self, city: str, targets: Sequence[str]) -> Mapping[str, History]:
        """Read those that there are."""
        ...

    def sent(self, city: str, sends: Mapping[str, Sequence[Sent]]) -> None:
        """Note sends that a channel has accepted."""
        ...

    def shown(self, city: str, target: str, alert: str) -> None:
        """Note that a target has shown an alert."""
        ...

    def claim(self, city: str, target: str, notice: str) -> bool:
        """Tell, once for each notice and target, that it is the caller who may tell the household."""
        ...

    def forget(self, city: str, targets: Sequence[str]) -> None:
        """Forget targets whose home has left, or dropped them."""
        ...


class Links(Protocol):
    """Codes with which a resident links another device to a home, as the API gives them out. Blocks."""

    def redeem(self, city: str, code: str, target: Target) -> str | None:
        """Use up a code (capitals and digits): add the target to its home, and give the home's id; None: no such."""
        ...


TodayOf = Callable[[str, Subscription], Today]
"""Tells how today's collection stands for a home of a city. Blocks; raises StoreUnavailable or StoreFault."""


class Residents(Protocol):
    """What the notifier asks of the registry. Calls block; raise streams.ports.StoreUnavailable."""

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Read the subscriptions that exist, each with those targets that are in use."""
        ...

    def drop_target(self, city: str, subscription: str, target: Target) -> object:
        """Forget a target that is gone; its subscription stays."""
        ...

    def bar_target(self, city: str, subscription: str, target: Target) -> object:
        """Take a target out of use for as long as the present sender may not reach it."""
        ...
