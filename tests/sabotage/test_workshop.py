"""The workshop itself: only a named test that fails is a catch, only the copy is tested, and all is mended after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sabotage.row import ROOT, Cut
from tests.sabotage.workshop import Bench

IDS = "tests/unit/test_streams_ids.py"
ONE, OTHER = f"{IDS}::test_ids_are_not_compared_as_text", f"{IDS}::test_what_is_no_id_is_refused"
FILE = "streams/ids.py"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("sabotage"))


def test_a_test_that_fails_by_name_is_told_and_the_copy_is_mended(bench: Bench) -> None:
    """The tree of the project is never touched, and the copy is whole again for the next row."""
    whole = (ROOT / FILE).read_bytes()
    verdict = bench.test([ONE], (Cut(FILE, "int(number)", "int(number) * 0"),), stop_early=True)
    assert verdict.failed == [ONE]
    assert verdict.broken == []
    assert (bench.tree / FILE).read_bytes() == (ROOT / FILE).read_bytes() == whole


def test_a_module_that_cannot_be_imported_is_no_catch(bench: Bench) -> None:
    """What breaks everything proves nothing about the test that claims a guarantee."""
    verdict = bench.test([ONE, OTHER], (Cut(FILE, "from __future__ import annotations\n", "raise ImportError\n"),))
    assert verdict.failed == []
    assert verdict.passed == []
    assert verdict.broken


def test_packages_from_elsewhere_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Were the checkout tested in place of the copy, every row would seem to be missed, or caught by accident."""
    monkeypatch.setattr(bench, "tree", tmp_path)
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes((ROOT / FILE).read_bytes())
    verdict = bench.test([ONE])
    assert (verdict.failed, verdict.passed) == ([], [])
    assert "not from the copy" in verdict.said
