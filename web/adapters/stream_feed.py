"""News of a city from its streams: trucks from events, alerts without homes, and pushes where a demo gives a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import structlog

from model.alert import decode_alert
from model.event import ZonesChanged, decode_event
from model.ping import Ping
from streams import keys
from streams.ports import START, Entry, OrderedLog, StoreFault, StoreUnavailable
from web.live import RECENT, AlertSeen, MapChanged, News, TruckSeen
from web.ports import FeedLost, PushSource

BATCH = 1000
BLOCK_MS = 200

Judge = Callable[[Iterable[str]], Mapping[str, bool]]
"""Tells which of the named trucks the engine believes to be collecting. Raises what the store raises."""

log = structlog.get_logger()


class StreamFeed:
    """Follows events and alerts of one city by reading; takes nothing from anybody. See web.ports.Feed."""

    def __init__(
        self, store: OrderedLog, city: str, pushes: PushSource | None = None, judge: Judge | None = None
    ) -> None:
        self._store = store
        self._judge = judge
        self._city = city
        self._pushes = pushes
        self._cursors: dict[str, str] = {}

    def poll(self) -> Sequence[News]:
        """Give what is new; a follower that fell behind by a whole batch skips to the newest."""
        before = dict(self._cursors)
        try:
            return self._judged(self._new()) + list(self._pushes() if self._pushes else ())
        except (StoreUnavailable, StoreFault) as error:
            self._cursors = before  # what was read and not told is read again
            raise FeedLost(str(error)) from error

    def _new(self) -> list[News]:
        entries, skipped = self._pings()
        alerts = self._follow(keys.alerts(self._city), RECENT, 0)
        news: list[News | None] = [MapChanged(skipped)] if skipped else []
        news += [_of_event(entry) for entry in entries]
        news += [_of_alert(entry) for entry in alerts]
        return [item for item in news if item]

    def _judged(self, news: list[News]) -> list[News]:
        """Say of each truck whether it collects, where its tracker does not."""
        silent = {item.truck for item in news if isinstance(item, TruckSeen) and item.collecting is None}
        if not silent or self._judge is None:
            return news
        known = self._judge(sorted(silent))
        return [
            msgspec.structs.replace(item, collecting=known[item.truck])
            if isinstance(item, TruckSeen) and item.collecting is None and item.truck in known
            else item
            for item in news
        ]

    def _pings(self) -> tuple[list[Entry], str]:
        """Give the new entries, and where some were skipped the place: new zones may have been announced there."""
        stream = keys.events(self._city)
        first = stream not in self._cursors
        entries = self._follow(stream, BATCH, BLOCK_MS)
        if first or len(entries) < BATCH:
            return entries, ""
        skipped = self._cursors.pop(stream)
        return self._follow(stream, BATCH, 0), skipped

    def _follow(self, stream: str, backlog: int, block_ms: int) -> list[Entry]:
        after = self._cursors.get(stream)
        entries = (
            self._store.read(stream, after, BATCH, block_ms) if after else self._store.newest(stream, backlog)[::-1]
        )
        self._cursors[stream] = entries[-1].id if entries else after or START
        return entries


def _of_event(entry: Entry) -> News | None:
    try:
        event = decode_event(entry.data)
    except msgspec.DecodeError:
        log.warning("web.unreadable_event", entry=entry.id)
        return None
    if isinstance(event, Ping):
        return TruckSeen(
            event.truck, event.lat, event.lon, event.fix_ms, event.speed_mps, event.heading_deg, event.collecting
        )
    return MapChanged(event.version) if isinstance(event, ZonesChanged) else None


def _of_alert(entry: Entry) -> News | None:
    try:
        alert = decode_alert(entry.data)
    except msgspec.DecodeError:
        log.warning("web.unreadable_alert", entry=entry.id)
        return None
    if alert.tries is not None:  # a test push that a household asked for
        return None
    return AlertSeen(alert.id, alert.kind.value, alert.vehicle, alert.fired_ms, alert.zone)
