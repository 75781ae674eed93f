"""The folder of embedded servers: one instance at a time, private files, and how a second command finds the first.

`running.json` holds the addresses and passwords of the run that holds the lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr

from gomikuru.embedded_config import INGEST
from gomikuru.settings import Settings

LOCK_TRIES = 10  # `reach` looks at the lock for a moment; a stopping predecessor may need one too
REPORT = "running.json"


class EmbeddedFailed(Exception):
    """An embedded server cannot be started or kept; the text says which, why, and what to do."""


def reach(settings: Settings) -> Settings:
    """Point a second command at the embedded servers of a running `gomikuru run` with the same data_dir."""
    if not (settings.embedded.store or settings.embedded.broker):
        return settings
    folder = settings.embedded.data_dir
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return applied(settings, report)
    except (OSError, ValueError):
        pass
    raise EmbeddedFailed(f"embedded.data_dir: no Gomikuru runs with {folder}; start `gomikuru run` with these settings")


def free_port(host: str = "127.0.0.1") -> int:
    """Let the system choose a port that nobody uses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def applied(settings: Settings, report: Mapping[str, Any]) -> Settings:
    """Make settings point at the servers of a report."""
    changes: dict[str, Any] = {}
    if settings.embedded.store:
        password = SecretStr(report["store_password"])
        store = {"url": report["store_url"], "username": None, "password": password, "password_file": None}
        changes["store"] = settings.store.model_copy(update=store)
    if settings.embedded.broker:
        password = SecretStr(report["accounts"][INGEST])
        broker = {"url": report["broker_url"], "username": INGEST, "password": password, "password_file": None}
        changes["broker"] = settings.broker.model_copy(update=broker | {"protocol": "3.1.1", "share_group": None})
    return settings.model_copy(update=changes)


def locked(folder: Path) -> IO[str]:
    """Lock the folder. The servers inherit the lock, so it lasts until the last of them has ended."""
    lock = (folder / "lock").open("a")
    for _ in range(LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        time.sleep(0.1)
    lock.close()
    raise EmbeddedFailed(
        f"embedded.data_dir: another Gomikuru uses {folder}, or its servers are still stopping; "
        "stop that one, or give this one a folder of its own"
    )


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
