"""How often one address or one key may ask: moving windows in this process's memory.

In memory on purpose: who asks is personal data, and is written nowhere. Several processes each count for themselves.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections.abc import Mapping

import msgspec
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from web.api.errors import too_many


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How often, as `limits` writes it: "60/minute". `wrong_codes` is for a whole city, the others for an address.

    `device` is for one home key. `codes`: codes tried, to link or to recover.
    """

    address: str = "600/minute"
    device: str = "120/minute"
    sign_ups: str = "20/hour"
    codes: str = "10/hour"
    wrong_codes: str = "1000/hour"
    searches: str = "120/minute"


class Guard:
    """Counts, and raises Refused (429) when it is enough. Safe to share between threads."""

    def __init__(self, rates: Rates | None = None) -> None:
        self._items: Mapping[str, RateLimitItem] = {
            name: parse(rate) for name, rate in msgspec.structs.asdict(rates or Rates()).items()
        }
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, what: str, who: str) -> None:
        """Count one request of `who`; raise Refused when there were too many."""
        if not self._limiter.hit(self._items[what], what, _masked(who)):
            self._refuse(what, who)

    def look(self, what: str, who: str) -> None:
        """Raise Refused when there were too many, without counting."""
        if not self._limiter.test(self._items[what], what, _masked(who)):
            self._refuse(what, who)

    def _refuse(self, what: str, who: str) -> None:
        stats = self._limiter.get_window_stats(self._items[what], what, _masked(who))
        raise too_many(math.ceil(stats.reset_time - time.time()))


def address_of(peer: str, forwarded: str, trusted_proxies: int) -> str:
    """Tell who asks: the address that the outermost trusted proxy saw, an IPv6 one by its /64 network.

    `forwarded`: X-Forwarded-For. With no trusted proxies it is ignored: anybody can write it.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    named = hops[-trusted_proxies] if 0 < trusted_proxies <= len(hops) else peer
    try:
        address = ipaddress.ip_address(named)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _masked(who: str) -> str:
    return hashlib.sha256(who.encode()).hexdigest()[:32]
