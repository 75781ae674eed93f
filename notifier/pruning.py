"""Takes targets that cannot be reached out of the registry, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from model.subscription import Target
from notifier.ports import Residents
from streams.ports import StoreFault, StoreUnavailable

_log = structlog.get_logger()


class Pruning:
    """Only the target named goes; a store that is away is no harm: the next push will say the same."""

    def __init__(self, residents: Residents, executor: Executor) -> None:
        self._residents = residents
        self._executor = executor

    async def drop(self, city: str, subscription: str, target: Target) -> bool:
        """Forget a target that is gone; tell whether that was written."""
        return await self._do(self._residents.drop_target, city, subscription, target)

    async def bar(self, city: str, subscription: str, target: Target) -> bool:
        """Take a target out of use; tell whether that was written."""
        return await self._do(self._residents.bar_target, city, subscription, target)

    async def _do(
        self, act: Callable[[str, str, Target], object], city: str, subscription: str, target: Target
    ) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, act, city, subscription, target)
        except (StoreUnavailable, StoreFault) as error:
            _log.warning("target_not_pruned", city=city, subscription=subscription, reason=str(error))
            return False
        return True
