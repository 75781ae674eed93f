"""Runs stages in threads of this process: starts them in order, watches them, stops them in the opposite order.

A stage that ends on its own, or fails, ends the service: whoever supervises the process starts it anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import structlog

from gomikuru.standing import Standing, Trouble

log = structlog.get_logger()


class Stage(NamedTuple):
    """One stage: `run` works until its event is set, `stand` tells how it stands."""

    name: str
    run: Callable[[threading.Event], None]
    stand: Callable[[], Standing]


class RunningStages:
    """Stages at work. `over` is set when the service must end: by `stop`, or because a stage ended."""

    def __init__(self, stages: Iterable[Stage], over: threading.Event) -> None:
        self.over = over
        self.failed: str | None = None
        self._stages = [(stage, threading.Event()) for stage in stages]
        self._threads = [
            threading.Thread(target=self._watch, args=(stage, stop), name=stage.name) for stage, stop in self._stages
        ]

    def start(self) -> None:
        """Start all, in order."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop all, the last started first; each finishes what it has in hand."""
        for (stage, stop), thread in reversed(list(zip(self._stages, self._threads, strict=True))):
            stop.set()
            thread.join()
            log.info("stage_stopped", stage=stage.name)

    def stand(self) -> dict[str, Standing]:
        """Tell how each stage stands; one that ended on its own is dead."""
        return {stage.name: self._dead() if self.failed == stage.name else stage.stand() for stage, _ in self._stages}

    def health(self) -> Mapping[str, object]:
        """Tell it as the health page does: `live`, `ready` and `well` of all together, then stage by stage."""
        each = self.stand()
        return {
            "live": all(standing.live for standing in each.values()),
            "ready": all(standing.ready for standing in each.values()),
            "well": all(standing.well for standing in each.values()),
            "reasons": [f"{name}: {trouble.text}" for name, now in each.items() for trouble in now.troubles],
            "stages": {name: _told(standing) for name, standing in each.items()},
        }

    @staticmethod
    def _dead() -> Standing:
        return Standing(False, (Trouble("ended", "it ended on its own; the process ends too, see the log", True),))

    def _watch(self, stage: Stage, stop: threading.Event) -> None:
        try:
            stage.run(stop)
        except Exception:
            log.exception("stage_failed", stage=stage.name)
        if not stop.is_set():
            self.failed = stage.name
            self.over.set()


def _told(standing: Standing) -> dict[str, object]:
    return {
        "live": standing.live,
        "ready": standing.ready,
        "reasons": [trouble.text for trouble in standing.troubles],
        **standing.facts,
    }
