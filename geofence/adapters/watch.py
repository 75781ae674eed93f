"""Watches a file of a city on disk, so that what is saved takes force without a restart."""

from __future__ import annotations

import threading
from pathlib import Path

from watchfiles import watch


class WatchedFile:
    """geofence.ports.FileSource over a file; editors that save by renaming are noticed too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._touched = threading.Event()
        self._touched.set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch-{path.parent.name}", daemon=True)

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
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _watch(self) -> None:
        for changes in watch(
            self._path.parent, stop_event=self._stop, debounce=200, step=50, rust_timeout=500, recursive=False
        ):
            if any(Path(changed).name == self._path.name for _, changed in changes):
                self._touched.set()
