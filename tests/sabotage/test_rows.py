"""The table of sabotage fits the code as it is; whether each row is caught, `python3 dev.py sabotage` tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sabotage.__main__ import BEGIN, END
from tests.sabotage.row import ROOT, Cut, Rotten, Row, changed, exists
from tests.sabotage.rows import ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_of_the_table_fits_the_code(row: Row) -> None:
    """Each cut fits exactly once and leaves a file that can be read; each named test is there."""
    for file, text in changed(ROOT, row.cuts).items():
        assert text != (ROOT / file).read_text(encoding="utf-8")
    assert [test for test in row.tests if not exists(test)] == []
    assert row.tests


def test_rows_have_names_of_their_own() -> None:
    """A name picks one row on the command line."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names) >= 24


def test_the_table_of_the_docs_has_every_row_and_nobody_missed() -> None:
    """docs/reliability.md shows the rows of now; `python3 dev.py sabotage --table docs/reliability.md` writes it."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in shown.splitlines() if line.startswith("| ")][2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [row.guarantee for row in ROWS]
    assert "**nobody**" not in shown


def test_a_cut_that_fits_twice_or_never_is_rotten(tmp_path: Path) -> None:
    """A row that no longer fits is told, and not run on code that is whole."""
    (tmp_path / "one.txt").write_text("a b a")
    assert changed(tmp_path, (Cut("one.txt", "b", "c"), Cut("one.txt", "c", "d"))) == {"one.txt": "a d a"}
    for cut in (Cut("one.txt", "a", "x"), Cut("one.txt", "z", "x"), Cut("two.txt", "a", "x")):
        with pytest.raises(Rotten):
            changed(tmp_path, (cut,))
