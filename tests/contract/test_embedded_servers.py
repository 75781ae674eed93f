"""The embedded Valkey and NATS, really started: what they keep, and that nothing of them is left behind."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import redis
import trustme

from gomikuru.broker_files import nats_user, with_nats_user
from gomikuru.embedded import GATEWAY, INGEST, EmbeddedFailed, EmbeddedServers, reach
from gomikuru.settings import Settings, load
from ingest.adapters.mqtt_options import MqttOptions
from tests.support.processes import alive
from tests.support.waiting import wait_until

TOPIC = "gomikuru/v1/minami/trucks/17/ping"


def settings_in(folder: Path, **more: str) -> Settings:
    """Make settings that switch both servers on."""
    environ = {"STORE": "true", "BROKER": "true", "DATA_DIR": str(folder), **more}
    return load(None, {f"GOMIKURU_EMBEDDED__{name}": value for name, value in environ.items()})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Both servers, in a folder whose name has a space and Japanese letters."""
    return settings_in(tmp_path / "デ ータ")


@pytest.fixture
def servers(settings: Settings) -> Iterator[EmbeddedServers]:
    """Both servers, running."""
    with EmbeddedServers(settings) as running:
        yield running


def store(servers: EmbeddedServers) -> redis.Redis:
    """Make a client of the embedded store."""
    return redis.Redis.from_url(servers.store_url, password=servers.store_password)


class Phone:
    """A small MQTT client that waits for what it asked for."""

    def __init__(self, servers: EmbeddedServers, account: str, client_id: str, *, clean: bool = True) -> None:
        self.got: queue.Queue[bytes] = queue.Queue()
        self.refused = threading.Event()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, clean_session=clean)
        self._client.username_pw_set(*servers.broker_credentials(account))
        self._client.on_message = lambda _client, _data, message: self.got.put(message.payload)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        url, _, port = servers.broker_url.rpartition(":")
        self._client.connect(url.partition("://")[2], int(port))
        self._client.loop_start()
        wait_until(self._client.is_connected, 10, "the connection")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish and wait for the acknowledgement."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def subscribe(self, topic: str) -> None:
        """Subscribe and wait for the acknowledgement."""
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def close(self) -> None:
        """Leave in order."""
        self._client.disconnect()
        self._client.loop_stop()


def test_after_the_end_no_process_is_left_and_the_folder_can_be_used_again(settings: Settings) -> None:
    """Both servers and their supervisor end with the block that started them."""
    with EmbeddedServers(settings) as servers:
        pids = servers.pids
        assert set(pids) == {"supervisor", "store", "broker"}
        assert all(alive(pid) for pid in pids.values())
    assert not any(alive(pid) for pid in pids.values())
    with EmbeddedServers(settings) as again:
        assert store(again).ping()


PARENT = """
    import signal, sys, time
    from pathlib import Path
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have it ignored
    from gomikuru import logs
    from gomikuru.embedded import EmbeddedServers
    from tests.contract.test_embedded_servers import settings_in
    logs.set_up("json")
    with EmbeddedServers(settings_in(Path(sys.argv[1])), temporary=sys.argv[2] == "temporary") as servers:
        try:
            print(*servers.pids.values(), servers._report["folder"], flush=True)
            for _ in range(1200):
                time.sleep(0.1)  # a signal just before a long sleep would not end it
        except KeyboardInterrupt:
            print("draining", flush=True)
            import redis
            store = redis.Redis.from_url(servers.store_url, password=servers.store_password)
            print("store answers", store.ping(), flush=True)
"""


@contextlib.contextmanager
def a_parent(folder: Path, how: str = "kept") -> Iterator[tuple[subprocess.Popen[str], list[int], Path]]:
    """Start a process of its own group that holds both servers; tell their process ids and their folder."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(folder), how],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    try:
        assert parent.stdout
        *pids, used = parent.stdout.readline().split()
        yield parent, [int(pid) for pid in pids], Path(used)
    finally:
        parent.kill()
        parent.communicate()


def test_kill_9_of_the_parent_leaves_no_process(tmp_path: Path) -> None:
    """The supervisor sees its parent go, however that ends, and stops the servers within seconds."""
    with a_parent(tmp_path) as (parent, pids, _):
        assert len(pids) == 3
        assert all(alive(pid) for pid in pids)
        parent.kill()
        wait_until(lambda: not any(alive(pid) for pid in pids), 10, f"the end of {pids}")
    with EmbeddedServers(settings_in(tmp_path)) as again:
        assert store(again).ping()


def test_kill_9_of_the_supervisor_leaves_no_server(tmp_path: Path) -> None:
    """On Linux the servers end with their supervisor too, and the folder is free when they have."""
    if sys.platform != "linux":
        pytest.skip("only Linux ties a child to its parent's life")
    told: queue.Queue[str] = queue.Queue()
    with EmbeddedServers(settings_in(tmp_path), on_failure=told.put) as servers:
        pids = servers.pids
        os.kill(pids["supervisor"], signal.SIGKILL)
        assert "the supervisor of the embedded servers ended" in told.get(timeout=10)
        wait_until(lambda: not any(alive(pid) for pid in pids.values()), 20, f"the end of {pids}")


def test_a_ctrl_c_of_the_whole_group_leaves_the_store_until_the_parent_has_drained(tmp_path: Path) -> None:
    """Ctrl-C reaches the parent and not the servers, so that the stages can finish their work."""
    with a_parent(tmp_path) as (parent, pids, _):
        os.killpg(parent.pid, signal.SIGINT)
        told, _ = parent.communicate(timeout=30)
    assert told.splitlines() == ["draining", "store answers True"]
    assert not any(alive(pid) for pid in pids)


def test_a_temporary_folder_goes_with_the_servers_also_after_kill_9(tmp_path: Path) -> None:
    """A demonstration leaves nothing on the disk."""
    with a_parent(tmp_path, "temporary") as (parent, pids, folder):
        assert folder.is_dir()
        assert folder != tmp_path
        parent.kill()
        wait_until(lambda: not folder.exists(), 10, f"the removal of {folder}")
        assert not any(alive(pid) for pid in pids[1:])


def test_what_the_store_answered_survives_a_restart(settings: Settings) -> None:
    """The store keeps what it answered: append-only file, fsync at every write, nothing evicted."""
    with EmbeddedServers(settings) as servers:
        client = store(servers)
        client.xadd("events:{minami}", {"d": b"ping"})
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with EmbeddedServers(settings) as again:
        assert store(again).xlen("events:{minami}") == 1


def test_what_the_store_answered_survives_a_crash_and_it_comes_back_by_itself(servers: EmbeddedServers) -> None:
    """A store that is killed is started again on the same port, with everything that it had answered."""
    store(servers).xadd("events:{minami}", {"d": b"ping"})
    first = servers.pids["store"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: servers.pids["store"] != first, 10, "the new store")

    def length() -> int | None:
        try:
            return int(store(servers).xlen("events:{minami}"))
        except redis.ConnectionError:
            return None

    assert wait_until(length, 10, "the store's answer") == 1
    assert servers.problem is None


def test_a_server_that_keeps_dying_is_given_up_and_reported(settings: Settings, tmp_path: Path) -> None:
    """A server that cannot live is no endless loop: the supervisor stops all and says which."""
    told: queue.Queue[str] = queue.Queue()
    with EmbeddedServers(settings, on_failure=told.put) as servers:
        pids = servers.pids
        folder = Path(servers._report["folder"])
        (folder / "store.conf").write_text("no such directive\n")
        os.kill(pids["store"], signal.SIGKILL)
        problem = wait_until(lambda: servers.problem, 30, "the report")
        assert "the embedded store died again and again" in problem
        assert told.get(timeout=10) == problem
        assert told.empty()
        wait_until(lambda: not any(alive(pid) for pid in pids.values()), 20, f"the end of {pids}")


def test_the_broker_keeps_what_an_absent_session_has_not_read_through_a_restart(settings: Settings) -> None:
    """A QoS 1 message that was acknowledged to the truck reaches ingest, though both were restarted in between."""
    with EmbeddedServers(settings) as servers:
        reader = Phone(servers, INGEST, "reader", clean=False)
        reader.subscribe("gomikuru/v1/+/trucks/+/ping")
        reader.close()
        truck = Phone(servers, GATEWAY, "gateway")
        for number in range(20):
            truck.publish(TOPIC, f"{number}".encode())
        truck.close()
    with EmbeddedServers(settings) as again:
        reader = Phone(again, INGEST, "reader", clean=False)
        assert [reader.got.get(timeout=10) for _ in range(20)] == [f"{number}".encode() for number in range(20)]
        reader.close()


def test_a_truck_can_publish_as_itself_only(tmp_path: Path) -> None:
    """The broker's rights tie a truck's credential to its topic."""
    users = tmp_path / "trucks.conf"
    users.write_text(with_nats_user("", nats_user("truck-17", "a password of its own", bytes(16), [TOPIC])))
    with EmbeddedServers(settings_in(tmp_path / "data", BROKER_USERS_FILE=str(users))) as servers:
        servers._report["accounts"]["truck-17"] = "a password of its own"
        reader = Phone(servers, INGEST, "reader")
        reader.subscribe("gomikuru/v1/+/trucks/+/ping")
        phone = Phone(servers, "truck-17", "phone17")
        phone.publish("gomikuru/v1/minami/trucks/18/ping", b"as another")
        phone.publish(TOPIC, b"as itself")
        assert reader.got.get(timeout=10) == b"as itself"
        assert reader.got.empty()
        phone.close()
        reader.close()


def test_a_users_file_that_is_not_there_yet_stops_nothing(tmp_path: Path) -> None:
    """The first start comes before the first truck; a file that cannot be used does stop it."""
    users = tmp_path / "trucks.conf"
    assert EmbeddedServers(settings_in(tmp_path, BROKER_USERS_FILE=str(users)))._trucks() == ""
    users.mkdir()
    with pytest.raises(EmbeddedFailed, match=r"embedded\.broker_users_file"):
        EmbeddedServers(settings_in(tmp_path, BROKER_USERS_FILE=str(users)))._trucks()


def test_the_service_reaches_an_embedded_broker_under_the_name_that_its_certificate_holds(tmp_path: Path) -> None:
    """As the shipped example says: broker_host is that name, and the client of ingest checks it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "crt")
    files = {"BROKER_CERT_FILE": str(tmp_path / "crt"), "BROKER_KEY_FILE": str(tmp_path / "key")}
    with EmbeddedServers(settings_in(tmp_path / "data", STORE="false", BROKER_HOST="localhost", **files)) as servers:
        options = MqttOptions.from_url(servers.broker_url, ca_file=str(tmp_path / "ca"))
        context = options.tls_context()
        assert context is not None
        with (
            socket.create_connection((options.host, options.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=options.host) as link,
        ):
            assert link.getpeercert()


def test_a_second_instance_on_the_same_folder_is_told_so(servers: EmbeddedServers, settings: Settings) -> None:
    """Two servers on one folder would destroy each other's files."""
    with pytest.raises(EmbeddedFailed, match=r"embedded\.data_dir: another Gomikuru uses"):
        EmbeddedServers(settings).start()
    assert store(servers).ping()


def test_a_second_command_reaches_the_servers_of_a_running_instance(settings: Settings) -> None:
    """Another terminal finds address and password through the same data_dir, and nothing where none runs."""
    with EmbeddedServers(settings) as servers:
        seen = reach(settings)
        assert seen == servers.applied(settings)
        assert seen.store.password is not None
        assert redis.Redis.from_url(seen.store.url, password=seen.store.password.get_secret_value()).ping()
        assert (seen.broker.url, seen.broker.protocol) == (servers.broker_url, "3.1.1")
    with pytest.raises(EmbeddedFailed, match="no Gomikuru runs"):
        reach(settings)


def test_passwords_stand_only_in_files_that_others_cannot_read(servers: EmbeddedServers, settings: Settings) -> None:
    """Neither the command line nor a readable file holds a password."""
    secret = servers.store_password
    arguments = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    assert secret not in arguments
    assert settings.embedded.data_dir.stat().st_mode & 0o077 == 0
    holding = [path for path in settings.embedded.data_dir.glob("*") if path.is_file() and secret in path.read_text()]
    assert holding
    assert all(path.stat().st_mode & 0o077 == 0 for path in holding)


def test_a_port_that_is_taken_is_reported_with_the_servers_own_words(tmp_path: Path, servers: EmbeddedServers) -> None:
    """A server that cannot start says why, from its own log."""
    port = servers.store_url.rpartition(":")[2].partition("/")[0]
    taken = settings_in(tmp_path / "second", STORE_PORT=port, BROKER="false")
    with pytest.raises(EmbeddedFailed, match="the embedded store did not start"):
        EmbeddedServers(taken).start()
