"""Watches a file of a city on disk, so that what is saved takes force without a restart.

The system tells of changes at once; where it cannot, or no longer does (a folder swapped for another, a network disk,
no watches left), the file is compared every few seconds.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog
from watchfiles import watch

Stamp = tuple[int, ...]


class WatchedFile:
    """geofence.ports.FileSource over a file; editors that save by renaming are noticed too."""

    def __init__(self, path: Path, compare_s: float = 2.0) -> None:
        self._path = path
        self._compare_s = compare_s
        self._read_as: Stamp = ()
        self._failed = ""
        self._touched = threading.Event()
        self._touched.set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch-{path.parent.name}", daemon=True)
        self._logger = structlog.get_logger().bind(stage="geofence", city=path.parent.name, file=path.name)

    def start(self) -> None:
        """Begin to watch, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def changed(self) -> bool:
        """Tell whether the file may have changed since the last `read`."""
        return self._touched.is_set()

    def read(self) -> bytes | None:
        """Read the file; None when there is none."""
        self._touched.clear()
        self._read_as = _stamp(self._path)
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception as error:
                self._note(f"{type(error).__name__}: {error}")
            self._compare()
            self._stop.wait(self._compare_s)

    def _listen(self) -> None:
        """Hear of changes until the watch ends, or its folder is no longer the one that stands there."""
        folder = self._path.parent
        watched = _stamp(folder)[:2]
        for changes in watch(
            folder,
            stop_event=self._stop,
            debounce=200,
            step=50,
            rust_timeout=int(self._compare_s * 1000),
            yield_on_timeout=True,
            recursive=False,
        ):
            self._note("")
            if any(Path(changed).name == self._path.name for _, changed in changes):
                self._touched.set()
            self._compare()
            if _stamp(folder)[:2] != watched:
                return

    def _compare(self) -> None:
        if _stamp(self._path) != self._read_as:
            self._touched.set()

    def _note(self, why: str) -> None:
        """Tell when the system's watch fails and when it works again, not at every try."""
        if why and why != self._failed:
            remedy = f"the file is compared every {self._compare_s:g} s instead; the watch is tried again"
            self._logger.warning("watch_failed", error=why, remedy=remedy)
        if self._failed and not why:
            self._logger.info("watch_works_again")
        self._failed = why


def _stamp(path: Path) -> Stamp:
    """Tell what changes when a file is saved or another takes its place; empty where there is none."""
    try:
        now = path.stat()
    except OSError:
        return ()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
