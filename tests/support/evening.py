"""An evening on which a whole city is reminded: leaders in processes of their own, a real store, a real notifier.

As a program (`python -m tests.support.evening URL FOLDER FACTOR STARTS_MS BEGAN_MS LEASE_MS OWNER`) it is one leader.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from gomikuru.city_files import CityFolder, load_city
from gomikuru.city_plans import CityPlans
from gomikuru.metrics import MemoryMeter
from gomikuru.reminding.leader import Pace
from gomikuru.reminding.worker import ReminderWorker
from model.alert import Alert, Kind, alert_id, encode_alert
from model.subscription import InZone, MetresLead, Reminder, Subscription, Target, TargetKind
from model.times import parse_rfc3339
from notifier.adapters.residents import RegistryResidents
from notifier.adapters.screen import ScreenChannel
from notifier.limits import Limits
from notifier.phones import RawPush
from residents.adapters.redis_registry import SUBS, RedisRegistry
from residents.registry import Record, encode_record
from streams import keys
from streams.redis_streams import RedisStore
from tests.support.notifying import Bench
from tests.support.waiting import wait_until

CITY = "minami"
BEGINS = parse_rfc3339("2026-11-26T19:00:00+09:00")
SPREAD_MS = 600_000
FILES = {
    "city.toml": (
        f'id = "{CITY}"\nname = "南市"\ntimezone = "Asia/Tokyo"\n[[categories]]\nid = "burnable"\n'
        'names = { ja = "燃えるごみ" }\n'
    ),
    "calendar.csv": "zone,category,rule,out_by\na,burnable,weekly fri,08:00\nb,burnable,weekly thu,23:00\n",
}
"""The homes of zone a are reminded in the evening; in zone b it is collected today, and a truck comes now."""


class SharedClock:
    """Service time that several processes agree on: it was `starts_ms` when the machine's clock showed `began_ms`."""

    def __init__(self, factor: float, starts_ms: int, began_ms: int) -> None:
        self.factor = factor
        self._starts_ms = starts_ms
        self._began_ms = began_ms

    def now_ms(self) -> int:
        return self._starts_ms + int((time.time() * 1000 - self._began_ms) * self.factor)


class Seen(NamedTuple):
    """One push at a phone, in service time and by the machine's monotonic clock."""

    alert: str
    tag: str
    sent_ms: int
    at_s: float


class Hall:
    """The phones: what reached each."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        self.reminded = 0
        self._lock = threading.Lock()

    def show(self, push: RawPush) -> None:
        with self._lock:
            self.seen[push.target].append(Seen(push.alert, push.message.tag, push.sent_ms, time.monotonic()))
            self.reminded += push.kind == Kind.REMINDER.value


class Evening(NamedTuple):
    """What became of it: missing homes, pushes beyond the first of a phone, phones with two tags, delays in seconds.

    `before`: how many reminders each call to the truck let pass before it, in rising order.
    """

    homes: int
    missing: int
    repeats: int
    other_ids: int
    early: int
    last_after_window_s: float
    took_s: float
    approaching_s: Sequence[float]
    before: Sequence[int]


def subscriptions(homes: int) -> list[Subscription]:
    """Make the homes, and one beside them that waits for a truck."""
    plain = Subscription(
        id="", city=CITY, number=0, version=1, place=InZone("a"), lead=MetresLead(300.0),
        reminders=(Reminder(1, 19 * 60),), categories=("burnable",),
    )  # fmt: skip
    found = [
        msgspec.structs.replace(plain, id=f"h{n}", number=n, targets=(Target(TargetKind.SCREEN, f"h{n}"),))
        for n in range(homes)
    ]
    waits = {"id": "waits", "number": homes, "place": InZone("b"), "reminders": ()}
    return [*found, msgspec.structs.replace(plain, targets=(Target(TargetKind.SCREEN, "waits"),), **waits)]


def fill(store: RedisStore, homes: int) -> None:
    """Put the homes into the registry's table."""
    records = [(one.id, encode_record(Record(one))) for one in subscriptions(homes)]
    for at in range(0, len(records), 1000):
        store.transact(CITY, SUBS, dict(records[at : at + 1000]), (), {})


def approaching(ordinal: int, now_ms: int) -> Alert:
    """Make a call to the truck, as the engine would."""
    run = f"route/{ordinal}"
    return Alert(
        id=alert_id(CITY, "2026-11-26", run, "waits", Kind.APPROACHING, 1), city=CITY, subscription="waits",
        kind=Kind.APPROACHING, service_day="2026-11-26", run=run, ordinal=1, vehicle="17", fired_ms=now_ms,
        useful_until_ms=now_ms + 3_600_000, lead=MetresLead(300.0), ping="", category="burnable",
    )  # fmt: skip


def leader(url: str, folder: Path, clock: SharedClock, lease_ms: int, owner: str) -> subprocess.Popen[bytes]:
    """Start a leader in a process of its own."""
    given = (clock.factor, clock._starts_ms, clock._began_ms, lease_ms)
    command = [sys.executable, "-m", "tests.support.evening", url, str(folder), *map(str, given), owner]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def evening(url: str, folder: Path, homes: int, factor: float, lease_ms: int = 2000) -> Evening:
    """Remind a city; kill the leader when four tenths are told; call a home to the truck every half second."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    store = RedisStore.at(url)
    fill(store, homes)
    city, problems = load_city(folder)
    assert city is not None, problems
    lead_s = 6.0 + homes / 20_000
    clock = SharedClock(factor, BEGINS - int(lead_s * 1000 * factor), int(time.time() * 1000))
    hall, meter = Hall(), MemoryMeter()
    residents = RegistryResidents(RedisRegistry(store, clock))
    bench = Bench(
        *(store, residents, {TargetKind.SCREEN: ScreenChannel(hall, clock)}), clock=clock, cities=(city,),
        limits=Limits(drain_s=5.0), plan_of=CityPlans([CityFolder(city, folder)], meter),
    )  # fmt: skip
    processes = [leader(url, folder, clock, lease_ms, "one")]
    try:
        wait_until(lambda: store.fields(CITY, "reminders", ["#fence"]), 30, "the first leader")
        processes.append(leader(url, folder, clock, lease_ms, "two"))
        with bench.running():
            asked, begun_s = _watched(store, clock, hall, homes, processes, factor)
            took_s = time.monotonic() - begun_s
            wait_until(lambda: len(hall.seen["waits"]) >= len(asked), 10, "the last call to the truck")
    finally:
        for process in processes:
            process.kill()
            process.wait()
        store.close()
    return _judged(hall, homes, asked, took_s, factor)


def _watched(
    store: RedisStore,
    clock: SharedClock,
    hall: Hall,
    homes: int,
    processes: Sequence[subprocess.Popen[bytes]],
    factor: float,
) -> tuple[dict[str, float], float]:
    """See it through to the end; tell when each call was made, and when it all began."""
    asked: dict[str, float] = {}
    wait_until(lambda: hall.reminded > 0, 60, "the first reminder")
    begun_s = time.monotonic()
    ends_s = begun_s + SPREAD_MS / 1000 / factor + 60.0
    while hall.reminded < homes and time.monotonic() < ends_s:
        if hall.reminded >= 0.4 * homes and processes[0].poll() is None:
            processes[0].send_signal(signal.SIGKILL)
        call = approaching(len(asked), clock.now_ms())
        asked[call.id] = time.monotonic()
        store.append(keys.alerts(CITY), [encode_alert(call)])
        time.sleep(0.5)
    return asked, begun_s


def _judged(hall: Hall, homes: int, asked: dict[str, float], took_s: float, factor: float) -> Evening:
    told = {phone: seen for phone, seen in hall.seen.items() if phone != "waits" and seen}
    pushes = [each for seen in told.values() for each in seen]
    times, calls = sorted(each.at_s for each in pushes), hall.seen["waits"]
    return Evening(
        homes=homes,
        missing=homes - len(told),
        repeats=len(pushes) - len(told),
        other_ids=sum(len({(each.alert, each.tag) for each in seen}) > 1 for seen in told.values()),
        early=sum(each.sent_ms < BEGINS for each in pushes),
        last_after_window_s=(max(each.sent_ms for each in pushes) - BEGINS - SPREAD_MS) / 1000 / factor,
        took_s=took_s,
        approaching_s=sorted(each.at_s - asked[each.alert] for each in calls),
        before=sorted(bisect(times, each.at_s) - bisect(times, asked[each.alert]) for each in calls),
    )


def main() -> None:
    """Lead until told to stop, or killed."""
    url, folder, factor, starts_ms, began_ms, lease_ms, owner = sys.argv[1:]
    city, problems = load_city(Path(folder))
    assert city is not None, problems
    clock = SharedClock(float(factor), int(starts_ms), int(began_ms))
    store, meter = RedisStore.at(url), MemoryMeter()
    plans = CityPlans([CityFolder(city, Path(folder))], meter)
    pace = Pace(lease_ms=int(lease_ms), spread_ms=SPREAD_MS, rescan_ms=int(30_000 * clock.factor))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ReminderWorker([city], store, RedisRegistry(store, clock).list, plans, clock, meter, owner, pace).run(stop)


if __name__ == "__main__":
    main()
