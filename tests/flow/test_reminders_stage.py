"""The stage of reminders as it is wired: it leads, tells how it stands, takes a saved exception, and gives way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gomikuru.city_files import CityFolder, load_city
from gomikuru.city_plans import CityPlans
from gomikuru.metrics import MemoryMeter
from gomikuru.reminding.leader import Health, Pace
from gomikuru.reminding.worker import ReminderWorker
from gomikuru.standing import Bounds, judge_reminders
from model.alert import Alert, decode_alert
from residents.adapters.redis_registry import RedisRegistry
from streams import keys
from streams.ports import START, StoreUnavailable
from streams.redis_streams import RedisStore
from tests.support.evening import BEGINS, CITY, FILES, fill
from tests.support.notifying import SetClock
from tests.support.waiting import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


class Town:
    """A store with twenty homes, a clock to set, and workers in threads."""

    def __init__(self, store: RedisStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.clock = SetClock(BEGINS - 60_000)
        self.meter = MemoryMeter()
        fill(store, 20)

    def worker(self, owner: str, homes: Callable[[str], object] | None = None) -> ReminderWorker:
        city, _ = load_city(self.folder)
        assert city is not None
        plans = CityPlans([CityFolder(city, self.folder)], self.meter)
        listed = homes or RedisRegistry(self.store, self.clock).list
        pace = Pace(lease_ms=1500)
        return ReminderWorker([city], self.store, listed, plans, self.clock, self.meter, owner, pace)  # type: ignore[arg-type]

    def alerts(self) -> list[Alert]:
        return [decode_alert(entry.data) for entry in self.store.read(keys.alerts(CITY), START, 1000, 0)]


class Running:
    def __init__(self, worker: ReminderWorker) -> None:
        self.worker = worker
        self._stop = threading.Event()
        self._thread = threading.Thread(target=worker.run, args=(self._stop,))

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


def leads(worker: ReminderWorker) -> bool:
    return worker.health()[CITY].leads


def test_one_of_two_workers_leads_a_saved_exception_corrects_and_the_other_follows(
    valkey_store: RedisStore, folder: Path
) -> None:
    """Everybody is reminded once, hears of the typhoon once, and the follower has nothing left to say."""
    town = Town(valkey_store, folder)
    one, two = town.worker("one"), town.worker("two")
    with Running(two):
        with Running(one):
            wait_until(lambda: leads(one) or leads(two), 10, "a leader")
            assert not (leads(one) and leads(two))
            town.clock.value = BEGINS + 600_000
            wait_until(lambda: len(town.alerts()) == 20, 10, "the reminders")
            (folder / "exceptions.csv").write_text(
                "date,change,reason\n2026-11-27,cancelled,台風のため\n", encoding="utf-8"
            )
            wait_until(lambda: len(town.alerts()) == 40, 15, "the corrections")
            assert all(alert.reasons == {"ja": "台風のため"} for alert in town.alerts()[20:])
        wait_until(lambda: leads(two), 10, "the other worker to lead")
        town.clock.value += 200_000
        wait_until(lambda: two.health()[CITY].homes == 20, 10, "its homes")
    assert len({alert.id for alert in town.alerts()}) == len(town.alerts()) == 40
    assert judge_reminders(two.health(), two.idle_s, Bounds()).well


def test_a_registry_that_does_not_answer_puts_reminders_off_and_says_so(valkey_store: RedisStore, folder: Path) -> None:
    """The job arms itself again after every trouble; nobody is lost by it."""
    town, fails = Town(valkey_store, folder), threading.Event()
    fails.set()
    real = RedisRegistry(town.store, town.clock).list

    def homes(city: str) -> object:
        if fails.is_set():
            raise StoreUnavailable("away")
        return real(city)

    worker = town.worker("one", homes)
    with Running(worker):
        wait_until(lambda: not worker.health()[CITY].store_ok, 10, "the trouble")
        assert not judge_reminders(worker.health(), worker.idle_s, Bounds()).ready
        town.clock.value = BEGINS + 600_000
        fails.clear()
        wait_until(lambda: len(town.alerts()) == 20, 15, "the reminders")
        wait_until(lambda: judge_reminders(worker.health(), worker.idle_s, Bounds()).well, 10, "all to be well")


def test_what_stands_in_the_way_of_reminders_is_said() -> None:
    """A broken plan leaves the stage ready; reminders that wait for minutes are named with their age."""
    waits = Health(leads=True, waiting=7, oldest_ms=600_000, plan_problems=("exceptions.csv: line 2: change ...",))
    standing = judge_reminders({CITY: waits}, 0.0, Bounds())
    assert standing.ready
    assert [trouble.what.split()[0] for trouble in standing.troubles] == ["reminders_wait", "plan_refused"]
    assert "7 reminders wait, the oldest for 10 min" in standing.troubles[0].text
    assert not judge_reminders({CITY: Health(failing=True)}, 0.0, Bounds()).ready
