"""The archive on every store: nothing lost, nothing twice, whatever dies; and trimming that waits for it."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from geofence.pace import Pace
from geofence.worker import CityWorker
from gomikuru.archive.reading import Archive
from gomikuru.archive.worker import ALERTS_SENT, EVENTS, ArchiveWorker
from gomikuru.clocks import DrivenClock
from gomikuru.metrics import MemoryMeter
from model.alert import Alert, Kind, encode_alert
from model.event import HomesChanged, Tick, encode_event
from model.ping import Ping
from model.subscription import MinutesLead
from notifier.house import House
from notifier.limits import Limits
from streams import followers, keys
from streams.memory import MemoryStore
from streams.ports import START, Store, StoreUnavailable
from tests.contract.test_geofence_worker import Clock, Drawer, Machine
from tests.support.archive import PACE, archived, archiver, names, said
from tests.support.rounds import CITY, Drive, home, weekdays
from tests.support.stores import ValkeyServer
from tests.support.waiting import wait_until

DAY, NEXT = weekdays(2)
STREAM, SENT = keys.events("minami"), keys.alerts("minami")


def day(when: date = DAY, truck: str = "17") -> list[Ping]:
    """A short round: 120 pings or so."""
    return Drive(when, truck=truck).to(3000.0, 0.0).to(0.0, 0.0).pings


def alert(number: int, fired_ms: int, **more: Any) -> Alert:
    return Alert(
        id=f"a{number}-{fired_ms}",
        city="minami",
        subscription=f"s{number}",
        kind=Kind.APPROACHING,
        service_day=DAY.isoformat(),
        run="learned:17/1",
        ordinal=1,
        vehicle="17",
        fired_ms=fired_ms,
        useful_until_ms=fired_ms + 60_000,
        lead=MinutesLead(10.0),
        ping=f"17@{fired_ms}",
        number=number,
        **more,
    )


def turned(worker: ArchiveWorker) -> ArchiveWorker:
    worker.turn(CITY)
    return worker


def test_pings_late_ones_and_alerts_are_archived_by_day(store: Store, tmp_path: Path) -> None:
    """Everything that a tracker said, history too, on the day on which it came; alerts by number; ticks are nothing."""
    late = msgspec.structs.replace(day()[5], fix_ms=day()[5].fix_ms - 7_200_000, late=True)
    said(store, [*day(), late, *day(NEXT)])
    store.append(
        STREAM,
        [encode_event(Tick(5)), b"garbage", encode_event(HomesChanged(day()[0].received_ms, (home(3, (0.0, 0.0)),)))],
    )
    store.append(SENT, [encode_alert(alert(k, day()[k].received_ms, shadow=k == 2)) for k in (1, 2)] + [b"junk"])
    worker = turned(archiver(store, tmp_path))
    archive = Archive(tmp_path, "minami")
    assert names(archived(tmp_path)) == names([*day(), late, *day(NEXT)])
    assert archive.days() == archive.alert_days() == [DAY, NEXT]
    assert [(each.number, each.lead, each.shadow) for each in archive.alerts(DAY, DAY)] == [
        (1, "10 min", False),
        (2, "10 min", True),
    ]
    assert [(each.number, each.gone) for each in archive.homes()] == [(3, False)]
    assert worker.health()["minami"].problem == ""


class Dies(Exception):
    """The process is no more."""


class Mortal:
    """A store whose caller dies at some calls: before they are done, or after."""

    def __init__(self, store: Store, chance: random.Random, how_often: float) -> None:
        self._store, self._chance, self._how_often = store, chance, how_often

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            fate = self._chance.random()
            if fate < self._how_often:
                raise Dies
            answer = real(*args, **kwargs)
            if fate < 2 * self._how_often:
                raise Dies
            return answer

        return call


@pytest.mark.parametrize("seed", range(4))
def test_an_archive_that_dies_anywhere_loses_nothing_and_doubles_nothing(
    store: Store, tmp_path: Path, seed: int
) -> None:
    """Dozens of deaths between reading, writing and moving the cursor: every ping and alert is there once."""
    chance = random.Random(seed)
    pings, deaths, number = day(), 0, 0
    alerts = [alert(k, ping.received_ms) for k, ping in enumerate(pings)]
    while deaths < 30 or number < len(pings):
        said(store, pings[number : number + 5])
        store.append(SENT, [encode_alert(each) for each in alerts[number : number + 5]])
        number += 5
        try:
            turned(archiver(Mortal(store, chance, 0.06), tmp_path))
        except Dies:
            deaths += 1
    turned(archiver(store, tmp_path))
    assert names(archived(tmp_path)) == names(pings)
    assert [each.number for each in Archive(tmp_path, "minami").alerts(DAY, DAY)] == list(range(len(pings)))
    assert followers.cursor_of(store, "minami", EVENTS) == store.newest(STREAM, 1)[0].id


def test_only_one_of_two_processes_writes(store: Store, tmp_path: Path) -> None:
    """The second waits for the lease, and takes over when the first has ended."""
    one, two = archiver(store, tmp_path, "one"), archiver(store, tmp_path, "two")
    said(store, day()[:20])
    turned(one)
    said(store, day()[20:])
    turned(two)
    assert two.health()["minami"].held_elsewhere
    assert names(archived(tmp_path)) == names(day()[:20])
    leave(one)
    turned(two)
    assert names(archived(tmp_path)) == names(day())


def leave(worker: ArchiveWorker) -> None:
    """Let a worker end in order."""
    import threading

    stop = threading.Event()
    stop.set()
    worker.run(stop)


def test_one_that_was_frozen_past_its_lease_leaves_the_cursor_to_the_other(store: Store, tmp_path: Path) -> None:
    """It may write lines a second time, which are read once; the cursor does not go back."""
    said(store, day())

    class Frozen(Mortal):
        """While the first reads, another does the whole work."""

        def read(self, *args: Any) -> Any:
            found = self._store.read(*args)
            if found and args[0] == STREAM:
                fence = self._store.acquire(keys.key("archiving", "minami"), "one", 1)
                assert fence is not None
                self._store.release(fence)
                leave(archiver(self._store, tmp_path, "two"))
            return found

    turned(archiver(Frozen(store, random.Random(1), 0.0), tmp_path, "one"))
    assert names(archived(tmp_path)) == names(day())
    assert followers.cursor_of(store, "minami", EVENTS) == store.newest(STREAM, 1)[0].id


def test_a_store_that_is_away_is_said_and_tried_again(tmp_path: Path) -> None:
    """The health says so until it answers."""
    store = MemoryStore()
    said(store, day())

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailable("gone")

    worker = turned(archiver(Away(), tmp_path))
    assert "does not answer" in worker.health()["minami"].problem
    worker._store = store
    turned(worker)
    assert worker.health()["minami"].problem == ""
    assert names(archived(tmp_path)) == names(day())


def test_a_disk_that_refuses_moves_no_cursor(tmp_path: Path) -> None:
    """The health names the file; what is new waits in the store and is written later."""
    store = MemoryStore()
    said(store, day())
    (tmp_path / "minami").write_text("in the way")
    worker = turned(archiver(store, tmp_path))
    assert "minami" in worker.health()["minami"].problem
    assert followers.cursor_of(store, "minami", EVENTS) == START
    (tmp_path / "minami").unlink()
    turned(worker)
    assert names(archived(tmp_path)) == names(day())


def test_days_that_are_over_are_packed_and_old_ones_deleted(tmp_path: Path) -> None:
    """By service time: the worker compresses yesterday, and keeps as many days as the setting says."""
    store, clock = MemoryStore(), DrivenClock()
    worker = archiver(store, tmp_path, clock=clock, pace=msgspec.structs.replace(PACE, keep_days=2))
    for when in weekdays(5):
        said(store, day(when))
        clock.advance_to(day(when)[-1].received_ms)
        turned(worker)
    days = weekdays(5)
    assert Archive(tmp_path, "minami").days() == days[2:]
    written = [path.name for path in sorted((tmp_path / "minami" / "pings").iterdir())]
    assert written == [f"{days[2]}.csv.gz", f"{days[3]}.csv.gz", f"{days[4]}.csv"]
    assert worker.health()["minami"].days == 3


# trimming


def engine(store: Any, machine: Machine, meter: MemoryMeter, hold: int = 10**6) -> CityWorker:
    pace = Pace(batch=16, block_ms=1, lease_ms=10**9, tick_ms=10**12, trim_ms=0, keep_ms=1000, hold_events=hold)
    return CityWorker(CITY, store, Drawer(), Clock(), machine, meter, "engine", pace=pace, followers=(EVENTS,))


def worked_off(worker: CityWorker, store: Store, machine: Machine) -> None:
    """Decide everything, and let the time pass after which it may be trimmed."""
    while store.ahead(STREAM, store.cursor("minami")):
        worker.turn()
    machine.now += 60_000
    worker.turn()


def test_trimming_waits_for_the_archive(store: Store, tmp_path: Path) -> None:
    """What is decided and not archived stays; once it is archived it goes; and nothing was lost on the way."""
    machine = Machine()
    one = engine(store, machine, MemoryMeter())
    said(store, day()[:60])
    worked_off(one, store, machine)
    assert store.length(STREAM) == 60 + 1  # a tick
    turned(archiver(store, tmp_path))
    said(store, day()[60:])
    worked_off(one, store, machine)
    waiting = store.length(STREAM)
    assert 0 < waiting <= len(day()) - 60 + 1
    assert one.health().unarchived_ms > 0
    turned(archiver(store, tmp_path))
    one.turn()
    assert store.length(STREAM) < waiting
    assert one.health().unarchived_ms == 0
    assert names(archived(tmp_path)) == names(day())


def test_an_archive_that_stands_still_for_too_long_loses_the_oldest_and_not_the_service(store: Store) -> None:
    """Beyond the bound the events go, are counted, and the engine decides on."""
    machine, meter = Machine(), MemoryMeter()
    one = engine(store, machine, meter, hold=40)
    said(store, day()[:30])
    worked_off(one, store, machine)
    assert store.length(STREAM) == 31
    said(store, day()[30:80])
    worked_off(one, store, machine)
    assert store.length(STREAM) == 0
    assert meter.total("archive_missed") == 81


def test_alerts_are_not_trimmed_before_they_are_archived(store: Store, tmp_path: Path) -> None:
    """The notifier's housekeeping waits for the archive, within its bound."""
    store.join(SENT, "notifier")
    store.append(SENT, [encode_alert(alert(k, day()[k].received_ms)) for k in range(10)])
    taken = store.take(SENT, "notifier", "w", 100, 0)
    store.done(SENT, "notifier", [each.id for each in taken])
    house = tidy_house(store, Limits(followers=(ALERTS_SENT,)))
    house.tidy("minami")
    assert store.length(SENT) == 10
    turned(archiver(store, tmp_path))
    house.tidy("minami")
    assert store.length(SENT) == 0
    store.append(SENT, [encode_alert(alert(k, day()[k].received_ms)) for k in range(10, 13)])
    turned(archiver(store, tmp_path))
    house.tidy("minami")
    assert store.length(SENT) == 3, "archived, and not yet sent"


def test_a_house_waits_for_the_archive_within_a_bound(store: Store) -> None:
    """An archive that never comes does not fill the store with alerts."""
    store.join(SENT, "notifier")
    store.append(SENT, [encode_alert(alert(k, day()[k].received_ms)) for k in range(10)])
    store.done(SENT, "notifier", [each.id for each in store.take(SENT, "notifier", "w", 100, 0)])
    tidy_house(store, Limits(followers=(ALERTS_SENT,), hold_alerts=9)).tidy("minami")
    assert store.length(SENT) == 0


def tidy_house(store: Store, limits: Limits) -> House:
    from concurrent.futures import ThreadPoolExecutor

    return House(store, ("minami",), MemoryMeter(), limits, ThreadPoolExecutor(1))


# a real process


def test_a_process_that_is_killed_again_and_again_archives_everything_once(
    tmp_path: Path, valkey_server: ValkeyServer, valkey_store: Store
) -> None:
    """`gomikuru run archive`, kill -9 while pings come in, twice; then it ends in order."""
    city = tmp_path / "minami"
    city.mkdir()
    (city / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    root = tmp_path / "archive"
    settings = tmp_path / "gomikuru.toml"
    settings.write_text(
        f'cities_dir = "{city}"\n[store]\nurl = "{valkey_server.url}"\n[metrics]\nport = 0\n'
        f'[archive]\ndir = "{root}"\nevery_s = 0.02\n'
    )
    pings = [*day(), *day(NEXT)]
    portion = len(pings) // 3 + 1
    for k in range(3):
        command = [sys.executable, "-m", "gomikuru", "run", "archive", "--config", str(settings)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            try:
                part = pings[k * portion : (k + 1) * portion]
                for at in range(0, len(part), 6):
                    said(valkey_store, part[at : at + 6])
                wait_until(partial(_grown, root, k * portion), 60, "the archive to take some")
                if k < 2:
                    process.kill()
                else:
                    wait_until(lambda: len(archived(root)) == len(pings), 60, "everything to be archived")
                    process.terminate()
                process.wait(30)
            finally:
                process.kill()
        valkey_store.client.delete(keys.key("archiving", "minami"))  # type: ignore[attr-defined]  # its lease runs out
    assert process.returncode == 0
    assert names(archived(root)) == names(pings)


def _grown(root: Path, beyond: int) -> bool:
    return len(archived(root)) > beyond
