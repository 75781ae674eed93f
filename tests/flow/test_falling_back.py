"""A worker that notices lost devices: receipts, the next target, one notice, the open page, test pushes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from model.subscription import Quiet, Target, TargetKind
from notifier.adapters.catalogues import load_channel_words
from notifier.adapters.page import PageChannel, decode_page_entry
from notifier.adapters.reports import Reports, TestDesk
from notifier.adapters.showings import StoreShowings
from notifier.fallback import Sent
from notifier.outcome import Refused, TargetBarred, TargetGone
from notifier.ports import Notice, Push
from notifier.receipts import Receipts
from streams import keys
from streams.memory import MemoryStore
from streams.ports import Store, StoreUnavailable
from tests.support.notifying import NOW_MS, Bench, ListedResidents, ScriptedChannel, SetClock, alert, subscription
from tests.support.waiting import wait_until

RECEIPTS = Receipts({"minami": b"k" * 32})
WORDS = load_channel_words()
BROWSER = Target(TargetKind.WEBPUSH, "browser")
OTHER = Target(TargetKind.WEBPUSH, "other")
TOKEN = Target(TargetKind.FCM_TOKEN, "token")
LINE = Target(TargetKind.LINE, "U1")
MAIL = Target(TargetKind.EMAIL, "a@example.org")
MINUTE_MS = 60_000


class LineWithCap(ScriptedChannel):
    """A LINE account whose month is nearly used up."""

    scarce = True


class House:
    """A household, its channel, and the days that go by."""

    def __init__(self, *targets: Target, store: Store | None = None, **channels: ScriptedChannel) -> None:
        self.store = store or MemoryStore()
        self.channel = ScriptedChannel("all")
        self.line = channels.get("line") or ScriptedChannel("line")
        self.clock = SetClock()
        self.residents = ListedResidents(subscription(targets=targets, language="ja"))
        kinds = [kind for kind in TargetKind if kind is not TargetKind.PAGE]
        self.channels = {**dict.fromkeys(kinds, self.channel), TargetKind.LINE: self.line}
        self.showings = StoreShowings(self.store)
        self.reports = Reports(RECEIPTS, self.showings, self.residents)
        self.bench = self.worker()
        self.days = 0

    def worker(self, **options: object) -> Bench:
        options.setdefault("showings", self.showings)
        return Bench(
            self.store, self.residents, self.channels, clock=self.clock, channel_words=WORDS,
            receipts=lambda: RECEIPTS, **options,
        )  # fmt: skip

    def day(self, report: Sequence[Target] = ()) -> list[Push]:
        """Let an alert be sent, its time pass, and these targets report it; give what was sent."""
        self.days += 1
        before = len(self.channel.pushes), len(self.line.pushes)
        now_ms = self.clock.now_ms()
        day = f"2026-12-{self.days:02}"
        one = alert(service_day=day, ordinal=self.days, fired_ms=now_ms, useful_until_ms=now_ms + 10 * MINUTE_MS)
        with self.bench.running():
            self.bench.tell(one)
            wait_until(lambda: self.bench.left() == 0, what="the alert to be finished")
        self.bench = self.worker()
        sent = [*self.channel.pushes[before[0] :], *self.line.pushes[before[1] :]]
        for push in sent:
            if push.target in report and push.receipt:
                assert self.reports.receive_receipt(push.receipt)
        self.clock.value += 20 * MINUTE_MS
        return sent


def told(pushes: Sequence[Push]) -> list[tuple[str, str]]:
    """Tell who got what kind, in order of the targets."""
    return sorted((push.target.value, push.kind.value) for push in pushes)


def test_after_three_alerts_that_were_never_shown_the_letter_box_gets_them_too_and_one_notice(store: Store) -> None:
    """The fourth goes to browser and letter box, with a notice once; a report makes the browser enough again."""
    house = House(BROWSER, MAIL, store=store)
    for _ in range(3):
        assert told(house.day()) == [("browser", "approaching")]
    fourth = house.day()
    assert told(fourth) == [
        ("a@example.org", "approaching"),
        ("a@example.org", "target_lost"),
        ("browser", "approaching"),
    ]
    (notice,) = (push for push in fourth if push.kind is Notice.TARGET_LOST)
    assert "表示されていません" in notice.message.body
    assert notice.message.tag != fourth[0].message.tag
    assert told(house.day()) == [("a@example.org", "approaching"), ("browser", "approaching")]
    house.day(report=[BROWSER])
    assert told(house.day()) == [("browser", "approaching")]
    assert house.bench.left() == 0


def test_a_browser_that_shows_its_alerts_is_never_lost() -> None:
    """Ten days, ten pushes, no notice."""
    house = House(BROWSER, MAIL)
    assert [told(house.day(report=[BROWSER])) for _ in range(10)] == [[("browser", "approaching")]] * 10


def test_no_more_than_one_notice_is_ever_told_about_a_target() -> None:
    """Also when it comes back and is lost again."""
    house = House(BROWSER, MAIL)
    pushes = [push for day in range(12) for push in house.day(report=[BROWSER] if day == 5 else [])]
    assert sum(push.kind is Notice.TARGET_LOST for push in pushes) == 1


def test_a_token_that_has_never_reported_is_not_taken_for_silent_and_costs_no_note() -> None:
    """Nothing is kept of it."""
    house = House(TOKEN, MAIL)
    assert [told(house.day()) for _ in range(5)] == [[("token", "approaching")]] * 5
    assert house.store.fields("minami", "shown") == {}


def test_a_lost_browser_beside_one_that_works_is_told_there() -> None:
    """The other already gets the alerts; it gets the notice."""
    house = House(BROWSER, OTHER, MAIL)
    for _ in range(3):
        house.day(report=[OTHER])
    assert told(house.day(report=[OTHER])) == [
        ("browser", "approaching"),
        ("other", "approaching"),
        ("other", "target_lost"),
    ]


def test_a_browser_that_is_gone_hands_the_same_alert_on_at_once() -> None:
    """It is pruned, the letter box gets alert and notice, and from then on the alerts."""
    house = House(BROWSER, MAIL)
    house.channel.script("browser", TargetGone("HTTP_410"))
    first = house.day()
    assert told(first) == [
        ("a@example.org", "approaching"),
        ("a@example.org", "target_lost"),
        ("browser", "approaching"),
    ]
    (notice,) = (push for push in first if push.kind is Notice.TARGET_LOST)
    assert "送れなくなりました" in notice.message.body
    assert house.residents.dropped == [("minami", "s1", BROWSER)]
    assert told(house.day()) == [("a@example.org", "approaching")]


def test_a_device_beside_the_one_that_is_gone_gets_the_alert_once() -> None:
    """Its own push is still under way when the browser turns out to be gone; it gets the notice besides."""
    house = House(BROWSER, TOKEN)
    slow = house.channels[TargetKind.FCM_TOKEN] = ScriptedChannel("slow", takes_s=0.3)
    house.bench = house.worker()
    house.channel.script("browser", TargetGone("HTTP_410"))
    assert told(house.day()) == [("browser", "approaching")]
    assert told(slow.pushes) == [("token", "approaching"), ("token", "target_lost")]


def test_the_only_target_that_is_gone_ends_the_alert_without_a_notice() -> None:
    """There is nobody to tell."""
    house = House(BROWSER)
    house.channel.script("browser", TargetGone("HTTP_410"))
    assert told(house.day()) == [("browser", "approaching")]


def test_a_barred_target_hands_on_without_a_notice() -> None:
    """It is the operator's mistake, not the household's."""
    house = House(BROWSER, MAIL)
    house.channel.script("browser", TargetBarred("HTTP_403", "mend it"))
    assert told(house.day()) == [("a@example.org", "approaching"), ("browser", "approaching")]


def test_a_target_whose_channel_refuses_this_alert_hands_it_on_and_nothing_is_buried() -> None:
    """LINE's month is used up: the letter box gets the alert."""
    house = House(LINE, MAIL)
    house.line.script("U1", Refused("MONTHLY_LIMIT", "buy more"))
    assert told(house.day()) == [("U1", "approaching"), ("a@example.org", "approaching")]
    assert house.store.length(keys.dead("minami")) == 0


def test_before_lines_cap_is_reached_homes_with_another_way_use_that_and_are_told_once() -> None:
    """The alert goes to the letter box; who has LINE alone still gets it by LINE."""
    house = House(LINE, MAIL, line=LineWithCap("line"))
    assert told(house.day()) == [("a@example.org", "approaching"), ("a@example.org", "line_capped")]
    assert told(house.day()) == [("a@example.org", "approaching")]
    alone = House(LINE, line=LineWithCap("line"))
    assert told(alone.day()) == [("U1", "approaching")]


def test_a_store_that_is_away_for_showings_costs_no_alert() -> None:
    """Nothing counts as lost then."""

    class Away(StoreShowings):
        def histories(self, city: str, targets: Sequence[str]) -> dict[str, object]:  # type: ignore[override]
            raise StoreUnavailable("away")

        def sent(self, city: str, sends: object) -> None:  # type: ignore[override]
            raise StoreUnavailable("away")

    house = House(BROWSER, MAIL)
    house.bench = house.worker(showings=Away(house.store))
    assert told(house.day()) == [("browser", "approaching")]


def test_an_open_page_is_told_besides_also_where_there_is_no_device() -> None:
    """One entry an alert, and no record of it: it reaches nobody by itself."""
    house = House()
    house.channels[TargetKind.PAGE] = PageChannel(house.store, 100)  # type: ignore[assignment]
    house.bench = house.worker()
    assert house.day() == []
    (entry,) = house.store.read(keys.pages("minami"), "0-0", 10, 0)
    page = decode_page_entry(entry.data)
    assert (page.subscription, page.message.kind, page.message.lang) == ("s1", "approaching", "ja")
    assert [record.what for record in house.bench.records()] == ["no_target"]


def test_a_test_push_goes_to_one_device_alone_also_in_quiet_hours() -> None:
    """With its tag, its own words and a receipt; the other devices hear nothing."""
    house = House(BROWSER, OTHER, MAIL)
    home = house.residents.kept["minami", "s1"]
    house.residents.kept["minami", "s1"] = msgspec.structs.replace(home, quiet=Quiet(0, 1439))
    TestDesk(house.store).test("minami", home, 1, "test-0123456789abcdef", NOW_MS)
    with house.bench.running():
        wait_until(lambda: house.bench.left() == 0 and house.channel.pushes, what="the test push")
    (push,) = house.channel.pushes
    assert (push.target, push.kind, push.message.tag) == (OTHER, Notice.TEST, "test-0123456789abcdef")
    assert push.message.title == "テストのお知らせ"
    assert house.reports.receive_receipt(push.receipt)


def test_a_receipt_that_is_none_of_ours_changes_nothing() -> None:
    """Whoever sends it."""
    house = House(BROWSER)
    assert not house.reports.receive_receipt("AAAA")
    assert house.store.fields("minami", "shown") == {}


def test_a_letters_link_drops_that_address_alone() -> None:
    """Again does no harm; a home that has left neither."""
    house = House(BROWSER, MAIL)
    link = RECEIPTS.seal("minami", "s1", MAIL, "alert")
    assert house.reports.unsubscribe(link)
    assert house.residents.kept["minami", "s1"].targets == (BROWSER,)
    assert house.reports.unsubscribe(link)
    assert not house.reports.unsubscribe("AAAA")
    assert house.reports.unsubscribe(RECEIPTS.seal("minami", "gone", MAIL, "alert"))


def test_what_is_kept_of_a_home_is_forgotten_with_it() -> None:
    """And names neither home nor device while it is there."""
    house = House(BROWSER, MAIL)
    house.day(report=[BROWSER])
    (name,) = house.store.fields("minami", "shown")
    assert "s1" not in name
    assert "browser" not in name
    house.reports.forget(house.residents.kept["minami", "s1"])
    assert house.store.fields("minami", "shown") == {}


class Meddled(MemoryStore):
    """A store in which somebody else writes between a read and the write that follows it."""

    meddle: Callable[[], object] | None = None

    def fields(self, city: str, hash_name: str, names: Sequence[str] | None = None) -> dict[str, bytes]:
        found = super().fields(city, hash_name, names)
        if self.meddle is not None:
            act, self.meddle = self.meddle, None
            act()
        return found


def test_two_who_write_the_same_record_at_once_lose_nothing_of_each_other() -> None:
    """A report, a send, and a claim that somebody else was quicker to make."""
    store = Meddled()
    showings = StoreShowings(store)
    store.meddle = lambda: showings.shown("minami", "t", "theirs")
    showings.shown("minami", "t", "ours")
    store.meddle = lambda: showings.shown("minami", "t", "late")
    showings.sent("minami", {"t": [Sent("alert", 1)]})
    history = showings.histories("minami", ["t"])["t"]
    assert (history.shown, history.sends) == (("theirs", "ours", "late"), (Sent("alert", 1),))
    store.meddle = lambda: showings.claim("minami", "t", "lost")
    assert not showings.claim("minami", "t", "lost")


def test_only_one_of_many_may_tell_the_household() -> None:
    """A notice is claimed before it is sent."""
    showings = StoreShowings(MemoryStore())
    assert [showings.claim("minami", "t", "lost") for _ in range(3)] == [True, False, False]
    assert showings.claim("minami", "u", "lost")
