"""What the notifier asks of the world: channels that carry a push, and the residents' registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from model.alert import Kind
from model.subscription import Subscription, Target
from notifier.outcome import Outcome
from notifier.policy import Urgency


class ChannelFault(Exception):
    """A channel cannot work as it is set up; the message says what is wrong and what to do."""


class Message(msgspec.Struct, frozen=True):
    """What the phone shows. Of messages with the same tag a phone shows only the last."""

    title: str
    body: str
    tag: str
    lang: str


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one target. `ttl_s` counts machine time; `fired_ms` is the service time of the decision."""

    city: str
    alert_id: str
    kind: Kind
    target: Target
    message: Message
    ttl_s: int
    urgency: Urgency
    fired_ms: int


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
