"""Stages as real processes, many of a kind: started, frozen, continued, killed, and followed in what they log."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streams.ports import Store, StoreUnavailable
from tests.support.stores import mortal
from tests.support.waiting import wait_until


class Member:
    """One process with one stage, or several with blanks between.

    Start it from the main thread: it dies with the thread that started it.
    """

    def __init__(self, stage: str, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        command = mortal([sys.executable, "-m", "gomikuru", "run", *stage.split()])
        with path.open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        """Tell its process id, which is part of its name as the owner of a lease."""
        return self._process.pid

    def logged(self, event: str = "") -> list[dict[str, Any]]:
        """Give the events of a name that it has logged so far, or all."""
        lines = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                lines.append(json.loads(line))
        return [line for line in lines if not event or line.get("event") == event]

    def await_logged(self, event: str, count: int = 1, seconds: float = 30) -> None:
        """Wait until it has logged an event so often."""
        wait_until(lambda: len(self.logged(event)) >= count, seconds, f"{event} in {self.path}")

    def freeze(self) -> None:
        """Stop it as a machine that hangs: its connections stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, not knowing that time passed."""
        self._process.send_signal(signal.SIGCONT)

    def kill9(self) -> None:
        """Kill it as a crash does."""
        self._process.kill()
        self._process.wait(20)

    def ask_to_end(self) -> None:
        """Send it what a supervisor sends."""
        if self._process.poll() is None:
            self.thaw()
            self._process.terminate()

    def stop(self) -> int:
        """End it in order; tell its exit code."""
        if self._process.poll() is None:
            self.ask_to_end()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill9()
        return int(self._process.returncode)


class Fleet:
    """All processes of one test, with common settings and their logs in one folder."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.members: list[Member] = []
        self._folder = folder
        self._environ = {
            "GOMIKURU_METRICS__PORT": "0",
            "GOMIKURU_LOG__FORMAT": "json",
            "GOMIKURU_ARCHIVE__ENABLED": "false",
            **environ,
        }
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, *stages: str) -> list[Member]:
        """Start a process for each stage named; wait until all have come up."""
        fresh = []
        for stage in stages:
            path = self._folder / f"{len(self.members)}-{stage.replace(' ', '-')}.log"
            fresh.append(Member(stage, path, self._environ))
            self.members.append(fresh[-1])
        for member in fresh:
            member.await_logged("metrics_at", seconds=90)
        return fresh

    def holder(self, store: Store, lease: str) -> Member | None:
        """Tell which process holds a lease, where it is one of these."""
        owner = owner_of(store, lease)
        return next((member for member in self.members if f"-{member.pid}-" in owner), None)

    def logged(self, event: str = "") -> list[dict[str, Any]]:
        """Give what all have logged."""
        return [line for member in self.members for line in member.logged(event)]

    def stop(self) -> None:
        """End all at once, each in order."""
        for member in self.members:
            member.ask_to_end()
        for member in self.members:
            member.stop()


def owner_of(store: Store, lease: str) -> str:
    """Look behind the store's back who holds a lease; nobody: an empty text."""
    client: Any = getattr(store, "client")  # noqa: B009 - only the real store has it
    return bytes(client.get(lease) or b"").decode()


class Feeder:
    """Appends events in slices as ingest does: in order, each slice again until the store says that it has it."""

    def __init__(self, store: Store, stream: str, slices: Sequence[Sequence[bytes]], rest_s: float) -> None:
        self.fed = 0
        self.doubts = 0
        self.kept: list[str] = []
        self.total = len(slices)
        self._limit = float(self.total)
        self._store = store
        self._stream = stream
        self._slices = slices
        self._rest_s = rest_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder")

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def let(self, share: float) -> None:
        """Let it go on up to a share of the slices, and rest there: what comes next then falls into its work."""
        self._limit = share * self.total

    def reach(self, share: float, seconds: float = 90) -> None:
        """Wait until a share of the slices is appended."""
        wait_until(lambda: self._there(share), seconds, f"{share:.0%} to be fed ({self.fed} slices are)")

    def _there(self, share: float) -> bool:
        assert self._thread.is_alive() or self.fed == self.total, "the feeder died; see its traceback"
        return self.fed >= share * self.total

    def _run(self) -> None:
        for slice_ in self._slices:
            while self.fed >= self._limit:
                if self._stop.wait(0.01):
                    return
            while not self._appended(slice_):
                self.doubts += 1
                if self._stop.wait(0.1):
                    return
            self.fed += 1
            if self._stop.wait(self._rest_s):
                return

    def _appended(self, slice_: Sequence[bytes]) -> bool:
        try:
            self.kept += self._store.append(self._stream, slice_)
        except StoreUnavailable:
            return False
        return True


@contextlib.contextmanager
def at_sea(folder: Path, environ: Mapping[str, str]) -> Iterator[Fleet]:
    """Have a fleet for the length of the block."""
    fleet = Fleet(folder, environ)
    try:
        yield fleet
    finally:
        fleet.stop()
