"""The registry of residents as the notifier asks it: its errors become the store's, one bad record harms no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from model.subscription import Subscription, Target
from residents.ports import Registry, RegistryBusy
from residents.registry import RecordUnreadable
from streams.ports import StoreUnavailable

_log = structlog.get_logger()


class RegistryResidents:
    """Residents out of the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Read the subscriptions that exist and can be read."""
        try:
            return self._registry.get_many(city, ids)
        except RecordUnreadable:
            return {one.id: one for sub_id in ids if (one := self._get(city, sub_id)) is not None}

    def drop_target(self, city: str, subscription: str, target: Target) -> None:
        """Forget a target that is gone."""
        self._change(self._registry.drop_target, city, subscription, target)

    def bar_target(self, city: str, subscription: str, target: Target) -> None:
        """Take a target out of use."""
        self._change(self._registry.bar_target, city, subscription, target)

    def _get(self, city: str, subscription: str) -> Subscription | None:
        try:
            return self._registry.get(city, subscription)
        except RecordUnreadable as error:
            _log.error("subscription_unreadable", city=city, subscription=subscription, reason=str(error))
            return None

    def _change(self, act: Callable[[str, str, Target], object], city: str, subscription: str, target: Target) -> None:
        try:
            act(city, subscription, target)
        except RegistryBusy as error:
            raise StoreUnavailable(str(error)) from error
        except RecordUnreadable as error:
            _log.error("subscription_unreadable", city=city, subscription=subscription, reason=str(error))
