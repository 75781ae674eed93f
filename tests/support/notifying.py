"""What the notifier's tests share: builders, a clock to set, a meter to read, scripted channels and residents."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from model.alert import Alert, Kind, alert_id, encode_alert
from model.city import Category, City
from model.subscription import InZone, MetresLead, Quiet, Subscription, Target, TargetKind
from model.times import parse_rfc3339
from notifier.adapters.catalogues import load_words
from notifier.errand import Record, decode_record
from notifier.limits import Limits
from notifier.outcome import Delivered, Outcome
from notifier.policy import Urgency
from notifier.ports import Channel, Message, Push
from notifier.worker import NotifierWorker
from streams import keys
from streams.ports import Store

NOW_MS = parse_rfc3339("2026-11-23T08:31:00+09:00")
WORDS = load_words()
QUICK = Limits(block_ms=50, reclaim_idle_s=30.0, reclaim_every_s=0.1, house_every_s=0.2, drain_s=3.0)


def city(city_id: str = "minami", timezone: str = "Asia/Tokyo", language: str = "ja") -> City:
    """Build a city with one category."""
    names = {"ja": "燃えるごみ", "en": "burnable waste"}
    return City(city_id, "南市", timezone, language, categories=(Category("burnable", names),))


def screen(value: str = "phone-1") -> Target:
    """Build a target of the on-screen channel."""
    return Target(TargetKind.SCREEN, value)


def token(value: str = "token-1") -> Target:
    """Build a target of FCM."""
    return Target(TargetKind.FCM_TOKEN, value)


def subscription(
    sub_id: str = "s1",
    targets: Sequence[Target] = (screen(),),
    city_id: str = "minami",
    quiet: Quiet | None = None,
    language: str = "ja",
) -> Subscription:
    """Build a household."""
    return Subscription(
        id=sub_id, city=city_id, number=1, version=1, place=InZone("z1"), lead=MetresLead(500.0), quiet=quiet,
        targets=tuple(targets), language=language,
    )  # fmt: skip


def alert(sub_id: str = "s1", kind: Kind = Kind.APPROACHING, city_id: str = "minami", **changes: Any) -> Alert:
    """Build an alert that is useful for ten minutes from NOW_MS."""
    ordinal = changes.get("ordinal", 1)
    plain = Alert(
        id=alert_id(city_id, "2026-11-23", "run-1", sub_id, kind, ordinal), city=city_id, subscription=sub_id,
        kind=kind, service_day="2026-11-23", run="run-1", ordinal=ordinal, vehicle="17", fired_ms=NOW_MS - 1200,
        useful_until_ms=NOW_MS + 600_000, lead=MetresLead(500.0), ping=f"17@{NOW_MS}", category="burnable",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def push(
    target: Target, tag: str = "a" * 24, ttl_s: int = 300, urgency: Urgency = Urgency.HIGH, **changes: Any
) -> Push:
    """Build a push."""
    message = Message(
        "まもなく収集車が来ます", "燃えるごみの収集車が約500m以内に来ました。袋を出してください。", tag, "ja"
    )
    plain = Push(
        city="minami", alert_id=tag, kind=Kind.APPROACHING, target=target, message=message, ttl_s=ttl_s,
        urgency=urgency, fired_ms=NOW_MS,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


class SetClock:
    """Service time that stands until it is moved."""

    def __init__(self, now_ms: int = NOW_MS, factor: float = 1.0) -> None:
        self.value = now_ms
        self.factor = factor

    def now_ms(self) -> int:
        return self.value


class TallyMeter:
    """Counts what is counted; refuses names and labels that gomikuru/metrics.py does not declare."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.gauges: dict[tuple[str, ...], float] = {}
        self.values: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        from gomikuru.metrics import COUNTERS

        assert tuple(sorted(labels)) == tuple(sorted(COUNTERS[name][1]))
        with self._lock:
            self.counts[(name, *(labels[key] for key in COUNTERS[name][1]))] += int(amount)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        from gomikuru.metrics import GAUGES

        assert tuple(sorted(labels)) == tuple(sorted(GAUGES[name][1]))
        self.gauges[(name, *labels.values())] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        from gomikuru.metrics import HISTOGRAMS

        assert tuple(sorted(labels)) == tuple(sorted(HISTOGRAMS[name][1]))
        with self._lock:
            self.values[name].append(value)


class ListedResidents:
    """Subscriptions in a dictionary; remembers what was pruned. `failures` are raised first, one a read."""

    def __init__(self, *subscriptions: Subscription) -> None:
        self.kept = {(one.city, one.id): one for one in subscriptions}
        self.dropped: list[tuple[str, str, Target]] = []
        self.barred: list[tuple[str, str, Target]] = []
        self.failures: list[Exception] = []

    def get_many(self, city: str, ids: Sequence[str]) -> Mapping[str, Subscription]:
        if self.failures:
            raise self.failures.pop(0)
        return {sub_id: self.kept[city, sub_id] for sub_id in ids if (city, sub_id) in self.kept}

    def drop_target(self, city: str, subscription: str, target: Target) -> bool:
        self.dropped.append((city, subscription, target))
        return self._without(city, subscription, target)

    def bar_target(self, city: str, subscription: str, target: Target) -> bool:
        self.barred.append((city, subscription, target))
        return self._without(city, subscription, target)

    def _without(self, city: str, subscription: str, target: Target) -> bool:
        one = self.kept[city, subscription]
        left = tuple(each for each in one.targets if each != target)
        self.kept[city, subscription] = msgspec.structs.replace(one, targets=left)
        return left != one.targets


class ScriptedChannel:
    """Answers by target value; what is not scripted is delivered. Keeps every push, and how many were under way."""

    def __init__(self, name: str = "screen", slots: int = 4, takes_s: float = 0.0) -> None:
        self.name = name
        self.slots = slots
        self.takes_s = takes_s
        self.pushes: list[Push] = []
        self.closed = False
        self.under_way = 0
        self.most_under_way = 0
        self.gate: threading.Event | None = None
        self._answers: dict[str, list[Outcome | Exception]] = {}

    def script(self, value: str, *answers: Outcome | Exception) -> None:
        """Say what happens to sends to a target; the last answer stays."""
        self._answers[value] = list(answers)

    def to(self, value: str) -> list[Push]:
        """Give what was sent to a target."""
        return [one for one in list(self.pushes) if one.target.value == value]

    async def send(self, push: Push) -> Outcome:
        self.pushes.append(push)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.takes_s)
            while self.gate is not None and not self.gate.is_set():
                await asyncio.sleep(0.005)
        finally:
            self.under_way -= 1
        answers = self._answers.get(push.target.value)
        if not answers:
            return Delivered(f"{self.name}/{len(self.pushes)}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.closed = True


class Bench:
    """A worker with everything that it needs, to be run in a thread."""

    def __init__(self, store: Store, residents: Any, channels: Mapping[TargetKind, Channel], **options: Any) -> None:
        self.store = store
        self.residents = residents
        self.clock = options.pop("clock", None) or SetClock()
        self.meter = TallyMeter()
        self.cities = {one.id: one for one in options.pop("cities", (city(),))}
        options.setdefault("limits", QUICK)
        options.setdefault("worker_name", "worker-1")
        options.setdefault("share", lambda: 0.0)
        self.worker = NotifierWorker(store, self.cities, residents, channels, self.clock, self.meter, WORDS, **options)

    @contextlib.contextmanager
    def running(self) -> Iterator[Bench]:
        """Run it; at the end ask it to stop, and fail if it does not or died."""
        stop = threading.Event()
        died: list[BaseException] = []

        def body() -> None:
            try:
                self.worker.run(stop)
            except BaseException as error:
                died.append(error)

        thread = threading.Thread(target=body, name="notifier")
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive(), "the worker did not stop"
            assert not died, died

    def tell(self, *alerts: Alert) -> None:
        """Put alerts into their cities' streams, as the engine does."""
        for one in alerts:
            self.store.append(keys.alerts(one.city), [encode_alert(one)])

    def records(self, city_id: str = "minami") -> list[Record]:
        """Read the outcomes, oldest first."""
        return [decode_record(entry.data) for entry in self.store.read(keys.outcomes(city_id), "0-0", 100_000, 0)]

    def left(self, city_id: str = "minami") -> int:
        """Tell how many entries are not finished."""
        self.store.join(keys.alerts(city_id), "notifier")
        return self.store.backlog(keys.alerts(city_id), "notifier")
