"""The conductor's side of tests.chaos.victim: asks for victims, gives them orders, hears what came of them."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.chaos.victim import Job, News
from tests.support.stores import mortal

_ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """A process that victims are forked from. Start it from the main thread: on Linux it dies with that."""

    def __init__(self, errors: Path) -> None:
        with errors.open("ab") as log:
            self._process = subprocess.Popen(
                mortal([sys.executable, "-m", "tests.chaos.victim"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=_ROOT,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
        self._rest = b""
        self._decoder = msgspec.json.Decoder(News)

    def ask(self, job: Job) -> None:
        """Send a job."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()

    def news(self) -> Iterator[News]:
        """Give what has been told since."""
        assert self._process.stdout is not None
        out = self._process.stdout.fileno()
        while select.select([out], [], [], 0)[0]:
            data = os.read(out, 65_536)
            if not data:
                raise AssertionError("the victims' parent has ended")
            *lines, self._rest = (self._rest + data).split(b"\n")
            yield from map(self._decoder.decode, lines)

    def close(self) -> None:
        """End it, and all victims with it."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
