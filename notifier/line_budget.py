"""What LINE costs a city in a month, foretold before it is enabled and watched while it is used. Pure."""

from __future__ import annotations

import math

import msgspec

FIRST_DAY_TO_JUDGE = 4
MARGIN = 1.1
"""The rest of a month may be that much busier than what has passed of it."""


class Month(msgspec.Struct, frozen=True):
    """A month's messages: `cap` None where there is none; `used` so far; `day` (from 1) of `days`."""

    cap: int | None
    used: int
    day: int
    days: int


class Cost(msgspec.Struct, frozen=True):
    """A month's forecast: messages, those beyond the free ones, and their price in the price's currency."""

    messages: int
    paid: int
    price: float


def forecast(month: Month) -> int | None:
    """Foretell the whole month's messages from what has passed; None in its first days, which say too little."""
    if month.day < FIRST_DAY_TO_JUDGE:
        return None
    passed = month.day - 1
    return month.used + math.ceil(month.used / passed * (month.days - passed) * MARGIN)


def is_scarce(month: Month) -> bool:
    """Tell whether people with another way must use that, so that the cap is not reached."""
    if month.cap is None:
        return False
    foretold = forecast(month)
    return month.used >= month.cap or (foretold is not None and foretold > month.cap)


def cost_of(households: int, collections: float, alerts_each: float, free: int, price: float) -> Cost:
    """Foretell a month: so many collections a household, so many alerts at each; `price` of one message."""
    messages = math.ceil(households * collections * alerts_each)
    paid = max(0, messages - free)
    return Cost(messages, paid, paid * price)
