"""Plays payloads at their due time of a service clock that may run fast. Publishing, the clock and waiting come in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from gomikuru.simulate import Payload
from model.ports import ServiceClock

LONGEST_WAIT_S = 0.25


def play(
    payloads: Iterable[Payload],
    publish: Callable[[str, bytes], None],
    clock: ServiceClock,
    stop: threading.Event,
    *,
    speed: float = 1.0,
    begin_ms: int | None = None,
    wait: Callable[[float], object] | None = None,
) -> int:
    """Publish each payload when the clock reaches it, until the last or until `stop`; tell how many were sent.

    What was due before `begin_ms` is left out. `speed` is how many service seconds pass in one of the machine's.
    """
    wait = wait or stop.wait
    sent = 0
    for payload in payloads:
        if begin_ms is not None and payload.sent_ms < begin_ms:
            continue
        while not stop.is_set() and (early_ms := payload.sent_ms - clock.now_ms()) > 0:
            wait(min(early_ms / 1000 / speed, LONGEST_WAIT_S))
        if stop.is_set():
            break
        publish(payload.topic, payload.body)
        sent += 1
    return sent
