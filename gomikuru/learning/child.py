"""Learning in a process of its own, of low priority: the running service keeps its pace, and its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from gomikuru.learning.profile_file import Learned

POLL_S = 0.2
LONGEST_S = 6 * 3600.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class LearningFailed(Exception):
    """The child could not learn; the text says why."""


class Stopped(Exception):
    """The child was ended before it was done, because the service ends or the lease is lost."""


def learn_in_child(
    folder: Path, archive: Path, before: date, days: int, go_on: Callable[[], bool], poll_s: float = POLL_S
) -> Learned:
    """Run `gomikuru learn` over a city's archive, asking `go_on` all the while. Raise LearningFailed or Stopped."""
    options = ("--city", str(folder), "--archive", "--before", before.isoformat(), "--days", str(days))
    environment = os.environ | ONE_THREAD | {"GOMIKURU_ARCHIVE__DIR": str(archive.resolve())}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "gomikuru", "learn", *options, "--gently", "--json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=complaints,
        )
        try:
            _wait(child, go_on, poll_s)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        said.seek(0)
        complaints.seek(0)
        return _answer(child.returncode, said.read(), complaints.read().decode(errors="replace"))


def _wait(child: subprocess.Popen[bytes], go_on: Callable[[], bool], poll_s: float) -> None:
    began_s = time.monotonic()
    while child.poll() is None:
        if not go_on():
            raise Stopped
        if time.monotonic() - began_s > LONGEST_S:
            raise LearningFailed(f"it was not done within {LONGEST_S / 3600:g} hours")
        time.sleep(poll_s)


def _answer(code: int, said: bytes, complaints: str) -> Learned:
    try:
        learned = msgspec.json.decode(said, type=Learned)
    except msgspec.DecodeError:
        learned = None
    if learned is not None and (code == 0 or learned.truck_days == 0):
        return learned
    last = complaints.strip().splitlines()[-1:] or ["it said nothing"]
    raise LearningFailed(f"`gomikuru learn` ended with {code}: {last[0]}")
