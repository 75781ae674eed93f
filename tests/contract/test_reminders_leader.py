"""The leader of a city's reminders on every store: pieces, followers, lost answers, changed plans, the right pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gomikuru.city_files import CityFolder
from gomikuru.city_plans import CityPlans, InForce
from gomikuru.reminding.leader import Leader, Pace
from gomikuru.reminding.progress import HASH
from model.alert import Alert, decode_alert
from model.subscription import InZone, MetresLead, Reminder, Subscription
from model.times import parse_rfc3339
from residents.calendar.plan import Change, Collection, Plan
from residents.calendar.rules import Rule
from streams import keys
from streams.ports import START, Store, StoreUnavailable
from tests.support.notifying import SetClock, TallyMeter, city
from tests.support.waiting import wait_until

EVENING = parse_rfc3339("2026-11-26T19:00:00+09:00")
FRIDAY = date(2026, 11, 27)
LINES = (Collection("a", "burnable", Rule((4,)), 480),)
PLAN = InForce(Plan(LINES), "1")
CANCELLED = InForce(Plan(LINES, [Change(FRIDAY, reasons={"ja": "台風のため"})]), "2")
PACE = Pace(piece=7, most_waiting=1000, spread_ms=600_000)


def homes(count: int) -> list[Subscription]:
    return [
        Subscription(
            id=f"s{n}", city="minami", number=n, version=1, place=InZone("a"), lead=MetresLead(300.0),
            reminders=(Reminder(1, 19 * 60),),
        )
        for n in range(count)
    ]  # fmt: skip


class Town:
    """What two leaders share."""

    def __init__(self, store: Store, count: int = 40, pace: Pace = PACE) -> None:
        self.store = store
        self.clock = SetClock(EVENING - 60_000)
        self.meter = TallyMeter()
        self.plan = PLAN
        self.pace = pace
        self.homes = homes(count)
        first = self.leader("first")
        first.look()
        first.release()

    def leader(self, owner: str, store: Store | None = None) -> Leader:
        return Leader(
            *(city(), store or self.store, self._list, lambda _city: self.plan, self.clock, self.meter, owner),
            self.pace,
        )

    def _list(self, _city: str) -> Iterator[Subscription]:
        return iter(self.homes)

    def alerts(self) -> list[Alert]:
        return [decode_alert(entry.data) for entry in self.store.read(keys.alerts("minami"), START, 100_000, 0)]


class Flaky:
    """A store that dies at the n-th transaction that carries alerts: before it, or after it with the answer lost."""

    def __init__(self, store: Store, at: int, *, done: bool) -> None:
        self._store, self._left, self._done = store, at, done

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def transact(self, *args: object, **options: object) -> bool:
        appends = args[4]
        self._left -= bool(appends)
        if self._left or not appends:
            return self._store.transact(*args, **options)  # type: ignore[arg-type]
        if self._done:
            self._store.transact(*args, **options)  # type: ignore[arg-type]
        raise StoreUnavailable("the answer was lost")


def ids(alerts: list[Alert]) -> Counter[str]:
    return Counter(alert.subscription for alert in alerts)


def test_everybody_is_reminded_once_within_the_spread(store: Store) -> None:
    """Nobody before their time; nobody twice, however often the leader looks."""
    town = Town(store)
    leader = town.leader("one")
    leader.look()
    assert town.alerts() == []
    for minute in range(1, 13):
        town.clock.value = EVENING + minute * 60_000
        leader.look()
        assert all(alert.fired_ms <= town.clock.value for alert in town.alerts())
        assert 0 < len(town.alerts()) <= 40
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})
    assert town.meter.counts["reminders", "minami", "new"] == 40


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_leader_that_dies_in_the_middle_is_followed_without_a_gap(store: Store, at: int, done: bool) -> None:
    """Whether its last piece was written or not: none missing, none twice, for the follower reads what was told."""
    town = Town(store)
    town.clock.value = EVENING + 700_000
    with pytest.raises(StoreUnavailable):
        town.leader("one", Flaky(store, at, done=done)).look()  # type: ignore[arg-type]
    assert len(town.alerts()) == min(40, 7 * (at - 1 + done))
    follower = town.leader("two")
    assert follower.look() > 0
    assert not follower.health.leads
    _expire(store, town)
    follower.look()
    assert follower.health.leads
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})


def _expire(store: Store, town: Town) -> None:
    """Let the dead leader's lease go, as time would."""
    fence = store.acquire(keys.key("reminding", "minami"), "one", 10_000)
    assert fence is not None
    store.release(fence)


def test_a_leader_whose_answer_was_lost_goes_on_itself(store: Store) -> None:
    """It reads anew what was told before it hands on more."""
    town = Town(store)
    town.clock.value = EVENING + 700_000
    leader = town.leader("one", Flaky(store, 2, done=True))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        leader.look()
    leader.look()
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})


def test_a_leader_that_was_overtaken_writes_nothing_more(store: Store) -> None:
    """Its fence is older than the one that stands in the record, though it still believes in its lease."""
    town = Town(store, pace=Pace(piece=7, lease_ms=60_000, spread_ms=600_000))
    slow = town.leader("one")
    slow.look()
    _expire(store, town)
    town.clock.value = EVENING + 700_000
    town.leader("two").look()
    slow.look()
    assert not slow.health.leads
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})


def test_reminders_wait_while_the_notifier_has_enough_before_it(store: Store) -> None:
    """So that what is urgent is never behind more than so many; the rest goes on when there is room."""
    town = Town(store, pace=Pace(piece=7, most_waiting=10, spread_ms=600_000))
    town.clock.value = EVENING + 700_000
    leader = town.leader("one")
    leader.look()
    assert len(town.alerts()) == 10
    assert leader.health.waiting == 30
    for _ in range(4):
        taken = store.take(keys.alerts("minami"), "notifier", "w", 100, 0)
        store.done(keys.alerts("minami"), "notifier", [delivery.id for delivery in taken])
        leader.look()
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})
    assert leader.health.waiting == 0


def test_a_changed_plan_corrects_exactly_those_who_were_told(store: Store) -> None:
    """Half were told when the typhoon came: these hear it, the others are not reminded at all; and only once."""
    town = Town(store)
    town.clock.value = EVENING + 300_000
    leader = town.leader("one")
    leader.look()
    told = {alert.subscription for alert in town.alerts()}
    assert 5 < len(told) < 35
    town.plan = CANCELLED
    for _ in range(3):
        town.clock.value += 400_000
        leader.look()
    corrections = town.alerts()[len(told) :]
    assert ids(corrections) == Counter(dict.fromkeys(told, 1))
    assert all(alert.reasons == {"ja": "台風のため"} for alert in corrections)
    assert town.meter.counts["reminders", "minami", "corrected"] == len(told)


def test_a_correction_survives_a_leader_that_dies_in_the_middle_of_it(store: Store) -> None:
    """The follower corrects the rest, and nobody twice."""
    town = Town(store)
    town.clock.value = EVENING + 700_000
    town.leader("one").look()
    town.plan = CANCELLED
    with pytest.raises(StoreUnavailable):
        town.leader("one", Flaky(store, 3, done=True)).look()  # type: ignore[arg-type]
    _expire(store, town)
    town.leader("two").look()
    assert ids(town.alerts()) == Counter({f"s{n}": 2 for n in range(40)})
    assert len({alert.id for alert in town.alerts()}) == 80


@pytest.mark.parametrize(("hours", "expected"), [(1, 40), (3, 0)])
def test_a_standstill_is_made_up_within_the_grace(store: Store, hours: int, expected: int) -> None:
    """After an hour all are reminded late; after three, with a grace of two, nobody is."""
    town = Town(store)
    town.clock.value = EVENING + 600_000 + hours * 3_600_000
    town.leader("one").look()
    assert len(town.alerts()) == expected


def test_who_signs_up_after_the_time_is_reminded_the_next_time(store: Store) -> None:
    """Nobody is greeted with what was due an hour before they came."""
    town = Town(store)
    leader = town.leader("one")
    for minute in range(0, 60, 5):
        town.clock.value = EVENING + minute * 60_000
        leader.look()
    town.homes = homes(41)
    town.clock.value += 300_000
    leader.look()
    assert ids(town.alerts()) == Counter({f"s{n}": 1 for n in range(40)})


def test_what_is_remembered_names_nobody_and_is_forgotten_when_the_day_is_over(store: Store) -> None:
    """No id of a subscription stands in the record."""
    town = Town(store)
    town.clock.value = EVENING + 700_000
    leader = town.leader("one")
    leader.look()
    fields = store.fields("minami", HASH)
    assert len([name for name in fields if name.startswith("2026-11-27/")]) == 40
    assert not any(one.id in name.partition("/")[2].split("/") for name in fields for one in town.homes)
    town.clock.value += 2 * 86_400_000
    leader.look()
    assert not any(name.startswith("2026-11-27/") for name in store.fields("minami", HASH))


def test_a_broken_exceptions_file_leaves_the_last_good_plan_in_force(tmp_path: Path) -> None:
    """It is said and counted; the next good one takes force."""
    (tmp_path / "calendar.csv").write_text("zone,category,rule\na,burnable,weekly fri\n", encoding="utf-8")
    meter = TallyMeter()
    plans = CityPlans([CityFolder(city(), tmp_path)], meter)
    assert plans("kita") is None
    first = plans.in_force("minami")
    exceptions = tmp_path / "exceptions.csv"
    plans.start()
    try:
        exceptions.write_text("date,change\n2026-11-27,gone\n", encoding="utf-8")
        wait_until(lambda: bool(plans.in_force("minami") and plans.problems("minami")))
        assert plans.in_force("minami") is first
        assert meter.counts["book_refused", "minami", "exceptions.csv"] >= 1
        exceptions.write_text("date,change\n2026-11-27,cancelled\n", encoding="utf-8")
        wait_until(lambda: plans.in_force("minami") is not first)
        assert plans.problems("minami") == ()
        plan = plans("minami")
        assert plan is not None
        assert plan.on("a", FRIDAY) == ()
        (tmp_path / "calendar.csv").unlink()
        wait_until(lambda: bool(plans.in_force("minami") and plans.problems("minami")))
        assert plans("minami") is plan
    finally:
        plans.close()
