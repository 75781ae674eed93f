"""What a channel asks to wait is waited for, device by device, also when the alert is let go and taken again."""

from __future__ import annotations

import time

from model.subscription import TargetKind
from notifier.limits import Limits
from notifier.outcome import Delivered, Outcome, TryAgain
from notifier.ports import Push
from streams.memory import MemoryStore
from tests.support.notifying import Bench, ListedResidents, ScriptedChannel, alert, screen, subscription
from tests.support.waiting import wait_until

LIMITS = Limits(block_ms=10, reclaim_idle_s=0.5, reclaim_every_s=0.05, max_tries=50, house_every_s=10.0)
"""An alert is let go 0.2 s after it was taken, and taken again after 0.5 s."""


class Timed(ScriptedChannel):
    """Knows when it was asked for each device."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_s: dict[str, list[float]] = {}

    async def send(self, push: Push) -> Outcome:
        self.asked_s.setdefault(push.target.value, []).append(time.monotonic())
        return await super().send(push)

    def pause_s(self, value: str) -> float:
        """Tell the time between the first two sends to a device."""
        first, second = self.asked_s[value][:2]
        return second - first


def carried(channel: Timed, *devices: str) -> None:
    targets = [screen(device) for device in devices]
    one = Bench(
        MemoryStore(),
        ListedResidents(subscription(targets=targets)),
        dict.fromkeys(TargetKind, channel),
        limits=LIMITS,
    )
    one.tell(alert())
    with one.running():
        wait_until(lambda: one.left() == 0, 30, "the alert to finish")
    assert [len(channel.asked_s[device]) for device in devices] == [2] * len(devices)


def test_each_device_of_a_household_waits_as_long_as_it_was_told() -> None:
    """Two devices that were told to wait both wait, though the alert was let go meanwhile and taken again."""
    channel = Timed()
    for device in ("one", "two"):
        channel.script(device, TryAgain(1.2), Delivered("late"))
    carried(channel, "one", "two")
    assert channel.pause_s("one") >= 1.2
    assert channel.pause_s("two") >= 1.2


def test_a_device_that_waits_in_hand_is_not_hurried_by_one_that_waits_longer() -> None:
    """The longer wait lets the whole alert go; the shorter one is remembered, and neither goes by the other's."""
    channel = Timed()
    channel.script("short", TryAgain(0.15), Delivered("late"))
    channel.script("long", TryAgain(1.2), Delivered("later"))
    carried(channel, "short", "long")
    assert channel.pause_s("short") >= 0.15
    assert channel.pause_s("long") >= 1.2
