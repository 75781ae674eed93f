"""One city's leader: holds the lease, knows who wants to be reminded, hands on what falls due, corrects what changed.

`look` does what there is to do and tells when to look again. Reminders are handed on in pieces, and no more while the
notifier has many alerts before it: a call to the truck must not wait behind them.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec
import structlog

from gomikuru.city_plans import InForce
from gomikuru.reminding.progress import Progress
from model import times
from model.city import City
from model.ports import Meter, ServiceClock, factor_of
from model.subscription import Subscription
from residents.reminded import key_of, told_in
from residents.reminders import Reminders, Reminding, Wanting, wanting
from streams import keys
from streams.ports import Fence, LeaseLost, Store, StoreUnavailable

T = TypeVar("T")
HOLD_EVERY = 1000


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """`spread_ms`, `grace_ms`, `rescan_ms` count service time; the rest machine time. `group`: the notifier's."""

    spread_ms: int = 600_000
    grace_ms: int = 7_200_000
    rescan_ms: int = 120_000
    piece: int = 500
    most_waiting: int = 300
    lease_ms: int = 10_000
    soon_s: float = 0.05
    group: str = "notifier"


class Health(msgspec.Struct, frozen=True):
    """How the reminders of a city stand. `waiting`: reminders whose time has come; `homes`: who wants any."""

    leads: bool = False
    homes: int = 0
    waiting: int = 0
    oldest_ms: int = 0
    store_ok: bool = True
    failing: bool = False
    plan_problems: tuple[str, ...] = ()


class Leader:
    """Used from one thread at a time. `homes` lists a city's subscriptions, `plan` its plan in force."""

    def __init__(
        self,
        city: City,
        store: Store,
        homes: Callable[[str], Iterable[Subscription]],
        plan: Callable[[str], InForce],
        clock: ServiceClock,
        meter: Meter,
        owner: str,
        pace: Pace,
    ) -> None:
        self._city = city
        self._store = store
        self._list = homes
        self._plan = plan
        self._clock = clock
        self._meter = meter
        self._owner = owner
        self._pace = pace
        self._fence: Fence | None = None
        self._renewed_s = 0.0
        self._joined = False
        self._progress: Progress | None = None
        self._homes: list[Wanting] = []
        self._scanned_ms: int | None = None
        self._line: list[Reminding] = []
        self._next = 0
        self._in_force: InForce | None = None
        self._reminders: Reminders | None = None
        self._logger = structlog.get_logger().bind(stage="reminders", city=city.id)
        self.health = Health()

    def look(self) -> float:
        """Do what there is to do; tell after how many seconds of machine time to look again, at the latest."""
        progress = self._lead()
        if progress is None:
            self.health = msgspec.structs.replace(self.health, leads=False, waiting=0, oldest_ms=0)
            return self._pace.lease_ms / 2000
        now_ms = self._clock.now_ms()
        try:
            waiting = self._work(progress, now_ms)
        except LeaseLost:
            self._logger.info("reminders_lease_lost")
            self._let_go()
            self.health = msgspec.structs.replace(self.health, leads=False)
            return self._pace.soon_s
        except StoreUnavailable:
            self._progress = None  # what was asked last may have been done: read it anew
            raise
        self._note(waiting, now_ms)
        return self._pace.soon_s if waiting else self._rest_s(now_ms)

    def release(self) -> None:
        """Give the lease back, so that another need not wait."""
        fence, self._fence = self._fence, None
        self._progress = None
        if fence is not None:
            self._store.release(fence)

    def _lead(self) -> Progress | None:
        """Hold the lease, or take it and read how far its last holder came; None while another has it."""
        if not self._holds():
            begun_s = time.monotonic()
            self._fence = self._store.acquire(keys.key("reminding", self._city.id), self._owner, self._pace.lease_ms)
            self._renewed_s, self._progress = begun_s, None
        if self._fence is None:
            return None
        if self._progress is None:
            try:
                self._progress = Progress(self._store, self._city.id, self._fence)
            except LeaseLost:
                self._let_go()
                return None
            self._scanned_ms = None
            self._logger.info("reminders_led", fence=self._fence.number, told=len(self._progress.told))
        return self._progress

    def _holds(self) -> bool:
        """Tell whether the lease is ours, and renew it in time."""
        begun_s = time.monotonic()
        if self._fence is None or begun_s - self._renewed_s < self._pace.lease_ms / 3000:
            return self._fence is not None
        if self._store.renew(self._fence, self._pace.lease_ms):
            self._renewed_s = begun_s
            return True
        self._let_go()
        return False

    def _let_go(self) -> None:
        self._fence, self._progress, self._scanned_ms = None, None, None
        self._line, self._next = [], 0

    def _work(self, progress: Progress, now_ms: int) -> int:
        """Hand on what is due; tell how much of it has to wait."""
        in_force = self._plan(self._city.id)
        if not in_force.version:
            return 0
        if in_force is not self._in_force or self._reminders is None:
            self._in_force, self._scanned_ms = in_force, None
        if self._is_stale(now_ms):
            self._scan(progress, in_force, now_ms)
        waiting = self._correct(progress, in_force, now_ms) if progress.plan != in_force.version else 0
        return waiting or self._hand_on(progress, now_ms)

    def _is_stale(self, now_ms: int) -> bool:
        """Tell whether to read anew: in good time before the line ends, and at its end even if many wait in it."""
        if self._scanned_ms is None or now_ms < self._scanned_ms:
            return True
        age_ms = now_ms - self._scanned_ms
        return age_ms >= 2 * self._pace.rescan_ms or (age_ms >= self._pace.rescan_ms and not self._due(now_ms))

    def _scan(self, progress: Progress, in_force: InForce, now_ms: int) -> None:
        """Read who wants to be reminded, and line up what falls until the scan after the next."""
        pace = self._pace
        progress.forget_before(times.local(now_ms, self._city.timezone).date(), pace.piece)
        if progress.upto_ms is None or (self._scanned_ms is not None and not self._due(now_ms)):
            progress.hand_on((), now_ms)
        self._reminders = Reminders(self._city.id, self._city.timezone, in_force.plan, pace.spread_ms)
        listed = self._holding(self._list(self._city.id))
        self._homes = [home for one in listed if (home := wanting(one, self._city.policy)) is not None]
        after_ms = max((progress.upto_ms or now_ms) - pace.spread_ms, now_ms - pace.grace_ms)
        falling = self._holding(self._reminders.falling(self._homes, after_ms, now_ms + 2 * pace.rescan_ms))
        self._line = sorted(one for one in falling if key_of(one.day, one.id) not in progress.told)
        self._next = 0
        self._scanned_ms = now_ms

    def _correct(self, progress: Progress, in_force: InForce, now_ms: int) -> int:
        """Correct those who were told otherwise under an earlier plan; tell how many have to wait."""
        assert self._reminders is not None
        pieces = list(self._reminders.corrections(self._holding(self._homes), told_in(progress.told), now_ms))
        done = 0
        while done < len(pieces) and (room := self._room()) > 0:
            batch = pieces[done : done + min(room, self._pace.piece)]
            progress.hand_on(batch)
            self._count(len(batch), "corrected")
            done += len(batch)
            self._hold_on()
        if done == len(pieces):
            progress.checked(in_force.version)
        return len(pieces) - done

    def _hand_on(self, progress: Progress, now_ms: int) -> int:
        """Hand on what has fallen due; tell how many have to wait for the notifier."""
        assert self._reminders is not None
        while (due := self._due(now_ms)) and (room := self._room()) > 0:
            batch = self._line[self._next : self._next + min(due, room, self._pace.piece)]
            pieces = [piece for one in batch if (piece := self._reminders.told(one, now_ms)) is not None]
            progress.hand_on(pieces, batch[-1].at_ms)
            self._next += len(batch)
            self._count(len(pieces), "new")
            self._count(len(batch) - len(pieces), "missed")
            self._hold_on()
        return self._due(now_ms)

    def _due(self, now_ms: int) -> int:
        """Tell how many have fallen due and are not handed on."""
        return bisect_right(self._line, now_ms, self._next, key=lambda one: one.at_ms) - self._next

    def _holding(self, items: Iterable[T]) -> Iterator[T]:
        """Go through many items, and renew the lease meanwhile."""
        for count, item in enumerate(items):
            if count % HOLD_EVERY == 0:
                self._hold_on()
            yield item

    def _hold_on(self) -> None:
        if not self._holds():
            raise LeaseLost("the lease ran out")

    def _room(self) -> int:
        stream = keys.alerts(self._city.id)
        if not self._joined:
            self._store.join(stream, self._pace.group)
            self._joined = True
        return self._pace.most_waiting - self._store.backlog(stream, self._pace.group)

    def _count(self, amount: int, what: str) -> None:
        if amount:
            self._meter.count("reminders", amount, city=self._city.id, what=what)

    def _note(self, waiting: int, now_ms: int) -> None:
        oldest_ms = now_ms - self._line[self._next].at_ms if waiting and self._next < len(self._line) else 0
        self.health = Health(leads=True, homes=len(self._homes), waiting=waiting, oldest_ms=max(0, oldest_ms))
        self._meter.gauge("reminders_waiting", waiting, city=self._city.id)

    def _rest_s(self, now_ms: int) -> float:
        """Tell how long nothing falls due: until the next reminder, the next scan, or the lease's renewal."""
        scan_ms = (self._scanned_ms or now_ms) + self._pace.rescan_ms
        next_ms = min(self._line[self._next].at_ms, scan_ms) if self._next < len(self._line) else scan_ms
        rest_s = (next_ms - now_ms) / 1000 / factor_of(self._clock)
        return min(max(rest_s, self._pace.soon_s), self._pace.lease_ms / 3000, 1.0)
