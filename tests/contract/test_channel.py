"""What every channel promises, the real one against a local server and the shipped stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from model.subscription import Target
from notifier.adapters.fcm import FcmChannel
from notifier.adapters.fcm_settings import FcmSettings
from notifier.adapters.screen import ScreenChannel
from notifier.outcome import Delivered
from notifier.phones import Phones
from notifier.ports import Channel
from tests.support.fcm_server import FcmServer
from tests.support.notifying import SetClock, push, screen, token


class Shown(NamedTuple):
    """One send as the far side saw it."""

    target: str
    title: str
    body: str
    tag: str
    ttl_s: int


class Rig(NamedTuple):
    """A channel, a target that it reaches, and what the far side saw."""

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


@pytest.fixture(params=["fcm", "screen"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "screen":
        phones = Phones()
        yield Rig(
            lambda: ScreenChannel(phones, SetClock()),
            screen,
            lambda: [
                Shown(p.target, p.message.title, p.message.body, p.message.tag, p.ttl_s) for p in phones.recent()[::-1]
            ],
        )
        return
    server: FcmServer = request.getfixturevalue("fcm_server")
    settings = FcmSettings(
        service_account_file=server.service_account(tmp_path / "account.json"),
        endpoint=server.url,
        ca_file=server.ca(tmp_path / "ca.pem"),
    )
    yield Rig(lambda: FcmChannel(settings), token, lambda: _fcm_seen(server))


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
    assert rig.seen() == [Shown("a", one.message.title, one.message.body, "b" * 24, 77)]


def test_a_repeat_carries_the_same_tag(rig: Rig) -> None:
    """What is sent twice is one thing on the phone."""

    async def act(channel: Channel) -> None:
        await channel.send(push(rig.target("a")))
        await channel.send(push(rig.target("a")))

    using(rig, act)
    first, second = rig.seen()
    assert first == second


def test_many_sends_at_once_each_get_their_own_answer(rig: Rig) -> None:
    """Fifty pushes to fifty targets arrive at fifty targets, under fifty names."""

    async def act(channel: Channel) -> None:
        outcomes = await asyncio.gather(*(channel.send(push(rig.target(f"t{n}"))) for n in range(50)))
        assert len({outcome.name for outcome in outcomes if isinstance(outcome, Delivered)}) == 50

    using(rig, act)
    assert {shown.target for shown in rig.seen()} == {f"t{n}" for n in range(50)}


def test_a_channel_has_a_name_and_at_least_one_slot(rig: Rig) -> None:
    """Metrics and lanes need them."""

    async def act(channel: Channel) -> None:
        assert channel.name
        assert channel.slots >= 1

    using(rig, act)
