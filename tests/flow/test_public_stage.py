"""The stage `public` as the service runs it: over HTTPS with a certificate, plainly said without one."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme
from structlog.testing import capture_logs

from gomikuru import wiring
from gomikuru.city_files import CityFolder, load_city
from gomikuru.doctor import examine
from gomikuru.metrics import PrometheusMeter
from gomikuru.places import sample_cities
from gomikuru.settings import Settings, load
from gomikuru.stages import RunningStages
from residents.adapters.key_files import KeyMissing, make_key_file
from tests.support.keyfiles import key_files
from tests.support.public import HOME
from tests.support.stores import ValkeyServer, emptied
from tests.support.waiting import wait_until


def settings_of(server: ValkeyServer, folder: Path, **more: str) -> Settings:
    """The shipped settings, on this store and any free port."""
    given = {
        "GOMIKURU_CITIES_DIR": str(sample_cities() / "sample"),
        "GOMIKURU_STORE__URL": server.url,
        "GOMIKURU_PUBLIC__PORT": "0",
        **key_files(folder),
        **{f"GOMIKURU_{name}": value for name, value in more.items()},
    }
    return load(None, given)


@contextmanager
def running(settings: Settings) -> Iterator[tuple[str, RunningStages]]:
    """Run the stage; give its address."""
    city, _ = load_city(sample_cities() / "sample")
    assert city is not None
    addresses: list[str] = []
    parts = wiring.Parts(
        settings=settings,
        cities=(CityFolder(city, sample_cities() / "sample"),),
        clock=wiring.clock_of(settings),
        meter=PrometheusMeter(),
        owner="me",
        signed_up_at=addresses.append,
    )
    stages = RunningStages([wiring.public_stage(parts)], threading.Event())
    stages.start()
    try:
        wait_until(lambda: bool(addresses), 20, "the listener")
        yield addresses[0], stages
    finally:
        stages.stop()


def test_a_home_signs_up_over_https_with_a_certificate_of_the_settings(
    valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    """The whole stage, as the service runs it; it asks browsers to stay with HTTPS, and offers web push by itself."""
    emptied(valkey_server)
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = {"PUBLIC__CERT_FILE": str(tmp_path / "cert.pem"), "PUBLIC__KEY_FILE": str(tmp_path / "key.pem")}
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    settings = settings_of(valkey_server, tmp_path, **files)
    with capture_logs() as logs, running(settings) as (url, stages):
        assert url.startswith("https://")
        with httpx.Client(base_url=url, verify=trust) as client:
            made = client.post("api/v1/cities/sample/homes", json=dict(HOME), headers={"Idempotency-Key": "k" * 36})
            city = client.get("api/v1/cities/sample").json()
        assert made.status_code == 201
        assert made.headers["Strict-Transport-Security"]
        assert len(city["channels"]["webpush"]["key"]) == 87
        assert stages.stand()["public"].well
    assert not [entry for entry in logs if entry["event"] == "public_without_https"]
    found = [each for each in examine(settings, (), ["public"]) if each.level in ("warning", "error")]
    assert [each.what for each in found] == [
        "neither public.base_url nor public.hosts is set: only this machine's own names are answered"
    ]


def test_without_https_it_says_so(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    """In the log at the start, and by the doctor."""
    emptied(valkey_server)
    settings = settings_of(valkey_server, tmp_path)
    with capture_logs() as logs, running(settings) as (url, _):
        assert url.startswith("http://")
    (said,) = (entry for entry in logs if entry["event"] == "public_without_https")
    assert "need HTTPS" in said["text"]
    assert any("no HTTPS" in each.what for each in examine(settings, (), ["public"]))


def test_a_store_with_sealed_homes_does_not_start_with_another_key(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    """Neither public nor notifier; the doctor says the same, and nothing is made."""
    emptied(valkey_server)
    settings = settings_of(valkey_server, tmp_path)
    with running(settings) as (url, _):
        httpx.post(f"{url}api/v1/cities/sample/homes", json=dict(HOME), headers={"Idempotency-Key": "k" * 36})
    other = tmp_path / "other"
    wrong = settings_of(valkey_server, other)
    with pytest.raises(KeyMissing, match="nothing is lost"), running(wrong):
        pass
    assert not (other / "keys" / "master.key").exists()
    make_key_file(other / "keys" / "master.key")
    city, _ = load_city(sample_cities() / "sample")
    assert city is not None
    parts = wiring.Parts(
        settings=wrong,
        cities=(CityFolder(city, sample_cities() / "sample"),),
        clock=wiring.clock_of(wrong),
        meter=PrometheusMeter(),
        owner="me",
    )
    with pytest.raises(KeyMissing, match="nothing is lost"):
        wiring.notifier_stage(parts)
    errors: Mapping[str, str] = {each.what: each.level for each in examine(wrong, (), ["public"])}
    assert any("not the key" in what and level == "error" for what, level in errors.items())
