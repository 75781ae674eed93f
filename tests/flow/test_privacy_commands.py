"""What is kept of a home on request, erasing it, keys, reports, and homes that nobody looks after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gomikuru.cli import program
from gomikuru.retention import Bounds, Retention
from gomikuru.unseen import UnseenWarning
from model.alert import decode_alert
from model.report import NotCollected, encode_report
from streams import keys
from streams.ports import START
from streams.redis_streams import RedisStore
from tests.support.public import BROWSER, Public
from tests.support.stores import ValkeyServer

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def public(valkey_store: RedisStore, tmp_path: Path) -> Iterator[Public]:
    with Public(valkey_store, tmp_path).serving() as served:
        yield served


@pytest.fixture
def run(public: Public, valkey_server: ValkeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The program, with settings that name the same store, cities and key."""
    monkeypatch.setenv("GOMIKURU_STORE__URL", valkey_server.url)
    monkeypatch.setenv("GOMIKURU_CITIES_DIR", str(tmp_path / "cities"))
    monkeypatch.setenv("GOMIKURU_PRIVACY__KEY_FILE", str(tmp_path / "keys" / "master.key"))
    return CliRunner()


def test_all_that_is_kept_of_a_home_is_given_to_whoever_holds_its_key(public: Public, run: CliRunner) -> None:
    """By key from standard input or by id; devices are masked unless asked for whole; nobody else's is among it."""
    made, other = public.sign_up(), public.sign_up()
    public.ask("POST", "sample/home/devices", made["key"], BROWSER)
    home = public.reception.access.home_of("sample", made["key"])
    assert home is not None
    exported = run.invoke(program(), ["privacy", "export", "--city", "sample", "--home", "-"], input=made["key"] + "\n")
    assert exported.exit_code == 0, exported.output
    kept = json.loads(exported.stdout)
    assert kept["subscription"]["id"] == home
    assert kept["subscription"]["place"]["lat"] == 34.8209
    assert kept["secrets"] == {"home_keys": 1, "recovery_codes": 1, "link_codes": 0, "sign_ups_to_repeat": 1}
    assert "SECRET-ENDPOINT" not in exported.stdout
    whole = run.invoke(program(), ["privacy", "export", "--city", "sample", "--home", home, "--whole"])
    assert "SECRET-ENDPOINT" in whole.stdout
    others = public.reception.access.home_of("sample", other["key"])
    assert others is not None
    assert others not in whole.stdout
    missing = run.invoke(program(), ["privacy", "export", "--city", "sample", "--home", "nobody"])
    assert (missing.exit_code, missing.stdout) == (1, "")


def test_a_home_is_erased_at_the_counter(public: Public, run: CliRunner) -> None:
    """Its key opens nothing afterwards; the other home stays."""
    made, other = public.sign_up(), public.sign_up()
    assert run.invoke(program(), ["privacy", "erase", "--city", "sample", "--home", made["key"]]).exit_code == 0
    assert public.ask("GET", "sample/home", made["key"]).status_code == 401
    assert public.ask("GET", "sample/home", other["key"]).status_code == 200
    assert run.invoke(program(), ["privacy", "erase", "--city", "sample", "--home", made["key"]]).exit_code == 1


def test_keys_are_renewed_by_two_commands(public: Public, run: CliRunner) -> None:
    """`rotate` puts a new one in force while the service runs, `reseal` seals every home with it."""
    key = public.sign_up()["key"]
    public.ask("POST", "sample/home/devices", key, BROWSER)
    before = public.keys.keys("sample").key
    assert run.invoke(program(), ["privacy", "rotate", "--city", "sample"]).exit_code == 0
    assert public.keys.keys("sample").old == (before,)
    assert "1 home sealed anew" in run.invoke(program(), ["privacy", "reseal", "--city", "sample"]).stdout
    assert "0 homes" in run.invoke(program(), ["privacy", "reseal", "--city", "sample"]).stdout
    assert len(public.ask("GET", "sample/home", key).json()["devices"]) == 1


def test_a_command_with_a_wrong_key_says_which_file_and_changes_nothing(
    public: Public, run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no new key beside sealed homes."""
    key = public.sign_up()["key"]
    nowhere = tmp_path / "elsewhere" / "master.key"
    monkeypatch.setenv("GOMIKURU_PRIVACY__KEY_FILE", str(nowhere))
    answer = run.invoke(program(), ["privacy", "export", "--city", "sample", "--home", key])
    assert answer.exit_code == 1
    assert str(nowhere) in answer.stderr
    assert "nothing is lost" in answer.stderr
    assert not nowhere.exists()


def test_reports_are_counted_and_name_nobody(public: Public, run: CliRunner) -> None:
    """By day, zone and kind of waste; one day alone; or each as JSON."""
    for day in ("2026-11-30", "2026-11-30", "2026-12-01"):
        report = NotCollected(at_ms=0, zone="inaho-1", category="burnable", day=day)
        public.store.append(keys.reports("sample"), [encode_report(report)])
    told = run.invoke(program(), ["reports", "--city", "sample"]).stdout.splitlines()
    assert told == ["2026-11-30\tinaho-1\tburnable\t2", "2026-12-01\tinaho-1\tburnable\t1"]
    one = run.invoke(program(), ["reports", "--city", "sample", "--day", "2026-12-01", "--json"]).stdout
    assert json.loads(one) == {"at": "1970-01-01T00:00:00Z", "zone": "inaho-1", "category": "burnable"} | {
        "day": "2026-12-01"
    }


def test_a_home_that_nobody_looks_after_is_warned_and_then_erased(public: Public) -> None:
    """Through each of its devices, once; a visit after the warning keeps it; homes from the terminal stay."""
    left, used = public.sign_up()["key"], public.sign_up()["key"]
    for key in (left, used):
        public.ask("POST", "sample/home/devices", key, BROWSER)
    retention = retention_of(public)
    city = public.house.cities["sample"].city
    public.clock.ms += 400 * DAY_MS
    retention.look(city)
    warnings = [decode_alert(entry.data) for entry in public.store.read(keys.alerts("sample"), START, 100, 0)]
    assert [(each.run, each.tries) for each in warnings] == [("unseen", 0)] * 2
    retention.look(city)
    assert public.store.length(keys.alerts("sample")) == 2
    public.ask("GET", "sample/home", used)
    public.clock.ms += 29 * DAY_MS
    retention.look(city)
    assert public.registry.count("sample") == 2
    public.clock.ms += DAY_MS
    retention.look(city)
    assert public.registry.count("sample") == 1
    assert public.ask("GET", "sample/home", left).status_code == 401
    assert public.ask("GET", "sample/home", used).status_code == 200


def test_a_day_is_settled_once_whoever_is_first(public: Public) -> None:
    """Another process on the same day, and one without the lease, change nothing."""
    public.ask("POST", "sample/home/devices", public.sign_up()["key"], BROWSER)
    city = public.house.cities["sample"].city
    public.clock.ms += 400 * DAY_MS
    fence = public.store.acquire(keys.key("retention", "sample"), "somebody", 60_000)
    assert fence is not None
    retention_of(public).look(city)
    assert public.store.length(keys.alerts("sample")) == 0
    public.store.release(fence)
    for _ in range(2):
        retention_of(public).look(city)
    assert public.store.length(keys.alerts("sample")) == 1


def retention_of(public: Public) -> Retention:
    """The job, not running by itself."""
    return Retention(
        *([place.city for place in public.house.cities.values()], public.store, public.registry, public.reception),
        *(public.clock, public.house.meter, "me", Bounds(400, 30), UnseenWarning(public.store)),
    )
