"""The rules of the house that a program can hold: layers, pure fronts, style, types, names, locks, documents."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gomikuru.cli import program

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt", "requirements-node.txt")

# Fronts

WHOLE_ROOMS = ("model", "geofence", "residents")
SINGLE_FRONTS = (
    *("ingest/decode.py", "ingest/screen.py", "ingest/dialects"),
    *("notifier/policy.py", "notifier/words.py", "notifier/outcome.py", "notifier/fallback.py", "notifier/receipts.py"),
    *("notifier/payload.py", "notifier/line.py", "notifier/line_budget.py", "notifier/webpush_target.py"),
    *("notifier/saying.py", "notifier/tongue.py", "notifier/in_calendar.py", "notifier/channel_words.py"),
    "notifier/catalogue.py",
    "gomikuru/evaluation",
)
NOT_FRONTS = {"geofence/ports.py", "geofence/worker.py", "geofence/files.py", "residents/ports.py"}
FORBIDDEN = {
    *("asyncio", "threading", "multiprocessing", "concurrent", "subprocess", "signal", "select", "selectors"),
    *("time", "random", "secrets", "uuid", "os", "socket", "ssl", "io", "pathlib", "tempfile", "shutil", "glob"),
    *("http", "urllib.request", "sqlite3", "logging"),
    *(
        "redis",
        "paho",
        "httpx",
        "requests",
        "firebase_admin",
        "google",
        "watchfiles",
        "apscheduler",
        "prometheus_client",
    ),
}
FORBIDDEN_CALLS = {"now", "today", "utcnow", "open", "print", "input"}


def fronts() -> list[Path]:
    """List every module that must be pure."""
    found = [path for room in WHOLE_ROOMS for path in (ROOT / room).rglob("*.py")]
    for name in SINGLE_FRONTS:
        path = ROOT / name
        found += path.rglob("*.py") if path.is_dir() else [path]
    return sorted(
        path
        for path in found
        if "adapters" not in path.parts and str(path.relative_to(ROOT)) not in NOT_FRONTS and path.exists()
    )


def imported(tree: ast.AST) -> Iterator[str]:
    """Name every module that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def impurities(source: str) -> list[str]:
    """Tell what a front must not do: import the outer world, read a clock, open a file, lean on an adapter."""
    tree = ast.parse(source)
    found = []
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] in FORBIDDEN or ".".join(parts[:2]) in FORBIDDEN or {"adapters", "worker"} & set(parts):
            found.append(f"imports {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in FORBIDDEN_CALLS:
                found.append(f"line {node.lineno} calls {name}()")
    return found


@pytest.mark.parametrize("path", fronts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_front_reads_no_clock_draws_no_lot_and_touches_no_world(path: Path) -> None:
    """Time, randomness and data come into a front as arguments."""
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import path",
        "import redis.cluster",
        "from ingest.adapters import mqtt",
        "import urllib.request",
        "from datetime import datetime\ndef f():\n    return datetime.now()",
        "def f():\n    return open('x')",
    ],
)
def test_the_rule_of_fronts_sees_each_kind_of_impurity(source: str) -> None:
    """The rule has teeth."""
    assert impurities(source)


def test_the_named_fronts_are_there() -> None:
    """A front that moves must move in this list too."""
    assert [name for name in (*SINGLE_FRONTS, *WHOLE_ROOMS) if not (ROOT / name).exists()] == []


# Style, types, layers


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "ruff", "check", "--no-cache"], id="ruff check"),
        pytest.param(["-m", "ruff", "format", "--check", "--no-cache"], id="ruff format"),
        pytest.param(["-m", "mypy"], id="mypy"),
        pytest.param([str(Path(sys.executable).parent / "lint-imports")], id="import-linter"),
    ],
)
def test_the_checkers_have_nothing_to_complain_about(command: list[str]) -> None:
    """Style, strict types and the one way of imports hold for every file."""
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


# Names


@pytest.mark.parametrize("name", PACKAGES)
def test_each_import_package_belongs_to_this_distribution_alone(name: str) -> None:
    """No other installed distribution brings a package of our name, and the one imported is ours."""
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {"gomikuru"}
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")


@pytest.mark.parametrize("name", ["config", "data"])
def test_a_folder_of_data_is_no_package(name: str) -> None:
    """Such names exist on public indexes; ours hold data only, and no distribution here brings one."""
    assert not list((ROOT / name).rglob("__init__.py"))
    assert not importlib.metadata.packages_distributions().get(name)


# Locks


def pins(name: str) -> dict[str, set[str]]:
    """Read a lock file: each package with its versions (one for each range of Python versions)."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*])?==(\S+)", line):
            found.setdefault(match[1], set()).add(match[2])
    return found


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json"])
def test_a_lock_file_names_no_registry(name: str) -> None:
    """Where packages come from is the installer's setting, not the project's."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links|--trusted-host|\"resolved\"", text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    """pip then refuses what was not locked."""
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements-build.txt"])
def test_what_runs_and_what_is_tested_have_the_same_versions(name: str) -> None:
    """The tests see the libraries that production has."""
    runtime, other = pins("requirements.txt"), pins(name)
    assert {package: other[package] for package in runtime.keys() & other} == {
        package: runtime[package] for package in runtime.keys() & other
    }
    if name == "requirements-dev.txt":
        assert runtime.keys() <= other.keys()


def test_the_locks_hold_every_dependency_that_the_project_declares() -> None:
    """A dependency that was added and not locked would fail on a fresh machine only."""
    for name, declared in [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-dev.txt", [item for item in PROJECT["dependency-groups"]["dev"] if isinstance(item, str)]),
        ("requirements-build.txt", PROJECT["dependency-groups"]["build"]),
        ("requirements-node.txt", PROJECT["dependency-groups"]["node"]),
    ]:
        locked = pins(name)
        for text in declared:
            wanted = Requirement(text)
            versions = {version.rstrip(";") for version in locked.get(canonicalize_name(wanted.name), set())}
            assert versions, f"{name} lacks {text}: python3 dev.py lock"
            assert all(wanted.specifier.contains(version) for version in versions), f"{name}: {text}"


# Documents


def test_the_version_stands_in_the_changelog() -> None:
    """Who reads the changelog finds the version that runs."""
    assert f"## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def commands(group: Any, prefix: str = "gomikuru") -> Iterator[str]:
    """Name every command of the program, as it is typed."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    """docs/operations.md lists what `gomikuru --help` lists."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("## The commands")[2].partition("\n## ")[0]
    listed = {re.sub(r" [\[A-Z].*", "", name) for name in re.findall(r"`(gomikuru [^`]+)`", table)}
    assert listed == set(commands(typer.main.get_command(program())))


def test_no_tracked_file_names_a_folder_of_a_developers_machine() -> None:
    """Paths of one machine mean nothing on another."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    if not listed:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(?<![\w.])/(?:home|Users)/\w+/")
    names = [
        name.decode() for name in listed.split(b"\0") if name.endswith((b".py", b".md", b".toml", b".txt", b".conf"))
    ]
    wrong = [
        name for name in names if (ROOT / name).exists() and pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert [name for name in wrong if name != Path(__file__).relative_to(ROOT).as_posix()] == []
