"""Warns a home that it will be erased, by each of its devices, through the stream that the notifier reads."""

from __future__ import annotations

import hashlib

import msgspec

from model.alert import encode_alert
from model.city import City
from model.subscription import Subscription
from notifier.adapters.reports import asked_test
from notifier.ports import Notice
from streams import keys
from streams.ports import OrderedLog

LIFE_MS = 3 * 24 * 3600 * 1000


class UnseenWarning:
    """Asks the notifier; the tag is one for a home and a day."""

    def __init__(self, store: OrderedLog) -> None:
        self._store = store

    def __call__(self, city: City, home: Subscription, at_ms: int) -> None:
        """Warn."""
        day = at_ms // 86_400_000
        tag = "unseen-" + hashlib.blake2b(f"{city.id}\x1f{home.id}\x1f{day}".encode(), digest_size=8).hexdigest()
        asked = (asked_test(city.id, home.id, place, tag, at_ms) for place in range(len(home.targets)))
        entries = [
            msgspec.structs.replace(each, run=Notice.UNSEEN.value, useful_until_ms=at_ms + LIFE_MS) for each in asked
        ]
        if entries:
            self._store.append(keys.alerts(city.id), [encode_alert(each) for each in entries])
