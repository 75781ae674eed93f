"""The demonstration's past: a town's last weeks, simulated and learned from beside the running service.

So that who signs up with a lead in minutes is told in minutes: a process of low priority drives past days and writes a
profile, which the service takes as it takes any that is saved. It ends with whoever started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from gomikuru.learning.child import ONE_THREAD
from gomikuru.learning.profile_file import Targets, learn_into
from gomikuru.simulate import Simulation, Town, read_town, simulate_day
from model.ping import Ping

WEEKS = 2
PATIENCE = 10


@contextmanager
def learning_beside(folder: Path, day: date, seed: int, target: Path) -> Iterator[None]:
    """Learn from the weeks before `day`, in a process of its own, for the length of the block."""
    command = [sys.executable, "-P", "-m", "gomikuru.demo_past", str(folder), day.isoformat(), str(seed), str(target)]
    child = subprocess.Popen(
        command,
        env=os.environ | ONE_THREAD,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        child.kill()
        child.wait()
        if child.stdin:
            child.stdin.close()


def past_pings(town: Town, day: date, seed: int, weeks: int = WEEKS) -> Iterator[Ping]:
    """Give what the trucks said on the same weekday of the weeks before, in order."""
    for back in range(weeks, 0, -1):
        for said in simulate_day(town, day - timedelta(weeks=back), seed, Simulation()):
            motion = (said.speed_mps, said.heading_deg, said.accuracy_m)
            yield Ping(town.city.id, said.truck, said.fix_ms, said.sent_ms, said.lat, said.lon, *motion)


def _end_with_parent() -> None:
    """Wait until the other end of the pipe is gone."""
    sys.stdin.buffer.read()
    os._exit(1)


def main(folder: str, day: str, seed: str, target: str) -> None:
    """Write the profile."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(PATIENCE)
    town = read_town(Path(folder))
    learn_into(
        Targets(Path(target)), town.city, past_pings(town, date.fromisoformat(day), int(seed)), lambda _text: None
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
