"""The watch over the running stages: notes each change of how they stand once, sounds the alarm when no pings come.

`Timetable` and `Silence` are pure but for what they note; `Watch` is the loop, in a thread of its own, by machine time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import structlog

from gomikuru.city_files import calendar_csv, read_bytes
from gomikuru.city_files.calendar_csv import Rule
from gomikuru.standing import Standing
from model.ports import Meter
from model.times import local

log = structlog.get_logger()

EVERY_S = 2.0


class Timetable:
    """When trucks of a city are at work: hours of the day, weekdays, and, where there is a calendar, its days only.

    The hours are minutes after local midnight and may end after the next one.
    """

    def __init__(
        self, timezone: str, hours: tuple[int, int], weekdays: Collection[int], rules: Sequence[Rule] = ()
    ) -> None:
        self._timezone = timezone
        self._hours = hours
        self._weekdays = frozenset(weekdays)
        self._rules = rules

    def opened_ms(self, now_ms: int) -> int | None:
        """Tell since when the city is in service, or None while it is not."""
        now = local(now_ms, self._timezone)
        minute = now.hour * 60 + now.minute
        for days_ago in (0, 1):
            since_min = minute + 24 * 60 * days_ago - self._hours[0]
            day = now.date() - timedelta(days=days_ago)
            if 0 <= since_min < self._hours[1] - self._hours[0] and self._works_on(day):
                return now_ms - since_min * 60_000 - now_ms % 60_000
        return None

    def _works_on(self, day: date) -> bool:
        return day.weekday() in self._weekdays and (not self._rules or any(rule.falls_on(day) for rule in self._rules))


def collection_rules(folder: Path) -> list[Rule]:
    """Read on which days a city collects; nothing where it has no calendar that can be read."""
    data, _ = read_bytes(folder, calendar_csv.FILE)
    lines, _ = calendar_csv.read_calendar(data) if data is not None else ([], [])
    return list({line.rule for line in lines})


class Silence:
    """Which cities are in service and send nothing. Asked with what the engine knows of its newest pings."""

    def __init__(self, timetables: Mapping[str, Timetable], after_s: float, meter: Meter) -> None:
        self._timetables = timetables
        self._after_ms = after_s * 1000
        self._meter = meter
        self._since_ms: dict[str, int] = {}
        self._loud: set[str] = set()
        self._lock = threading.Lock()

    def silent(self, now_ms: int, newest_ms: Mapping[str, int | None]) -> list[str]:
        """Tell the silent cities. `newest_ms` holds the cities that are worked here; None: no ping since it is."""
        with self._lock:
            return self._listen(now_ms, newest_ms)

    def _listen(self, now_ms: int, newest_ms: Mapping[str, int | None]) -> list[str]:
        for city in self._timetables.keys() - newest_ms.keys():
            self._note(city, math.nan, loud=False)
            self._since_ms.pop(city, None)
        for city, newest in newest_ms.items():
            since_ms = self._since_ms.setdefault(city, now_ms) if newest is None else newest
            opened_ms = self._timetables[city].opened_ms(now_ms)
            quiet = opened_ms is not None and now_ms - max(since_ms, opened_ms) > self._after_ms
            self._note(city, max(0, now_ms - since_ms) / 1000, quiet)
        return sorted(self._loud)

    def _note(self, city: str, age_s: float, loud: bool) -> None:
        self._meter.gauge("last_ping_age_seconds", age_s, city=city)
        self._meter.gauge("no_pings", 1 if loud else 0, city=city)
        if loud and city not in self._loud:
            log.error("no_pings", city=city, seconds=round(age_s), remedy="look at trackers, network, broker, ingest")
            self._loud.add(city)
        elif not loud and city in self._loud:
            log.info("no_pings_over", city=city)
            self._loud.discard(city)


class Watch:
    """Looks at the stages every few seconds; each change of their troubles is one line in the log."""

    def __init__(self, stand: Callable[[], Mapping[str, Standing]], meter: Meter, every_s: float = EVERY_S) -> None:
        self._stand = stand
        self._meter = meter
        self._every_s = every_s
        self._known: dict[str, frozenset[str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(timeout=10)

    def look(self) -> None:
        """Look once."""
        for stage, standing in self._stand().items():
            self._meter.gauge("stage_ready", 1 if standing.ready else 0, stage=stage)
            self._meter.gauge("stage_troubles", len(standing.troubles), stage=stage)
            troubles = frozenset(trouble.what for trouble in standing.troubles)
            before = self._known.get(stage, frozenset())
            for trouble in standing.troubles:
                if trouble.what not in before:
                    log.warning("stage_trouble", stage=stage, trouble=trouble.what, why=trouble.text)
            for gone in sorted(before - troubles):
                log.info("stage_trouble_over", stage=stage, trouble=gone)
            self._known[stage] = troubles

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.look()
            except Exception:
                log.exception("watch_failed")
