"""What one ping brings before the deciders, and what they answer: the values that every kind of lead works with."""

from __future__ import annotations

import msgspec

from geofence.book import Book
from geofence.foretold import Foretold
from geofence.limits import Limits
from geofence.runs import Run
from geofence.told import Told
from geofence.track import Move
from model.alert import Kind
from model.subscription import Lead


class Scene(msgspec.Struct, frozen=True):
    """One truck's move, and all that a decider may look at. `run` is the run's key, `bit` the category's; 0 is any.

    `crew`: by whose past days the truck is followed; `day_ordinal`: the service day as a proleptic ordinal;
    `round`: the run for leads in minutes, with what was foretold on it, and on the one that the truck may rather be on.
    """

    truck: str
    crew: str
    fix_ms: int
    received_ms: int
    day_ordinal: int
    move: Move
    book: Book
    run: str
    told: Told
    round: Run
    round_foretold: Foretold
    other_foretold: Foretold | None
    collecting: bool
    began: bool
    bit: int
    category: str | None
    plane_per_m: float
    path: tuple[tuple[float, float], ...]
    limits: Limits

    @property
    def here(self) -> tuple[float, float]:
        """Where the truck is now, on the plane."""
        return self.move.legs[-1][2:]

    def concerns(self, mask: int) -> bool:
        """Tell whether a subscriber with these category bits waits for this truck."""
        return concerns(self.bit, mask)


def concerns(bit: int, mask: int) -> bool:
    """Tell whether a subscriber with some category bits waits for a truck of a category; 0 is any."""
    return bit == 0 or mask == 0 or bool(mask & bit)


class Nominee(msgspec.Struct, frozen=True):
    """Somebody to tell that the truck approaches, unless the told-record has them already; or something else.

    `eta_ms`: the middle, the low and the high instant at which it is expected, where that is known. `by_round`: told on
    the round and not on the run of the area. `heard_ms`: when a truck that is silent was last heard.
    `was_ms`: the instant that a correction replaces. `turn`: which of the day's services of a spot is meant, from 0 on.
    """

    number: int
    subscription: str
    lead: Lead
    useful_ms: int
    zone: str | None = None
    kind: Kind = Kind.APPROACHING
    eta_ms: tuple[int, int, int] | None = None
    by_round: bool = False
    ordinal: int = 1
    turn: int = 0
    heard_ms: int | None = None
    was_ms: int | None = None
