"""What residents set off, as entries of a city's streams: test pushes for the notifier, reports for the city."""

from __future__ import annotations

from model.alert import Alert, Kind, encode_alert
from model.city import City
from model.report import NotCollected, encode_report
from model.subscription import Subscription
from model.times import service_day
from streams import keys
from streams.ports import OrderedLog

USEFUL_MS = 10 * 60 * 1000


class StreamNotices:
    """Asks the notifier by the stream of alerts: no device's address stands in it, but its place in the home's list."""

    def __init__(self, store: OrderedLog) -> None:
        self._store = store

    def test(self, city: City, subscription: Subscription, device: int, tag: str, at_ms: int) -> None:
        """Ask for a test push."""
        alert = Alert(
            id=tag,
            city=city.id,
            subscription=subscription.id,
            kind=Kind.REMINDER,
            service_day=service_day(at_ms, city.timezone, city.service_day_starts_min).isoformat(),
            run="test",
            ordinal=0,
            vehicle="",
            fired_ms=at_ms,
            useful_until_ms=at_ms + USEFUL_MS,
            lead=subscription.lead,
            ping="",
            number=subscription.number,
            tries=device,
        )
        self._store.append(keys.alerts(city.id), [encode_alert(alert)])


class StreamReports:
    """Keeps reports in the bounded stream `reports:{city}`."""

    def __init__(self, store: OrderedLog, most: int) -> None:
        self._store = store
        self._most = most

    def not_collected(self, city: str, zone: str | None, category: str, day: str, at_ms: int) -> None:
        """Keep a report."""
        report = NotCollected(at_ms=at_ms, zone=zone, category=category, day=day)
        self._store.append_bounded(keys.reports(city), [encode_report(report)], self._most)
