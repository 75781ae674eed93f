"""The process that victims are forked from: it imports everything once, so that a new stage starts in milliseconds.

`python -m tests.chaos.victim` reads jobs from standard input and tells on standard output, a JSON line each: who was
born, who reached the point of its order, who died. Victims die with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import os
import select
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import msgspec

from tests.chaos.points import Order, Trap, lay

FAILED = 3
_PR_SET_PDEATHSIG = 1
_WANTED = (
    "geofence.adapters.watch",
    "geofence.worker",
    "gomikuru.wiring",
    "ingest.adapters.mqtt",
    "notifier.adapters.fcm",
    "notifier.worker",
    "residents.adapters.redis_registry",
)


class Job(msgspec.Struct, frozen=True):
    """`be`: become a victim of this stage. `order`: let victim `pid` do something to itself."""

    do: str
    stage: str = ""
    settings: dict[str, str] = {}
    folder: str = ""
    order: Order | None = None
    pid: int = 0


class News(msgspec.Struct, frozen=True):
    """What a victim came to: `born`, `hit` (the point of its order), `died` with a status as of waitpid."""

    what: str
    pid: int
    stage: str = ""
    order: Order | None = None
    status: int = 0


def main() -> None:
    """Serve until standard input ends."""
    _warm()
    jobs = msgspec.json.Decoder(Job)
    pens: dict[int, int] = {}
    rest = b""
    while True:
        if select.select([0], [], [], 0.01)[0]:
            data = os.read(0, 65_536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _do(jobs.decode(line), pens)
        _bury(pens)


def tell(news: News) -> None:
    """Say one thing; a line this short is never mixed with another process's."""
    os.write(1, msgspec.json.encode(news) + b"\n")


def _warm() -> None:
    from notifier.adapters.catalogues import load_words

    for module in _WANTED:
        importlib.import_module(module)
    load_words()
    gc.collect()
    gc.freeze()


def _do(job: Job, pens: dict[int, int]) -> None:
    if job.do == "order":
        with contextlib.suppress(OSError, KeyError):  # it died meanwhile
            os.write(pens[job.pid], msgspec.json.encode(job.order) + b"\n")
        return
    ear, pen = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        for other in (*pens.values(), pen):
            os.close(other)
        os.close(0)
        _live(job, ear)
    os.close(ear)
    pens[pid] = pen
    tell(News("born", pid, job.stage))


def _bury(pens: dict[int, int]) -> None:
    while pens:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        os.close(pens.pop(pid))
        tell(News("died", pid, status=status))


def _live(job: Job, ear: int) -> NoReturn:
    """Be one stage, as the service would wire it, until killed or told to end."""
    code = FAILED
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        code = _work(job, ear)
    except BaseException as error:
        sys.stderr.write(f"{job.stage}: {error!r}\n")
        sys.stderr.flush()
    os._exit(code)


def _work(job: Job, ear: int) -> int:
    from gomikuru import logs, settings, wiring
    from gomikuru.city_files import CityFolder, load_city
    from gomikuru.metrics import MemoryMeter
    from gomikuru.stages import RunningStages
    from tests.chaos.clock import SharedClock

    folder = Path(job.folder)
    log = (folder / f"{job.stage}.log").open("a", encoding="utf-8")
    logs.set_up("json", "info", log)
    trap = Trap(lambda order: tell(News("hit", os.getpid(), job.stage, order)))
    if job.order is not None:
        trap.set(job.order)
    threading.Thread(target=_listen, args=(ear, trap), daemon=True).start()
    lay(job.stage, trap)
    _hurry()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    city, problems = load_city(folder / "city")
    assert city is not None, problems
    parts = wiring.Parts(
        settings=settings.load(None, job.settings),
        cities=(CityFolder(city, folder / "city"),),
        clock=SharedClock(folder / "clock"),
        meter=MemoryMeter(),
        owner=wiring.owner_name(),
    )
    stages = RunningStages([wiring.STAGES[job.stage](parts)], over)
    stages.start()
    over.wait()
    stages.stop()
    return FAILED if stages.failed else 0


def _hurry() -> None:
    """Shorten the waits that no setting reaches, so that a kill costs a second or two and not ten."""
    import geofence.pace
    import notifier.limits

    geofence.pace.Pace = functools.partial(  # type: ignore[misc,assignment]
        geofence.pace.Pace, load_ms=2_000, trim_ms=500, keep_ms=20_000
    )
    notifier.limits.Limits = functools.partial(  # type: ignore[misc,assignment]
        notifier.limits.Limits, reclaim_every_s=0.25, house_every_s=0.5
    )


def _listen(ear: int, trap: Trap) -> None:
    with os.fdopen(ear, "rb") as lines:
        for line in lines:
            trap.set(msgspec.json.decode(line, type=Order))


if __name__ == "__main__":
    main()
