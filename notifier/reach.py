"""What a worker knows of whether targets are reached: asks and tells the store beside the event loop, in batches.

A store that is away is no harm: nothing counts as lost then, and nothing is told twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec
import structlog

from model.ports import ServiceClock
from model.subscription import Subscription, Target, TargetKind
from model.times import format_rfc3339
from notifier.fallback import LOST, NOTHING, REPORTING, History, Sent, reports, silent_ones
from notifier.ports import Notice, Showings
from notifier.receipts import Receipts
from streams.ports import StoreFault, StoreUnavailable

if TYPE_CHECKING:
    from notifier.errand import Leg

T = TypeVar("T")
_log = structlog.get_logger()
_EVERY_S = 0.5


class Standing(msgspec.Struct, frozen=True):
    """How one household's targets stand: those not to be relied on, those whose sends are noted, what is to be told."""

    lost: frozenset[Target] = frozenset()
    noted: frozenset[Target] = frozenset()
    tell: tuple[tuple[Target, Notice], ...] = ()


UNKNOWN = Standing()


def _month(now_ms: int) -> str:
    return f"capped:{format_rfc3339(now_ms)[:7]}"


class Reach:
    """Used from the worker's event loop only. Without `showings` it knows nothing, and seals no receipts."""

    def __init__(
        self,
        showings: Showings | None,
        receipts: Callable[[], Receipts] | None,
        clock: ServiceClock,
        executor: Executor,
    ) -> None:
        self._showings = showings
        self._make_receipts = receipts
        self._clock = clock
        self._executor = executor
        self._accepted: dict[str, dict[str, list[Sent]]] = defaultdict(lambda: defaultdict(list))

    @cached_property
    def _receipts(self) -> Receipts | None:
        try:
            return self._make_receipts() if self._make_receipts is not None else None
        except OSError as error:
            _log.error("no_receipts", reason=f"{error.filename}: {error.strerror}", remedy="restart once it is mended")
            return None

    def receipt(self, city: str, subscription: str, target: Target, alert: str) -> str:
        """Seal what the device sends back, and what a letter's link to unsubscribe holds; "" for other channels."""
        wanted = target.kind in REPORTING or target.kind is TargetKind.EMAIL
        if not wanted or self._receipts is None or not self._receipts.knows(city):
            return ""
        return self._receipts.seal(city, subscription, target, alert)

    async def look(self, city: str, homes: Iterable[Subscription], line_scarce: bool = False) -> dict[str, Standing]:
        """Tell how the targets of these households stand, by subscription."""
        if self._showings is None or self._receipts is None or not self._receipts.knows(city):
            return {}
        asked = [home for home in homes if any(_concerns(each, line_scarce) for each in home.targets)]
        named = {(home.id, each): self._named(home, each) for home in asked for each in home.targets}
        none: Mapping[str, History] = {}
        histories = await self._do(city, none, self._showings.histories, city, list(named.values()))
        found: dict[str, Standing] = {}
        for home in asked:
            known = {each: histories.get(named[home.id, each], NOTHING) for each in home.targets}
            found[home.id] = self._stands(home, known, line_scarce)
        return found

    async def claim(self, leg: Leg) -> bool:
        """Tell, once for a target and what is told about it, that this notice may go out."""
        home, about = leg.errand.home, leg.about
        if home is None or about is None or leg.notice is None or self._showings is None:
            return False
        if self._receipts is None or not self._receipts.knows(home.city):
            return False
        what = LOST if leg.notice is Notice.TARGET_LOST else _month(self._clock.now_ms())
        return await self._do(home.city, False, self._showings.claim, home.city, self._named(home, about), what)

    def accepted(self, home: Subscription, target: Target, sent: Sent) -> None:
        """Note, soon, that a channel has taken a push."""
        self._accepted[home.city][self._named(home, target)].append(sent)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.settle()

    async def settle(self) -> None:
        """Write what is noted so far."""
        accepted, self._accepted = self._accepted, defaultdict(lambda: defaultdict(list))
        if self._showings is not None:
            for city, sends in accepted.items():
                await self._do(city, None, self._showings.sent, city, sends)

    def _stands(self, home: Subscription, known: Mapping[Target, History], line_scarce: bool) -> Standing:
        now_ms = self._clock.now_ms()
        lost, untold = silent_ones(home.targets, known, now_ms)
        capped = _capped(home.targets, lost) if line_scarce else frozenset()
        tell = [(target, Notice.TARGET_LOST) for target in home.targets if target in untold]
        tell += [(target, Notice.LINE_CAPPED) for target in capped if _month(now_ms) not in known[target].told]
        noted = frozenset(each for each in home.targets if reports(each.kind, known[each]))
        return Standing(lost | capped, noted, tuple(tell))

    def _named(self, home: Subscription, target: Target) -> str:
        assert self._receipts is not None
        return self._receipts.digest_of(home.city, home.id, target)

    async def _do(self, city: str, otherwise: T, act: Callable[..., T], *given: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, act, *given)
        except (StoreUnavailable, StoreFault) as error:
            _log.warning("showings_away", city=city, reason=str(error))
            return otherwise


def _concerns(target: Target, line_scarce: bool) -> bool:
    return target.kind in REPORTING or (line_scarce and target.kind is TargetKind.LINE)


def _capped(targets: Collection[Target], lost: Collection[Target]) -> frozenset[Target]:
    """Tell which LINE users can be reached otherwise until the month's cap is renewed."""
    others = [each for each in targets if each.kind not in (TargetKind.LINE, TargetKind.PAGE) and each not in lost]
    return frozenset(each for each in targets if each.kind is TargetKind.LINE) if others else frozenset()
