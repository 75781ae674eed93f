"""The notifier's worker over the store in memory: what is sent, once, in time, and what becomes of the rest."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
import pytest
import structlog

from model.alert import Kind, encode_alert
from model.city import Policy
from model.subscription import Quiet, Target, TargetKind
from notifier import dead_letters
from notifier.limits import Limits
from notifier.outcome import Delivered, Refused, TargetBarred, TargetGone, TryAgain
from notifier.worker import Health
from residents.calendar.plan import Collection, Plan
from residents.calendar.rules import Rule
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Delivery, StoreUnavailable
from tests.support.notifying import (
    NOW_MS,
    Bench,
    ListedResidents,
    ScriptedChannel,
    SetClock,
    alert,
    city,
    screen,
    subscription,
    token,
)
from tests.support.waiting import wait_until


def bench(*subscriptions: object, channel: ScriptedChannel | None = None, **options: object) -> Bench:
    """Build a worker over a fresh store, with one channel for every kind of target unless told otherwise."""
    kinds = [kind for kind in TargetKind if kind is not TargetKind.PAGE]
    channels = options.pop("channels", None) or dict.fromkeys(kinds, channel or ScriptedChannel())
    store = options.pop("store", None) or MemoryStore()
    return Bench(store, options.pop("residents", None) or ListedResidents(*subscriptions), channels, **options)


def finished(one: Bench, city_id: str = "minami") -> bool:
    return one.left(city_id) == 0


def test_an_alert_is_sent_recorded_and_finished() -> None:
    """One push with the alert's tag and life, one record without target or home, nothing left pending."""
    channel = ScriptedChannel()
    one = bench(subscription(), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one) and one.records(), what="the outcome")
    (sent,) = channel.pushes
    assert (sent.target, sent.message.tag, sent.ttl_s, sent.alert_id) == (screen(), alert().id, 600, alert().id)
    (record,) = one.records()
    assert (record.what, record.alert, record.channel, record.latency_ms) == ("delivered", alert().id, "screen", 1200)
    assert b"phone-1" not in msgspec.msgpack.encode(record)
    assert one.meter.values["alert_latency_seconds"] == [1.2]
    assert one.meter.counts["pushes", "minami", "screen", "delivered"] == 1
    assert channel.closed


def test_every_target_has_its_own_outcome_and_only_what_is_gone_is_pruned() -> None:
    """Of four targets one is delivered, one gone, one barred, one refused; the household keeps the first and last."""
    channel = ScriptedChannel()
    channel.script("gone", TargetGone("UNREGISTERED"))
    channel.script("barred", TargetBarred("SENDER_ID_MISMATCH"))
    channel.script("refused", Refused("INVALID_ARGUMENT", "the template"))
    one = bench(subscription(targets=[token(name) for name in ("ok", "gone", "barred", "refused")]), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert {record.what for record in one.records()} == {"delivered", "gone", "barred", "refused"}
    assert one.residents.dropped == [("minami", "s1", token("gone"))]
    assert one.residents.barred == [("minami", "s1", token("barred"))]
    assert set(one.residents.kept["minami", "s1"].targets) == {token("ok"), token("refused")}
    assert one.meter.counts["targets_pruned", "minami", "screen"] == 1
    assert one.store.length(keys.dead("minami")) == 0


def test_a_template_that_every_send_refuses_prunes_nobody_and_can_be_read_and_resent() -> None:
    """Refused alerts become dead letters; resent after the mistake is mended, they arrive."""
    channel = ScriptedChannel()
    households = [subscription(f"s{n}", [token(f"t{n}")]) for n in range(20)]
    for n in range(20):
        channel.script(f"t{n}", Refused("INVALID_ARGUMENT", "the template"))
    one = bench(*households, channel=channel)
    one.tell(*(alert(f"s{n}") for n in range(20)))
    with one.running():
        letters = wait_until(
            lambda: len(found := list(dead_letters.letters(one.store, "minami"))) == 20 and found, what="dead letters"
        )
        assert {letter.why for letter in letters} == {"refused: INVALID_ARGUMENT"}
        assert one.residents.dropped == []
        channel.script("t7", Delivered("mended"))
        mended = next(letter for letter in letters if letter.alert and letter.alert.subscription == "s7")
        dead_letters.resend(one.store, "minami", mended.id)
        wait_until(lambda: len(channel.to("t7")) == 2, what="the resent alert")
    assert len(list(dead_letters.letters(one.store, "minami"))) == 19
    assert one.meter.counts["dead_letters", "minami"] == 20


def test_expired_quiet_and_unaddressed_alerts_are_counted_and_never_sent() -> None:
    """None of them reaches a channel; all of them are finished, each with its reason, also in the log."""
    channel = ScriptedChannel()
    asleep = subscription("asleep", quiet=Quiet(8 * 60, 9 * 60))
    one = bench(subscription(), asleep, subscription("bare", targets=()), channel=channel)
    one.tell(alert(useful_until_ms=NOW_MS), alert("asleep"), alert("gone"), alert("bare"))
    with structlog.testing.capture_logs() as lines, one.running():
        wait_until(lambda: finished(one), what="the alerts to finish")
    assert channel.pushes == []
    ways = {line["alert"]: (line["ping"], line["why"]) for line in lines if line["event"] == "alert_not_sent"}
    whys = {"s1": "expired", "asleep": "quiet", "gone": "no_subscription", "bare": "no_target"}
    assert ways == {alert(home).id: (alert().ping, why) for home, why in whys.items()}
    assert sorted(record.what for record in one.records()) == ["expired", "no_subscription", "no_target", "quiet"]
    assert one.meter.counts["alerts_expired", "minami", "approaching"] == 1
    assert one.meter.counts["alerts_quiet", "minami", "approaching"] == 1
    assert one.meter.counts["alerts_unaddressed", "minami"] == 2


def test_what_the_calendar_or_a_pause_holds_back_is_counted_and_never_sent() -> None:
    """A household that is away, waste of another day, a call after the city's time; the plan is asked at the desk."""
    channel = ScriptedChannel()
    away = msgspec.structs.replace(subscription("away"), paused_until_ms=NOW_MS + 60_000)
    lines = [Collection("z1", "burnable", Rule((0,)), 480), Collection("z1", "plastic", Rule((1,)), 480)]
    fixed = msgspec.structs.replace(city(), policy=Policy.BY_DEADLINE)
    one = bench(
        *(subscription(), away, subscription("late")),
        channel=channel,
        cities=(fixed,),
        plan_of=lambda _city: Plan(lines),
    )
    told = alert(kind=Kind.PASSED)
    one.tell(alert(category="plastic"), alert("away"), alert("late"), told)
    with one.running():
        wait_until(lambda: finished(one), what="the alerts to finish")
    assert [(push.alert_id, push.message.body.partition("。")[2]) for push in channel.pushes] == [
        (told.id, "次の収集日は11月30日(月)です。")
    ]
    for name in ("alerts_not_collected", "alerts_paused", "alerts_past_deadline"):
        assert one.meter.counts[name, "minami", "approaching"] == 1, name
    whats = sorted(record.what for record in one.records())
    assert whats == ["delivered", "not_collected_today", "past_deadline", "paused"]


def test_a_push_is_tried_again_until_it_arrives_under_the_same_tag() -> None:
    """Two tries that fail and one that works are one delivery."""
    channel = ScriptedChannel()
    channel.script("phone-1", TryAgain(0.01), TryAgain(0.01), Delivered("late"))
    one = bench(subscription(), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert [push.message.tag for push in channel.pushes] == [alert().id] * 3
    (record,) = one.records()
    assert (record.what, record.attempts) == ("delivered", 3)
    assert one.meter.counts["pushes", "minami", "screen", "again"] == 2


def test_a_wait_beyond_the_alerts_life_is_not_waited_for() -> None:
    """Told to come back in an hour, an alert that is useful for ten minutes is expired at once."""
    channel = ScriptedChannel()
    channel.script("phone-1", TryAgain(3600.0, "quota"))
    one = bench(subscription(), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to expire")
    assert len(channel.pushes) == 1
    assert [(record.what, record.code) for record in one.records()] == [("expired", "quota")]
    assert one.meter.counts["alerts_expired", "minami", "approaching"] == 1


def test_a_wait_is_weighed_in_service_time() -> None:
    """At sixty times the speed, twenty seconds of waiting outlive ten minutes of use."""
    channel = ScriptedChannel()
    channel.script("phone-1", TryAgain(20.0))
    one = bench(subscription(), channel=channel, clock=SetClock(factor=60.0))
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to expire")
    assert channel.pushes[0].ttl_s == 10
    assert abs(channel.pushes[0].useful_until_ms - time.time() * 1000 - 10_000) < 60_000, "on the phone's own clock"
    assert [record.what for record in one.records()] == ["expired"]


def test_an_alert_that_expires_while_it_waits_its_turn_is_not_sent() -> None:
    """The life is looked at again when the turn comes, not only when the alert is taken."""
    channel = ScriptedChannel(slots=1)
    channel.gate = threading.Event()
    clock = SetClock()
    one = bench(subscription("a", [screen("a")]), subscription("b", [screen("b")]), channel=channel, clock=clock)
    one.tell(alert("a"), alert("b", useful_until_ms=NOW_MS + 700_000))
    with one.running():
        wait_until(lambda: channel.to("a"), what="the first send")
        clock.value = NOW_MS + 800_000
        channel.gate.set()
        wait_until(lambda: finished(one), what="both to finish")
    assert channel.to("b") == []
    assert sorted(record.what for record in one.records()) == ["delivered", "expired"]


def test_what_is_imminent_overtakes_what_is_bulky() -> None:
    """An approaching that comes after a hundred reminders is sent before all but those already under way."""
    channel = ScriptedChannel(slots=1, takes_s=0.002)
    channel.gate = threading.Event()
    households = [subscription(f"s{n}", [screen(f"p{n}")]) for n in range(101)]
    one = bench(*households, channel=channel)
    one.tell(*(alert(f"s{n}", Kind.REMINDER) for n in range(100)))
    with one.running():
        wait_until(lambda: channel.pushes, what="the first reminder")
        one.tell(alert("s100"))
        time_to_take = wait_until(lambda: one.worker._hands.room("minami") <= 5000 - 101, what="all in hand")
        assert time_to_take
        channel.gate.set()
        wait_until(lambda: finished(one), what="all to finish")
    assert [push.kind for push in channel.pushes].index(Kind.APPROACHING) == 1


def test_no_more_sends_are_under_way_than_the_channel_has_slots() -> None:
    """Four slots, two hundred alerts, never five at once."""
    channel = ScriptedChannel(slots=4, takes_s=0.002)
    one = bench(*(subscription(f"s{n}", [screen(f"p{n}")]) for n in range(200)), channel=channel)
    one.tell(*(alert(f"s{n}") for n in range(200)))
    with one.running():
        wait_until(lambda: finished(one), what="all to finish")
    assert len(channel.pushes) == 200
    assert channel.most_under_way == 4


def test_a_channel_that_hangs_delays_neither_other_channels_nor_other_cities() -> None:
    """With FCM stuck, the same city's screens and the other city's everything go out."""
    stuck, well, own = ScriptedChannel("fcm", slots=2), ScriptedChannel("screen"), ScriptedChannel("fcm")
    stuck.gate = threading.Event()
    households = [subscription(f"s{n}", [token(f"t{n}"), screen(f"p{n}")]) for n in range(50)]
    others = [subscription(f"s{n}", [token(f"t{n}")], "kita") for n in range(50)]
    one = bench(
        *households,
        *others,
        channels={TargetKind.FCM_TOKEN: stuck, TargetKind.SCREEN: well},
        city_channels={"kita": {TargetKind.FCM_TOKEN: own}},
        cities=(city(), city("kita")),
    )
    one.tell(*(alert(f"s{n}") for n in range(50)), *(alert(f"s{n}", city_id="kita") for n in range(50)))
    with one.running():
        wait_until(lambda: len(well.pushes) == 50 and finished(one, "kita"), what="everything else")
        assert len(stuck.pushes) == 2
        stuck.gate.set()
        wait_until(lambda: finished(one), what="the rest")
    assert len(stuck.pushes) == len(own.pushes) == 50


def test_bytes_that_are_no_alert_are_buried_and_the_next_is_sent() -> None:
    """Poison does not stop the line."""
    channel = ScriptedChannel()
    one = bench(subscription(), channel=channel)
    poison = [b"\xffnot an alert", b"", encode_alert(alert()).replace(b"minami", b"min\xffmi")]
    one.store.append(keys.alerts("minami"), poison)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert len(channel.pushes) == 1
    letters = list(dead_letters.letters(one.store, "minami"))
    assert [letter.data for letter in letters] == poison
    assert all(letter.why.startswith("not an alert") and letter.alert is None for letter in letters)


def test_an_alert_that_cannot_be_worded_is_buried_and_the_next_is_sent() -> None:
    """A fault in one alert's own values is not the others' problem."""
    channel = ScriptedChannel()
    one = bench(subscription(), channel=channel)
    one.tell(alert(kind=Kind.REMINDER, service_day="tomorrow"), alert())
    with one.running():
        wait_until(lambda: finished(one), what="both to end")
    assert [push.kind for push in channel.pushes] == [Kind.APPROACHING]
    assert [letter.why for letter in dead_letters.letters(one.store, "minami")] == [
        "ValueError while weighing or wording it"
    ]


def test_what_a_dead_worker_took_is_sent_by_another_under_the_same_tag() -> None:
    """A worker that sent and died before `done` causes a second send that replaces the first on the phone."""
    store = MemoryStore()
    first, second = ScriptedChannel(), ScriptedChannel()
    limits = Limits(block_ms=20, reclaim_idle_s=0.3, reclaim_every_s=0.05, drain_s=1.0)
    dying = bench(subscription(), channel=first, store=_DyingStore(store), limits=limits)
    dying.tell(alert())
    with dying.running():
        wait_until(lambda: first.pushes, what="the first send")
    assert store.backlog(keys.alerts("minami"), "notifier") == 1
    living = bench(subscription(), channel=second, store=store, limits=limits, worker_name="worker-2")
    with living.running():
        wait_until(lambda: finished(living), what="the alert to be taken over")
    assert first.pushes[0].message.tag == second.pushes[0].message.tag
    assert len(living.records()) == 1


def test_an_entry_is_not_finished_while_its_outcome_is_not_written() -> None:
    """With the outcomes' stream away, what was sent stays pending."""
    channel, memory = ScriptedChannel(), MemoryStore()
    one = bench(subscription(), channel=channel, store=_DyingStore(memory, "append_bounded"))
    one.tell(alert())
    with one.running():
        wait_until(lambda: channel.pushes, what="the send")
    assert memory.backlog(keys.alerts("minami"), "notifier") == 1


def test_a_send_that_outlasts_the_reclaim_is_not_begun_again_by_the_same_worker() -> None:
    """What is in hand is skipped when the store gives it back."""
    channel = ScriptedChannel()
    channel.gate = threading.Event()
    given_back: list[str] = []
    store = MemoryStore()
    reclaim = store.reclaim

    def watched(*arguments: Any) -> list[Delivery]:
        back = reclaim(*arguments)
        given_back.extend(delivery.id for delivery in back)
        return back

    store.reclaim = watched  # type: ignore[method-assign]
    limits = Limits(block_ms=10, reclaim_idle_s=0.1, reclaim_every_s=0.02)
    one = bench(subscription(), channel=channel, store=store, limits=limits)
    one.tell(alert())
    with one.running():
        wait_until(lambda: len(given_back) >= 2, what="the entry to be given back twice")
        channel.gate.set()
        wait_until(lambda: finished(one), what="the alert to finish")
    assert len(channel.pushes) == 1


class _DyingStore:
    """A store that a worker can take from and never write to, as for one that dies before it can."""

    def __init__(self, store: MemoryStore, *away: str) -> None:
        self._store = store
        self._names = away or ("append_bounded", "done", "bury")

    def __getattr__(self, name: str) -> object:
        if name in self._names:
            return self._away
        return getattr(self._store, name)

    def _away(self, *_: object) -> None:
        raise StoreUnavailable("gone")


def test_a_target_that_got_its_push_is_not_sent_again_when_the_alert_comes_back_to_the_same_worker() -> None:
    """One target delivered, the other told to wait long: after the alert was let go, only the other is tried."""
    channel = ScriptedChannel()
    channel.script("slow", TryAgain(0.5), Delivered("late"))
    limits = Limits(block_ms=20, reclaim_idle_s=0.4, reclaim_every_s=0.05)
    one = bench(subscription(targets=[screen("fast"), screen("slow")]), channel=channel, limits=limits)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert (len(channel.to("fast")), len(channel.to("slow"))) == (1, 2)
    assert sorted(record.what for record in one.records()) == ["delivered", "delivered"]


def test_an_alert_that_never_gets_through_becomes_a_dead_letter_after_its_tries() -> None:
    """A channel that is down for the whole of a long life does not keep the alert pending for ever."""
    channel = ScriptedChannel()
    channel.script("phone-1", TryAgain(0.2))
    limits = Limits(block_ms=10, reclaim_idle_s=0.1, reclaim_every_s=0.02, max_tries=3)
    one = bench(subscription(), channel=channel, limits=limits)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to be given up")
    (letter,) = dead_letters.letters(one.store, "minami")
    assert letter.why == "not finished in 3 tries"
    assert letter.alert == alert()


def test_a_store_that_is_away_for_a_while_costs_no_alert() -> None:
    """Reading residents fails twice, writing outcomes fails twice; the push goes out once."""
    channel = ScriptedChannel()
    residents = ListedResidents(subscription())
    residents.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
    memory = MemoryStore()
    memory.join(keys.alerts("minami"), "notifier")
    one = bench(channel=channel, residents=residents, store=_Stuttering(memory, 2))
    one.tell(alert())
    with one.running():
        wait_until(lambda: not one.worker.health().store_ok, what="the store to be told away")
        wait_until(lambda: memory.backlog(keys.alerts("minami"), "notifier") == 0, what="the alert to finish")
        wait_until(lambda: one.worker.health() == Health(True, (), 0), what="the worker to be well")
    assert len(channel.pushes) == 1


def test_a_worker_that_fails_says_so_until_it_works_again() -> None:
    """A fault that is ours is no store that is away: health names the city, and the alert goes out afterwards."""
    channel = ScriptedChannel()
    limits = Limits(block_ms=10, reclaim_idle_s=0.1, reclaim_every_s=0.02)
    one = bench(subscription(), channel=channel, limits=limits)
    residents, broken = one.residents.get_many, threading.Event()

    def read(city_id: str, ids: list[str]) -> object:
        if broken.is_set():
            raise RuntimeError("bug")
        return residents(city_id, ids)

    broken.set()
    one.residents.get_many = read
    one.tell(alert())
    with one.running():
        wait_until(lambda: one.worker.health().failing == ("minami",), what="the fault to be told")
        assert one.worker.health().store_ok
        broken.clear()
        wait_until(lambda: finished(one), what="the alert to finish")
        wait_until(lambda: one.worker.health() == Health(True, (), 0), what="the worker to be well")
    assert len(channel.pushes) == 1


class _Stuttering:
    def __init__(self, store: MemoryStore, failures: int) -> None:
        self._store = store
        self._failures = dict.fromkeys(("take", "append_bounded", "done", "join"), failures)

    def __getattr__(self, name: str) -> object:
        method = getattr(self._store, name)

        def call(*arguments: object) -> object:
            if self._failures.get(name, 0) > 0:
                self._failures[name] -= 1
                raise StoreUnavailable(f"{name} away")
            return method(*arguments)

        return call


def test_a_registry_that_fails_in_an_unforeseen_way_keeps_the_alerts_pending() -> None:
    """Nothing is lost, nothing is sent twice, and the worker goes on."""
    channel = ScriptedChannel()
    residents = ListedResidents(subscription())
    residents.failures = [RuntimeError("a bug")]
    limits = Limits(block_ms=20, reclaim_idle_s=0.3, reclaim_every_s=0.05)
    one = bench(channel=channel, residents=residents, limits=limits)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert len(channel.pushes) == 1


def test_a_channel_that_raises_costs_one_try_and_not_the_worker() -> None:
    """A bug in a channel is tried again like an answer that never came."""
    channel = ScriptedChannel()
    channel.script("phone-1", RuntimeError("a bug"), Delivered("late"))
    one = bench(subscription(), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert len(channel.pushes) == 2


def test_a_target_without_a_channel_is_recorded_and_does_not_hold_the_others() -> None:
    """A household with a phone that this installation cannot reach still gets the push on its screen."""
    channel = ScriptedChannel()
    one = bench(subscription(targets=[token(), screen()]), channels={TargetKind.SCREEN: channel})
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert len(channel.pushes) == 1
    assert sorted(record.what for record in one.records()) == ["delivered", "no_channel"]


def test_a_worker_that_is_stopped_finishes_what_is_under_way_and_leaves_the_rest_pending() -> None:
    """Sends under way end and are finished; what waits for a retry stays for the next worker, at once."""
    channel = ScriptedChannel(slots=2)
    channel.script("waits", TryAgain(5.0))
    channel.gate = threading.Event()
    one = bench(subscription("a", [screen("a")]), subscription("b", [screen("waits")]), channel=channel)
    one.tell(alert("a"), alert("b"))
    with one.running():
        wait_until(lambda: channel.under_way == 2, what="both sends")
        threading.Timer(0.2, channel.gate.set).start()
        begun_s = time.monotonic()
    assert time.monotonic() - begun_s < 2.0
    assert [record.alert for record in one.records()] == [alert("a").id]
    assert one.left() == 1


def test_two_workers_share_the_alerts_and_nobody_is_told_twice() -> None:
    """Three hundred alerts, two workers, three hundred pushes."""
    store, residents = MemoryStore(), ListedResidents(*(subscription(f"s{n}", [screen(f"p{n}")]) for n in range(300)))
    channels = ScriptedChannel(takes_s=0.001), ScriptedChannel(takes_s=0.001)
    limits = Limits(block_ms=20, batch=10, in_hand=20)
    workers = [
        bench(channel=channel, residents=residents, store=store, limits=limits, worker_name=f"worker-{n}")
        for n, channel in enumerate(channels)
    ]
    with workers[0].running(), workers[1].running():
        workers[0].tell(*(alert(f"s{n}") for n in range(300)))
        wait_until(lambda: finished(workers[0]) and len(workers[0].records()) == 300, what="all to finish")
    values = [push.target.value for channel in channels for push in channel.pushes]
    assert len(values) == len(set(values)) == 300
    assert all(channel.pushes for channel in channels)


def test_finished_alerts_are_trimmed_and_the_backlog_is_told() -> None:
    """The stream does not grow with what is done."""
    one = bench(subscription())
    one.tell(*(alert(ordinal=n) for n in range(50)))
    with one.running():
        wait_until(lambda: one.store.length(keys.alerts("minami")) == 0, what="the stream to be trimmed")
        wait_until(lambda: one.meter.gauges.get(("alerts_backlog", "minami")) == 0, what="the backlog to be told")


def test_dead_letters_are_bounded() -> None:
    """The oldest go when there are more than the bound."""
    limits = Limits(block_ms=20, house_every_s=0.05, max_dead=5)
    one = bench(subscription(), limits=limits)
    one.store.append(keys.alerts("minami"), [b"\xff" + bytes([n]) for n in range(20)])
    with one.running():
        wait_until(lambda: finished(one) and one.store.length(keys.dead("minami")) == 5, what="the bound")
    assert [letter.data[1] for letter in dead_letters.letters(one.store, "minami")] == [15, 16, 17, 18, 19]


def test_the_record_of_outcomes_is_bounded() -> None:
    """The oldest go when there are more than the bound, however many alerts a day has."""
    one = bench(subscription(), limits=Limits(block_ms=20, batch=4, max_outcomes=5))
    one.tell(*(alert(ordinal=n) for n in range(40)))
    with one.running():
        wait_until(lambda: finished(one), what="all to finish")
    assert len(one.records()) == 5


@pytest.mark.parametrize("kind", [TargetKind.FCM_TOKEN, TargetKind.FCM_FID])
def test_one_channel_may_serve_several_kinds_of_target(kind: TargetKind) -> None:
    """A channel given for two kinds has one lane."""
    channel = ScriptedChannel()
    one = bench(subscription(targets=[Target(kind, "x")]), channel=channel)
    one.tell(alert())
    with one.running():
        wait_until(lambda: finished(one), what="the alert to finish")
    assert [push.target.kind for push in channel.pushes] == [kind]
    assert len(one.worker._carrier.lanes) == 1
