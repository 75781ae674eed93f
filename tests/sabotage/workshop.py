"""Copies of the tree in which something may be broken: made in a temporary folder, cut, tested, mended.

A copy has no .venv; the running interpreter's is used, with the copy's packages first (`witness` makes sure of it).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.sabotage.row import ROOT, Cut, changed

LEFT_OUT = shutil.ignore_patterns(
    *(".venv", ".git", "node_modules", "var", "dist", "__pycache__", "*.egg-info", ".hypothesis"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache"),
)
COMPILED = ("geofence/grid.py",)
"""Files that Numba compiles: a row that cuts one keeps its machine code apart."""

LONGEST_S = 300.0


class Verdict(NamedTuple):
    """What became of one run of named tests."""

    failed: list[str]
    passed: list[str]
    broken: list[str]
    seconds: float
    said: str


class Bench:
    """One copy of the tree."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self._verdict = folder / "verdict.json"
        self._numba = folder / "numba"
        self._process: subprocess.Popen[str] | None = None
        shutil.copytree(ROOT, self.tree, ignore=LEFT_OUT)

    def test(self, tests: Sequence[str], cuts: tuple[Cut, ...] = (), stop_early: bool = False) -> Verdict:
        """Run named tests, with something cut meanwhile; raise Rotten where the cuts do not fit."""
        texts = changed(self.tree, cuts)
        apart = any(cut.file in COMPILED for cut in cuts)
        with self._cut(texts):
            return self._run(tests, stop_early, apart)

    @contextlib.contextmanager
    def _cut(self, texts: dict[str, str]) -> Iterator[None]:
        """Write the new texts, and mend the files to the very byte and time, so that what is compiled stays valid."""
        whole = {name: ((self.tree / name).read_bytes(), (self.tree / name).stat()) for name in texts}
        try:
            for name, text in texts.items():
                (self.tree / name).write_text(text, encoding="utf-8")
                self._forget_bytecode(name)
            yield
        finally:
            for name, (data, stat) in whole.items():
                (self.tree / name).write_bytes(data)
                os.utime(self.tree / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))
                self._forget_bytecode(name)

    def _forget_bytecode(self, name: str) -> None:
        path = self.tree / name
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def _run(self, tests: Sequence[str], stop_early: bool, apart: bool) -> Verdict:
        self._verdict.unlink(missing_ok=True)
        numba = self._numba / "apart" if apart else self._numba / "common"
        if apart:
            shutil.rmtree(numba, ignore_errors=True)
        options = ["-p", "tests.sabotage.witness", "-p", "no:cacheprovider", "-q", "--timeout=90", "--no-header"]
        command = [sys.executable, "-m", "pytest", *options, *(["-x"] if stop_early else []), *tests]
        began = time.monotonic()
        said = self._watched(command, self._environment(numba))
        seconds = time.monotonic() - began
        try:
            notes = json.loads(self._verdict.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Verdict([], [], ["pytest left no verdict"], seconds, said)
        return Verdict(notes["failed"], notes["passed"], notes["broken"], seconds, said)

    def _environment(self, numba: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
        return kept | {
            "PYTHONPATH": str(self.tree),
            "NUMBA_CACHE_DIR": str(numba),
            "SABOTAGE_COPY": str(self.tree),
            "SABOTAGE_VERDICT": str(self._verdict),
        }

    def _watched(self, command: list[str], environment: dict[str, str]) -> str:
        """Run a command in a session of its own, and end all of it where it takes too long."""
        self._process = process = subprocess.Popen(
            command,
            cwd=self.tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            self.end()
            said, _ = process.communicate()
        return said

    def end(self) -> None:
        """End whatever runs here; its servers die with it."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


class Benches:
    """A few benches, each used by one thread at a time."""

    def __init__(self, folder: Path, count: int) -> None:
        self._all = [Bench(folder / f"bench{number}") for number in range(count)]
        self._free: queue.Queue[Bench] = queue.Queue()
        for bench in self._all:
            self._free.put(bench)

    @contextlib.contextmanager
    def one(self) -> Iterator[Bench]:
        """Lend a bench."""
        bench = self._free.get()
        try:
            yield bench
        finally:
            self._free.put(bench)

    def end(self) -> None:
        """End whatever runs on any of them."""
        for bench in self._all:
            bench.end()
