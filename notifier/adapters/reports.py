"""What the API hands to the notifier's room: receipts, letters' links to unsubscribe, and requests for a test push.

Each call blocks, and raises StoreUnavailable or StoreFault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from model.alert import Alert, Kind, encode_alert
from model.subscription import Subscription, Target, ZoneLead
from notifier.ports import Showings
from notifier.receipts import Receipts
from streams import keys
from streams.ports import OrderedLog

TEST_LIFE_MS = 120_000


class Homes(Protocol):
    """What is asked of the registry."""

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Read the subscriptions that exist."""
        ...

    def drop_target(self, city: str, subscription: str, target: Target) -> object:
        """Forget a target."""
        ...


class Reports:
    """Takes what devices send back."""

    def __init__(self, receipts: Receipts, showings: Showings, homes: Homes) -> None:
        self._receipts = receipts
        self._showings = showings
        self._homes = homes

    def receive_receipt(self, text: str) -> bool:
        """Take the receipt of a push that was shown; False where it is none of ours."""
        receipt = self._receipts.open(text)
        if receipt is None:
            return False
        self._showings.shown(receipt.city, receipt.target, receipt.alert)
        return True

    def unsubscribe(self, text: str) -> bool:
        """Drop the target that a letter's link names; False where it is none of ours. A target that is gone is well."""
        receipt = self._receipts.open(text)
        if receipt is None:
            return False
        city, home = receipt.city, receipt.subscription
        found = self._homes.get_many(city, [home]).get(home)
        for target in found.targets if found else ():
            if self._receipts.digest_of(city, home, target) == receipt.target:
                self._homes.drop_target(city, home, target)
                self._showings.forget(city, [receipt.target])
        return True

    def forget(self, home: Subscription, targets: Sequence[Target] | None = None) -> None:
        """Forget what is kept of a home's targets (None: of all): the home has left, or dropped them."""
        these = home.targets if targets is None else targets
        self._showings.forget(home.city, [self._receipts.digest_of(home.city, home.id, each) for each in these])


class TestDesk:
    """Asks the notifier, through the alerts' stream, for a push that no truck caused."""

    __test__ = False

    def __init__(self, store: OrderedLog) -> None:
        self._store = store

    def test(self, city: str, subscription: Subscription, device: int, tag: str, at_ms: int) -> None:
        """Send a test push, tagged `tag`, to the home's device of this place in its targets; also in quiet hours."""
        self._store.append(keys.alerts(city), [encode_alert(asked_test(city, subscription.id, device, tag, at_ms))])


def asked_test(city: str, subscription: str, device: int, tag: str, at_ms: int) -> Alert:
    """Make the entry that asks for a test push; it is of use for two minutes of service time."""
    return Alert(
        id=tag,
        city=city,
        subscription=subscription,
        kind=Kind.REMINDER,
        service_day="",
        run="test",
        ordinal=0,
        vehicle="",
        fired_ms=at_ms,
        useful_until_ms=at_ms + TEST_LIFE_MS,
        lead=ZoneLead(),
        ping="",
        tries=device,
    )
