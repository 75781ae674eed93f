"""The doctor against real brokers, real stores and a local FCM: what is well, what is wrong, and what to do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import trustme

from gomikuru.archive.folder import Folder
from gomikuru.archive.rows import PINGS
from gomikuru.doctor import Finding, examine
from gomikuru.doctor.learning import judged
from gomikuru.embedded import EmbeddedServers
from gomikuru.learning.night import Night, failed, learned
from gomikuru.places import sample_cities
from gomikuru.settings import Settings, load
from ingest.decode import filters
from ingest.directory import Directory
from tests.support.brokers import INGEST, Account, BrokerServer, Mosquitto, Nats
from tests.support.fcm_answers import NOT_ALLOWED
from tests.support.fcm_server import FcmServer
from tests.support.stores import RedisServer, ValkeyServer

TOPICS = filters(Directory.of(()))


def settings(**environ: str) -> Settings:
    """Make settings from variables."""
    return load(None, {f"GOMIKURU_{name}": value for name, value in environ.items()})


def findings(part: str, made: Settings) -> list[Finding]:
    """Examine one part."""
    return list(examine(made, TOPICS, [part]))


def told(found: list[Finding], level: str) -> str:
    """Join what was found at a level, with its remedies."""
    return "\n".join(f"{finding.what}; {finding.remedy}" for finding in found if finding.level == level)


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port on which nobody answers, though it accepts connections."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        yield deaf.getsockname()[1]


# Store


def test_a_store_that_keeps_what_it_answers_is_well(valkey_server: ValkeyServer) -> None:
    """Version, durability, distance and clock are told, and a write is tried."""
    found = findings("store", settings(STORE__URL=valkey_server.url))
    assert told(found, "error") == told(found, "warning") == ""
    assert "Valkey" in told(found, "ok")
    assert "appendonly yes, appendfsync always" in told(found, "ok")
    assert "a write was answered, and read back" in told(found, "ok")


def test_a_store_that_forgets_is_an_error_with_the_line_to_write(tmp_path: Path) -> None:
    """Debian's Redis keeps nothing as it comes."""
    server = RedisServer(tmp_path, ("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"))
    server.start()
    try:
        wrong = told(findings("store", settings(STORE__URL=server.url)), "error")
    finally:
        server.stop()
    assert "set appendonly yes and appendfsync always" in wrong
    assert "set maxmemory-policy noeviction" in wrong


def test_a_store_that_does_not_answer_or_refuses_is_told_with_its_setting(tmp_path: Path, nobody: int) -> None:
    """Wrong address and wrong password have different remedies."""
    silent = findings("store", settings(STORE__URL=f"redis://127.0.0.1:{nobody}", STORE__TIMEOUT_S="0.3"))
    assert "store.url" in told(silent, "error")
    with EmbeddedServers(settings(EMBEDDED__STORE="true", EMBEDDED__DATA_DIR=str(tmp_path))) as servers:
        refused = findings("store", settings(STORE__URL=servers.store_url, STORE__PASSWORD="wrong-word"))
    assert "user and password" in told(refused, "error")
    assert "-word" not in told(refused, "error")


# Broker


def broker_settings(server: BrokerServer, protocol: str, **more: str) -> Settings:
    """Make settings for ingest at a test's broker."""
    known = {"BROKER__URL": server.url, "BROKER__USERNAME": INGEST, "BROKER__PASSWORD": Account(INGEST).password}
    return settings(**(known | {"BROKER__PROTOCOL": protocol} | more))


def test_a_broker_that_lets_ingest_read_is_well(broker: tuple[BrokerServer, str]) -> None:
    """Each topic that ingest reads is tried; what cannot be asked over MQTT is said to be unknown."""
    server, protocol = broker
    found = findings("broker", broker_settings(server, protocol))
    assert told(found, "error") == told(found, "warning") == ""
    assert all(f"subscribed to {topic}" in told(found, "ok") for topic in TOPICS)
    assert "cannot be asked over MQTT: not checked" in told(found, "note")


def test_a_broker_that_keeps_what_it_acknowledges_is_well(mosquitto: Mosquitto) -> None:
    """With the shipped configuration all that is published while nobody is there arrives, and no session stays."""
    for protocol in ("5", "3.1.1"):
        found = findings("broker", broker_settings(mosquitto, protocol))
        assert "kept all 1200 messages" in told(found, "ok"), found
        assert told(found, "error") == ""
    mosquitto.stop()
    database = (mosquitto.path / "data" / "mosquitto.db").read_bytes()
    assert b"-doctor-" not in database
    assert b"gomikuru/doctor" not in database


def test_a_broker_as_it_comes_loses_what_it_acknowledged_and_that_is_an_error(tmp_path: Path) -> None:
    """Mosquitto's own bound of 1,000 messages drops silently what it acknowledged; the remedy names the lines."""
    server = _AsItComes(tmp_path / "broker")
    server.start()
    try:
        for protocol in ("5", "3.1.1"):
            wrong = told(findings("broker", settings(BROKER__URL=server.url, BROKER__PROTOCOL=protocol)), "error")
            assert "of 1200 messages that it acknowledged while nobody was there it kept 1" in wrong
            assert "max_queued_messages 0" in wrong
    finally:
        server.stop()


def test_where_the_doctor_has_no_topic_of_its_own_that_is_a_note(nats: Nats) -> None:
    """An ACL that leaves the doctor's topic out is no error: it says what was not tried."""
    found = findings("broker", broker_settings(nats, "3.1.1"))
    assert told(found, "error") == ""
    assert "while ingest is away was not tried" in told(found, "note")


class _AsItComes(Mosquitto):
    """Mosquitto with its own defaults."""

    def write_configuration(self) -> None:
        text = f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
        (self.path / "mosquitto.conf").write_text(text, encoding="utf-8")


def test_a_wrong_password_is_an_error_that_does_not_repeat_it(broker: tuple[BrokerServer, str]) -> None:
    """The remedy names the settings."""
    server, protocol = broker
    found = findings("broker", broker_settings(server, protocol, BROKER__PASSWORD="wrong-word"))
    assert "check broker.username and broker.password" in told(found, "error")
    assert "wrong-word" not in told(found, "error")


def test_a_topic_that_ingest_may_not_read_is_an_error(nats: Nats) -> None:
    """A truck's credential in the place of ingest's would read nothing, silently."""
    user = Account("minami-17")
    wrong = broker_settings(nats, "3.1.1", BROKER__USERNAME=user.user, BROKER__PASSWORD=user.password)
    unread = told(findings("broker", wrong), "error")
    assert all(f"may not read {topic}" in unread for topic in TOPICS)


def test_a_broker_that_does_not_speak_is_told_within_seconds(nobody: int) -> None:
    """A port that accepts and stays silent is no broker."""
    found = findings("broker", settings(BROKER__URL=f"mqtt://127.0.0.1:{nobody}"))
    assert "is this an MQTT port" in told(found, "error")


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """With the authority's file it works, without it does not."""
    server = Mosquitto(tmp_path / "tls", trustme.CA())
    server.start()
    try:
        without = told(findings("broker", broker_settings(server, "5")), "error")
        with_ca = findings("broker", broker_settings(server, "5", BROKER__CA_FILE=str(server.ca_file)))
    finally:
        server.stop()
    assert "broker.ca_file" in without
    assert "CERTIFICATE_VERIFY_FAILED" in without
    assert told(with_ca, "error") == ""


def test_embedded_servers_of_a_running_instance_are_reached_and_well(tmp_path: Path) -> None:
    """The doctor asks the servers of the running service, and a message comes round."""
    on = {"EMBEDDED__STORE": "true", "EMBEDDED__BROKER": "true", "EMBEDDED__DATA_DIR": str(tmp_path)}
    made = settings(**on)
    with EmbeddedServers(made):
        found = list(examine(made, TOPICS, ["store", "broker"]))
        assert told(found, "error") == told(found, "warning") == ""
        assert "a message came round in" in told(found, "ok")
        assert "kept all 1200 messages" in told(found, "ok")
    assert "no Gomikuru runs" in told(list(examine(made, TOPICS, ["store", "broker"])), "error")


# FCM


def fcm_settings(server: FcmServer, folder: Path, **more: str) -> Settings:
    """Make settings for the local FCM."""
    account, authority = server.service_account(folder / "account.json"), server.ca(folder / "ca.pem")
    known = {"FCM__SERVICE_ACCOUNT_FILE": str(account), "FCM__CA_FILE": str(authority), "FCM__URL": server.url}
    return settings(**(known | more))


def test_a_good_service_account_is_tried_without_sending_anything(fcm_server: FcmServer, tmp_path: Path) -> None:
    """The message is only checked, and goes to no device."""
    found = findings("fcm", fcm_settings(fcm_server, tmp_path))
    assert told(found, "error") == ""
    assert "was checked and would have been sent" in told(found, "ok")
    (sent,) = fcm_server.sent
    assert sent.body["validate_only"] is True
    assert sent.target_kind == "topic"


def test_a_revoked_key_a_missing_right_and_a_broken_file_have_different_remedies(
    fcm_server: FcmServer, tmp_path: Path
) -> None:
    """Each is told apart, and no key is shown."""
    made = fcm_settings(fcm_server, tmp_path)
    fcm_server.default = NOT_ALLOWED
    assert "Cloud Messaging API Admin" in told(findings("fcm", made), "error")
    fcm_server.desk.fail_with = (400, b'{"error": "invalid_grant"}')
    revoked = told(findings("fcm", made), "error")
    assert "the key was not revoked" in revoked
    assert "PRIVATE KEY" not in revoked
    broken = settings(FCM__SERVICE_ACCOUNT_JSON='{"type": "service_account"}')
    assert "lacks project_id" in told(findings("fcm", broken), "error")


def test_an_fcm_that_cannot_be_reached_is_told(fcm_server: FcmServer, tmp_path: Path, nobody: int) -> None:
    """A proxy that does not answer is the usual reason in a town hall."""
    proxied = fcm_settings(
        fcm_server, tmp_path, FCM__PROXY=f"http://u:secret-word@127.0.0.1:{nobody}", FCM__HTTP_TIMEOUT_S="0.5"
    )
    wrong = told(findings("fcm", proxied), "error")
    assert "fcm.proxy" in wrong
    assert "secret-word" not in wrong


def test_without_a_service_account_that_is_a_note() -> None:
    """A town may run without FCM."""
    found = findings("fcm", settings())
    assert [finding.level for finding in found] == ["note"]


# Learning

MORNING = 1_795_400_000_000


@pytest.mark.parametrize(
    ("night", "level", "said"),
    [
        (None, "note", "no night has been noted yet"),
        (learned(None, MORNING - 1, MORNING, 84, 120.0), "ok", "84 truck-days in 120 s"),
        (learned(None, MORNING - 1, MORNING, 0, 1.0), "note", "nothing to learn from"),
        (learned(None, MORNING - 1, MORNING - 5 * 86_400_000, 84, 1.0), "warning", "run the learner stage"),
        (failed(None, MORNING - 1, MORNING - 3_600_000, "no room"), "warning", "failed for 0.0 days: no room"),
        (failed(None, MORNING - 1, MORNING - 4 * 86_400_000, "no room"), "error", "failed for 4.0 days: no room"),
    ],
)
def test_what_became_of_the_last_night_is_judged(night: Night | None, level: str, said: str) -> None:
    """Well, nothing, failing for a while, failing for days, and a learner that does not run any more."""
    found = judged("minami", night, 3.0, MORNING)
    assert found.level == level
    assert said in f"{found.what}; {found.remedy}"


def test_the_archive_and_the_last_night_are_looked_at(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    """Days on the disk, the night in the store, and a folder that others may look into."""
    (tmp_path / "minami").mkdir()
    (tmp_path / "minami" / "city.toml").write_text('id = "minami"\nname = "M"\ntimezone = "Asia/Tokyo"\n')
    folder = Folder(tmp_path / "archive", "minami")
    folder.append(PINGS, date(2026, 11, 2), [])
    folder.append(PINGS, date(2026, 11, 4), [])
    made = settings(CITIES_DIR=str(tmp_path), ARCHIVE__DIR=str(tmp_path / "archive"), STORE__URL=valkey_server.url)
    with valkey_server.client() as client:
        client.flushall()
    found = findings("learning", made)
    assert "2 days in the archive, 2026-11-02 to 2026-11-04" in told(found, "ok")
    assert "no night has been noted yet" in told(found, "note")
    (tmp_path / "archive").chmod(0o755)
    assert "chmod 700" in told(findings("learning", made), "warning")


def test_learning_that_is_switched_off_or_cannot_be_asked_is_a_note(nobody: int, tmp_path: Path) -> None:
    """No alarm for what somebody wanted, nor a second one for a store that is away."""
    assert [each.level for each in findings("learning", settings(ARCHIVE__ENABLED="false"))] == ["note"]
    away = settings(
        CITIES_DIR=str(sample_cities()), STORE__URL=f"redis://127.0.0.1:{nobody}", ARCHIVE__DIR=str(tmp_path / "a")
    )
    assert [each.level for each in findings("learning", away)] == ["note"]


# The command


def test_the_command_ends_with_1_and_tells_a_program_what_is_wrong(nobody: int, tmp_path: Path) -> None:
    """Exit code and JSON for scripts, lines for people."""
    environ = {
        "GOMIKURU_STORE__URL": f"redis://127.0.0.1:{nobody}",
        "GOMIKURU_STORE__TIMEOUT_S": "0.3",
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "gomikuru", "doctor", "--only", "store", "--only", "fcm"]
    as_json = subprocess.run(
        [*command, "--json"], env=environ, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert as_json.returncode == 1, as_json.stderr
    answer = json.loads(as_json.stdout)
    assert (answer["errors"], answer["warnings"]) == (1, 0)
    assert {finding["part"] for finding in answer["findings"]} == {"store", "fcm"}
    lines = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert lines.returncode == 1
    assert "error: store: store.url" in lines.stdout


def test_the_command_refuses_a_part_that_it_does_not_know() -> None:
    """A misspelt part is wrong usage, not good health."""
    run = subprocess.run(
        [sys.executable, "-m", "gomikuru", "doctor", "--only", "brocker"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
