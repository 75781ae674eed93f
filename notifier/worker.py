"""The notifier's loop: alerts out of the store, over the desk (policy, words) into the lanes; outcomes to the ledger.

One take loop a city, so that no city waits for another; one lane a channel, so that no channel waits for another.
Delivery is at least once: an entry is finished after its outcome is written, and a repeat carries the same tag.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import structlog

from model.alert import decode_alert
from model.city import City
from model.ports import Meter, ServiceClock
from model.subscription import Subscription
from notifier.backoff import delay_s
from notifier.carrier import Carrier
from notifier.channel_words import ChannelWords
from notifier.desk import Channels, Desk, ZoneNames
from notifier.errand import Errand
from notifier.hands import Hands
from notifier.house import House
from notifier.intake import Intake
from notifier.ledger import Ledger
from notifier.limits import Limits
from notifier.policy import is_expired, rank
from notifier.ports import Channel, Residents, Showings
from notifier.pruning import Pruning
from notifier.reach import UNKNOWN, Reach
from notifier.receipts import Receipts
from notifier.words import Words
from streams.ports import Delivery, Store, StoreFault, StoreUnavailable

_log = structlog.get_logger()

REFUSES_AFTER = 5
"""So many pushes in a row that come back are the channel's trouble, no longer those of single devices."""


class Health(msgspec.Struct, frozen=True):
    """How the worker is: cities whose alerts it could not take at the last try, and how many alerts it holds.

    `failing`: cities whose last turn ended in an error that is ours. `refusing`: channels of which many pushes in a
    row came back, and with what code.
    """

    store_ok: bool
    cities_away: tuple[str, ...]
    in_hand: int
    refusing: Mapping[str, str] = {}
    failing: tuple[str, ...] = ()


class NotifierWorker:
    """Sends the alerts of its cities; any number of workers share them. `run` once; it closes the channels.

    `city_channels` are the accounts that a city has of its own; `channels` serve the others.
    `zone_names` tells what residents call a zone, from city and zone id. `share` is random in [0, 1).
    `showings` and `receipts` go together: without them no push carries a receipt, and no target counts as silent.
    """

    def __init__(
        self,
        store: Store,
        cities: Mapping[str, City],
        residents: Residents,
        channels: Channels,
        clock: ServiceClock,
        meter: Meter,
        words: Words,
        *,
        worker_name: str,
        limits: Limits | None = None,
        city_channels: Mapping[str, Channels] | None = None,
        zone_names: ZoneNames | None = None,
        channel_words: ChannelWords | None = None,
        showings: Showings | None = None,
        receipts: Callable[[], Receipts] | None = None,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._residents, self._name, self._share = store, residents, worker_name, share
        self._cities, self._clock, self._meter = cities, clock, meter
        self._limits = limits = limits or Limits()
        self._channels = _distinct(channels, *(city_channels or {}).values())
        self._takers = ThreadPoolExecutor(max(1, min(len(cities), limits.store_threads)), "notifier-take")
        self._others = ThreadPoolExecutor(8, "notifier")
        self._hands = Hands(cities, limits.in_hand, meter)
        pruning = Pruning(residents, self._others)
        self._reach = Reach(showings, receipts, clock, self._others)
        self._carrier = Carrier(clock, meter, limits, share, self._hands, pruning, self._reach, self._channels)
        own = city_channels or {}
        self._desk = Desk(
            cities, clock, meter, words, channel_words, self._carrier, self._hands, channels, own, zone_names
        )
        self._carrier.use(self._desk.fall_back)
        self._ledgers = {city: Ledger(store, city, limits, self._others, share, self._hands.closed) for city in cities}
        self._hands.use(self._ledgers)
        self._intake = Intake(store, worker_name, cities, limits)
        self._stopped = asyncio.Event()
        self._away: frozenset[str] = frozenset()
        self._failing: frozenset[str] = frozenset()
        self._turned_s: float | None = None

    def health(self) -> Health:
        """Tell how it is; may be asked from any thread."""
        away, troubles = self._away, dict(self._carrier.troubles)
        refusing = {name: each.code for name, each in troubles.items() if each.pushes >= REFUSES_AFTER}
        return Health(not away, tuple(sorted(away)), self._hands.count(), refusing, tuple(sorted(self._failing)))

    @property
    def idle_s(self) -> float:
        """Tell how long ago the loop turned last; nothing before it has begun."""
        return 0.0 if self._turned_s is None else time.monotonic() - self._turned_s

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then finish what is under way, within a bound, and leave the rest pending."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        house = House(self._store, tuple(self._cities), self._meter, self._limits, self._others)
        try:
            async with asyncio.TaskGroup() as group:
                services = [group.create_task(lane.run()) for lane in self._carrier.lanes.values()]
                services += [group.create_task(ledger.run()) for ledger in self._ledgers.values()]
                services.append(group.create_task(house.run()))
                services.append(group.create_task(self._reach.run()))
                serving = [group.create_task(self._serve(city)) for city in self._cities]
                while not stop.is_set():
                    self._turned_s = time.monotonic()
                    await asyncio.sleep(0.05)
                await self._stop(serving)
                await self._reach.settle()
                for service in services:
                    service.cancel()
        finally:
            for channel in self._channels:
                await channel.aclose()
            self._takers.shutdown(wait=False)
            self._others.shutdown(wait=False)

    async def _stop(self, serving: Sequence[asyncio.Task[None]]) -> None:
        self._stopped.set()
        self._hands.wake()
        await asyncio.gather(*serving)
        self._carrier.stop()
        ends_s = time.monotonic() + self._limits.drain_s
        while self._hands.all() and time.monotonic() < ends_s:
            await asyncio.sleep(0.02)
        for errand in self._hands.all():
            self._hands.let_go(errand)
        settled = asyncio.gather(*(ledger.settled() for ledger in self._ledgers.values()))
        try:
            await asyncio.wait_for(settled, self._limits.drain_s)
        except TimeoutError:
            _log.warning("outcomes_left_unwritten", worker=self._name)

    async def _serve(self, city: str) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                await self._turn(city)
                self._note(city)
                failures = 0
                continue
            except (StoreUnavailable, StoreFault) as error:
                _log.warning("alerts_not_taken", city=city, reason=str(error))
                self._intake.rejoin(city)
                self._note(city, away=True)
            except Exception:  # one city's fault must not stop the others
                _log.exception("notifier_turn_failed", city=city)
                self._note(city, failing=True)
            failures += 1
            await self._pause(delay_s(failures, self._share()))

    def _note(self, city: str, away: bool = False, failing: bool = False) -> None:
        """Note how a city's last turn went, for whoever asks after the health."""
        self._away = self._away | {city} if away else self._away - {city}
        self._failing = self._failing | {city} if failing else self._failing - {city}

    async def _turn(self, city: str) -> None:
        room = self._hands.room(city)
        if room <= 0:
            await self._hands.wait_for_room()
            return
        loop = asyncio.get_running_loop()
        count = min(room, self._limits.batch)
        deliveries = await loop.run_in_executor(self._takers, self._intake.next, city, count)
        errands = [errand for delivery in deliveries if (errand := self._open(city, delivery)) is not None]
        if errands:
            await self._admit(city, errands)

    def _open(self, city: str, delivery: Delivery) -> Errand | None:
        if self._hands.holds(city, delivery.id):
            return None
        try:
            alert = decode_alert(delivery.data)
        except msgspec.MsgspecError as error:
            self._hands.bury(city, delivery, f"not an alert: {error}")
            return None
        if delivery.tries > self._limits.max_tries and not is_expired(alert, self._clock.now_ms()):
            self._hands.bury(city, delivery, f"not finished in {delivery.tries - 1} tries")
            return None
        errand = Errand(city, delivery, alert, time.monotonic())
        self._hands.hold(errand)
        return errand

    async def _admit(self, city: str, errands: Sequence[Errand]) -> None:
        subscriptions: Mapping[str, Subscription] | None = None
        try:
            subscriptions = await self._subscriptions(city, errands)
        finally:
            if subscriptions is None:
                for errand in errands:
                    self._hands.let_go(errand)
        if subscriptions is None:
            return
        stands = await self._reach.look(city, subscriptions.values(), self._desk.is_line_scarce(city))
        for errand in sorted(errands, key=lambda errand: rank(errand.alert)):
            home = errand.alert.subscription
            try:
                self._desk.judge(errand, subscriptions.get(home), stands.get(home, UNKNOWN))
            except Exception as error:  # poison must not stop the rest
                _log.exception("alert_not_understood", city=city, alert=errand.alert.id)
                self._hands.bury(city, errand.delivery, f"{type(error).__name__} while weighing or wording it")

    async def _subscriptions(self, city: str, errands: Sequence[Errand]) -> Mapping[str, Subscription] | None:
        ids = list(dict.fromkeys(errand.alert.subscription for errand in errands))
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            try:
                return await loop.run_in_executor(self._others, self._residents.get_many, city, ids)
            except (StoreUnavailable, StoreFault) as error:
                failures += 1
                _log.warning("residents_not_read", city=city, reason=str(error))
            await self._pause(delay_s(failures, self._share()))
            if self._stopped.is_set() or time.monotonic() - errands[0].taken_s > self._limits.hold_s:
                return None

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)


def _distinct(*channels: Channels) -> tuple[Channel, ...]:
    return tuple({id(channel): channel for some in channels for channel in some.values()}.values())
