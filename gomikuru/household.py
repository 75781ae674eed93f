"""All that is kept of one home, gathered for whoever asks what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from model.alert import Alert, decode_alert
from model.subscription import Subscription, Target
from model.times import format_rfc3339
from residents.access import Holding
from residents.adapters.access_store import AccessStore
from residents.ports import Registry
from streams import keys
from streams.ports import START, OrderedLog
from web.api.convert import masked

PAGE = 1000
KINDS = {"k": "home_keys", "r": "recovery_codes", "l": "link_codes", "i": "sign_ups_to_repeat"}


def find_home(registry: Registry, access: AccessStore, city: str, named: str) -> Subscription | None:
    """Find a home by its key, or by the id of its subscription."""
    return registry.get(city, access.home_of(city, named) or named)


def all_of(home: Subscription, holding: Holding | None, store: OrderedLog, whole: bool) -> dict[str, Any]:
    """Gather what is kept: the wish, the devices, what opens it (counts: only digests are stored), its alerts."""
    kept: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(home, targets=()))
    kept["targets"] = [_target(each, whole) for each in home.targets]
    for name in ("paused_until_ms",):
        value = kept.pop(name)
        kept[name.removesuffix("_ms")] = None if value is None else format_rfc3339(value)
    return {
        "subscription": kept,
        "secrets": _counts(holding or Holding()),
        "warned_day": holding.warned_day if holding else None,
        "alerts": [_alert(each) for each in _alerts(store, home)],
    }


def _target(target: Target, whole: bool) -> dict[str, str]:
    return {"kind": target.kind.value, "value": target.value if whole else masked(target)}


def _counts(holding: Holding) -> dict[str, int]:
    return {name: sum(each.startswith(f"{kind}:") for each in holding.names) for kind, name in KINDS.items()}


def _alerts(store: OrderedLog, home: Subscription) -> Iterator[Alert]:
    after = START
    while entries := store.read(keys.alerts(home.city), after, PAGE, 0):
        after = entries[-1].id
        for entry in entries:
            try:
                alert = decode_alert(entry.data)
            except msgspec.DecodeError:
                continue
            if alert.subscription == home.id:
                yield alert


def _alert(alert: Alert) -> dict[str, Any]:
    return {"id": alert.id, "kind": alert.kind.value, "at": format_rfc3339(alert.fired_ms), "truck": alert.vehicle}
