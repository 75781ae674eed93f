"""Every kind of address reaches a real server, and the servers of the tests leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from streams import keys
from streams.ports import START, StoreFault
from streams.redis_streams import RedisStore
from tests.support.stores import RedisServer, ValkeyServer, free_port
from tests.support.waiting import wait_until

EVENTS = keys.events("minami")
ROOT = Path(__file__).resolve().parents[2]


def test_tls_with_the_citys_own_authority(tmp_path: Path) -> None:
    """rediss:// works with the authority's file, and refuses a server that the authority does not know."""
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "server.key")
    (tmp_path / "server.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    port = free_port()
    files = ("--tls-cert-file", str(tmp_path / "server.pem"), "--tls-key-file", str(tmp_path / "server.key"))
    server = RedisServer(tmp_path, ("--tls-port", str(port), *files, "--tls-auth-clients", "no", "--requirepass", ""))
    server.start()
    try:
        store = RedisStore.at(f"rediss://localhost:{port}", ca_file=str(tmp_path / "ca.pem"))
        store.append(EVENTS, [b"a", b"b"])
        assert [e.data for e in store.read(EVENTS, START, 9, 0)] == [b"a", b"b"]
        store.close()
        wary = RedisStore.at(f"rediss://localhost:{port}", ca_file=str(tmp_path / "stranger.pem"))
        with pytest.raises(StoreFault, match="authority"):
            wary.append(EVENTS, [b"c"])
        wary.close()
    finally:
        server.stop()


def test_a_unix_socket_and_a_numbered_database(tmp_path: Path) -> None:
    """unix:// and /2 lead where they say."""
    path = tmp_path / "valkey.sock"
    server = ValkeyServer(tmp_path, ("--unixsocket", str(path)))
    server.start()
    try:
        for url in (f"unix://{path}", f"{server.url}/2"):
            store = RedisStore.at(url)
            store.append(EVENTS, [url.encode()])
            assert [e.data for e in store.read(EVENTS, START, 9, 0)] == [url.encode()]
            store.close()
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is told to its children on Linux only")
def test_a_server_of_the_tests_dies_with_a_killed_parent(tmp_path: Path) -> None:
    """kill -9 of the test run leaves no server behind."""
    script = (
        "import pathlib, sys, time\nfrom tests.support.stores import ValkeyServer\n"
        "server = ValkeyServer(pathlib.Path(sys.argv[1]))\nserver.start()\n"
        "print(server.pid, flush=True)\ntime.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _lives(pid)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not _lives(pid), what="the server to die")


def _lives(pid: int) -> bool:
    """A zombie still has an id: its state tells."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
