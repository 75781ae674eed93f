"""The far end of the demonstration: a hall of phones, one a simulated home, where pushes are counted as they arrive."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from gomikuru.metrics import PrometheusMeter
from gomikuru.simulate import SimHome
from notifier.phones import Phones, RawPush
from web.live import PushSeen

MOST_WAITING = 1000
MOST_DELAYS = 1_000_000


class Hall:
    """Receives raw sends (notifier.phones.Phone), and tells the page where each phone is: these homes are made up."""

    def __init__(self, homes: Sequence[SimHome]) -> None:
        self.phones = Phones()
        self._homes = homes
        self._waiting: deque[PushSeen] = deque(maxlen=MOST_WAITING)
        self._delays_ms: deque[int] = deque(maxlen=MOST_DELAYS)
        self._lock = threading.Lock()

    def show(self, push: RawPush) -> None:
        """Receive one send."""
        self.phones.show(push)
        home = self._homes[int(push.target)]
        seen = PushSeen(
            push.message.tag, push.message.title, push.message.body, push.sent_ms, home.lat, home.lon, push.target
        )
        with self._lock:
            self._waiting.append(seen)
            self._delays_ms.append(push.sent_ms - push.fired_ms)

    def seen(self) -> Sequence[PushSeen]:
        """Give the pushes since this was last asked."""
        with self._lock:
            seen = list(self._waiting)
            self._waiting.clear()
        return seen

    def summary(self, meter: PrometheusMeter, factor: float) -> dict[str, Any]:
        """Sum up the run; latency is machine time from a ping's receipt to its push at the phone."""
        with self._lock:
            delays = sorted(delay / factor for delay in self._delays_ms)
        return {
            "messages_received": total(meter, "pings_received"),
            "pings_accepted": total(meter, "pings_accepted"),
            "pings_rejected": total(meter, "pings_rejected"),
            "alerts": total(meter, "engine_alerts"),
            "pushes": self.phones.pushes,
            "duplicates": self.phones.duplicates,
            "latency_ms": {"p50": _share(delays, 0.50), "p99": _share(delays, 0.99)},
        }


def total(meter: PrometheusMeter, name: str) -> int:
    """Sum a counter over its labels."""
    families = (family for family in meter.registry.collect() if family.name == f"gomikuru_{name}")
    return int(sum(sample.value for family in families for sample in family.samples if sample.name.endswith("_total")))


def _share(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else None
