"""The archive's files on disk: appended whole and synced, compressed when their day is over, deleted when they are old.

One writer at a time in a city's folder (a lock). A line that a crash tore off is cut away before anything is appended;
lines may stand twice after a crash, and whoever reads sees each once.
"""

from __future__ import annotations

import csv
import fcntl
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO

from gomikuru.archive.rows import KINDS, Kind

PACKED = ".gz"
_TAIL = 65_536


class Folder:
    """One city's archive."""

    def __init__(self, root: Path, city: str) -> None:
        self.path = root / city

    def append(self, kind: Kind, day: date, lines: Sequence[str]) -> None:
        """Append lines to a day's file; on return they are on the disk. Raise OSError."""
        with self._locked():
            path = self._plain(kind, day)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = not path.exists()
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                end = _whole(file)
                file.truncate(end)
                file.seek(end)
                head = [kind.header] if kind.header and not end else []
                file.write("".join(f"{line}\n" for line in (*head, *lines)).encode())
                file.flush()
                os.fsync(file.fileno())
            if new:
                _sync(path.parent)

    def days(self, kind: Kind) -> list[date]:
        """List the days that there are, oldest first."""
        return sorted({day for day, _ in self._files(kind)})

    def lines(self, kind: Kind, day: date) -> Iterator[str]:
        """Read a day's whole lines, without the header; some may stand twice. Raise OSError."""
        with ExitStack() as files:
            for file in reversed(self._opened(kind, day, files)):
                for line in _whole_lines(file):
                    if line != kind.header:
                        yield line

    def pack(self, today: date) -> None:
        """Compress the days before one; what stood twice stands once."""
        for kind in KINDS:
            for day, path in self._files(kind):
                if day < today and path.suffix != PACKED:
                    with self._locked():
                        self._pack(kind, day, path)

    def forget(self, first: date, most_bytes: int) -> list[date]:
        """Delete the days before `first`, then the oldest beyond so many bytes, but never the last; tell which."""
        gone = []
        days = sorted({day for kind in KINDS for day in self.days(kind)})
        for day in days:
            if day >= first and (day == days[-1] or self.size() <= most_bytes):
                break
            for kind in KINDS:
                for path in [path for of, path in self._files(kind) if of == day]:
                    path.unlink(missing_ok=True)
            gone.append(day)
        return gone

    def size(self) -> int:
        """Tell how many bytes there are."""
        return sum(path.stat().st_size for kind in KINDS for _, path in self._files(kind))

    def _pack(self, kind: Kind, day: date, path: Path) -> None:
        target = path.with_name(path.name + PACKED)
        half = path.with_name(f".{path.name}.half")
        with _private(half) as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            for line in (*([kind.header] if kind.header else []), *once(kind, self.lines(kind, day), set())):
                packed.write(f"{line}\n".encode())
        _sync(half)
        half.replace(target)
        _sync(path.parent)
        path.unlink()

    def _opened(self, kind: Kind, day: date, files: ExitStack) -> list[IO[bytes]]:
        """Open a day's plain file, then the compressed one, whichever there are.

        In this order, since a writer may compress at any moment: what has left the plain file stands in the other.
        """
        plain = self._plain(kind, day)
        opened = []
        for path in (plain, plain.with_name(plain.name + PACKED)):
            with suppress(FileNotFoundError):
                opened.append(files.enter_context(_open(path)))
        return opened

    def _files(self, kind: Kind) -> list[tuple[date, Path]]:
        folder = self.path / kind.folder
        found = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = path.name.removesuffix(PACKED)
            day = _day(name.removesuffix(kind.ending)) if name.endswith(kind.ending) else None
            if day is not None:
                found.append((day, path))
        return found

    def _plain(self, kind: Kind, day: date) -> Path:
        return self.path / kind.folder / f"{day.isoformat()}{kind.ending}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second writer out, such as one that was frozen and goes on when another has taken its place."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)
        with _private(self.path / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def once(kind: Kind, lines: Iterable[str], seen: set[object], before: Set[object] = frozenset()) -> Iterator[str]:
    """Give each line once, and leave out what is none; `seen` takes what was given, `before` was given elsewhere."""
    for line in lines:
        try:
            key = kind.key(line)
        except (ValueError, csv.Error):
            continue
        if key not in seen and key not in before:
            seen.add(key)
            yield line


def _whole(file: IO[bytes]) -> int:
    """Tell where the last whole line of a file ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _TAIL)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _whole_lines(file: IO[bytes]) -> Iterator[str]:
    """Read lines up to where a file is torn off."""
    try:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1].decode(errors="replace")
    except (EOFError, zlib.error):  # a compressed file that was damaged from outside
        return


def _open(path: Path) -> IO[bytes]:
    if path.suffix == PACKED:
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
