"""Settings: where they come from, who wins, what is refused and how it is told, and what never shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gomikuru import places
from gomikuru.settings import Settings, SettingsError, load, shown
from gomikuru.settings_page import page
from gomikuru.settings_sources import fields_of, leaves

ROOT = Path(__file__).resolve().parents[2]
KEYS = [".".join(key) for key, _ in fields_of(Settings)]


def file(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None = None, **environ: str) -> list[str]:
    """Load, and tell what was wrong."""
    with pytest.raises(SettingsError) as caught:
        load(path, {f"GOMIKURU_{name}": value for name, value in environ.items()})
    return [str(problem) for problem in caught.value.problems]


def test_the_shipped_defaults_are_complete_and_valid() -> None:
    """Production needs only addresses and a service account."""
    settings = load(None, {})
    assert settings.embedded.store is False
    assert settings.embedded.broker is False
    assert settings.embedded.appendfsync == "always"
    assert (settings.ingest.late_after_s, settings.ingest.future_after_s) == (120, 60)
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert settings.fcm.configured is False


def test_a_file_beats_the_defaults_and_the_environment_beats_the_file(tmp_path: Path) -> None:
    """The nearer to the person who starts it, the stronger."""
    path = file(tmp_path, "[web]\nport = 9000\nhost = '0.0.0.0'\n")
    assert load(path, {}).web.port == 9000
    both = load(path, {"GOMIKURU_WEB__PORT": "9001"})
    assert (both.web.port, both.web.host, both.metrics.port) == (9001, "0.0.0.0", 9464)


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    """GOMIKURU_CONFIG stands for --config."""
    path = file(tmp_path, "[web]\nport = 9000\n")
    assert load(None, {"GOMIKURU_CONFIG": str(path)}).web.port == 9000


def test_an_empty_variable_counts_as_absent() -> None:
    """Composed environments often hold empty variables."""
    assert load(None, {"GOMIKURU_BROKER__USERNAME": "", "GOMIKURU_CONFIG": ""}).broker.username is None


def test_a_list_is_written_with_commas_in_the_environment_and_as_a_list_in_a_file(tmp_path: Path) -> None:
    """Both name the hosts that a proxy in front may use; none by default."""
    assert load(None, {}).web.hosts == ()
    assert load(None, {"GOMIKURU_WEB__HOSTS": "trucks.example, *.minami.example"}).web.hosts == (
        "trucks.example",
        "*.minami.example",
    )
    assert load(file(tmp_path, "[web]\nhosts = ['a.example']\n"), {}).web.hosts == ("a.example",)


def test_variables_of_other_programs_are_not_ours() -> None:
    """Only names that begin with GOMIKURU_ are read."""
    assert load(None, {"WEB__PORT": "1", "GOMIKURUX": "2"}) == load(None, {})


def test_paths_in_a_file_start_at_the_file(tmp_path: Path) -> None:
    """A settings folder can be moved as a whole."""
    path = file(tmp_path, 'cities_dir = "cities"\n[store]\nca_file = "ca.pem"\n')
    settings = load(path, {})
    assert settings.cities_dir == tmp_path / "cities"
    assert settings.store.ca_file == tmp_path / "ca.pem"


def test_all_problems_come_at_once_each_with_its_place_and_a_remedy(tmp_path: Path) -> None:
    """Nobody mends one line to learn of the next."""
    path = file(tmp_path, "[web]\nport = 'many'\n[brokr]\nurl = 'mqtt://a'\n[log]\nformat = 'xml'\n")
    told = problems(path, STORE__URL="http://x", WEB__HOTS="a", FCM__SERVICE_ACCOUNT_FILE="/no/such.json")
    assert any(line.startswith(f"{path}: web.port:") for line in told)
    assert f"{path}: brokr.url: no such setting; did you mean broker.url?" in told
    assert any(line.startswith(f"{path}: log.format:") and "'json', 'console' or 'auto'" in line for line in told)
    assert any(line.startswith("GOMIKURU_STORE__URL: store.url: not a store's address") for line in told)
    assert "GOMIKURU_WEB__HOTS: web.hots: no such setting; did you mean web.hosts?" in told
    assert any("/no/such.json cannot be read (No such file or directory)" in line for line in told)
    assert len(told) == 6


def test_a_file_that_is_no_toml_or_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    """A broken file is never half read."""
    assert "line 2" in problems(file(tmp_path, "[web]\nport = = 1\n"))[0]
    assert "cannot be read" in problems(tmp_path / "absent.toml")[0]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"BROKER__URL": "http://host"}, "not a broker's address"),
        ({"BROKER__URL": "mqtt://host:99999"}, "port"),
        ({"BROKER__CLIENT_ID": "a.b"}, "broker.client_id"),
        ({"BROKER__CERT_FILE": "/a.pem"}, "broker.cert_file: comes without its key"),
        ({"BROKER__SHARE_GROUP": "g", "BROKER__PROTOCOL": "3.1.1"}, "needs MQTT 5"),
        ({"BROKER__SHARE_GROUP": "g", "EMBEDDED__BROKER": "true"}, "the embedded broker cannot share"),
        ({"STORE__URL": "redis://"}, "not a store's address"),
        ({"WEB__HOSTS": "trucks.example,https://other.example"}, "web.hosts: not a host's name"),
        ({"INGEST__LATE_AFTER_S": "-1"}, "ingest.late_after_s"),
        ({"CLOCK__STARTS_AT": "2026-11-23T08:00:00"}, "has no time zone"),
        ({"WEB": "x"}, "no such setting"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(environ: dict[str, str], told: str) -> None:
    """Better at the start than in the night."""
    assert told in "\n".join(problems(**environ))


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtt://broker", "broker", 1883, False),
        ("mqtts://broker", "broker", 8883, True),
        ("mqtts://[::1]:9", "::1", 9, True),
    ],
)
def test_a_brokers_address_gives_host_port_and_encryption(url: str, host: str, port: int, tls: bool) -> None:
    """The usual ports need not be written."""
    broker = load(None, {"GOMIKURU_BROKER__URL": url}).broker
    assert (broker.host, broker.port, broker.tls) == (host, port, tls)


# Secrets

SECRET = "correct-horse-battery"


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """As systemd credentials and container secrets give it; the last newline is not part of it."""
    (tmp_path / "pw").write_text(SECRET + "\n")
    (tmp_path / "fcm.json").write_text('{"type": "service_account"}')
    settings = load(file(tmp_path, '[store]\npassword_file = "pw"\n[fcm]\nservice_account_file = "fcm.json"\n'), {})
    assert settings.store.password is not None
    assert settings.store.password.get_secret_value() == SECRET
    assert settings.fcm.configured


def test_a_path_may_begin_where_systemd_puts_credentials(tmp_path: Path) -> None:
    """The same file of settings serves every unit."""
    (tmp_path / "secret_store").write_text(SECRET)
    path = file(tmp_path, '[store]\npassword_file = "$CREDENTIALS_DIRECTORY/secret_store"\n')
    found = load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).store.password
    assert found is not None
    assert found.get_secret_value() == SECRET
    (said,) = problems(path)
    assert "store.password_file: CREDENTIALS_DIRECTORY is not set; run this through systemd-run" in said


def test_a_secret_given_twice_or_as_an_empty_file_is_refused(tmp_path: Path) -> None:
    """Nobody should guess which of two passwords is used."""
    (tmp_path / "pw").write_text(SECRET)
    (tmp_path / "empty").write_text("\n")
    twice = problems(STORE__PASSWORD="x", STORE__PASSWORD_FILE=str(tmp_path / "pw"))
    assert "stands beside store.password; keep one of the two" in twice[0]
    assert "is empty" in problems(BROKER__PASSWORD_FILE=str(tmp_path / "empty"))[0]


def test_no_secret_shows_in_a_repr_a_dump_or_the_list_for_people(tmp_path: Path) -> None:
    """What is printed ends up in logs and tickets."""
    (tmp_path / "pw").write_text(SECRET)
    names = {
        "BROKER__PASSWORD": SECRET,
        "STORE__PASSWORD_FILE": str(tmp_path / "pw"),
        "FCM__SERVICE_ACCOUNT_JSON": SECRET,
    }
    names["FCM__PROXY"] = f"http://user:{SECRET}@proxy:3128"
    settings = load(None, {f"GOMIKURU_{name}": value for name, value in names.items()})
    for text in (repr(settings), str(settings), settings.model_dump_json(), str(dict(shown(settings)))):
        assert SECRET not in text


@pytest.mark.parametrize(
    "environ",
    [
        {"STORE__URL": f"redis://user:{SECRET}@host"},
        {"BROKER__URL": f"mqtt://user:{SECRET}@host"},
        {"BROKER__PASSWORD": SECRET, "BROKER__PASWORD": SECRET, "BROKER__URL": SECRET},
        {"FCM__URL": f"https://u:{SECRET}@host"},
    ],
)
def test_no_secret_shows_in_an_error(environ: dict[str, str]) -> None:
    """An error names the key and not the value; a password inside an address is refused and sent to its own key."""
    told = "\n".join(problems(**environ))
    assert SECRET not in told
    assert "password" in told or "address" in told


# Documents


@pytest.mark.parametrize("name", ["gomikuru.toml", "gomikuru-embedded.toml"])
def test_the_shipped_examples_are_valid_where_their_secrets_are(tmp_path: Path, name: str) -> None:
    """Who copies an example and puts the secrets in their place has settings that load."""
    for secret in ("store-password", "broker-password", "fcm.json", "broker.key"):
        (tmp_path / f"secret_{secret}").write_text(SECRET)
    settings = load(places.config(f"deploy/{name}"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.fcm.configured
    assert settings.broker.tls or settings.embedded.broker_cert_file


def test_the_default_file_names_every_setting() -> None:
    """Who looks for a setting finds it there, set or as a comment."""
    text = places.default_settings().read_text(encoding="utf-8")
    uncommented = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert sorted(".".join(key) for key, _ in leaves(tomllib.loads(uncommented))) == sorted(KEYS)


def test_the_page_of_settings_is_the_one_that_the_settings_write() -> None:
    """No setting is undocumented, and no document is old."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert text == page(), "python -m gomikuru.settings_page > docs/settings.md"
    assert [key for key in KEYS if f"| `{key}` |" not in text] == []


def test_every_setting_says_what_it_is_for() -> None:
    """A key alone explains nothing."""
    assert [key for key, field in fields_of(Settings) if not field.description] == []
