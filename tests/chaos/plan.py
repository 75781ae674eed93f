"""Who is struck, when, where and how: all from the seed. Pure."""

from __future__ import annotations

from random import Random

import msgspec

from tests.chaos.points import AT_START, Order, points_of

STAGES = ("ingest", "geofence", "notifier")

HOLD_S = {
    "ingest": (0.3, 1.5),
    "geofence": (1.4, 2.4),
    "notifier": (1.8, 2.6),
    "store": (0.2, 1.6),
    "broker": (0.2, 1.0),
}
"""How long who was stopped stands still: past its lease, its reclaim time, a client's time-out, or short of them."""


HEART = frozenset({"append", "acknowledge", "read", "commit", "take", "send", "outcome", "done"})
"""Where losing or doubling is decided: struck three times as often as the rest."""


class Strike(msgspec.Struct, frozen=True):
    """One thing that breaks: a stage by its own order, or (no order) anything from outside after `delay_s`."""

    at: str
    how: str
    order: Order | None
    delay_s: float
    hold_s: float

    @property
    def fresh(self) -> bool:
        """Whether the order is for a victim that has yet to start."""
        return self.order is not None and self.order.point.split(".", maxsplit=1)[0] in AT_START.get(self.at, ())


def strikes(chance: Random, slices: int, kills: int, only: str = "") -> list[list[Strike]]:
    """Spread so many strikes over the slices of a day; `only` at one point, such as geofence.commit.before.stop."""
    plan: list[list[Strike]] = [[] for _ in range(slices)]
    for _ in range(kills):
        plan[chance.randrange(slices)].append(focused(chance, only) if only else strike(chance))
    return plan


def focused(chance: Random, point: str) -> Strike:
    """Draw a strike at one point of a stage."""
    stage, _, name = point.removesuffix(".stop").partition(".")
    if stage not in STAGES or name not in points_of(stage):
        raise ValueError(f"{point}: no such point; {', '.join(f'{one}.{p}' for one in STAGES for p in points_of(one))}")
    how = "stop" if point.endswith(".stop") else "kill"
    return Strike(stage, how, Order(name, 1 + chance.randrange(3), how), 0.0, chance.uniform(*HOLD_S[stage]))


def strike(chance: Random) -> Strike:
    """Draw one strike."""
    at = chance.choices((*STAGES, "store", "broker"), (24, 27, 27, 12, 10))[0]
    how = chance.choices(("kill", "stop"), (2, 1) if at in STAGES else (4, 1))[0]
    order = None
    if at in STAGES and chance.random() < 0.85:
        points = points_of(at)
        point = chance.choices(points, [3 if name.split(".")[0] in HEART else 1 for name in points])[0]
        order = Order(point, min(int(chance.expovariate(0.8)) + 1, 6), how)
    return Strike(at, how, order, chance.uniform(0.0, 0.5), chance.uniform(*HOLD_S[at]))
