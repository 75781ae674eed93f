"""Trucks' credentials: what is issued, how each broker's file says it, what becomes of trucks.csv."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gomikuru import broker_files, cli, places, truck_files, wiring
from gomikuru.settings import Settings, load
from gomikuru.truck_address import address_of, to_reload
from gomikuru.trucks import SAMPLE, Row, TruckRefused, add_row, issue, owntracks_link
from ingest.quarantine import encode_rejected, stream_of
from model.ping import Reason, Rejected
from streams.memory import MemoryStore
from tests.support.needs import program

HEADER = "truck_id,name,category,credential,external_id,route_id\n"


def token(count: int) -> bytes:
    return bytes(range(count))


def test_a_native_truck_may_publish_its_own_pings_only() -> None:
    """One topic, tied to one credential."""
    made = issue("minami", "17.b", "native", token)
    assert made.user == "minami-17.b"
    assert made.writes == ["gomikuru/v1/minami/trucks/17.b/ping"]


def test_a_password_has_the_strength_of_its_source_and_is_not_shown() -> None:
    """18 random bytes; neither repr nor str gives them away."""
    made = issue("minami", "17", "native", token)
    assert base64.urlsafe_b64decode(made.password) == token(18)
    assert made.password not in repr(made)
    assert made.password not in str(made)


@pytest.mark.parametrize("truck", ["", "a/b", "a+b", "#", "a b", "a*", ">", "a:b", "$SYS", "a\x00", "x" * 65, 'a"b'])
def test_an_id_that_some_broker_cannot_carry_is_refused(truck: str) -> None:
    """Wildcards, separators and what ends a line in a broker's file."""
    with pytest.raises(TruckRefused, match="truck id"):
        issue("minami", truck, "native", token)


def test_the_mosquitto_password_is_pbkdf2_sha512() -> None:
    """$7$, iterations, salt, hash; the broker computes the same."""
    line = broker_files.mosquitto_password("u", "secret", b"0123456789ab")
    user, _, rest = line.rstrip("\n").partition(":")
    _, form, iterations, salt, hashed = rest.split("$")
    assert (user, form) == ("u", "7")
    expected = hashlib.pbkdf2_hmac("sha512", b"secret", base64.b64decode(salt), int(iterations))
    assert base64.b64decode(hashed) == expected
    assert "secret" not in line


def test_the_nats_password_is_bcrypt() -> None:
    """Another implementation accepts it."""
    line = broker_files.nats_user("u", "secret", bytes(range(16)), ["a/b"])
    hashed = line.partition('password: "')[2].partition('"')[0]
    assert bcrypt.checkpw(b"secret", hashed.encode())
    assert "secret" not in line


@pytest.mark.parametrize(
    ("topic", "subjects"),
    [
        ("gomikuru/v1/minami/trucks/17.b/ping", ["gomikuru.v1.minami.trucks.17//b.ping"]),
        ("owntracks/+/+", ["owntracks.*.*"]),
        ("gomikuru/v1/#", ["gomikuru.v1", "gomikuru.v1.>"]),
        ("#", [">"]),
    ],
)
def test_topics_become_nats_subjects(topic: str, subjects: list[str]) -> None:
    """As NATS itself maps them: / to ., . to //, + to *, # to >."""
    assert broker_files.nats_subjects(topic) == subjects


def test_a_user_is_added_within_the_list_of_an_existing_nats_file() -> None:
    """What stood there stays."""
    first = broker_files.nats_user("a", "x", bytes(16), ["t"])
    second = broker_files.nats_user('な"b', "y", bytes(16), ["t"])
    text = broker_files.with_nats_user(
        broker_files.with_nats_user("# ours\n" + broker_files.EMPTY_NATS_USERS, first), second
    )
    assert text.startswith("# ours\n")
    assert broker_files.nats_users(text) == {"a", 'な"b'}
    assert text.index(first) < text.index(second) < text.index("  ]")


def test_site_values_change_just_their_lines() -> None:
    """The policy of the shipped files is not touched; an unknown name is an error."""
    shipped = places.config("nats.conf").read_text(encoding="utf-8")
    changed = broker_files.with_site_values(shipped, {"mqtt_listen": '"127.0.0.1:9"'})
    differing = [new for old, new in zip(shipped.splitlines(), changed.splitlines(), strict=True) if old != new]
    assert differing == ['mqtt_listen = "127.0.0.1:9"']
    with pytest.raises(KeyError):
        broker_files.with_site_values(shipped, {"nonsense": "1"})


def test_the_shipped_broker_files_keep_what_they_acknowledge() -> None:
    """The settings without which acknowledged pings are lost or overtaken."""
    mosquitto = places.config("mosquitto.conf").read_text(encoding="utf-8")
    for line in ("max_queued_messages 0", "persistence true", "allow_anonymous false", "max_inflight_messages 2000"):
        assert f"\n{line}\n" in mosquitto
    assert "\nmax_queued_bytes " in mosquitto
    assert "\nautosave_interval " in mosquitto
    nats = places.config("nats.conf").read_text(encoding="utf-8")
    for line in ("sync_interval: always", 'ack_wait: "3s"', "max_ack_pending: 1024"):
        assert f"  {line}\n" in nats


# the set-up link


@given(
    st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=20), st.binary(min_size=18, max_size=18)
)
def test_the_link_configures_the_app_however_the_phone_reads_it(host: str, secret: bytes) -> None:
    """Base64 of the configuration, without the signs that some read differently in an address."""
    made = issue("minami", "なにわ17", "owntracks", lambda count: (secret * 2)[:count])
    link = owntracks_link(made, host, 8883, tls=True)
    inline = link.partition("inline=")[2]
    assert not set(inline) & set("+/=")
    assert parse_qs(urlsplit(link).query)["inline"] == [inline]
    configuration = json.loads(base64.b64decode(inline))
    assert configuration["_type"] == "configuration"
    assert (configuration["host"], configuration["port"], configuration["tls"]) == (host, 8883, True)
    assert (configuration["username"], configuration["password"]) == (made.user, made.password)
    assert (configuration["deviceId"], configuration["pubRetain"], configuration["pubQos"]) == (made.device, False, 1)
    assert made.writes[0] == f"owntracks/{made.user}/{made.device}"
    assert "." not in configuration["clientId"]


# trucks.csv

MADE = issue("minami", "17", "owntracks", token)


def test_a_truck_is_added_below_what_stands_there() -> None:
    """Other rows, comments, their order and their spelling stay as they are."""
    before = "\ufeff" + HEADER + "# ours\n3, 三号車 ,burnable,,,\n"
    assert add_row(before, Row("17", "十七, 号車", "burnable", "r"), MADE) == (
        before + '17,"十七, 号車",burnable,minami-17,phone,r\n'
    )


def test_the_files_own_columns_and_line_ends_are_kept() -> None:
    """A spreadsheet's file goes back to the spreadsheet."""
    before = "route_id,truck_id,credential,external_id\r\nr,1,,"
    assert add_row(before, Row("17", route="r2"), MADE) == before + "\r\nr2,17,minami-17,phone\r\n"


def test_a_missing_file_is_begun_with_its_header() -> None:
    """The first truck of a city."""
    assert add_row("", Row("17"), MADE) == HEADER + "17,,,minami-17,phone,\n"


@pytest.mark.parametrize("row", ["17,,,,,\n", "1,,,minami-17,phone,\n"])
def test_a_truck_or_a_credential_that_exists_is_refused(row: str) -> None:
    """Nobody's credential is silently replaced."""
    with pytest.raises(TruckRefused, match="already has"):
        add_row(HEADER + row, Row("17"), MADE)


def test_a_column_that_is_needed_and_missing_is_named() -> None:
    """Rather than dropping what was asked for."""
    with pytest.raises(TruckRefused, match="external_id"):
        add_row("truck_id,credential\n", Row("17"), MADE)


# the files and the command


def test_nothing_is_written_when_one_file_refuses(tmp_path: Path) -> None:
    """A truck is added everywhere or nowhere."""
    (tmp_path / "gomikuru.passwd").write_text("", encoding="utf-8")
    (tmp_path / "trucks.csv").write_text(HEADER + "17,,,,,\n", encoding="utf-8")
    with pytest.raises(TruckRefused):
        truck_files.write(truck_files.planned(tmp_path, Row("17"), MADE, token, mosquitto_dir=tmp_path))
    assert (tmp_path / "gomikuru.passwd").read_text(encoding="utf-8") == ""


def test_permissions_of_the_brokers_files_are_kept(tmp_path: Path) -> None:
    """The broker must still be able to read them, and nobody else."""
    passwords = tmp_path / "gomikuru.passwd"
    passwords.write_text("old:$7$1$a$b", encoding="utf-8")
    passwords.chmod(0o600)
    truck_files.write(truck_files.planned(tmp_path, Row("17"), MADE, token, tmp_path, tmp_path / "nats-users.conf"))
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "nats-users.conf").stat().st_mode) == 0o640
    assert broker_files.mosquitto_users(passwords.read_text(encoding="utf-8")) == {"old", "minami-17"}


@pytest.fixture
def cities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cities" / "minami"
    folder.mkdir(parents=True)
    (folder / "city.toml").write_text('id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n', encoding="utf-8")
    monkeypatch.setenv("GOMIKURU_CITIES_DIR", str(folder.parent))
    return folder


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.program(), list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_adds_a_truck_everywhere_and_shows_the_password_once(cities: Path, tmp_path: Path) -> None:
    """The password is on the screen, and in no file."""
    options = ("--city", "minami", "--truck", "17", "--dialect", "owntracks", "--mosquitto-dir", str(tmp_path))
    code = tmp_path / "phone.svg"
    shown = run("trucks", "add", *options, "--nats-file", str(tmp_path / "nats-users.conf"), "--qr", str(code))
    password = shown.partition("password  ")[2].partition("\n")[0]
    assert len(password) == 24
    assert code.read_text(encoding="utf-8").startswith("<?xml")
    for path in (
        cities / "trucks.csv",
        tmp_path / "gomikuru.passwd",
        tmp_path / "gomikuru.acl",
        tmp_path / "nats-users.conf",
    ):
        text = path.read_text(encoding="utf-8")
        assert "minami-17" in text
        assert password not in text
    assert "minami-17" in run("trucks", "list", "--city", "minami")
    assert "already has" in (again := run("trucks", "add", *options, code=1))
    assert "trucks renew" in again


def test_the_command_prints_what_to_add_where_no_file_is_named(cities: Path) -> None:
    """For a broker that stands elsewhere."""
    shown = run("trucks", "add", "--city", "minami", "--truck", "18")
    assert "minami-18:$7$" in shown
    assert "topic write gomikuru/v1/minami/trucks/18/ping" in shown
    assert '{user: "minami-18"' in shown
    assert f"payload   {SAMPLE}" in shown


def files_of(*folders: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8") for folder in folders for path in folder.iterdir() if path.is_file()
    }


def test_a_renewed_truck_has_a_new_password_and_nothing_else_changes(cities: Path, tmp_path: Path) -> None:
    """A lost phone: the same user, topics and row, in every broker's file once."""
    files = ("--mosquitto-dir", str(tmp_path), "--nats-file", str(tmp_path / "nats-users.conf"))
    for truck in ("16", "17", "18"):
        run("trucks", "add", "--city", "minami", "--truck", truck, "--dialect", "owntracks", *files)
    before = files_of(tmp_path, cities)
    shown = run("trucks", "renew", "--city", "minami", "--truck", "17", "--qr", str(tmp_path / "q.svg"), *files)
    (tmp_path / "q.svg").unlink()
    password = shown.partition("password  ")[2].partition("\n")[0]
    assert "owntracks/minami-17/phone" in shown
    after = files_of(tmp_path, cities)
    assert (after["trucks.csv"], after["gomikuru.acl"]) == (before["trucks.csv"], before["gomikuru.acl"])
    for name in ("gomikuru.passwd", "nats-users.conf"):
        gone, new = (
            set(one[name].splitlines()) - set(other[name].splitlines())
            for one, other in ((before, after), (after, before))
        )
        assert [len(gone), len(new)] == [1, 1]
        assert "minami-17" in gone.pop()
    (line,) = [line for line in after["nats-users.conf"].splitlines() if "minami-17" in line]
    assert bcrypt.checkpw(password.encode(), line.partition('password: "')[2].partition('"')[0].encode())


def test_a_removed_truck_is_in_no_file_and_the_others_are_as_before(cities: Path, tmp_path: Path) -> None:
    """As if it had never been added, also where it stood between others."""
    files = ("--mosquitto-dir", str(tmp_path), "--nats-file", str(tmp_path / "nats-users.conf"))
    for truck in ("16", "17", "18"):
        run("trucks", "add", "--city", "minami", "--truck", truck, *files)
    acl = tmp_path / "gomikuru.acl"
    acl.write_text(acl.read_text(encoding="utf-8") + "\n# ours\npattern read a/%u\n", encoding="utf-8")
    before = files_of(tmp_path, cities)
    run("trucks", "remove", "--city", "minami", "--truck", "17", *files)
    after = files_of(tmp_path, cities)
    for name in ("trucks.csv", "gomikuru.passwd", "gomikuru.acl", "nats-users.conf"):
        kept = [each for each in before[name].splitlines() if not any(sign in each for sign in ("minami-17", "/17/"))]
        assert [each for each in after[name].splitlines() if each] == [each for each in kept if each]
        assert after[name] != before[name]
    assert "no truck '17'" in run("trucks", "remove", "--city", "minami", "--truck", "17", code=1)


def test_a_gateways_user_stays_when_one_of_its_trucks_goes(cities: Path, tmp_path: Path) -> None:
    """The others still speak through it, and its password is not a truck's to renew."""
    (cities / "trucks.csv").write_text(HEADER + "1,,,gps,a,\n2,,,gps,b,\n", encoding="utf-8")
    users = tmp_path / "users.conf"
    users.write_text(broker_files.with_nats_user("", broker_files.nats_user("gps", "x", bytes(16), ["t"])))
    options = ("--city", "minami", "--truck", "2", "--nats-file", str(users))
    assert "no user of the broker that is its own" in run("trucks", "renew", *options, code=1)
    run("trucks", "remove", *options)
    assert (cities / "trucks.csv").read_text(encoding="utf-8") == HEADER + "1,,,gps,a,\n"
    assert broker_files.nats_users(users.read_text(encoding="utf-8")) == {"gps"}


def embedded(**said: str) -> Settings:
    names = {f"GOMIKURU_EMBEDDED__{name.upper()}": value for name, value in said.items()}
    return load(None, {"GOMIKURU_EMBEDDED__BROKER": "true"} | names)


def test_the_address_of_an_embedded_broker_is_its_own_not_that_of_another() -> None:
    """Port and TLS of [embedded]; which names trucks can reach only people know."""
    everywhere = {"broker_host": "0.0.0.0", "broker_port": "8883", "broker_cert_file": "c", "broker_key_file": "k"}
    found = address_of(embedded(**everywhere), None, "hall")
    assert str(found) == "mqtts://hall:8883"
    assert "can reach" in (found.remark or "")
    here = address_of(embedded(broker_port="1884"), None, "hall")
    assert str(here) == "mqtt://127.0.0.1:1884"
    assert "no truck can reach it" in (here.remark or "")
    named = address_of(embedded(), "mqtts://trucks.example", "hall")
    assert (str(named), named.remark) == ("mqtts://trucks.example:8883", None)
    assert "no truck can reach it" in (address_of(load(None, {}), None, "hall").remark or "")


def test_what_no_truck_could_use_is_refused_before_anything_is_written(
    cities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A truck that can never connect must not look as if it were added."""
    monkeypatch.setenv("GOMIKURU_EMBEDDED__BROKER", "true")
    options = ("trucks", "add", "--city", "minami", "--truck", "17")
    assert "embedded.broker_users_file is not set" in run(*options, code=1)
    monkeypatch.setenv("GOMIKURU_EMBEDDED__BROKER_USERS_FILE", str(cities / "users"))
    assert "set embedded.broker_port" in run(*options, code=1)
    assert not (cities / "users").exists()
    assert not (cities / "trucks.csv").exists()


def test_the_embedded_brokers_users_file_is_the_one_that_is_written(
    cities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No option to remember, and advice that fits: it reads its users when it starts."""
    for name, value in (("BROKER", "true"), ("BROKER_PORT", "1884"), ("BROKER_USERS_FILE", str(tmp_path / "users"))):
        monkeypatch.setenv(f"GOMIKURU_EMBEDDED__{name}", value)
    shown = run("trucks", "add", "--city", "minami", "--truck", "17")
    assert broker_files.nats_users((tmp_path / "users").read_text(encoding="utf-8")) == {"minami-17"}
    assert "Restart the service" in shown
    assert "HUP" not in shown


@pytest.mark.parametrize(
    ("mosquitto", "nats", "said"),
    [(True, False, {"HUP"}), (False, True, {"signal"}), (False, False, {"HUP", "signal"})],
)
def test_the_advice_names_the_broker_whose_files_were_changed(mosquitto: bool, nats: bool, said: set[str]) -> None:
    """And both where it is not known."""
    assert {each for each in ("HUP", "signal") if each in to_reload(False, mosquitto, nats)} == said


def test_an_unknown_city_is_named_with_those_that_there_are(cities: Path) -> None:
    """The answer to a typing error."""
    assert "there: minami" in run("trucks", "add", "--city", "minam", "--truck", "1", code=1)


def test_mosquitto_itself_reads_the_password_line(tmp_path: Path) -> None:
    """Its own tool keeps our line when it rewrites the file."""
    path = tmp_path / "passwd"
    path.write_text(broker_files.mosquitto_password("u", "secret", b"0123456789ab"), encoding="utf-8")
    path.chmod(0o600)
    tool = program("mosquitto_passwd", "mosquitto")
    subprocess.run([tool, "-b", str(path), "v", "other"], check=True, capture_output=True)
    assert broker_files.mosquitto_users(path.read_text(encoding="utf-8")) == {"u", "v"}


# quarantine


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, cities: Path) -> Callable[..., None]:
    """Put refusals into the quarantine that the command reads."""
    store = MemoryStore()
    monkeypatch.setattr(wiring, "open_store", lambda _settings: store)

    def put(*refusals: Rejected) -> None:
        for one in refusals:
            store.append_bounded(stream_of(one.city), [encode_rejected(one)], 100)

    return put


def test_the_quarantine_shows_what_was_refused_oldest_first(refused: Callable[..., None]) -> None:
    """Time, reason, detail, topic, the beginning; control characters cannot play with the terminal."""
    refusals = [
        Rejected(Reason.MALFORMED, "no JSON", "a/\x1b[31mtopic", b"\x00\xff{", 1_764_000_000_000 + at, "minami", "17")
        for at in (0, 1_000)
    ]
    refused(*refusals)
    shown = run("quarantine", "--city", "minami").splitlines()[1:]
    assert shown[0].startswith("2025-11-24T16:00:00Z  malformed truck 17: no JSON")
    assert "\x1b" not in shown[0]
    assert "\\xff{" in shown[0]
    assert shown[1].startswith("2025-11-24T16:00:01Z")
    (newest,) = [
        json.loads(text) for text in run("quarantine", "--city", "minami", "--last", "1", "--json").splitlines()
    ]
    assert (newest["reason"], newest["received_at"]) == ("malformed", "2025-11-24T16:00:01Z")


def test_the_quarantine_counts_repeats_before_it_shows_the_newest(refused: Callable[..., None]) -> None:
    """One line for each reason and truck, over all that is kept and not only over what is shown."""
    late = [
        Rejected(Reason.FUTURE, "clock", "t", b"", 1_764_000_000_000 + at * 1000, "minami", "18") for at in range(30)
    ]
    refused(Rejected(Reason.MALFORMED, "no JSON", "t", b"", 1_764_000_000_000, "minami", "\x1b17"), *late)
    lines = run("quarantine", "--city", "minami", "--last", "2").splitlines()
    assert lines[:2] == [
        "    30 x future truck 18, last 2025-11-24T16:00:29Z",
        "     1 x malformed truck \N{REPLACEMENT CHARACTER}17, last 2025-11-24T16:00:00Z",
    ]
    assert [line[:20] for line in lines[2:4]] == ["2025-11-24T16:00:28Z", "2025-11-24T16:00:29Z"]
    assert "31 refused payloads of minami, the newest 2 shown" in lines[4]
    since = run("quarantine", "--city", "minami", "--since", "2025-11-24T16:00:29Z").splitlines()
    assert since[0].startswith("     1 x future truck 18")
    assert "1 refused payload of minami" in since[2]


def test_the_quarantine_of_a_city_that_is_not_served_is_no_empty_one(refused: Callable[..., None]) -> None:
    """A typing error is told; what came for no city has an option of its own; neither or both is wrong usage."""
    refused(Rejected(Reason.UNKNOWN_CITY, "there is no city 'nishi' here", "t", b"", 1_764_000_000_000))
    assert "no city 'nope'; there are: minami" in run("quarantine", "--city", "nope", code=1)
    assert "no city 'nishi' here" in run("quarantine", "--unknown")
    run("quarantine", code=2)
    run("quarantine", "--unknown", "--city", "minami", code=2)
    run("quarantine", "--city", "minami", "--since", "yesterday", code=2)
