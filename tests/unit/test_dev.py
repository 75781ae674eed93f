"""dev.py: what it asks of a machine, when it installs, and that an interruption or a second start harms nothing."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "dev.py").read_text(encoding="utf-8")
LOCKED = ("pyproject.toml", "hatch_build.py", "package.json", "package-lock.json")
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt", "requirements-node.txt")


class Workshop(NamedTuple):
    """A copy of dev.py in a folder of its own, whose commands are noted and not run."""

    dev: ModuleType
    root: Path
    ran: list[str]


def loaded(root: Path) -> ModuleType:
    """Load a copy of dev.py that believes to stand in `root`."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "dev.py", root)
    for name in (*LOCKED, *REQUIREMENTS):
        (root / name).write_text(f"{name} 1")
    spec = importlib.util.spec_from_file_location("dev_under_test", root / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A copy in a folder with a space and Japanese letters."""
    root = tmp_path / "ごみ 来る"
    dev = loaded(root)
    ran: list[str] = []

    def quietly(what: str, command: list[Any], cwd: Path = root, env: Any = None) -> None:
        ran.append(what.split(" (", maxsplit=1)[0])
        if "venv" in command:
            dev.PYTHON.parent.mkdir(parents=True)
            dev.PYTHON.write_text("")
        if "ci" in command:
            dev.MODULES.mkdir(exist_ok=True)

    monkeypatch.setattr(dev, "quietly", quietly)
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}")
    return Workshop(dev, root, ran)


MAKE = "Making a Python environment in .venv"
LIBRARIES = "Installing the libraries"
TOOLS = "Installing the tools for tests"
ITSELF = "Installing Gomikuru itself"
ASSETS = "Fetching the map library"


# What it asks of a machine


def test_an_old_python_can_read_it_far_enough_to_say_what_is_needed() -> None:
    """No syntax and no import that Python 3.6 does not have stands in the way of the answer."""
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "__future__" not in imported
    assert imported <= sys.stdlib_module_names
    newer = (ast.NamedExpr, ast.Match, ast.TryStar)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.arg) and node.annotation]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda dev, patch: patch.setattr(dev.sys, "version_info", (3, 8, 1)), "Python 3.8 is too old"),
        (lambda dev, patch: patch.setattr(dev.os, "name", "nt"), "WSL 2"),
        (lambda dev, patch: patch.setattr(dev.platform, "libc_ver", lambda: ("", "")), "glibc"),
        (
            lambda dev, patch: patch.setattr(dev.importlib.util, "find_spec", lambda name: name == "venv" or None),
            "sudo apt install python3-venv",
        ),
    ],
    ids=["old", "windows", "musl", "no ensurepip"],
)
def test_a_machine_that_cannot_do_it_is_told_what_is_missing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None], told: str
) -> None:
    """One sentence with a remedy, no traceback."""
    monkeypatch.setattr(sys, "platform", "linux")
    with monkeypatch.context() as patch:
        change(workshop.dev, patch)
        with pytest.raises(workshop.dev.CannotGoOn, match=told):
            workshop.dev.check_machine()
    workshop.dev.check_machine()


def test_without_a_command_it_lists_them_and_an_unknown_one_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Who types it bare learns what it can do."""
    for arguments, code in (([], 2), (["--help"], 0), (["tets"], 2)):
        run = subprocess.run([sys.executable, ROOT / "dev.py", *arguments], capture_output=True, text=True, check=False)
        assert run.returncode == code
        assert all(f"  {name}" in run.stdout for name in ("run", "test", "lint", "bench", "chaos", "lock", "clean"))


# What it installs, and when


def test_the_first_run_installs_what_runs_and_the_second_nothing(workshop: Workshop) -> None:
    """The second start is instant and needs no network."""
    workshop.dev.prepare(dev=False)
    assert workshop.ran == [MAKE, LIBRARIES, ITSELF, ASSETS]
    workshop.dev.prepare(dev=False)
    assert len(workshop.ran) == 4


def test_a_test_adds_the_tools_and_leaves_the_rest(workshop: Workshop) -> None:
    """What runs is not installed twice."""
    workshop.dev.prepare(dev=False)
    workshop.ran.clear()
    workshop.dev.prepare(dev=True)
    assert workshop.ran == [TOOLS]
    workshop.dev.prepare(dev=False)
    assert workshop.ran == [TOOLS]


@pytest.mark.parametrize(
    ("name", "installs"),
    [
        ("requirements.txt", [LIBRARIES, TOOLS]),
        ("requirements-build.txt", [LIBRARIES]),
        ("requirements-dev.txt", [TOOLS]),
        ("pyproject.toml", [ITSELF]),
        ("package-lock.json", [ASSETS]),
        ("requirements-node.txt", []),
    ],
)
def test_a_changed_lock_installs_what_it_locks(workshop: Workshop, name: str, installs: list[str]) -> None:
    """After a pull the environment follows, and only where something changed."""
    workshop.dev.prepare(dev=True)
    workshop.ran.clear()
    (workshop.root / name).write_text("2")
    workshop.dev.prepare(dev=True)
    assert workshop.ran == installs


@pytest.mark.parametrize("at", [MAKE, LIBRARIES, TOOLS, ITSELF])
def test_an_interruption_at_any_step_is_made_good_by_the_next_start(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """A half-installed environment is never taken for a whole one: it is made anew."""
    honest = workshop.dev.quietly

    def interrupted(what: str, command: list[Any], **rest: Any) -> None:
        honest(what, command, **rest)
        if what.startswith(at):
            raise KeyboardInterrupt

    monkeypatch.setattr(workshop.dev, "quietly", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workshop.dev.prepare(dev=True)
    monkeypatch.setattr(workshop.dev, "quietly", honest)
    workshop.ran.clear()
    workshop.dev.prepare(dev=True)
    assert workshop.ran[:4] == [MAKE, LIBRARIES, TOOLS, ITSELF]
    workshop.ran.clear()
    workshop.dev.prepare(dev=True)
    assert workshop.ran == []


@pytest.mark.parametrize("harm", ["python gone", "stamp broken", "moved", "other python"])
def test_an_environment_that_cannot_work_is_made_anew(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """After an upgrade of Python or a move of the folder nobody has to know what to delete."""
    workshop.dev.prepare(dev=False)
    workshop.ran.clear()
    stamp = json.loads(workshop.dev.STAMP.read_text())
    if harm == "python gone":
        workshop.dev.PYTHON.unlink()
    elif harm == "stamp broken":
        workshop.dev.STAMP.write_text('{"python": ')
    elif harm == "moved":
        workshop.dev.STAMP.write_text(json.dumps({**stamp, "root": "/elsewhere"}))
    else:
        workshop.dev.STAMP.write_text(json.dumps({**stamp, "base": "/usr/old"}))
    workshop.dev.prepare(dev=False)
    assert workshop.ran[:3] == [MAKE, LIBRARIES, ITSELF]


def test_without_the_map_library_a_run_goes_on_and_a_test_does_not(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demonstration without its map is better than none; a test must see everything."""
    honest = workshop.dev.quietly

    def no_network(what: str, command: list[Any], **rest: Any) -> None:
        if what == ASSETS:
            raise workshop.dev.CannotGoOn("no network")
        honest(what, command, **rest)

    monkeypatch.setattr(workshop.dev, "quietly", no_network)
    workshop.dev.prepare(dev=False)
    assert "no map" in capsys.readouterr().err
    assert "Fetching Node and npm, for this set-up only" in workshop.ran
    with pytest.raises(workshop.dev.CannotGoOn):
        workshop.dev.prepare(dev=True)


def test_an_installer_sees_nothing_of_another_python(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's pip settings must not move our libraries elsewhere; their index and proxy stay."""
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_INDEX_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "/elsewhere")
    env = workshop.dev.child_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET"} & env.keys()
    assert env["PIP_USER"] == "0"
    assert env["PIP_INDEX_URL"] == env["HTTPS_PROXY"] == "/elsewhere"


@pytest.mark.parametrize(
    ("locale", "changed"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LANG": "ja_JP.eucJP"}, True),
        ({"LANG": "ja_JP.UTF-8"}, False),
        ({"LC_CTYPE": "C.utf8"}, False),
    ],
)
def test_a_folder_with_japanese_letters_works_in_a_locale_that_lacks_them(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], changed: bool
) -> None:
    """Python reads the path of an editable installation in the locale's letters."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert (workshop.dev.child_environment().get("LC_ALL") == "C.UTF-8") is changed
    workshop.dev.ROOT = Path("/srv/gomikuru")
    assert workshop.dev.readable_paths() == {}


# Progress, failure, two at once


def test_a_command_that_fails_shows_its_last_lines_and_one_that_works_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newcomer sees a sentence a step, and the installer's words only when they help."""
    dev = loaded(tmp_path)
    dev.quietly("Working", [sys.executable, "-c", "print('noise')"])
    with pytest.raises(dev.CannotGoOn) as caught:
        dev.quietly("Failing", [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])
    assert "Failing failed (exit code 3)" in str(caught.value)
    assert "the reason" in str(caught.value)
    assert "noise" not in str(caught.value)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["dev.py: Working ...", "dev.py: Failing ..."]


def test_two_at_once_wait_for_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second changes nothing before the first has finished."""
    first, second = loaded(tmp_path), loaded(tmp_path)
    order: list[str] = []

    def later() -> None:
        with second.only_one():
            order.append("second")

    with first.only_one():
        waiting = threading.Thread(target=later)
        waiting.start()
        wait_until(lambda: "waiting for it" in capsys.readouterr().err, 5, "the second to wait")
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_an_installer_that_outlives_a_killed_dev_py_is_waited_for(tmp_path: Path) -> None:
    """kill -9 leaves the installer at work: the next start must not build under its hands."""
    loaded(tmp_path)
    going_on = tmp_path / "installer is at work"
    work = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch(); sys.stdin.read()"
    script = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import dev
        with dev.only_one():
            dev.quietly("Installing", [sys.executable, "-c", {work!r}, {str(going_on)!r}])
    """
    killed = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    wait_until(going_on.exists, 10, "the installer")
    killed.kill()
    killed.wait()
    with (tmp_path / "var" / "dev" / "lock").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert killed.stdin is not None
        killed.stdin.close()

        def free() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        wait_until(free, 10, "the end of the installer")


def test_cleaning_removes_what_was_made_and_leaves_data(workshop: Workshop) -> None:
    """A service's data in var/ is not rubbish."""
    workshop.dev.prepare(dev=True)
    data = workshop.root / "var" / "gomikuru" / "store"
    data.mkdir(parents=True)
    workshop.dev.clean([])
    assert data.is_dir()
    assert not any((workshop.root / name).exists() for name in (".venv", "node_modules", "var/dev"))


def test_the_nightly_runs_what_takes_longer_and_is_named_where_it_is_looked_for() -> None:
    """The whole sabotage, and a new seed of the crash matrix a day, by commands that there are."""
    nightly = ROOT / ".ci" / "nightly"
    assert os.access(nightly, os.X_OK)
    ran = re.findall(r"^python3 dev\.py (\S+)(.*?)(?: \|\| .*)?$", nightly.read_text(encoding="utf-8"), re.MULTILINE)
    assert ran == [("sabotage", ""), ("chaos", ' --seed "$(date +%j)" --kills 280')]
    assert {command for command, _ in ran} <= loaded_commands()
    for page in ("CONTRIBUTING.md", "docs/reliability.md"):
        assert "`.ci/nightly`" in (ROOT / page).read_text(encoding="utf-8"), page


def loaded_commands() -> set[str]:
    """Name the commands of dev.py."""
    table = next(
        node.value
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "COMMANDS"
    )
    assert isinstance(table, ast.Dict)
    return {key.value for key in table.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_it_is_executable_and_starts_with_python3() -> None:
    """./dev.py works as well."""
    assert SOURCE.startswith("#!/usr/bin/env python3\n")
    assert os.access(ROOT / "dev.py", os.X_OK)
