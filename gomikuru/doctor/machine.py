"""This machine: versions, the settings that are in force, and what they say about durability."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gomikuru.doctor.findings import Finding, note, ok, warning
from gomikuru.settings import Settings

LIBRARIES = ("gomikuru", "paho-mqtt", "redis", "firebase-admin", "shapely", "numba")
PART = "machine"


def examine_machine(settings: Settings) -> Iterator[Finding]:
    """Tell versions, and look at what stands in the settings."""
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield ok(PART, f"{python}; {', '.join(_versions())}")
    yield from _secret_files(settings)
    if settings.clock.kind != "system":
        yield warning(PART, f"clock.kind is {settings.clock.kind}", "production needs `system`")
    if settings.embedded.store and settings.embedded.appendfsync != "always":
        what = f"embedded.appendfsync is {settings.embedded.appendfsync}: a crash can lose answered writes"
        yield warning(PART, what, "set it to always")
    if settings.embedded.broker:
        yield note(PART, "the embedded broker keeps what it acknowledges: JetStream, sync_interval always")


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} absent"


def _secret_files(settings: Settings) -> Iterator[Finding]:
    """A password that every user of the machine can read is none."""
    files = {
        "broker.password_file": settings.broker.password_file,
        "broker.key_file": settings.broker.key_file,
        "store.password_file": settings.store.password_file,
        "store.key_file": settings.store.key_file,
        "fcm.service_account_file": settings.fcm.service_account_file,
        "line.token_file": settings.line.token_file,
        "line.secret_file": settings.line.secret_file,
        "email.password_file": settings.email.password_file,
        "embedded.broker_key_file": settings.embedded.broker_key_file,
    }
    for key, path in files.items():
        if path is not None and sys.platform != "win32" and _readable_by_all(path):
            yield warning(PART, f"{key}: every user of this machine can read {path}", f"chmod 600 {path}")


def _readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o004)
    except OSError:
        return False
