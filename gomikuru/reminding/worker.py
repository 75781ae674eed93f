"""The loop of the reminders: a job a city in an APScheduler of this process, its trigger the next moment to look.

Triggers live in memory only: each look derives the next one from the plan, the subscriptions and the service clock.
A missed moment is made up at once (coalesced, without a limit): what is still of use is the leader's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from gomikuru.city_plans import CityPlans
from gomikuru.reminding.leader import Health, Leader, Pace
from model.city import City
from model.ports import Meter, ServiceClock
from model.subscription import Subscription
from residents.registry import RecordUnreadable
from streams.ports import Store, StoreFault, StoreUnavailable

MOST_THREADS = 4
AFTER_TROUBLE_S = 1.0


class ReminderWorker:
    """Leads the reminders of its cities wherever it gets the lease, until it is told to stop."""

    def __init__(
        self,
        cities: Sequence[City],
        store: Store,
        homes: Callable[[str], Iterable[Subscription]],
        plans: CityPlans,
        clock: ServiceClock,
        meter: Meter,
        owner: str,
        pace: Pace | None = None,
    ) -> None:
        chosen = pace or Pace()
        self._leaders = {
            city.id: Leader(city, store, homes, plans.in_force, clock, meter, owner, chosen) for city in cities
        }
        self._plans = plans
        self._health = dict.fromkeys(self._leaders, Health())
        self._turned_s = dict.fromkeys(self._leaders, time.monotonic())
        self._logger = structlog.get_logger().bind(stage="reminders")
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(1, min(MOST_THREADS, len(cities))))},
            # A job arms the next at its very end: two of a city never work at once, though both may be booked.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 3},
        )

    def health(self) -> Mapping[str, Health]:
        """Tell how each city stands; may be asked from any thread."""
        return dict(self._health)

    @property
    def idle_s(self) -> float:
        """Tell how long ago the slowest city's job turned last."""
        return max((time.monotonic() - turned for turned in self._turned_s.values()), default=0.0)

    def run(self, stop: threading.Event) -> None:
        """Remind until `stop`; what is in hand is finished, and the leases are given back."""
        self._plans.start()
        self._scheduler.start()
        for city in self._leaders:
            self._arm(city, 0.0)
        stop.wait()
        self._scheduler.shutdown(wait=True)
        for city, leader in self._leaders.items():
            try:
                leader.release()
            except (StoreUnavailable, StoreFault) as error:
                self._logger.warning("lease_not_released", city=city, why=str(error))
        self._plans.close()

    def _arm(self, city: str, after_s: float) -> None:
        at = datetime.now(UTC) + timedelta(seconds=after_s)
        if self._scheduler.running:
            self._scheduler.add_job(self._look, DateTrigger(at), (city,), id=city, replace_existing=True)

    def _look(self, city: str) -> None:
        after_s, leader = AFTER_TROUBLE_S, self._leaders[city]
        try:
            after_s = leader.look()
            self._note(city, leader.health)
        except StoreUnavailable as error:
            self._logger.warning("reminders_put_off", city=city, why=str(error))
            self._note(city, msgspec.structs.replace(leader.health, store_ok=False))
        except (StoreFault, RecordUnreadable) as error:
            self._logger.error("reminders_fail", city=city, why=str(error))
            self._note(city, msgspec.structs.replace(leader.health, failing=True))
        except Exception:  # one city's fault must not stop the others
            self._logger.exception("reminders_fail", city=city)
            self._note(city, msgspec.structs.replace(leader.health, failing=True))
        finally:
            self._turned_s[city] = time.monotonic()
            self._arm(city, after_s)

    def _note(self, city: str, now: Health) -> None:
        self._health[city] = msgspec.structs.replace(now, plan_problems=self._plans.problems(city))
