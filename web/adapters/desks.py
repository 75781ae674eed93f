"""What residents set off, as entries of a city's streams: reports for the city."""

from __future__ import annotations

from model.report import NotCollected, encode_report
from streams import keys
from streams.ports import OrderedLog


class StreamReports:
    """Keeps reports in the bounded stream `reports:{city}`."""

    def __init__(self, store: OrderedLog, most: int) -> None:
        self._store = store
        self._most = most

    def not_collected(self, city: str, zone: str | None, category: str, day: str, at_ms: int) -> None:
        """Keep a report."""
        report = NotCollected(at_ms=at_ms, zone=zone, category=category, day=day)
        self._store.append_bounded(keys.reports(city), [encode_report(report)], self._most)
