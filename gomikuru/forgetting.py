"""Forgets what the notifier keeps of devices that leave their home, or go with it: what was shown, LINE's links."""

from __future__ import annotations

from collections.abc import Sequence

from gomikuru.receipt_keys import receipts_of
from model.subscription import Subscription, Target, TargetKind
from notifier.adapters.line_users import LineUsers
from notifier.adapters.showings import StoreShowings
from residents.adapters.key_files import Keys
from streams.ports import Tables


class Forgetting:
    """Called with a home and those of its targets that go. Raises KeyMissing, StoreUnavailable, StoreFault."""

    def __init__(self, store: Tables, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    def __call__(self, home: Subscription, targets: Sequence[Target]) -> None:
        """Forget them."""
        if not targets:
            return
        receipts = receipts_of(self._keys, [home.city])
        StoreShowings(self._store).forget(
            home.city, [receipts.digest_of(home.city, home.id, target) for target in targets]
        )
        users = LineUsers(self._store, receipts, home.city)
        for target in targets:
            if target.kind is TargetKind.LINE:
                users.drop(target, home.id)
