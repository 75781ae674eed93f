"""docs/lessons.md against the tests that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sabotage.row import ROOT, exists

PAGE = ROOT / "docs" / "lessons.md"
LINES = range(1, 33)
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py::\w+)`")


def page() -> dict[int, tuple[str, list[str]]]:
    """Read the trouble and the tests of each line."""
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len({line for line, _, _ in rows}) == len(rows), "a line stands twice"
    return {int(line): (trouble, _TEST.findall(tests)) for line, trouble, tests in rows}


def test_every_line_has_a_test() -> None:
    """None of these troubles is left to luck, and each is told in words."""
    told = page()
    assert [line for line in LINES if not told.get(line, ("", []))[1]] == []
    assert all(len(trouble) > 20 for trouble, _ in told.values())


@pytest.mark.parametrize("line", sorted(page()))
def test_each_test_that_a_line_names_exists(line: int) -> None:
    """A test that was renamed or removed takes its line's protection with it."""
    assert [test for test in page()[line][1] if not exists(f"tests/{test}")] == []


def test_everything_in_the_last_column_is_a_test() -> None:
    """No mistyped name hides from the map."""
    for _, _, tests in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        assert _TEST.sub("", tests).strip() == ""


@pytest.mark.parametrize("name", ["tests/unit/test_lessons_map.py::test_that_nobody_wrote", "tests/none.py::test_x"])
def test_the_map_sees_a_test_that_is_not_there(name: str) -> None:
    """The look-up itself has teeth."""
    assert not exists(name)
    assert exists(
        f"tests/{Path(__file__).parent.name}/{Path(__file__).name}::test_the_map_sees_a_test_that_is_not_there"
    )
