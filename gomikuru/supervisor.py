"""A small process of its own session that keeps the embedded servers, and stops them in order when its parent is gone.

Started as `python -m gomikuru.supervisor PLAN`; standard library only. The parent holds the other end of standard
input: end of file there, for whatever reason, means stop. What happens is told on standard output, a JSON line each.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

POLL_S = 0.2
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
DEATHS_ALLOWED = 5
WITHIN_S = 60.0
LOG_MAX_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    """One server: how to start it, where its output goes, how long it may take to stop."""

    name: str
    argv: list[str]
    log: Path
    grace_s: float
    held_fds: tuple[int, ...]
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    start_at: float = 0.0

    def start(self) -> None:
        """Start it; its output goes to the end of its log, which begins anew when it has become long."""
        if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.held_fds,
                preexec_fn=_die_with_supervisor,  # noqa: PLW1509  # this process has one thread
            )
        tell("started", self.name, pid=self.process.pid)

    def stop(self) -> None:
        """Ask it to end, wait, and kill it when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=self.grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            tell("killed", self.name, after_s=self.grace_s)
        tell("stopped", self.name)

    def look_after(self, now: float) -> bool:
        """Start it again, after a growing pause, when it has died; False when it dies too often."""
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return True
        code = self.process.poll()
        if code is None:
            return True
        self.process = None
        self.deaths = [death for death in self.deaths if now - death < WITHIN_S] + [now]
        tell("died", self.name, code=code)
        self.start_at = now + min(FIRST_PAUSE_S * 2 ** (len(self.deaths) - 1), LONGEST_PAUSE_S)
        return len(self.deaths) <= DEATHS_ALLOWED


def tell(event: str, name: str, **details: Any) -> None:
    """Tell the parent, if it still listens."""
    try:
        print(json.dumps({"event": event, "server": name, **details}), flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # for the rest of this process's life


def _die_with_supervisor() -> None:
    """On Linux, end a server also when this supervisor itself is killed; elsewhere its lock shows that it lives."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def watch(servers: list[Server], parent: int, stopping: list[int]) -> bool:
    """Keep the servers until the parent is gone or a signal comes; False when one cannot be kept."""
    while not stopping and os.getppid() == parent:
        if not all(server.look_after(time.monotonic()) for server in servers):
            return False
        readable, _, _ = select.select([0], [], [], POLL_S)
        if readable and not os.read(0, 4096):
            return True
    return True


def main(plan_path: str) -> int:
    """Start the servers of the plan in its order, keep them, and stop them in the opposite order."""
    parent = os.getppid()
    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    held = tuple(plan["held_fds"])
    servers = [Server(item["name"], item["argv"], Path(item["log"]), item["grace_s"], held) for item in plan["servers"]]
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    try:
        kept = watch(servers, parent, stopping)
        if not kept:
            tell("gave_up", next(server.name for server in servers if len(server.deaths) > DEATHS_ALLOWED))
    finally:
        for server in reversed(servers):
            server.stop()
        for folder in plan["remove"]:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
