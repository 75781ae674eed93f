"""LINE against its stand-in: retry keys, the cap, and the conversation over the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from model.subscription import Subscription, Target, TargetKind
from model.times import parse_rfc3339
from notifier.adapters.catalogues import load_channel_words
from notifier.adapters.line import LineChannel, LineSettings
from notifier.adapters.line_bot import LineBot
from notifier.adapters.line_users import LineUsers
from notifier.adapters.outgoing import Way
from notifier.outcome import Delivered, Outcome, Refused, TryAgain
from notifier.receipts import Receipts
from residents.today import State, Today, Window
from streams.memory import MemoryStore
from tests.support.fcm_wire import Response
from tests.support.line_server import SECRET, TOKEN, LineServer
from tests.support.notifying import ListedResidents, TallyMeter, city, push, subscription

USER = Target(TargetKind.LINE, "U1")
TENTH_S = parse_rfc3339("2026-11-10T12:00:00+09:00") / 1000
NEXT_MONTH_S = parse_rfc3339("2026-12-01T00:00:00+09:00") / 1000
CODE = "K7PW-9Q2M-ABCD"


def settings(server: LineServer, folder: Path, token: str = TOKEN) -> LineSettings:
    way = Way(ca_file=server.server.ca(folder / "ca.pem"), timeout_s=2.0)
    return LineSettings(token=token, account="common", url=server.server.url, way=way)


def using(
    made: LineSettings, act: Callable[[LineChannel], object], now_s: Callable[[], float] = lambda: TENTH_S
) -> TallyMeter:
    meter = TallyMeter()

    async def main() -> None:
        channel = LineChannel(made, meter, now_s)
        try:
            await act(channel)  # type: ignore[misc]
        finally:
            await channel.aclose()

    asyncio.run(main())
    return meter


def test_a_repeat_after_a_lost_answer_reaches_the_user_once(line_server: LineServer, tmp_path: Path) -> None:
    """The server took both under one retry key, and showed one."""

    async def act(channel: LineChannel) -> None:
        outcomes = [await channel.send(push(USER)) for _ in range(2)]
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)

    using(settings(line_server, tmp_path), act)
    assert line_server.pushes == 2
    assert len(line_server.to("U1")) == 1


def test_a_busy_line_is_asked_again_when_it_said(line_server: LineServer, tmp_path: Path) -> None:
    """429 with and without Retry-After, 500."""
    line_server.busy = [Response(429, b"{}", {"retry-after": "4"}), Response(429, b"{}"), Response(500)]
    outcomes: list[Outcome] = []

    async def act(channel: LineChannel) -> None:
        outcomes.extend([await channel.send(push(USER)) for _ in range(3)])

    using(settings(line_server, tmp_path), act)
    assert outcomes == [TryAgain(4.0, "rate"), TryAgain(30.0, "rate"), TryAgain(None, "http_500")]


def test_a_month_that_is_used_up_makes_the_account_scarce_until_it_ends(
    line_server: LineServer, tmp_path: Path
) -> None:
    """By Japan's calendar; the push that found out is refused, so that the next target gets it."""
    line_server.cap, line_server.used = 10, 10
    now = [TENTH_S]

    async def act(channel: LineChannel) -> None:
        outcome = await channel.send(push(USER))
        assert isinstance(outcome, Refused)
        assert outcome.code == "MONTHLY_LIMIT"
        assert channel.scarce
        line_server.cap, line_server.used = 10, 0
        now[0] = NEXT_MONTH_S
        await channel.look()
        assert not channel.scarce

    using(settings(line_server, tmp_path), act, lambda: now[0])


def test_an_account_is_scarce_before_its_cap_is_reached_and_says_so_in_figures(
    line_server: LineServer, tmp_path: Path
) -> None:
    """90 messages in nine days, 200 a month: it will not do."""
    line_server.cap, line_server.used = 200, 90

    async def act(channel: LineChannel) -> None:
        assert not channel.scarce
        await channel.look()
        assert channel.scarce

    meter = using(settings(line_server, tmp_path), act)
    assert meter.gauges[("line_messages_used", "common")] == 90
    assert meter.gauges[("line_messages_cap", "common")] == 200
    assert meter.gauges[("line_scarce", "common")] == 1.0


def test_a_new_month_is_seen_also_where_nobody_is_sent_anything(line_server: LineServer, tmp_path: Path) -> None:
    """Homes that were moved away come back when the month begins, without a push that finds it out."""
    line_server.cap, line_server.used = 200, 90
    now = [TENTH_S]

    async def act(channel: LineChannel) -> None:
        await channel.look()
        assert channel.scarce
        now[0] = NEXT_MONTH_S
        assert not channel.scarce

    using(settings(line_server, tmp_path), act, lambda: now[0])


def test_an_account_without_a_cap_is_never_scarce(line_server: LineServer, tmp_path: Path) -> None:
    """Nor is one whose quota is not told."""
    line_server.used = 10**6

    async def act(channel: LineChannel) -> None:
        await channel.look()
        assert not channel.scarce

    using(settings(line_server, tmp_path), act)
    using(settings(line_server, tmp_path, token="wrong"), act)


class Codes:
    """The API's link codes: one, good once."""

    def __init__(self, residents: ListedResidents) -> None:
        self.residents = residents
        self.left = {CODE.replace("-", "")}

    def redeem(self, city_id: str, code: str, target: Target) -> str | None:
        if code not in self.left:
            return None
        self.left.remove(code)
        home = self.residents.kept[city_id, "s1"]
        self.residents.kept[city_id, "s1"] = msgspec.structs.replace(home, targets=(*home.targets, target))
        return "s1"


class Talk:
    """A user who writes, and what comes back."""

    def __init__(self, server: LineServer, folder: Path) -> None:
        self.server = server
        self.store = MemoryStore()
        self.residents = ListedResidents(subscription(targets=(), language="en"))
        self.users = LineUsers(self.store, Receipts({"minami": b"k" * 32}), "minami")
        self.state = Today(state=State.UNKNOWN)
        self.bot = LineBot(
            city(), settings(server, folder), SECRET, self.users, self.residents, Codes(self.residents),
            self._today, load_channel_words(),
        )  # fmt: skip

    def _today(self, city_id: str, home: Subscription) -> Today:
        assert (city_id, home.id) == ("minami", "s1")
        return self.state

    def say(self, kind: str, text: str | None = None, user: str = "U1") -> list[str]:
        before = len(self.server.to(user))
        assert self.bot.answer_webhook(*self.server.webhook(kind, user, text))
        return self.server.to(user)[before:]


@pytest.fixture
def talk(line_server: LineServer, tmp_path: Path) -> Iterator[Talk]:
    made = Talk(line_server, tmp_path)
    yield made
    made.bot.close()


def test_a_new_friend_is_greeted_with_how_to_link(talk: Talk) -> None:
    """In the city's language: nothing is known of the user yet."""
    (said,) = talk.say("follow")
    assert "コード" in said
    assert talk.say("message", "いつ来る？")[0].startswith("まだお住まいと")


def test_a_code_links_the_user_to_the_home_and_works_once(talk: Talk) -> None:
    """The answer is in the home's language; a second user with the same code gets nothing."""
    (said,) = talk.say("message", CODE)
    assert said.startswith("You are linked.")
    assert talk.residents.kept["minami", "s1"].targets == (USER,)
    (said,) = talk.say("message", CODE, user="U2")
    assert said.startswith("このコードは使えません")
    assert talk.residents.kept["minami", "s1"].targets == (USER,)


def test_when_is_answered_with_todays_state_at_no_cost(talk: Talk) -> None:
    """In both languages' words, in local time, by a reply."""
    talk.say("message", CODE)
    low = parse_rfc3339("2026-11-23T09:12:00+09:00")
    talk.state = Today(state=State.WINDOW, window=Window(low, low + 240_000, low + 480_000))
    for asked in ("いつ来る？", "いつくる", "When does it come?", "ｗｈｅｎ"):
        (said,) = talk.say("message", asked)
        assert said.replace("\u202f", " ") == "The truck is expected between 9:12 AM and 9:20 AM."
    talk.state = Today(state=State.PASSED, passed_ms=low)
    assert "9:12" in talk.say("message", "when")[0]
    talk.state = Today(state=State.NO_COLLECTION)
    assert talk.say("message", "when") == ["There is no collection today."]
    assert talk.server.pushes == talk.server.used == 0
    assert talk.say("message", "ありがとう")[0].startswith("Write")


def test_who_blocks_the_account_is_forgotten(talk: Talk) -> None:
    """The home loses the target, and the store the user; a stranger's leaving does nothing."""
    talk.say("message", CODE)
    assert talk.store.count_fields("minami", "line-users") == 1
    talk.say("unfollow")
    assert talk.residents.dropped == [("minami", "s1", USER)]
    assert talk.store.count_fields("minami", "line-users") == 0
    talk.say("unfollow", user="U9")
    assert len(talk.residents.dropped) == 1


def test_a_home_that_has_dropped_the_user_tells_no_more_of_its_day(talk: Talk) -> None:
    """Whoever was unlinked on the page learns nothing by asking."""
    talk.say("message", CODE)
    talk.residents.drop_target("minami", "s1", USER)
    assert talk.say("message", "when")[0].startswith("まだお住まいと")


def test_the_store_holds_no_users_id(talk: Talk) -> None:
    """Only a name made with the city's key."""
    talk.say("message", CODE)
    (name,) = talk.store.fields("minami", "line-users")
    assert "U1" not in name


def test_what_line_has_not_signed_is_refused_and_does_nothing(talk: Talk) -> None:
    """No reply, no link."""
    body, _ = talk.server.webhook("message", "U1", CODE)
    assert not talk.bot.answer_webhook(body, "AAAA")
    assert talk.server.to("U1") == []
    assert talk.residents.kept["minami", "s1"].targets == ()


def test_a_webhook_that_comes_twice_is_harmless(talk: Talk) -> None:
    """LINE sends it again when our answer was lost: the token is used up, nothing is raised."""
    event = talk.server.webhook("message", "U1", CODE)
    assert talk.bot.answer_webhook(*event)
    assert talk.bot.answer_webhook(*event)
    assert len(talk.server.to("U1")) == 1
    assert talk.residents.kept["minami", "s1"].targets == (USER,)
