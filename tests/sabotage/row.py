"""One guarantee, how it is switched off, and the tests that claim to protect it. Pure but for reading the tree."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Rotten(Exception):
    """A row that no longer fits the code; the text says which and why."""


class Cut(NamedTuple):
    """A piece of a file that must stand there exactly once, and what is put in its place."""

    file: str
    old: str
    new: str


class Row(NamedTuple):
    """A guarantee. `off` says what the cuts do; `tests` are pytest node ids, of which at least one must fail."""

    name: str
    guarantee: str
    off: str
    cuts: tuple[Cut, ...]
    tests: tuple[str, ...]


def row(name: str, guarantee: str, off: str, cuts: Cut | tuple[Cut, ...], *tests: str) -> Row:
    """Make a row, of one cut or several."""
    return Row(name, guarantee, off, (cuts,) if isinstance(cuts, Cut) else cuts, tests)


def changed(tree: Path, cuts: tuple[Cut, ...]) -> dict[str, str]:
    """Tell the new text of every file that a row changes; raise Rotten unless each cut fits exactly once."""
    texts: dict[str, str] = {}
    for cut in cuts:
        path = tree / cut.file
        if not path.is_file():
            raise Rotten(f"{cut.file} is gone")
        text = texts.get(cut.file) or path.read_text(encoding="utf-8")
        if (times := text.count(cut.old)) != 1:
            raise Rotten(f"{cut.file}: {cut.old.strip().splitlines()[0]!r} stands there {times} times, not once")
        if cut.file.endswith(".py"):
            ast.parse(text.replace(cut.old, cut.new))
        texts[cut.file] = text.replace(cut.old, cut.new)
    return texts


@lru_cache(maxsize=256)
def tests_of(path: Path) -> frozenset[str]:
    """Name the tests of a file, those of a class as Class::test."""
    if not path.is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            inner = (each for each in node.body if isinstance(each, ast.FunctionDef))
            names.update(f"{node.name}::{each.name}" for each in inner if each.name.startswith("test_"))
    return frozenset(names)


def exists(test: str, root: Path = ROOT) -> bool:
    """Tell whether a node id names a test of the tree; its parameters are left to pytest."""
    path, _, name = test.partition("::")
    return name.partition("[")[0] in tests_of(root / path)
