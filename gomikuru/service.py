"""The service as one process: embedded servers where wanted, the stages, the metrics listener, until it must end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from gomikuru.city_files import CityFolder, load_cities
from gomikuru.metrics import MetricsListener, PrometheusMeter
from gomikuru.settings import Settings
from gomikuru.stages import RunningStages
from gomikuru.watch import Watch
from gomikuru.wiring import STAGES, Parts

log = structlog.get_logger()


class NothingToServe(Exception):
    """No city can be served; the text says why and what to do."""


def cities_to_serve(settings: Settings) -> tuple[CityFolder, ...]:
    """Load every city; a broken one is named in the log and left out, the others are served."""
    folders, problems = load_cities(settings.cities_dir)
    for problem in problems:
        (log.warning if problem.warning else log.error)("city_file", problem=str(problem))
    if not folders:
        raise NothingToServe(
            f"cities_dir: no city in {settings.cities_dir} can be served; `gomikuru check` lists what is wrong"
        )
    return tuple(folders)


@contextmanager
def ended_by_signals(over: threading.Event) -> Iterator[None]:
    """Set the event at Ctrl-C or SIGTERM; a second one ends the process at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        if over.is_set():
            sys.exit(128 + number)
        over.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def running(parts: Parts, names: Iterable[str], over: threading.Event) -> Iterator[RunningStages]:
    """Run the named stages and the metrics listener for the length of the block."""
    wanted = set(names)
    stages = RunningStages([make(parts) for name, make in STAGES.items() if name in wanted], over)
    listener = None
    if isinstance(parts.meter, PrometheusMeter):
        metrics = parts.settings.metrics
        listener = MetricsListener(parts.meter, stages.health, metrics.host, metrics.port)
        log.info("metrics_at", port=listener.port)
    watch = Watch(stages.stand, parts.meter)
    stages.start()
    watch.start()
    try:
        yield stages
    finally:
        watch.close()
        stages.stop()
        if listener:
            listener.close()
