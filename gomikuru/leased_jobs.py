"""Jobs that are done once in a while for each city, by whichever process gets the city's lease for them.

A job looks often, and what stands in the store says whether anything is due: so one that was missed is made up, and a
driven or scaled clock has its days and nights too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from streams.ports import Fence, Leases

T = TypeVar("T")
LEASE_MS = 60_000


def scheduler_of(jobs: Iterable[tuple[str, Callable[[], None]]], every_s: float) -> BackgroundScheduler:
    """Make a scheduler that lets each job (its name, what it does) look at once and then every so often, one by one."""
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    for name, look in jobs:
        scheduler.add_job(
            *(look, "interval"),
            seconds=every_s,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id=name,
        )
    return scheduler


def do_if_due(
    leases: Leases, name: str, owner: str, due: Callable[[], T | None], work: Callable[[T, Fence], None]
) -> None:
    """Do what is due under the lease `name`, if anything is and nobody else is at it. Raise what the store raises."""
    if due() is None:
        return
    fence = leases.acquire(name, owner, LEASE_MS)
    if fence is None:
        return
    try:
        planned = due()
        if planned is not None:
            work(planned, fence)
    finally:
        leases.release(fence)
