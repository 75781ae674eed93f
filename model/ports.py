"""What every room may ask of the world: the time, and somebody who counts."""

from __future__ import annotations

from typing import Protocol


class ServiceClock(Protocol):
    """Service time: decides what is late, quiet, useful. May run fast, or be driven by the events."""

    def now_ms(self) -> int:
        """Tell the service time in ms UTC."""
        ...


def factor_of(clock: ServiceClock) -> float:
    """Tell how many seconds of service time pass in one of machine time; 1 where the clock does not say."""
    return float(getattr(clock, "factor", 1.0)) or 1.0


class Meter(Protocol):
    """Counts and measures; the names and their meanings stand in gomikuru/metrics.py."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a histogram."""
        ...
