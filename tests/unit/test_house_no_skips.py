"""The guard against skipped tests in CI, tried on small suites of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def outcome(folder: Path, test: str, ci: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one file, with or without CI."""
    (folder / "test_small.py").write_text(test)
    environ = {name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": ci} if ci else {})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.support.no_skips",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:valkey",
    ]
    return subprocess.run(
        [*command, *more, "--rootdir", str(folder), "-c", os.devnull, str(folder)],
        env=environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip


SKIPS = "import pytest\ndef test_a():\n    pytest.skip({!r})\ndef test_b():\n    pass\n"


@pytest.mark.parametrize("side_by_side", [(), ("-n", "2", "--dist", "loadfile")])
def test_in_ci_a_skip_fails_the_run_and_is_named(tmp_path: Path, side_by_side: tuple[str, ...]) -> None:
    """A server that is absent cannot turn CI green."""
    run = outcome(tmp_path, SKIPS.format("mosquitto is absent"), "true", *side_by_side)
    assert run.returncode == 1
    assert "test_small.py::test_a: mosquitto is absent" in run.stdout


@pytest.mark.parametrize("side_by_side", [(), ("-n", "2", "--dist", "loadfile")])
def test_in_ci_a_whole_module_that_skips_fails_the_run(tmp_path: Path, side_by_side: tuple[str, ...]) -> None:
    """Also importorskip counts."""
    (tmp_path / "test_other.py").write_text("def test_b():\n    pass\n")
    run = outcome(tmp_path, "import pytest\npytest.importorskip('no_such_module')\n", "true", *side_by_side)
    assert run.returncode == 1
    assert "no_such_module" in run.stdout.partition("CI may not skip")[2]


@pytest.mark.parametrize(("reason", "ci"), [("mosquitto is absent", ""), ("only macOS has it", "true")])
def test_elsewhere_and_for_allowed_reasons_a_skip_is_a_skip(tmp_path: Path, reason: str, ci: str) -> None:
    """Locally, or where the machine is of another kind, a skip harms nobody."""
    assert outcome(tmp_path, SKIPS.format(reason), ci).returncode == 0
