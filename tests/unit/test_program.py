"""The program as a whole: every command has its module, and one command does not wait for what another needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from gomikuru.cli import COMMANDS, program

LOADED = """
import sys
from gomikuru import cli
sys.argv = ["gomikuru", "check", "--help"]
try:
    cli.main()
except SystemExit as ended:
    print("numba" in sys.modules, "gomikuru.commands.evaluate" in sys.modules, ended.code)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_registered_by_the_module_of_its_name(name: str) -> None:
    """So `gomikuru NAME` finds it without the others."""
    assert name in typer.main.get_command(program([name])).commands  # type: ignore[attr-defined]


def test_a_command_starts_without_what_only_others_need() -> None:
    """A clerk who checks a file does not wait two seconds for a compiler of geometry."""
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "False False 0"
