"""Learning every night: once, by whichever process, in a child of its own; the running engine takes what it gives."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geofence.adapters.watch import WatchedFile
from geofence.forecast.profile import FILE, decode_profile
from geofence.worker import CityWorker
from gomikuru.archive.worker import EVENTS
from gomikuru.city_files import CityFolder
from gomikuru.cli import program
from gomikuru.clocks import DrivenClock, machine_ms
from gomikuru.learning import child as child_module
from gomikuru.learning.child import LearningFailed, Stopped, learn_in_child
from gomikuru.learning.night import FIELD, HASH, Night, decode_night
from gomikuru.learning.profile_file import Learned
from gomikuru.learning.worker import LearnWorker, Plan
from gomikuru.metrics import MemoryMeter
from gomikuru.standing import Bounds, judge_learner
from model.ping import Ping
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Store
from tests.contract.test_geofence_worker import PACE, Drawer
from tests.support.archive import archiver, said
from tests.support.rounds import CITY, Drive, instant_ms, weekdays
from tests.support.waiting import wait_until

STREET = [(300.0 * k, 0.0) for k in range(1, 8)]
DAYS = weekdays(4)
NIGHT = instant_ms(DAYS[3] + timedelta(days=1), "02:31")
AT = 2 * 60 + 30


def round_of(day: date) -> list[Ping]:
    return Drive(day).serve(STREET).to(-1500.0, 0.0).pings


@pytest.fixture
def folder(tmp_path: Path) -> CityFolder:
    """A city of one file, and four days in its archive."""
    path = tmp_path / "minami"
    path.mkdir()
    (path / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    store = MemoryStore()
    said(store, [ping for day in DAYS for ping in round_of(day)])
    archiver(store, tmp_path / "archive").turn(CITY)
    return CityFolder(CITY, path)


def learner(
    store: Store,
    folder: CityFolder,
    clock: DrivenClock,
    owner: str = "one",
    child: Callable[..., Learned] = learn_in_child,
    meter: MemoryMeter | None = None,
) -> LearnWorker:
    plan = Plan(at_min=AT, archive=folder.folder.parent / "archive", look_s=0.05)
    return LearnWorker([folder], store, clock, meter or MemoryMeter(), owner, plan, child)


@contextmanager
def at_work(*workers: LearnWorker) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def last(store: Store) -> Night | None:
    return decode_night(store.fields("minami", HASH, [FIELD]).get(FIELD))


class Child:
    """Learns nothing and remembers that it was asked; fails, or takes its time, when told to."""

    def __init__(self, *troubles: Exception | None, takes_s: float = 0.0) -> None:
        self.asked: list[date] = []
        self._troubles = list(troubles)
        self._takes_s = takes_s

    def __call__(self, folder: Path, archive: Path, before: date, days: int, go_on: Callable[[], bool]) -> Learned:
        self.asked.append(before)
        until = time.monotonic() + self._takes_s
        while time.monotonic() < until:
            if not go_on():
                raise Stopped
            time.sleep(0.01)
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble:
            raise trouble
        return Learned(1000, 4, 10, 999)


def test_the_nightly_job_writes_a_profile_that_the_running_engine_takes(store: Store, folder: CityFolder) -> None:
    """The driven clock reaches half past two: a child learns from the archive, and the engine announces the profile."""
    clock = DrivenClock(NIGHT - 120_000)
    profile = WatchedFile(folder.folder / FILE, compare_s=0.1)
    engine = CityWorker(CITY, store, Drawer(), clock, machine_ms, MemoryMeter(), "engine", pace=PACE, profile=profile)
    engine.turn()
    meter = MemoryMeter()
    store.transact("minami", HASH, {FIELD: _done(NIGHT - 86_400_000)}, (), {})
    profile.start()
    with at_work(learner(store, folder, clock, meter=meter)):
        time.sleep(0.3)
        assert not (folder.folder / FILE).exists(), "it is not yet time"
        clock.advance_to(NIGHT)

        def learned_beside_the_engine() -> bool:
            engine.turn()
            return meter.total("learnings", outcome="learned") == 1

        wait_until(learned_beside_the_engine, 90, "the child to learn")
    learned = decode_profile((folder.folder / FILE).read_bytes())
    assert [date.fromordinal(day.ordinal) for day in learned.days] == DAYS

    def taken() -> bool:
        engine.turn()
        return "profile" in store.load("minami").fields

    wait_until(taken, 20, "the engine to take the profile")
    profile.close()
    night = last(store)
    assert night is not None
    assert (night.truck_days, night.failing_ms, night.learned_ms) == (4, None, NIGHT)
    assert [path.name for path in folder.folder.iterdir() if path.suffix == ".half"] == []


def _done(at_ms: int) -> bytes:
    from gomikuru.learning.night import encode_night, learned

    return encode_night(learned(None, at_ms - 60_000, at_ms, 4, 1.0))


def test_of_two_processes_one_learns(store: Store, folder: CityFolder) -> None:
    """Both look at once and often; the night is done once."""
    clock, child = DrivenClock(NIGHT), Child(takes_s=0.5)
    with at_work(learner(store, folder, clock, "one", child), learner(store, folder, clock, "two", child)):
        wait_until(lambda: last(store) is not None, 20, "the night to be done")
        time.sleep(0.4)
    assert len(child.asked) == 1


def test_a_night_that_was_missed_is_made_up_at_the_next_start_and_done_once(folder: CityFolder) -> None:
    """At noon of a day whose night saw no process: at once, from days that are over; the next only next night."""
    store, child = MemoryStore(), Child()
    noon = instant_ms(DAYS[3], "12:00")
    one = learner(store, folder, clock := DrivenClock(noon), child=child)
    one.look(folder)
    one.look(folder)
    learner(store, folder, clock, "two", child).look(folder)
    assert child.asked == [DAYS[3]], "the day that is under way is not learned from"
    clock.advance_to(instant_ms(DAYS[3] + timedelta(days=1), "02:29"))
    one.look(folder)
    assert len(child.asked) == 1
    clock.advance_to(instant_ms(DAYS[3] + timedelta(days=1), "02:30"))
    one.look(folder)
    assert child.asked[1:] == [DAYS[3] + timedelta(days=1)], "at half past two the day is over but for its last hour"


def test_a_child_that_fails_leaves_the_last_profile_and_is_tried_again_after_an_hour(folder: CityFolder) -> None:
    """The reason is kept, and after days of it the health says so; a success ends it."""
    store, meter, clock = MemoryStore(), MemoryMeter(), DrivenClock(NIGHT)
    (folder.folder / FILE).write_bytes(b"as it was")
    child = Child(*[LearningFailed("no room")] * 3)
    one = learner(store, folder, clock, child=child, meter=meter)
    one.look(folder)
    one.look(folder)
    assert len(child.asked) == 1
    clock.advance_to(NIGHT + 3_600_000)
    one.look(folder)
    clock.advance_to(NIGHT + 3 * 86_400_000)
    one.look(folder)
    assert (folder.folder / FILE).read_bytes() == b"as it was"
    stands = judge_learner(one.health(), clock.now_ms(), 3.0, 0.0, Bounds())
    assert [trouble.what for trouble in stands.troubles] == ["learning_failed minami"]
    assert "no room" in stands.troubles[0].text
    assert stands.ready
    assert judge_learner(one.health(), clock.now_ms() - 86_400_000, 3.0, 0.0, Bounds()).well, "two days are no trouble"
    clock.advance_to(NIGHT + 4 * 86_400_000)
    one.look(folder)
    assert judge_learner(one.health(), clock.now_ms(), 3.0, 0.0, Bounds()).well
    assert (meter.total("learnings", outcome="failed"), meter.total("learnings", outcome="learned")) == (3, 1)


def test_a_child_is_ended_when_the_service_ends_and_the_night_is_done_at_the_next_start(folder: CityFolder) -> None:
    """Nothing is noted, the lease is given back."""
    store, child = MemoryStore(), Child(takes_s=60.0)
    with at_work(learner(store, folder, DrivenClock(NIGHT), child=child)):
        wait_until(lambda: bool(child.asked), 20, "the child to begin")
    assert last(store) is None
    assert store.acquire(keys.key("learner", "minami"), "another", 1000) is not None


def test_a_child_whose_lease_is_lost_is_ended(folder: CityFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two learnings of one city never run for long."""
    monkeypatch.setattr("gomikuru.learning.worker.RENEW_S", 0.05)
    store, child = MemoryStore(), Child(takes_s=20.0)
    one = learner(store, folder, DrivenClock(NIGHT), child=child)
    thread = threading.Thread(target=one.look, args=(folder,))
    thread.start()
    wait_until(lambda: bool(child.asked), 10, "the child to begin")
    store._leases[keys.key("learner", "minami")].owner = "another"
    thread.join(10)
    assert not thread.is_alive()
    assert last(store) is None


def test_a_city_without_pings_has_nothing_to_learn_and_is_no_trouble(store: Store, tmp_path: Path) -> None:
    """A fresh city: the child says so, no profile is written, and the health is well."""
    path = tmp_path / "minami"
    path.mkdir()
    (path / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    one = learner(store, CityFolder(CITY, path), DrivenClock(NIGHT))
    one.look(CityFolder(CITY, path))
    night = last(store)
    assert night is not None
    assert (night.truck_days, night.failing_ms, night.learned_ms) == (0, None, None)
    assert not (path / FILE).exists()
    assert judge_learner(one.health(), NIGHT + 10**10, 3.0, 0.0, Bounds()).well


def test_a_real_child_that_cannot_write_says_why(folder: CityFolder) -> None:
    """The profile's place is taken by a folder: the reason is in words, and nothing is left lying."""
    (folder.folder / FILE).mkdir()
    with pytest.raises(LearningFailed, match=FILE):
        learn_in_child(folder.folder, folder.folder.parent / "archive", DAYS[3], 35, lambda: True)
    assert sorted(path.name for path in folder.folder.iterdir()) == ["city.toml", FILE]


def test_a_real_child_is_killed_when_it_may_not_go_on(folder: CityFolder) -> None:
    """No process and no profile are left."""
    with pytest.raises(Stopped):
        learn_in_child(folder.folder, folder.folder.parent / "archive", DAYS[3], 35, lambda: False)
    assert not (folder.folder / FILE).exists()


def test_a_child_that_takes_too_long_has_failed(folder: CityFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learning that hangs does not hold up the nights to come."""
    monkeypatch.setattr(child_module, "LONGEST_S", 0.0)
    with pytest.raises(LearningFailed, match="not done within"):
        learn_in_child(folder.folder, folder.folder.parent / "archive", DAYS[3], 35, lambda: True)


# by hand


def learn(folder: CityFolder, *more: str) -> object:
    os.environ["GOMIKURU_ARCHIVE__DIR"] = str(folder.folder.parent / "archive")
    try:
        return CliRunner().invoke(program(), ["learn", "--city", str(folder.folder), *more])
    finally:
        del os.environ["GOMIKURU_ARCHIVE__DIR"]


def test_learning_by_hand_from_the_archive_gives_what_the_pings_give(folder: CityFolder) -> None:
    """`gomikuru learn --archive`: the same bytes as from the same days in files; `--days` takes the newest."""
    pings = str(folder.folder.parent / "archive" / "minami" / "pings" / "*")
    result = CliRunner().invoke(program(), ["learn", "--city", str(folder.folder), "--pings", pings])
    assert result.exit_code == 0, result.output
    from_files = (folder.folder / FILE).read_bytes()
    (folder.folder / FILE).unlink()
    assert learn(folder, "--archive").exit_code == 0  # type: ignore[attr-defined]
    assert (folder.folder / FILE).read_bytes() == from_files
    learn(folder, "--archive", "--before", str(DAYS[3]))
    days = [date.fromordinal(day.ordinal) for day in decode_profile((folder.folder / FILE).read_bytes()).days]
    assert days == DAYS[:3]
    learn(folder, "--archive", "--days", "2", "--before", str(DAYS[3]))
    days = [date.fromordinal(day.ordinal) for day in decode_profile((folder.folder / FILE).read_bytes()).days]
    assert days == DAYS[1:3]


@pytest.mark.parametrize(
    "words", [["--archive", "--pings", "x"], ["--pings", "x", "--days", "3"], ["--archive", "--before", "monday"]]
)
def test_options_of_learn_that_do_not_go_together_are_wrong_usage(folder: CityFolder, words: list[str]) -> None:
    """Exit code 2."""
    assert learn(folder, *words).exit_code == 2  # type: ignore[attr-defined]


def test_the_archive_stage_and_the_learner_know_each_other() -> None:
    """The name under which the archive follows is the one that trimming waits for."""
    from gomikuru import wiring
    from gomikuru.settings import load

    assert wiring._followers(load(None, {}), EVENTS) == (EVENTS,)
    assert wiring._followers(load(None, {"GOMIKURU_ARCHIVE__ENABLED": "false"}), EVENTS) == ()
    assert "learner" not in wiring.switched_on(load(None, {"GOMIKURU_ARCHIVE__ENABLED": "false"}))
    assert "learner" not in wiring.switched_on(load(None, {"GOMIKURU_LEARN__ENABLED": "false"}))
    assert set(wiring.switched_on(load(None, {}))) == set(wiring.STAGES)
