"""The feed from a city's streams, and the loop that follows it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest
import structlog

from gomikuru.engine_view import doing, judge
from gomikuru.standing import Bounds, judge_web
from model.alert import Alert, Kind, encode_alert
from model.event import Tick, ZonesChanged, encode_event
from model.ping import Ping
from model.subscription import MetresLead
from streams import keys
from streams.memory import MemoryStore
from streams.ports import StoreFault, StoreUnavailable
from tests.support.waiting import wait_until
from web.adapters import stream_feed
from web.adapters.stream_feed import StreamFeed
from web.live import AlertSeen, MapChanged, News, PushSeen, TruckSeen
from web.ports import FeedLost
from web.worker import LiveView

CITY = "minami"


def ping(truck: str, fix_ms: int) -> bytes:
    return encode_event(Ping(CITY, truck, fix_ms, fix_ms + 500, 34.8, 135.4, speed_mps=4.0, collecting=True))


def alert(name: str) -> bytes:
    return encode_alert(
        Alert(
            id=name,
            city=CITY,
            subscription="r1",
            kind=Kind.APPROACHING,
            service_day="2026-11-23",
            run="a",
            ordinal=0,
            vehicle="17",
            fired_ms=5,
            useful_until_ms=9,
            lead=MetresLead(300.0),
            ping="17@1",
            zone="sakura-1",
        )
    )


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    monkeypatch.setattr(stream_feed, "BLOCK_MS", 1)
    return MemoryStore()


def test_the_first_news_are_where_things_stand(store: MemoryStore) -> None:
    """A page that is opened late shows the trucks at once, from the newest entries."""
    store.append(keys.events(CITY), [ping("17", 1_000), encode_event(Tick(at_ms=2)), ping("18", 2_000)])
    store.append(keys.alerts(CITY), [alert("a1")])
    assert StreamFeed(store, CITY).poll() == [
        TruckSeen("17", 34.8, 135.4, 1_000, 4.0, None, True),
        TruckSeen("18", 34.8, 135.4, 2_000, 4.0, None, True),
        AlertSeen("a1", "approaching", "17", 5, "sakura-1"),
    ]


def test_later_news_come_once(store: MemoryStore) -> None:
    """Each entry is news one time, and an unreadable one harms nobody."""
    feed = StreamFeed(store, CITY)
    assert feed.poll() == []
    store.append(keys.events(CITY), [ping("17", 1_000), b"junk", encode_event(ZonesChanged(3, "v2"))])
    store.append(keys.alerts(CITY), [b"junk"])
    assert feed.poll() == [TruckSeen("17", 34.8, 135.4, 1_000, 4.0, None, True), MapChanged("v2")]
    assert feed.poll() == []


def test_a_feed_that_fell_behind_skips_to_the_newest(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page shows the present: what it cannot catch up with is left out."""
    monkeypatch.setattr(stream_feed, "BATCH", 10)
    feed = StreamFeed(store, CITY)
    feed.poll()
    store.append(keys.events(CITY), [ping("17", i) for i in range(1, 1_001)])
    assert [seen.fix_ms for seen in feed.poll() if isinstance(seen, TruckSeen)] == list(range(991, 1_001))
    assert feed.poll() == []


def test_a_feed_that_skipped_entries_lets_the_map_be_asked_for(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zones may have taken force in what was left out, so browsers fetch the map again."""
    monkeypatch.setattr(stream_feed, "BATCH", 10)
    feed = StreamFeed(store, CITY)
    feed.poll()
    store.append(keys.events(CITY), [ping("17", i) for i in range(1, 100)])
    assert [type(seen) for seen in feed.poll()].count(MapChanged) == 1
    store.append(keys.events(CITY), [ping("17", 200)])
    assert [type(seen) for seen in feed.poll()] == [TruckSeen]


def test_pushes_come_only_from_a_source_that_was_given(store: MemoryStore) -> None:
    """Without a demo's source of pushes, no household's push is news."""
    push = PushSeen("t", "title", "body", 5, 34.8, 135.4)
    assert StreamFeed(store, CITY, lambda: [push]).poll() == [push]
    assert StreamFeed(store, CITY).poll() == []


def test_no_news_tells_who_was_alerted(store: MemoryStore) -> None:
    """An alert's subscription does not reach the page."""
    store.append(keys.alerts(CITY), [alert("a1")])
    assert "r1" not in repr(StreamFeed(store, CITY).poll())


def test_a_store_that_does_not_answer_is_a_lost_feed(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own exceptions do not reach the loop."""

    def silent(*_: object) -> list[object]:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(store, "newest", silent)
    with pytest.raises(FeedLost, match="no answer"):
        StreamFeed(store, CITY).poll()


def silent(truck: str, fix_ms: int) -> bytes:
    return encode_event(Ping(CITY, truck, fix_ms, fix_ms + 500, 34.8, 135.4))


def test_what_a_store_that_went_kept_from_the_page_is_told_when_it_is_back(store: MemoryStore) -> None:
    """Also where it went between the news and the question whether a truck collects: nothing that was read is lost."""
    answers: list[StoreUnavailable | StoreFault] = [StoreUnavailable("no answer"), StoreFault("WRONGTYPE")]

    def asked(trucks: Iterable[str]) -> Mapping[str, bool]:
        if answers:
            raise answers.pop(0)
        return dict.fromkeys(trucks, True)

    store.append(keys.events(CITY), [silent("17", 1_000)])
    store.append(keys.alerts(CITY), [alert("a1")])
    feed = StreamFeed(store, CITY, judge=asked)
    for reason in ("no answer", "WRONGTYPE"):
        with pytest.raises(FeedLost, match=reason):
            feed.poll()
    assert [type(seen) for seen in feed.poll()] == [TruckSeen, AlertSeen]
    assert feed.poll() == []


@pytest.mark.parametrize("error", [StoreUnavailable("no answer"), StoreFault("WRONGTYPE")])
def test_the_page_hears_of_a_store_in_trouble_and_the_demonstration_goes_on(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Who is asked which trucks collect tells the page that it cannot; the demonstration's screen stands without."""

    def broken(*_: object) -> object:
        raise error

    monkeypatch.setattr(store, "fields", broken)
    with pytest.raises(type(error)):
        judge(store, CITY)(["17"])
    assert doing(store, CITY, ["17"]) == {}


class Script:
    """A feed that plays what the test wrote."""

    def __init__(self, *acts: Sequence[News] | Exception) -> None:
        self._acts = list(acts)

    def poll(self) -> Sequence[News]:
        act = self._acts.pop(0)
        if isinstance(act, Exception):
            raise act
        return act


def test_a_lost_feed_is_shown_until_it_is_back() -> None:
    """The picture says that it is old, keeps what it had, and recovers."""
    seen = TruckSeen("17", 34.8, 135.4, 1_000)
    view = LiveView(Script([seen], FeedLost("gone"), FeedLost("gone"), []), retry_s=0.0)
    shown = []
    for _ in range(4):
        view.step()
        shown.append((view.picture.feed_ok, list(view.picture.trucks)))
    assert shown == [(True, ["17"]), (False, ["17"]), (False, ["17"]), (True, ["17"])]


def test_a_feed_that_raises_is_shown_as_lost_and_asked_again() -> None:
    """A fault of ours leaves no frozen page behind a good health: it is logged once, told, and got over."""
    seen = TruckSeen("17", 34.8, 135.4, 1_000)
    acts = [[seen], RuntimeError("bug"), msgspec.DecodeError("bad state"), FeedLost("gone"), []]
    view = LiveView(Script(*acts), retry_s=0.0)
    shown = []
    with structlog.testing.capture_logs() as lines:
        for _ in acts:
            view.step()
            standing = judge_web({CITY: view.health()}, Bounds())
            shown.append((view.picture.feed_ok, standing.ready, [trouble.what for trouble in standing.troubles]))
    fails = (False, False, [f"page_fails {CITY}"])
    assert shown == [(True, True, []), fails, fails, (False, False, ["store_away"]), (True, True, [])]
    assert list(view.picture.trucks) == ["17"]
    assert [line["event"] for line in lines] == ["web.feed_failed", "web.feed_lost"]


def test_the_thread_of_the_page_outlives_a_feed_that_raises() -> None:
    """It turns on, and news that come later are shown."""
    view = LiveView(Later(RuntimeError("bug"), [TruckSeen("17", 34.8, 135.4, 1_000)]), retry_s=0.01)
    view.start()
    try:
        wait_until(lambda: "17" in view.picture.trucks, what="the news after the fault")
        wait_until(lambda: view.health().feed_ok, what="the page to be well")
    finally:
        view.stop()


class Later(Script):
    """A script after which nothing happens."""

    def poll(self) -> Sequence[News]:
        if self._acts:
            return super().poll()
        time.sleep(0.005)
        return ()


def test_a_page_whose_loop_does_not_turn_is_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest silence among the cities' loops counts, however good the last picture was."""
    view, other = LiveView(Script([])), LiveView(Script([]))
    assert view.health().idle_s == 0.0, "not begun"
    view.step()
    now_s = time.monotonic() + 121
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    other.step()
    standing = judge_web({CITY: view.health(), "kita": other.health()}, Bounds(stalled_s=120))
    assert not standing.live
    assert [trouble.what for trouble in standing.troubles] == ["stalled"]
