"""One run: a part of a day on real servers, slice by slice, while things break; then the books.

The clock moves on only when everything acknowledged was worked off and everybody lives again. A slice is a burst on
Mosquitto, whose redelivery keeps the order; on NATS it comes in waves of one message a truck, since there what was in
hand is redelivered after what is new.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import structlog

from gomikuru.city_files import load_city
from ingest.directory import Directory
from model.city import City
from residents.adapters.redis_registry import RedisRegistry
from streams.ports import StoreFault, StoreUnavailable
from streams.redis_streams import RedisStore
from tests.chaos import days, ledger
from tests.chaos.clock import SharedClock
from tests.chaos.crew import Crew
from tests.chaos.days import Day, Said
from tests.chaos.gateway import Publisher, in_waves
from tests.chaos.ledger import Balance, Found, Push
from tests.chaos.plan import Strike, strikes
from tests.chaos.site import Site, refuses
from tests.chaos.tap import Tap
from tests.chaos.zygote import Zygote
from tests.support.brokers import CITY, GATEWAY, truck_client

PATIENCE_S = 60.0
_LOOK_S = 0.03
_DAYS = {"sample": days.sample_day, "jersey": days.jersey_day}
log = structlog.get_logger()


class Outcome(msgspec.Struct):
    """What a run came to."""

    books: Balance
    struck: dict[str, int]
    seconds: float

    @property
    def kills(self) -> int:
        """How often something was struck."""
        return sum(self.struck.values())


class Stuck(Exception):
    """Something acknowledged was not worked off in time."""


class Run:
    """Plays one day once."""

    def __init__(self, day: Day, city: City, site: Site, zygote: Zygote, chance: Random, kills: int, only: str) -> None:
        self._day, self._site, self._kills, self._chance, self._only = day, site, kills, chance, only
        self._directory = Directory.of([city])
        self._clock = SharedClock(site.folder / "clock")
        self._clock.advance_to(day.said[0].at_ms)
        self._store = RedisStore.at(site.store.url, socket_timeout_s=1.0)
        self._tap = Tap(self._store)
        self.crew = Crew(zygote, site)
        self.said: list[Said] = []
        self._pings: set[tuple[str, int]] = set()
        self._refused: set[bytes] = set()

    def play(self) -> None:
        """Work the day off, with all strikes."""
        RedisRegistry(self._store, self._clock).import_many(CITY, self._day.wishes)
        self._tap.join()
        slices = days.in_slices(self._day, max(2, self._kills * 2 // 3))
        plan = strikes(self._chance, len(slices), self._kills, self._only)
        self.crew.start()
        with truck_client(self._site.broker, GATEWAY) as client:
            publisher = Publisher(client)
            self._open_session(publisher)
            for said, due in zip(slices, plan, strict=True):
                self._slice(publisher, said, due)
            self._top_up(publisher, slices)

    def close(self) -> None:
        """Let go of everything."""
        self.crew.end()
        self._store.close()
        self._clock.close()

    def found(self) -> Found:
        """Gather what the run left behind."""
        buried = [name for _, *names in self._tap.buried() for name in names if not refuses(name)]
        buried += ["an event, set aside"] * self._tap.set_aside()
        pushes = [
            Push(sent.target, sent.message["data"]["alert_id"], ledger.tags_of(sent.message))
            for sent in self._site.fcm.sent
        ]
        return Found(self._tap.events, self._tap.refused, self._tap.alerts, buried, pushes)

    def _open_session(self, publisher: Publisher) -> None:
        """Knock until ingest has a session at the broker, which keeps messages from then on."""
        knock = Said(0, "knock", days.topic_of("knock"), b"knock")
        self._refused.add(knock.payload)
        deadline = time.monotonic() + 30
        while not (self._read() and self._tap.refused):
            publisher.say([knock])
            self._wait(0.1, publisher)
            if time.monotonic() > deadline:
                raise Stuck("ingest took nothing in 30 s")
        self._work_off(publisher, [])
        self._tap.refused.pop(knock.payload)
        self._refused.clear()
        self.said.clear()

    def _slice(self, publisher: Publisher, said: Sequence[Said], due: Sequence[Strike]) -> None:
        self._clock.advance_to(said[0].at_ms)
        for strike in due:
            self.crew.strike(strike)
        waves = [list(said)] if self._site.keeps_order else in_waves(said)
        self._work_off(publisher, waves)
        try:
            self._tap.let_trim()
        except (StoreUnavailable, StoreFault) as error:
            log.warning("tap_not_read", error=str(error))

    def _top_up(self, publisher: Publisher, slices: Sequence[Sequence[Said]]) -> None:
        """Say the last slice again, which must tell nobody anything, until all kills have been made."""
        again = [msgspec.structs.replace(one, repeat=True) for one in slices[-1]]
        while (missing := self._kills - self.crew.kills) > 0:
            due = [Strike(self._chance.choice(("ingest", "geofence", "notifier")), "kill", None, 0.0, 0.0)]
            self._slice(publisher, again, due * min(missing, 1))

    def _work_off(self, publisher: Publisher, waves: Sequence[Sequence[Said]]) -> None:
        for wave in waves:
            self._note(wave)
            publisher.say(wave)
            deadline = time.monotonic() + PATIENCE_S
            while not (publisher.all_acknowledged() and self._read() and self._arrived()):
                self._wait(_LOOK_S, publisher, deadline)
        deadline = time.monotonic() + PATIENCE_S
        while not (self.crew.calm and publisher.all_acknowledged() and self._read() and self._worked_off()):
            self._wait(_LOOK_S, publisher, deadline)

    def _note(self, wave: Sequence[Said]) -> None:
        self.said.extend(wave)
        for one in wave:
            pings, refused = ledger.read(one, self._directory)
            self._pings.update((ping.truck, ping.fix_ms) for ping in pings)
            self._refused.update(refused)

    def _arrived(self) -> bool:
        return self._pings <= self._tap.pings and self._refused <= self._tap.refused.keys()

    def _worked_off(self) -> bool:
        try:
            return self._arrived() and self._tap.worked_off()
        except (StoreUnavailable, StoreFault):
            return False

    def _read(self) -> bool:
        try:
            self._tap.read()
        except StoreUnavailable:
            return False
        return True

    def _wait(self, seconds: float, publisher: Publisher, deadline: float | None = None) -> None:
        until = time.monotonic() + seconds
        while True:
            self.crew.tick()
            if self.crew.offences:
                raise Stuck("; ".join(self.crew.offences))
            if time.monotonic() >= until:
                break
            time.sleep(0.005)
        if deadline is not None and time.monotonic() > deadline:
            raise Stuck(f"not worked off in {PATIENCE_S:.0f} s: {self._undone(publisher)}")

    def _undone(self, publisher: Publisher) -> str:
        """Tell what still hangs, for whoever looks for the fault."""
        pings = sorted(self._pings - self._tap.pings)
        refused = sorted(self._refused - self._tap.refused.keys())
        return (
            f"acknowledged {publisher.all_acknowledged()}; store answers {self._read()}; {len(pings)} pings missing "
            f"{pings[:3]}; {len(refused)} refusals missing {refused[:3]}; worked off {self._worked_off()}; "
            f"{self.crew.state()}"
        )


def run(
    folder: Path, zygote: Zygote, workload: str, broker: str, chance: Random, kills: int, only: str = ""
) -> Outcome:
    """Play a part of a day on fresh servers, striking so many times (`only` at one point); close the books."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, broker)
    day = _DAYS[workload](folder / "city", chance)
    city, problems = load_city(folder / "city")
    assert city is not None, problems
    for wish in day.wishes:
        site.script(str(wish.id), days.phone(str(wish.id)), days.old_phone(str(wish.id)))
    site.start()
    played = Run(day, city, site, zygote, chance, kills, only)
    stuck = None
    try:
        played.play()
    except Stuck as error:
        stuck = str(error)
        site.store.restart()
    try:
        file = folder / "city" / "zones.geojson"
        zones = file.read_bytes() if file.exists() else None
        wanted = ledger.undisturbed(msgspec.structs.replace(day, said=tuple(played.said)), city, zones)
        books = ledger.balance(wanted, city, zones, played.found())
    finally:
        played.close()
        site.stop()
    if stuck is not None:
        books.lose(f"the run got stuck: {stuck}")
        books.why.insert(0, books.why.pop())
    return Outcome(books, dict(played.crew.struck), time.monotonic() - began)
