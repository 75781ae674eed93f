"""The keys with which receipts are sealed, one a city, derived from the city's own key."""

from __future__ import annotations

from collections.abc import Iterable

from notifier.receipts import Receipts
from residents.adapters.key_files import Keys
from residents.keys import derived


def receipts_of(keys: Keys, cities: Iterable[str]) -> Receipts:
    """Derive the keys of these cities, from the oldest that each has: what they name is kept by that name.

    Raise KeyMissing, StoreUnavailable.
    """
    return Receipts({city: derived(keys.keys(city).all[-1], "receipts") for city in cities})
