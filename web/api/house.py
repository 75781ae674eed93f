"""What the API's operations lean on, and what one call holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from model.ports import Meter, ServiceClock
from model.subscription import Subscription, Target
from residents.adapters.reception import Reception
from residents.ports import Registry
from web.api.guard import Guard
from web.ports import ChannelsOffered, Notices, PublicCity, ReportDesk, TodaySource

TakeReceipt = Callable[[str], bool]
"""Takes the receipt of a push that was shown; False when it is none of ours."""


class House(msgspec.Struct, frozen=True, kw_only=True):
    """Everything behind the API. `cities` by id; `channels_of` a city's id.

    `check_target`: says what is wrong with a device's address, such as a push service that is none.
    `forget`: forgets what the notifier keeps of devices that their home drops."""

    cities: Mapping[str, PublicCity]
    registry: Registry
    reception: Reception
    today: TodaySource
    notices: Notices
    reports: ReportDesk
    guard: Guard
    clock: ServiceClock
    meter: Meter
    channels_of: Callable[[str], ChannelsOffered] = lambda _city: ChannelsOffered()
    take_receipt: TakeReceipt = lambda _receipt: False
    check_target: Callable[[Target], str | None] = lambda _target: None
    forget: Callable[[Subscription, Sequence[Target]], None] = lambda _home, _targets: None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, checked. `home` and `key` where the operation asks for a home key."""

    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    place: PublicCity | None = None
    home: Subscription | None = None
    key: str = ""
    repeat_key: str | None = None

    @property
    def city(self) -> PublicCity:
        """The city that the address names."""
        assert self.place is not None, "the operation's path names a city"
        return self.place

    @property
    def mine(self) -> Subscription:
        """The home that the key opens."""
        assert self.home is not None, "the operation asks for a home key"
        return self.home


class Reply(msgspec.Struct, frozen=True):
    """An answer: its status, and its body (None: empty)."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


Act = Callable[[House, Call], Reply]
"""What an operation does. It blocks, and is called in a thread."""
