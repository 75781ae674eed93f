"""The three kinds of service clock: the machine's, one that runs faster, one that events drive."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def machine_ms() -> int:
    """Read the machine's clock, ms UTC."""
    return time.time_ns() // 1_000_000


class SystemClock:
    """Service time is the machine's."""

    factor = 1.0

    def now_ms(self) -> int:
        """Tell the service time in ms UTC."""
        return machine_ms()


class ScaledClock:
    """Service time that starts at `start_ms` and runs `factor` times as fast as `monotonic` (seconds)."""

    def __init__(self, factor: float, start_ms: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        if factor <= 0:
            raise ValueError(f"a clock cannot run {factor} times as fast; the factor must be above 0")
        self.factor = factor
        self._start_ms = start_ms
        self._monotonic = monotonic
        self._began = monotonic()

    def now_ms(self) -> int:
        """Tell the service time in ms UTC."""
        return self._start_ms + int((self._monotonic() - self._began) * 1000 * self.factor)


class DrivenClock:
    """Service time that stands still until it is advanced; never goes backwards. Safe to share between threads."""

    factor = 0.0

    def __init__(self, start_ms: int = 0) -> None:
        self._now_ms = start_ms
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Tell the service time in ms UTC."""
        return self._now_ms

    def advance_to(self, instant_ms: int) -> None:
        """Move on to an instant; one that lies behind changes nothing."""
        with self._lock:
            self._now_ms = max(self._now_ms, instant_ms)
