"""Looking at processes from outside: which live, and which are only zombies (a zombie passes kill -0)."""

from __future__ import annotations

import subprocess


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not yet collected does not."""
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state = answer.stdout.strip()
    return bool(state) and not state.startswith("Z")
