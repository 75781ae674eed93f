"""What every channel promises, the real one against a local server and the shipped stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from model.subscription import Target, TargetKind
from notifier.adapters.email import EmailChannel, EmailSettings
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.adapters.line import LineChannel, LineSettings
from notifier.adapters.outgoing import Way
from notifier.adapters.page import PageChannel, decode_page_entry
from notifier.adapters.screen import ScreenChannel
from notifier.adapters.webpush import WebPushChannel, WebPushSettings
from notifier.outcome import Delivered
from notifier.phones import Phones
from notifier.ports import Channel
from streams import keys
from streams.memory import MemoryStore
from tests.support.fcm_server import FcmServer
from tests.support.line_server import TOKEN, LineServer
from tests.support.mail_server import PASSWORD, USER, MailServer
from tests.support.notifying import SetClock, TallyMeter, push, screen, token
from tests.support.push_server import PushServer


class Shown(NamedTuple):
    """One send as the far side saw it; what the channel cannot say is None."""

    target: str
    title: str
    body: str
    tag: str | None
    ttl_s: int | None


class Rig(NamedTuple):
    """A channel, a target that it reaches, and what the far side saw. LINE itself leaves out what comes twice."""

    make: Callable[[], Channel]
    target: Callable[[str], Target]
    seen: Callable[[], list[Shown]]


def _fcm_seen(server: FcmServer) -> list[Shown]:
    return [
        Shown(
            sent.target,
            sent.message["notification"]["title"],
            sent.message["notification"]["body"],
            sent.tag,
            int(sent.message["android"]["ttl"][:-1]),
        )
        for sent in server.sent
    ]


def _screen_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    phones = Phones()
    return Rig(
        lambda: ScreenChannel(phones, SetClock()),
        screen,
        lambda: [
            Shown(p.target, p.message.title, p.message.body, p.message.tag, p.ttl_s) for p in phones.recent()[::-1]
        ],
    )


def _fcm_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    server: FcmServer = request.getfixturevalue("fcm_server")
    settings = FcmSettings(
        service_account_file=server.service_account(folder / "account.json"),
        endpoint=server.url,
        ca_file=server.ca(folder / "ca.pem"),
    )
    return Rig(lambda: FcmChannel(settings), token, lambda: _fcm_seen(server))


def _webpush_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    server: PushServer = request.getfixturevalue("push_server")
    settings = WebPushSettings(
        key_file=folder / "vapid.pem",
        subject="mailto:it@minami.example",
        services=(server.server.url,),
        way=Way(ca_file=server.server.ca(folder / "ca.pem")),
    )
    return Rig(
        lambda: WebPushChannel(settings),
        lambda name: server.browser(name).target(),
        lambda: [
            Shown(p.browser, p.message["title"], p.message["body"], p.message["tag"], int(p.headers["ttl"]))
            for p in server.pushed
        ],
    )


def _line_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    server: LineServer = request.getfixturevalue("line_server")
    way = Way(ca_file=server.server.ca(folder / "ca.pem"))
    settings = LineSettings(token=TOKEN, account="common", url=server.server.url, way=way)
    return Rig(
        lambda: LineChannel(settings, TallyMeter()),
        lambda name: Target(TargetKind.LINE, f"U{name}"),
        lambda: [Shown(text.user[1:], *text.text.split("\n"), None, None) for text in server.texts],
    )


def _email_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    server: MailServer = request.getfixturevalue("mail_server")
    settings = EmailSettings(
        host="localhost",
        port=server.port,
        security="starttls",
        sender="gomi@minami.example",
        username=USER.decode(),
        password=PASSWORD.decode(),
        ca_file=server.ca(folder / "ca.pem"),
    )
    return Rig(
        lambda: EmailChannel(settings),
        lambda name: Target(TargetKind.EMAIL, f"{name}@example.org"),
        lambda: [
            Shown(
                letter["To"].addresses[0].username,
                letter["Subject"],
                letter.get_content().strip(),
                letter["Message-ID"][1:].partition(".")[0],
                None,
            )
            for letter in server.letters
        ],
    )


def _page_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    store = MemoryStore()

    def seen() -> list[Shown]:
        entries = [decode_page_entry(entry.data) for entry in store.read(keys.pages("minami"), "0-0", 1000, 0)]
        return [Shown(e.subscription, e.message.title, e.message.body, e.message.tag, None) for e in entries]

    return Rig(lambda: PageChannel(store, 1000), lambda name: Target(TargetKind.PAGE, name), seen)


RIGS = {
    "fcm": _fcm_rig,
    "screen": _screen_rig,
    "webpush": _webpush_rig,
    "line": _line_rig,
    "email": _email_rig,
    "page": _page_rig,
}


@pytest.fixture(params=list(RIGS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    return RIGS[request.param](request, tmp_path)


def using(rig: Rig, act: Callable[[Channel], Awaitable[None]]) -> None:
    async def main() -> None:
        channel = rig.make()
        try:
            await act(channel)
        finally:
            await channel.aclose()

    asyncio.run(main())


def test_a_send_arrives_whole_and_is_named(rig: Rig) -> None:
    """Title, body, tag and life reach the far side as they were handed in."""
    one = push(rig.target("a"), tag="b" * 24, ttl_s=77)

    async def act(channel: Channel) -> None:
        outcome = await channel.send(one)
        assert isinstance(outcome, Delivered)
        assert outcome.name

    using(rig, act)
    (seen,) = rig.seen()
    assert seen[:3] == ("a", one.message.title, one.message.body)
    assert seen.tag in ("b" * 24, None)
    assert seen.ttl_s in (77, None)


def test_a_repeat_carries_the_same_tag(rig: Rig) -> None:
    """What is sent twice is one thing on the phone."""

    async def act(channel: Channel) -> None:
        await channel.send(push(rig.target("a")))
        await channel.send(push(rig.target("a")))

    using(rig, act)
    seen = rig.seen()
    assert 1 <= len(seen) <= 2
    assert len(set(seen)) == 1


def test_many_sends_at_once_each_get_their_own_answer(rig: Rig) -> None:
    """Fifty pushes to fifty targets arrive at fifty targets, under fifty names."""

    async def act(channel: Channel) -> None:
        outcomes = await asyncio.gather(*(channel.send(push(rig.target(f"t{n}"))) for n in range(50)))
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
        if channel.name != "page":  # every page has the same name: nobody may be listening
            assert len({outcome.name for outcome in outcomes if isinstance(outcome, Delivered)}) == 50

    using(rig, act)
    assert {shown.target for shown in rig.seen()} == {f"t{n}" for n in range(50)}


def test_a_channel_has_a_name_and_at_least_one_slot(rig: Rig) -> None:
    """Metrics and lanes need them."""

    async def act(channel: Channel) -> None:
        assert channel.name
        assert channel.slots >= 1

    using(rig, act)
