"""Embedded servers: a real Valkey and a real NATS, started under a supervisor that outlives no parent.

with EmbeddedServers(settings) as servers:
    settings = servers.applied(settings)
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

import structlog

from gomikuru.embedded_config import (
    GATEWAY,
    INGEST,
    nats_binary,
    nats_config,
    nats_users,
    valkey_binary,
    valkey_config,
)
from gomikuru.embedded_folder import REPORT, EmbeddedFailed, applied, free_port, locked, reach, write_private
from gomikuru.embedded_probes import broker_answers, store_answers
from gomikuru.settings import Settings

__all__ = ["GATEWAY", "INGEST", "Credentials", "EmbeddedFailed", "EmbeddedServers", "reach"]

log = structlog.get_logger()

GRACE_S = {"store": 20.0, "broker": 10.0}


class Credentials(NamedTuple):
    """A user of the broker and its password."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ***)"


class EmbeddedServers:
    """The servers that `settings.embedded` switches on; addresses and credentials are known once it is entered.

    Trucks are users of the broker too, from `embedded.broker_users_file`. `temporary` uses a fresh folder, removed at
    the end. `on_failure` is called, from another thread, when a server cannot be kept: the service must end then.
    """

    def __init__(
        self, settings: Settings, *, temporary: bool = False, on_failure: Callable[[str], None] | None = None
    ) -> None:
        self._embedded = settings.embedded
        self._temporary = temporary
        self._on_failure = on_failure
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._report: dict[str, Any] = {}
        self._pids: dict[str, int] = {}
        self.problem: str | None = None

    def __enter__(self) -> EmbeddedServers:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def store_url(self) -> str:
        """Tell the store's address; the password is apart from it."""
        return str(self._report["store_url"])

    @property
    def store_password(self) -> str:
        """Tell the store's password, made anew at every start."""
        return str(self._report["store_password"])

    @property
    def broker_url(self) -> str:
        """Tell the broker's MQTT address."""
        return str(self._report["broker_url"])

    @property
    def pids(self) -> Mapping[str, int]:
        """Tell the process ids: supervisor, store, broker."""
        return dict(self._pids)

    def broker_credentials(self, account: str = INGEST) -> Credentials:
        """Tell the credentials of INGEST or GATEWAY (which may speak for every truck: the simulator's)."""
        return Credentials(account, str(self._report["accounts"][account]))

    def applied(self, settings: Settings) -> Settings:
        """Make the settings point at these servers."""
        return applied(settings, self._report)

    def start(self) -> None:
        """Start what is switched on and wait until it answers; raise EmbeddedFailed."""
        if not (self._embedded.store or self._embedded.broker):
            return
        folder = self._folder()
        try:
            self._lock = locked(folder)
            plan = self._plan(folder)
            write_private(folder / REPORT, json.dumps(self._report))
            self._spawn(folder, plan)
            self._await_answers(folder)
        except BaseException:
            self.close()
            if self._temporary:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def close(self) -> None:
        """Stop the broker, then the store; done already is done."""
        process, self._supervisor = self._supervisor, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(timeout=sum(GRACE_S.values()) + 5)
            except subprocess.TimeoutExpired:
                log.error("embedded_killed", supervisor=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                process.wait()
            self._listener.join(timeout=5)
            if process.stdout is not None:
                process.stdout.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="gomikuru-")) if self._temporary else self._embedded.data_dir.resolve()
        try:
            for name in ("store", "broker", "log"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedFailed(f"embedded.data_dir: {folder}: {error.strerror}; choose a folder of yours") from error
        folder.chmod(0o700)
        self._report["folder"] = str(folder)
        return folder

    def _plan(self, folder: Path) -> dict[str, Any]:
        servers = []
        if self._embedded.store:
            servers.append(self._plan_store(folder))
        if self._embedded.broker:
            servers.append(self._plan_broker(folder))
        remove = [str(folder)] if self._temporary else []
        return {"servers": servers, "held_fds": [self._lock.fileno()] if self._lock else [], "remove": remove}

    def _plan_store(self, folder: Path) -> dict[str, Any]:
        port = self._embedded.store_port or free_port()
        password = secrets.token_urlsafe(24)
        self._report |= {"store_url": f"redis://127.0.0.1:{port}/0", "store_password": password}
        text = valkey_config(folder / "store", port, password, self._embedded.appendfsync)
        config = write_private(folder / "store.conf", text)
        return _server("store", [str(valkey_binary()), str(config)], folder)

    def _plan_broker(self, folder: Path) -> dict[str, Any]:
        port = self._embedded.broker_port or free_port(self._embedded.broker_host)
        passwords = {name: secrets.token_urlsafe(24) for name in (INGEST, GATEWAY)}
        scheme = "mqtts" if self._embedded.broker_cert_file else "mqtt"
        self._report |= {
            "broker_url": f"{scheme}://{_reachable(self._embedded.broker_host)}:{port}",
            "accounts": passwords,
        }
        write_private(folder / "nats-users.conf", nats_users(passwords, self._trucks()))
        text = nats_config(self._embedded, folder / "broker", free_port(), port)
        config = write_private(folder / "nats.conf", text)
        return _server("broker", [str(nats_binary()), "--config", str(config)], folder)

    def _trucks(self) -> str:
        path = self._embedded.broker_users_file
        try:
            return path.read_text(encoding="utf-8") if path else ""
        except FileNotFoundError:
            log.warning("embedded_broker_without_trucks", file=str(path), remedy="`gomikuru trucks add` makes it")
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is no UTF-8"
            raise EmbeddedFailed(
                f"embedded.broker_users_file: {path}: {reason}; the service's user must be able to read it"
            ) from error

    def _spawn(self, folder: Path, plan: Mapping[str, Any]) -> None:
        path = write_private(folder / "plan.json", json.dumps(plan))
        with (folder / "log" / "supervisor.log").open("ab") as errors:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-P", "-m", "gomikuru.supervisor", str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=plan["held_fds"],
                start_new_session=True,
            )
        self._pids["supervisor"] = self._supervisor.pid
        self._listener = threading.Thread(target=self._listen, args=(self._supervisor.stdout,), daemon=True)
        self._listener.start()

    def _listen(self, lines: IO[bytes]) -> None:
        """Hear what the supervisor tells, until it ends; if that was not asked for, the servers are lost."""
        for line in lines:
            told = json.loads(line)
            event, server = told.pop("event"), told.pop("server")
            if event == "started":
                self._pids[server] = told["pid"]
            if event == "gave_up":
                self._lost(f"the embedded {server} died again and again; see log/{server}.log in embedded.data_dir")
            level = log.error if event in ("gave_up", "died", "killed") else log.info
            level(f"embedded_{event}", server=server, **told)
        if self._supervisor is not None:
            self._lost("the supervisor of the embedded servers ended; see log/supervisor.log in embedded.data_dir")

    def _lost(self, problem: str) -> None:
        if self.problem is None:
            self.problem = problem
            if self._on_failure:
                self._on_failure(problem)

    def _await_answers(self, folder: Path) -> None:
        deadline = time.monotonic() + self._embedded.start_timeout_s
        probes: dict[str, Callable[[], bool]] = {}
        if self._embedded.store:
            probes["store"] = lambda: store_answers(self.store_url, self.store_password)
        if self._embedded.broker:
            probes["broker"] = lambda: broker_answers(self.broker_url, *self.broker_credentials())
        for name, answers in probes.items():
            while not answers():
                died = self._supervisor is None or self._supervisor.poll() is not None
                if died or self.problem or time.monotonic() > deadline:
                    raise EmbeddedFailed(_why(name, folder / "log" / f"{name}.log"))
                time.sleep(0.02)


def _server(name: str, argv: list[str], folder: Path) -> dict[str, Any]:
    return {"name": name, "argv": argv, "log": str(folder / "log" / f"{name}.log"), "grace_s": GRACE_S[name]}


def _reachable(host: str) -> str:
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104  # where it listens, not where we do
    return local.get(host, f"[{host}]" if ":" in host else host)


def _why(name: str, path: Path) -> str:
    with contextlib.suppress(OSError):
        tail = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        return f"the embedded {name} did not start; the end of {path}:\n" + "\n".join(f"  {line}" for line in tail)
    return f"the embedded {name} did not start, and wrote no log to {path}"
