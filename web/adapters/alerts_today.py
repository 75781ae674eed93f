"""Today's state of a home from the alerts decided for it: the newest word counts. See web.ports.TodaySource."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
import structlog

from model.alert import Alert, Kind, decode_alert
from model.city import City
from model.subscription import AtPoint, Subscription
from model.times import local, service_day
from residents.today import State, Today, Window
from streams import keys
from streams.ports import START, OrderedLog
from web.ports import PublicCity

BATCH = 1000
BACKLOG = 20_000
LOOK_S = 0.5
MAX_HOMES = 500_000

log = structlog.get_logger()


class _City:
    """What one city's alerts of late say of each home."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.cursor: str | None = None
        self.looked_s = 0.0
        self.newest: OrderedDict[str, Alert] = OrderedDict()


class AlertsToday:
    """Follows the alerts of all cities by reading, whenever somebody asks."""

    def __init__(self, store: OrderedLog, cities: Mapping[str, PublicCity]) -> None:
        self._store = store
        self._cities = cities
        self._seen = {city: _City() for city in cities}

    def today(self, city: str, subscription: Subscription, now_ms: int) -> Today:
        """Tell how today stands for one home."""
        alert = self._newest(city, subscription.id)
        the_city = self._cities[city].city
        if alert is not None and alert.service_day == _service_day(the_city, now_ms):
            return _of(alert)
        return self._by_plan(city, subscription.zone, subscription.categories, now_ms)

    def at_point(self, city: str, point: AtPoint, zone: str | None, now_ms: int) -> Today:  # noqa: ARG002
        """Tell it by the calendar alone: which homes are told what is nobody's business."""
        return self._by_plan(city, zone, (), now_ms)

    def _by_plan(self, city: str, zone: str | None, categories: tuple[str, ...], now_ms: int) -> Today:
        place = self._cities[city]
        if zone is None:
            return Today(state=State.UNKNOWN)
        due = place.plan().on(zone, local(now_ms, place.city.timezone).date())
        mine = [each for each in due if not categories or each.category in categories]
        return Today(state=State.NOT_STARTED if mine else State.NO_COLLECTION)

    def _newest(self, city: str, subscription: str) -> Alert | None:
        seen = self._seen[city]
        with seen.lock:
            if time.monotonic() - seen.looked_s >= LOOK_S:
                self._catch_up(city, seen)
                seen.looked_s = time.monotonic()
            return seen.newest.get(subscription)

    def _catch_up(self, city: str, seen: _City) -> None:
        stream = keys.alerts(city)
        if seen.cursor is None:
            entries = self._store.newest(stream, BACKLOG)[::-1]
            self._take(seen, [entry.data for entry in entries])
            seen.cursor = entries[-1].id if entries else START
        while entries := self._store.read(stream, seen.cursor, BATCH, 0):
            self._take(seen, [entry.data for entry in entries])
            seen.cursor = entries[-1].id

    def _take(self, seen: _City, items: list[bytes]) -> None:
        for data in items:
            try:
                alert = decode_alert(data)
            except msgspec.DecodeError:
                log.warning("public.unreadable_alert")
                continue
            if alert.kind is not Kind.REMINDER and not alert.shadow:
                seen.newest[alert.subscription] = alert
                seen.newest.move_to_end(alert.subscription)
        while len(seen.newest) > MAX_HOMES:
            seen.newest.popitem(last=False)


def _of(alert: Alert) -> Today:
    match alert.kind:
        case Kind.PASSED:
            return Today(state=State.PASSED, passed_ms=alert.eta_ms or alert.fired_ms)
        case Kind.DISRUPTED:
            return Today(state=State.NO_SIGNAL, heard_ms=alert.heard_ms)
        case _ if alert.eta_ms is not None:
            low, high = alert.eta_low_ms, alert.eta_high_ms
            low, high = (alert.eta_ms if low is None else low), (alert.eta_ms if high is None else high)
            return Today(state=State.WINDOW, window=Window(low, alert.eta_ms, high))
        case _:
            return Today(state=State.ON_ITS_WAY)


def _service_day(city: City, now_ms: int) -> str:
    return service_day(now_ms, city.timezone, city.service_day_starts_min).isoformat()
